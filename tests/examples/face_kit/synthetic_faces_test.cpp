// SPDX-License-Identifier: Apache-2.0
// Checks the synthetic faces of the training example: repeatable to the bit on every machine,
// different people different, relatives alike, pictures of one person varied, no answer to be had
// from plain pixels; and the pairs sampled from them.
#include "face_kit/data/synthetic_faces.hpp"
#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/portable_math.hpp"
#include "face_kit/data/synthetic_people.hpp"
#include "face_kit/run/program.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

using namespace face_kit;

synthetic_options small(int people = 12, int dev_people = 8, int images = 4) {
  synthetic_options options;
  options.people = people;
  options.dev_people = dev_people;
  options.images_per_person = images;
  return options;
}

TEST(make_synthetic_faces, fills_every_field) {
  auto const faces = make_synthetic_faces(small());
  ASSERT_EQ(faces.size(), 80);
  EXPECT_EQ(faces.side, 32);
  EXPECT_EQ(faces.pixels.size(), 80U * 32U * 32U);
  EXPECT_EQ(faces.people.size(), 20U);
  EXPECT_EQ(faces.train_people(), 12);
  EXPECT_EQ(std::set<std::string>(faces.paths.begin(), faces.paths.end()).size(), 80U);
  for (int i = 0; i < faces.size(); ++i) {
    EXPECT_EQ(faces.labels[i], i / 4);
    EXPECT_EQ(faces.is_train[i] != 0, faces.labels[i] < 12);
  }
}

TEST(make_synthetic_faces, same_seed_same_bits_on_any_number_of_threads) {
  auto const first = make_synthetic_faces(small());
  EXPECT_EQ(first.pixels, make_synthetic_faces(small()).pixels);
#ifdef _OPENMP
  int const threads = omp_get_max_threads();
  for (int const count : {1, 3}) {
    omp_set_num_threads(count);
    EXPECT_EQ(first.pixels, make_synthetic_faces(small()).pixels) << count << " threads";
  }
  omp_set_num_threads(threads);
#endif
  auto other = small();
  other.seed = 2;
  EXPECT_NE(first.pixels, make_synthetic_faces(other).pixels);
}

TEST(make_synthetic_faces, dev_people_do_not_depend_on_the_train_people) {
  auto const few = make_synthetic_faces(small(2, 5));
  auto const many = make_synthetic_faces(small(9, 7));
  auto const size = 5 * 4 * few.image_bytes();
  EXPECT_TRUE(std::equal(few.image(2 * 4), few.image(2 * 4) + size, many.image(9 * 4)));
}

TEST(make_synthetic_faces, no_picture_twice_and_each_with_contrast) {
  auto const faces = make_synthetic_faces(small(40, 0, 10));
  std::set<std::vector<std::uint8_t>> seen;
  for (int i = 0; i < faces.size(); ++i) {
    std::vector<std::uint8_t> image(faces.image(i), faces.image(i) + faces.image_bytes());
    EXPECT_TRUE(seen.insert(image).second) << faces.paths[i];
    auto const [low, high] = std::minmax_element(image.begin(), image.end());
    EXPECT_GE(*high - *low, 30) << faces.paths[i];
  }
}

TEST(make_synthetic_faces, any_side) {
  for (int const side : {8, 20, 33, 112}) {
    auto options = small(2, 0, 2);
    options.side = side;
    EXPECT_EQ(make_synthetic_faces(options).pixels.size(),
              4 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  }
}

TEST(make_synthetic_faces, families_are_consecutive_people_of_one_split) {
  auto options = small(10, 6, 1);
  EXPECT_EQ(make_synthetic_faces(options).families.size(), 16U);
  options.family_size = 4;
  std::vector<std::int32_t> const expected{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4};
  EXPECT_EQ(make_synthetic_faces(options).families, expected);
}

/// FNV-1a of all pixels.
std::uint64_t fingerprint(face_dataset const& faces) {
  std::uint64_t hash = 14695981039346656037U;
  for (auto const byte : faces.pixels) hash = (hash ^ byte) * 1099511628211U;
  return hash;
}

// With glasses, masks, hats and blur among them. One number for all compilers and processors.
TEST(make_synthetic_faces, same_pixels_on_every_machine) {
  auto options = small(150, 50, 2);
  EXPECT_EQ(fingerprint(make_synthetic_faces(options)), 0x9e9cdc4ec76e00abU);
  options.family_size = 5;
  EXPECT_EQ(fingerprint(make_synthetic_faces(options)), 0xcfcf71a3ddce5d45U);
}

TEST(make_synthetic_faces, refuses_nothing_to_draw) {
  for (auto const& options : {small(0, 0), small(-1, 3), small(3, 3, 0)}) {
    EXPECT_THROW(make_synthetic_faces(options), std::invalid_argument);
  }
  auto options = small();
  options.side = 4;
  EXPECT_THROW(make_synthetic_faces(options), std::invalid_argument);
  options = small();
  options.family_size = 0;
  EXPECT_THROW(make_synthetic_faces(options), std::invalid_argument);
}

TEST(make_synthetic_faces, refuses_more_than_memory_holds) {
  EXPECT_THROW(make_synthetic_faces(small(2000000000, 2000000000, 1000000)), usage_error);
  auto options = small(4, 4, 1);
  options.family_size = std::numeric_limits<int>::max();
  EXPECT_EQ(make_synthetic_faces(options).families,
            (std::vector<std::int32_t>{0, 0, 0, 0, 1, 1, 1, 1}));
}

/// A number that relatives inherit, and the range that it is uniform in.
struct inherited_number {
  char const* name;
  float detail::identity::*value;
  double low, high;
};
constexpr inherited_number inherited_numbers[] = {
    {"width", &detail::identity::width, 0.58, 0.78},
    {"chin", &detail::identity::chin, 0.86, 1.08},
    {"skin", &detail::identity::skin, 0.34, 0.88},
    {"eye_slant", &detail::identity::eye_slant, -0.22, 0.28},
    {"brow_density", &detail::identity::brow_density, 0.35, 1.0},
    {"nose_width", &detail::identity::nose_width, 0.075, 0.16},
    {"mouth_curve", &detail::identity::mouth_curve, -0.05, 0.05},
    {"curl", &detail::identity::curl, 0, 1}};

/// [people], of 600 people from 0 in the range to 1.
std::vector<double> places_of(inherited_number const& number, int family_size) {
  std::vector<double> places;
  for (int p = 0; p < 600; ++p) {
    auto const who = detail::sample_identity(1, true, p, family_size);
    places.push_back((who.*number.value - number.low) / (number.high - number.low));
  }
  return places;
}

// Each is at most a quarter of the range from the family's place, so two are at most half apart.
// Two numbers uniform in [0, 1] are 1/3 apart on average.
TEST(sample_identity, relatives_differ_less_than_others) {
  for (auto const& number : inherited_numbers) {
    auto const places = places_of(number, 5);
    double within = 0, between = 0, farthest = 0, farthest_others = 0;
    for (std::size_t p = 0; p < 600; ++p) {
      double const relative = std::fabs(places[p] - places[p / 5 * 5 + (p + 1) % 5]);
      double const other = std::fabs(places[p] - places[(p + 5) % 600]);
      within += relative / 600, between += other / 600;
      farthest = std::max(farthest, relative), farthest_others = std::max(farthest_others, other);
    }
    EXPECT_LE(farthest, 0.5 + 1e-6) << number.name;
    EXPECT_GT(farthest_others, 0.8) << number.name;
    EXPECT_NEAR(between, 1 / 3.0, 0.06) << number.name;
    EXPECT_LT(within, 0.5 * between) << number.name;
  }
}

// The documented share: the correlation of two relatives.
TEST(sample_identity, four_fifths_of_the_variance_lie_between_families) {
  double sum_of_products = 0, sum_of_squares = 0;
  for (auto const& number : inherited_numbers) {
    auto const places = places_of(number, 2);
    for (std::size_t p = 0; p < 600; p += 2) {
      sum_of_products += 2 * (places[p] - 0.5) * (places[p + 1] - 0.5);
      sum_of_squares += std::pow(places[p] - 0.5, 2) + std::pow(places[p + 1] - 0.5, 2);
    }
  }
  EXPECT_NEAR(sum_of_products / sum_of_squares, 0.80, 0.03);
}

// Over all people every number is uniform, with families and without: mean 1/2, variance 1/12.
TEST(sample_identity, families_leave_the_distribution_of_all_people_alone) {
  for (int const family_size : {1, 5}) {
    double sum = 0, squares = 0, count = 0;
    for (auto const& number : inherited_numbers) {
      for (double const place : places_of(number, family_size)) {
        EXPECT_GE(place, -1e-6);
        EXPECT_LE(place, 1 + 1e-6);
        sum += place, squares += (place - 0.5) * (place - 0.5), ++count;
      }
    }
    EXPECT_NEAR(sum / count, 0.5, 0.03) << family_size;
    EXPECT_NEAR(squares / count, 1 / 12.0, 0.008) << family_size;
  }
}

TEST(sample_identity, depends_on_seed_split_and_number_alone) {
  auto const who = detail::sample_identity(1, true, 7, 5);
  EXPECT_EQ(who.width, detail::sample_identity(1, true, 7, 5).width);
  EXPECT_NE(who.width, detail::sample_identity(2, true, 7, 5).width);
  EXPECT_NE(who.width, detail::sample_identity(1, false, 7, 5).width);
  EXPECT_NE(who.width, detail::sample_identity(1, true, 8, 5).width);
  EXPECT_NE(who.grain, detail::sample_identity(1, true, 8, 5).grain);
}

TEST(portable_math, is_that_of_the_c_library) {
  for (double const x : {1e-6, 0.01, 0.3, 0.7071, 0.7072, 1.0, 1.7, 30.0}) {
    for (double const y : {0.16, 0.42, 1.0, 2.7, 6.0})
      EXPECT_NEAR(detail::power(x, y) / std::pow(x, y), 1, 1e-10) << x << "^" << y;
  }
  EXPECT_EQ(detail::power(0, 2.7), 0);
  EXPECT_EQ(detail::power(1, 2.7), 1);
  for (double x = -60; x < 60; x += 0.37) {
    EXPECT_NEAR(detail::sine(x), std::sin(x), 1e-12) << x;
    EXPECT_NEAR(detail::cosine(x), std::cos(x), 1e-12) << x;
  }
}

/// Correlation of two pictures.
double likeness(face_dataset const& faces, int a, int b) {
  int const n = faces.side * faces.side;
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (int i = 0; i < n; ++i) {
    double const x = faces.image(a)[i];
    double const y = faces.image(b)[i];
    sum_a += x, sum_b += y, aa += x * x, bb += y * y, ab += x * y;
  }
  return (ab - sum_a * sum_b / n) / std::sqrt((aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n));
}

TEST(make_synthetic_faces, pixels_alone_tell_a_little_but_not_much) {
  auto const faces = make_synthetic_faces(small(0, 100, 6));
  auto const pairs = make_pairs(faces, 5, 200, 1);
  std::vector<std::pair<double, bool>> scored;
  for (auto const& pair : pairs) scored.emplace_back(likeness(faces, pair.a, pair.b), pair.same);
  std::sort(scored.rbegin(), scored.rend());
  int right = 500;
  int best = right;
  for (auto const& [score, same] : scored) best = std::max(best, right += same ? 1 : -1);
  // On real faces of this size the same rule reaches about 0.61 of 1.
  EXPECT_GT(best, 530);
  EXPECT_LT(best, 680);
}

TEST(make_pairs, folds_share_nobody_and_are_half_same) {
  auto const faces = make_synthetic_faces(small(5, 30, 4));
  auto const pairs = make_pairs(faces, 5, 40, 7);
  ASSERT_EQ(pairs.size(), 200U);
  std::map<int, int> fold_of_person;
  std::map<int, std::pair<int, int>> counts;
  std::set<std::pair<int, int>> seen;
  for (auto const& pair : pairs) {
    EXPECT_NE(pair.a, pair.b);
    EXPECT_EQ(pair.same, faces.labels[pair.a] == faces.labels[pair.b]);
    EXPECT_TRUE(seen.insert(std::minmax(pair.a, pair.b)).second);
    for (int const row : {pair.a, pair.b}) {
      EXPECT_EQ(faces.is_train[row], 0);
      EXPECT_EQ(fold_of_person.emplace(faces.labels[row], pair.fold).first->second, pair.fold);
    }
    (pair.same ? counts[pair.fold].first : counts[pair.fold].second)++;
  }
  ASSERT_EQ(counts.size(), 5U);
  for (auto const& [fold, count] : counts) EXPECT_EQ(count, std::make_pair(20, 20)) << fold;
}

// Ten families of four: two in each of the five folds, so that of the 7 others of a fold 3 are
// relatives.
TEST(make_pairs, no_family_is_in_two_folds) {
  auto options = small(6, 40, 8);
  options.side = 8;
  options.family_size = 4;
  auto const faces = make_synthetic_faces(options);
  std::map<int, int> fold_of_family;
  int relatives = 0;
  for (auto const& pair : make_pairs(faces, 5, 200, 7)) {
    int const a = faces.labels[pair.a], b = faces.labels[pair.b];
    for (int const person : {a, b}) {
      EXPECT_GE(faces.families[person], 2);  // 0 and 1 are of the train split
      EXPECT_EQ(fold_of_family.emplace(faces.families[person], pair.fold).first->second, pair.fold);
    }
    if (a != b && faces.families[a] == faces.families[b]) ++relatives;
  }
  EXPECT_EQ(fold_of_family.size(), 10U);
  EXPECT_NEAR(relatives, 500 * 3 / 7.0, 45);  // four standard deviations
}

TEST(make_pairs, same_seed_same_pairs) {
  auto const faces = make_synthetic_faces(small(0, 20, 3));
  auto const listed = [&](std::uint64_t seed) {
    std::vector<std::pair<int, int>> rows;
    for (auto const& pair : make_pairs(faces, 2, 20, seed)) rows.emplace_back(pair.a, pair.b);
    return rows;
  };
  EXPECT_EQ(listed(1), listed(1));
  EXPECT_NE(listed(1), listed(2));
}

TEST(make_pairs, takes_from_every_person_in_turn) {
  auto const faces = make_synthetic_faces(small(0, 10, 5));
  std::map<int, int> per_person;
  for (auto const& pair : make_pairs(faces, 1, 40, 3)) {
    if (pair.same) ++per_person[faces.labels[pair.a]];
  }
  ASSERT_EQ(per_person.size(), 10U);
  for (auto const& [person, count] : per_person) EXPECT_EQ(count, 2) << person;
}

TEST(make_pairs, refuses_more_than_there_is) {
  auto const faces = make_synthetic_faces(small(3, 4, 2));
  EXPECT_NO_THROW(make_pairs(faces, 2, 4, 1));  // two people a fold: two same, four different pairs
  EXPECT_THROW(make_pairs(faces, 2, 6, 1), std::invalid_argument);
  EXPECT_THROW(make_pairs(faces, 4, 2, 1), std::invalid_argument);  // nobody to differ from
  EXPECT_THROW(make_pairs(faces, 5, 2, 1), std::invalid_argument);  // a fold without people
  EXPECT_THROW(make_pairs(faces, 2, 3, 1), std::invalid_argument);
  EXPECT_THROW(make_pairs(faces, 0, 2, 1), std::invalid_argument);
}

/// Dev people with so many images each; nobody looks at their pixels.
face_dataset dev_people(std::vector<int> const& images) {
  face_dataset faces;
  for (std::size_t person = 0; person < images.size(); ++person) {
    faces.people.push_back(std::to_string(person));
    for (int i = 0; i < images[person]; ++i) {
      faces.labels.push_back(static_cast<std::int32_t>(person));
      faces.is_train.push_back(0);
    }
  }
  return faces;
}

TEST(most_pairs_per_fold, counts_by_hand_and_make_pairs_agree) {
  // Folds of people with 5 and 2 images (10 + 1 pairs of one person, 10 of two) and with 3 and 2
  // (3 + 1 and 6): 4 of each kind.
  EXPECT_EQ(most_pairs_per_fold(dev_people({2, 5, 2, 3}), 2), 8);
  EXPECT_EQ(most_pairs_per_fold(dev_people({2, 5, 2, 3}), 1), 2 * 15);  // 15 and 51
  auto const eight = dev_people(std::vector<int>(8, 4));
  EXPECT_EQ(most_pairs_per_fold(eight, 2), 48);                  // 4 * 6 and 6 * 16
  EXPECT_EQ(most_pairs_per_fold(eight, 4), 24);                  // 2 * 6 and 16
  EXPECT_EQ(most_pairs_per_fold(eight, 5), 0);                   // a fold of one person
  EXPECT_EQ(most_pairs_per_fold(eight, 9), 0);                   // a fold of nobody
  EXPECT_EQ(most_pairs_per_fold(dev_people({9, 1}), 1), 2 * 9);  // 36 and 9
  for (std::uint64_t const seed : {1, 2, 3}) {
    EXPECT_EQ(make_pairs(dev_people({2, 5, 2, 3}), 2, 8, seed).size(), 16U);
    EXPECT_THROW(make_pairs(dev_people({2, 5, 2, 3}), 2, 10, seed), std::invalid_argument);
    EXPECT_EQ(make_pairs(dev_people({9, 1}), 1, 18, seed).size(), 18U);
    EXPECT_THROW(make_pairs(dev_people({9, 1}), 1, 20, seed), std::invalid_argument);
  }
}

TEST(fitting_folds, takes_fewer_only_of_what_is_not_given) {
  auto const fitting = [](face_dataset const& faces, std::optional<int> folds,
                          std::optional<int> pairs) {
    auto const used = fitting_folds(faces, folds, pairs);
    return std::pair(used.folds, used.pairs_per_fold);
  };
  auto const forty = dev_people(std::vector<int>(40, 10));  // in ten folds 180 and 600 of a kind
  EXPECT_EQ(fitting(forty, {}, {}), std::pair(10, 300));
  EXPECT_EQ(fitting(forty, 10, 360), std::pair(10, 360));
  auto const thirty = dev_people(std::vector<int>(30, 10));  // 135 and 300
  EXPECT_EQ(fitting(thirty, {}, {}), std::pair(10, 270));
  EXPECT_EQ(fitting(thirty, {}, 200), std::pair(10, 200));
  EXPECT_EQ(fitting(thirty, {}, 300), std::pair(7, 300));  // eight leave 3 people in some
  EXPECT_EQ(fitting(thirty, 5, {}), std::pair(5, 300));
  auto const eight = dev_people(std::vector<int>(8, 4));
  EXPECT_EQ(fitting(eight, {}, {}), std::pair(4, 24));
  EXPECT_EQ(fitting(eight, 2, {}), std::pair(2, 48));
  EXPECT_EQ(fitting(eight, {}, 40), std::pair(2, 40));
  // What nobody could meet stays, for make_pairs to refuse.
  EXPECT_EQ(fitting(eight, {}, 50), std::pair(10, 50));
  EXPECT_EQ(fitting(eight, 5, {}), std::pair(5, 300));
  EXPECT_EQ(fitting(eight, 4, 26), std::pair(4, 26));
  EXPECT_EQ(fitting(dev_people({1, 1, 1, 1}), {}, {}), std::pair(10, 300));
}

}  // namespace
