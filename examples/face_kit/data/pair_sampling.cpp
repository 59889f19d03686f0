// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/pair_sampling.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "face_kit/data/random_stream.hpp"

namespace face_kit {

namespace {

using rows_of_person = std::vector<int>;

std::int64_t same_pairs(std::vector<rows_of_person> const& people) {
  std::int64_t pairs = 0;
  for (auto const& rows : people) {
    auto const n = static_cast<std::int64_t>(rows.size());
    pairs += n * (n - 1) / 2;
  }
  return pairs;
}

std::int64_t different_pairs(std::vector<rows_of_person> const& people) {
  std::int64_t faces = 0, pairs = 0;
  for (auto const& rows : people) {
    auto const n = static_cast<std::int64_t>(rows.size());
    pairs += faces * n;
    faces += n;
  }
  return pairs;
}

/// Pairs of one person, taken round-robin over people: a person with many pictures cannot fill a
/// fold.
void add_same_pairs(int fold, int wanted, std::vector<rows_of_person> const& people,
                    random_stream& random, std::vector<verification_pair>& pairs) {
  std::vector<std::vector<std::pair<int, int>>> open;
  for (auto const& rows : people) {
    open.emplace_back();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) open.back().emplace_back(rows[j], rows[i]);
    }
    random.shuffle(open.back());
  }
  if (auto const available = same_pairs(people); available < wanted) {
    throw std::invalid_argument("make_pairs: fold " + std::to_string(fold) + " has " +
                                std::to_string(available) + " pairs of one dev person, not " +
                                std::to_string(wanted));
  }
  for (std::size_t turn = 0; wanted > 0; ++turn) {
    auto& choices = open[turn % open.size()];
    if (choices.empty()) continue;
    auto const [a, b] = choices.back();
    choices.pop_back();
    pairs.push_back({fold, a, b, true});
    --wanted;
  }
}

void add_different_pairs(int fold, int wanted, std::vector<rows_of_person> const& people,
                         random_stream& random, std::vector<verification_pair>& pairs) {
  if (auto const available = different_pairs(people); available < wanted) {
    throw std::invalid_argument("make_pairs: fold " + std::to_string(fold) + " has " +
                                std::to_string(available) + " pairs of two dev people, not " +
                                std::to_string(wanted));
  }
  auto const any = [&](auto const& values) {
    return values[random.below(static_cast<std::uint32_t>(values.size()))];
  };
  std::set<std::pair<int, int>> taken;
  while (static_cast<int>(taken.size()) < wanted) {
    auto const first = random.below(static_cast<std::uint32_t>(people.size()));
    auto const second = random.below(static_cast<std::uint32_t>(people.size()));
    if (first == second) continue;
    int const a = any(people[first]);
    int const b = any(people[second]);
    if (taken.emplace(std::min(a, b), std::max(a, b)).second) pairs.push_back({fold, a, b, false});
  }
}

using family = std::vector<rows_of_person>;

std::size_t pictures_of(family const& people) {
  std::size_t pictures = 0;
  for (auto const& rows : people) pictures += rows.size();
  return pictures;
}

/// Families with pictures, in the order of their first members; without known families, every
/// person is one.
std::vector<family> dev_families(face_dataset const& faces) {
  std::vector<rows_of_person> people(faces.people.size());
  for (int i = 0; i < faces.size(); ++i) {
    if (faces.is_train[i] == 0) people[faces.labels[i]].push_back(i);
  }
  std::vector<family> families;
  std::map<std::int32_t, std::size_t> places;
  for (std::size_t p = 0; p < people.size(); ++p) {
    if (people[p].empty()) continue;
    auto const name = faces.families.empty() ? static_cast<std::int32_t>(p) : faces.families[p];
    auto const place = places.emplace(name, families.size()).first->second;
    if (place == families.size()) families.emplace_back();
    families[place].push_back(std::move(people[p]));
  }
  return families;
}

/// Assigns whole families to folds. Those with the most pictures are assigned first, so that folds
/// have about the same choice of pairs. The number of pairs in a fold depends only on pictures and
/// same-person pairs, so the order of `families` does not change the numbers.
std::vector<family> deal(std::vector<family> families, int folds) {
  auto const size = [](family const& f) { return std::pair(pictures_of(f), same_pairs(f)); };
  std::stable_sort(families.begin(), families.end(),
                   [&](auto const& a, auto const& b) { return size(a) > size(b); });
  std::vector<family> dealt(static_cast<std::size_t>(folds));
  for (std::size_t i = 0; i < families.size(); ++i) {
    auto& fold = dealt[i % dealt.size()];
    for (auto& rows : families[i]) fold.push_back(std::move(rows));
  }
  return dealt;
}

}  // namespace

std::vector<verification_pair> make_pairs(face_dataset const& faces, int folds, int pairs_per_fold,
                                          std::uint64_t seed) {
  if (folds < 1 || pairs_per_fold < 2 || pairs_per_fold % 2 != 0) {
    throw std::invalid_argument("make_pairs: needs folds and an even number of pairs in each");
  }
  auto families = dev_families(faces);
  random_stream random{seed, 5};
  random.shuffle(families);
  std::vector<verification_pair> pairs;
  int fold = 0;
  for (auto const& of_fold : deal(std::move(families), folds)) {
    add_same_pairs(fold, pairs_per_fold / 2, of_fold, random, pairs);
    add_different_pairs(fold, pairs_per_fold / 2, of_fold, random, pairs);
    ++fold;
  }
  return pairs;
}

int most_pairs_per_fold(face_dataset const& faces, int folds) {
  std::int64_t of_a_kind = std::numeric_limits<int>::max() / 2;
  for (auto const& people : deal(dev_families(faces), folds)) {
    of_a_kind = std::min({of_a_kind, same_pairs(people), different_pairs(people)});
  }
  return static_cast<int>(2 * of_a_kind);
}

fold_sizes fitting_folds(face_dataset const& faces, std::optional<int> folds,
                         std::optional<int> pairs_per_fold) {
  fold_sizes const defaults;
  fold_sizes const wanted{folds.value_or(defaults.folds),
                          pairs_per_fold.value_or(defaults.pairs_per_fold)};
  int const fewest = folds ? wanted.folds : 2;
  for (int count = wanted.folds; count >= fewest; --count) {
    int const most = most_pairs_per_fold(faces, count);
    if (most >= pairs_per_fold.value_or(2)) return {count, std::min(most, wanted.pairs_per_fold)};
  }
  return wanted;
}

}  // namespace face_kit
