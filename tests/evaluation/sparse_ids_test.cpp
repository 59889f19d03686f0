// SPDX-License-Identifier: Apache-2.0
// Ids need not be dense: with labels such as 5, 10, 15 all measures and tables are those of 0,
// 1, 2.
#include <coupleface/evaluation/all_pairs.hpp>
#include <coupleface/evaluation/bootstrap.hpp>
#include <coupleface/evaluation/identification.hpp>
#include <coupleface/evaluation/retrieval.hpp>
#include <coupleface/mining/near_duplicates.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/sample_classes.hpp>
#include <coupleface/mining/statistics.hpp>
#include <coupleface/prototypes.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;
using ids = std::vector<std::int32_t>;

index_t const people = 7, rows = 60, width = 6;
ids const sparse_of{5, 10, 15, 300, 301, 40000, 2000000};  // ascending: ties fall as they do

ids sparse(ids list) {
  for (auto& id : list) { id = id < 0 ? -1 : sparse_of[std::size_t(id)]; }
  return list;
}

/// One in eleven is nobody.
ids dense_labels(index_t count, int step) {
  ids labels;
  for (index_t i = 0; i < count; ++i) {
    labels.push_back(i % 11 == 3 ? -1 : std::int32_t(i * step % people));
  }
  return labels;
}

template <class T>
cf::vector_view<T const> view(std::vector<T> const& list) {
  return {list.data(), index_t(list.size())};
}

std::vector<float> random_rows(index_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(std::size_t(count * width));
  for (float& value : x) { value = normal(random); }
  return x;
}

cf::matrix_view<float const> matrix_of(std::vector<float> const& x) {
  return {x.data(), index_t(x.size()) / width, width};
}

void expect_same_points(std::vector<cf::operating_point> const& a,
                        std::vector<cf::operating_point> const& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].threshold, b[k].threshold);
    EXPECT_EQ(a[k].far, b[k].far);
    EXPECT_EQ(a[k].tar, b[k].tar);
  }
}

class sparse_ids : public testing::Test {
 protected:
  std::vector<float> const x = random_rows(rows, 1), y = random_rows(25, 2);
  ids const labels = dense_labels(rows, 1), gallery = dense_labels(25, 3);
  ids const wide_labels = sparse(labels), wide_gallery = sparse(gallery);
};

TEST_F(sparse_ids, identification_and_retrieval) {
  for (bool const within : {false, true}) {
    auto const others = matrix_of(within ? x : y);
    ids const& a = within ? labels : gallery;
    ids const& b = within ? wide_labels : wide_gallery;
    auto const one = cf::identify(policy(), matrix_of(x), view(labels), others, view(a), 5);
    auto const two = cf::identify(policy(), matrix_of(x), view(wide_labels), others, view(b), 5);
    EXPECT_GT(one.mated, 0);
    EXPECT_EQ(one.mated, two.mated);
    EXPECT_EQ(one.unmated, two.unmated);
    EXPECT_EQ(one.rank_rates, two.rank_rates);
    EXPECT_EQ(one.open_set.far, two.open_set.far);
    EXPECT_EQ(one.open_set.tar, two.open_set.tar);
    auto const r = cf::retrieve(policy(), matrix_of(x), view(labels), others, view(a));
    auto const s = cf::retrieve(policy(), matrix_of(x), view(wide_labels), others, view(b));
    EXPECT_EQ(r.queries, s.queries);
    EXPECT_EQ(r.precision_at_1, s.precision_at_1);
    EXPECT_EQ(r.r_precision, s.r_precision);
    EXPECT_EQ(r.mean_average_precision_at_r, s.mean_average_precision_at_r);
  }
}

TEST_F(sparse_ids, verification) {
  std::vector<double> const fars{0, 0.01, 0.1};
  auto const one = cf::verify_all_pairs(policy(), matrix_of(x), view(labels), fars);
  auto const two = cf::verify_all_pairs(policy(), matrix_of(x), view(wide_labels), fars);
  EXPECT_EQ(one.same_pairs, two.same_pairs);
  EXPECT_EQ(one.different_pairs, two.different_pairs);
  EXPECT_EQ(one.equal_error_rate, two.equal_error_rate);
  expect_same_points(one.points, two.points);

  std::vector<float> scores;
  std::vector<int> same, folds;
  ids first, second;
  for (std::int32_t i = 0; i < 40; ++i) {
    first.push_back(i % people);
    second.push_back(i % 3 == 0 ? i % people : (i + 1) % people);
    same.push_back(i % 3 == 0 ? 1 : 0);
    folds.push_back(i % 4);
    scores.push_back(x[std::size_t(i)]);
  }
  ids const wide_first = sparse(first), wide_second = sparse(second);
  auto const a = cf::resample_identities(policy(), view(scores), view(same), view(first),
                                         view(second), view(folds), fars, 20, 3);
  auto const b = cf::resample_identities(policy(), view(scores), view(same), view(wide_first),
                                         view(wide_second), view(folds), fars, 20, 3);
  EXPECT_EQ(a.accuracies, b.accuracies);
  EXPECT_EQ(a.tars, b.tars);
}

/// Prototypes of classes of which some are nobody's, and the table that other_labels mines of them.
struct mined_classes {
  mined_classes(std::vector<float> const& x, ids const& labels, index_t classes, index_t k)
      : values(std::size_t(classes * k)), neighbours(std::size_t(classes * k)), k_(k) {
    std::vector<float> prototypes(std::size_t(classes * width));
    auto const mu = cf::make_matrix_view(prototypes.data(), classes, width);
    cf::class_prototypes(policy(), matrix_of(x), view(labels), mu);
    ids owners(std::size_t(classes), -1);
    for (auto const label : labels) {
      if (label >= 0) { owners[std::size_t(label)] = label; }
    }
    auto const own = view(owners);
    cf::mine_nearest(policy(), mu, mu, values_view(), neighbours_view(), cf::cosine{},
                     cf::other_labels<std::int32_t const>(own, own));
  }
  cf::matrix_view<float> values_view() { return {values.data(), index_t(values.size()) / k_, k_}; }
  cf::matrix_view<std::int32_t> neighbours_view() {
    return {neighbours.data(), index_t(values.size()) / k_, k_};
  }

  std::vector<float> values;
  ids neighbours;

 private:
  index_t k_;
};

TEST_F(sparse_ids, mined_tables) {
  index_t const k = 4;
  ids const gaps{2, 3, 7, 11, 12, 30, 31};  // few enough classes for a table of all
  ids wide = labels;
  for (auto& id : wide) { id = id < 0 ? -1 : gaps[std::size_t(id)]; }
  mined_classes dense(x, labels, people, k), sparse(x, wide, 40, k);
  for (std::int32_t c = 0; c < 40; ++c) {
    auto const owner = std::find(gaps.begin(), gaps.end(), c) - gaps.begin();
    for (index_t j = 0; j < k; ++j) {
      auto const at = std::size_t(c * k + j), from = std::size_t(owner * k + j);
      bool const nobody = owner == people;
      EXPECT_EQ(sparse.neighbours[at], nobody ? -1 : gaps[std::size_t(dense.neighbours[from])]);
      EXPECT_EQ(sparse.values[at],
                nobody ? -std::numeric_limits<float>::infinity() : dense.values[from]);
    }
  }

  auto const a = cf::near_duplicates(policy(), dense.values_view(), dense.neighbours_view(), 0.0);
  auto const b = cf::near_duplicates(policy(), sparse.values_view(), sparse.neighbours_view(), 0.0);
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  EXPECT_GT(a.pairs.size(), 0u);
  for (std::size_t i = 0; i < a.pairs.size(); ++i) {
    EXPECT_EQ(gaps[std::size_t(a.pairs[i].first)], b.pairs[i].first);
    EXPECT_EQ(gaps[std::size_t(a.pairs[i].second)], b.pairs[i].second);
    EXPECT_EQ(a.pairs[i].similarity, b.pairs[i].similarity);
  }
  EXPECT_EQ(a.truncated.size(), b.truncated.size());
  for (std::size_t c = 0; c < 40; ++c) {
    auto const owner = std::find(gaps.begin(), gaps.end(), c) - gaps.begin();
    EXPECT_EQ(b.representatives[c],
              owner == people ? index_t(c) : gaps[std::size_t(a.representatives[owner])]);
  }

  auto const s = cf::describe_table(policy(), dense.values_view(), dense.neighbours_view(), people);
  auto const t = cf::describe_table(policy(), sparse.values_view(), sparse.neighbours_view(), 40);
  EXPECT_EQ(s.pairs, t.pairs);
  EXPECT_EQ(t.empty, s.empty + (40 - people) * k);
  EXPECT_EQ(s.mean, t.mean);
  EXPECT_EQ(s.mean_nearest, t.mean_nearest);
  EXPECT_EQ(s.histogram, t.histogram);
  EXPECT_EQ(s.most_chosen, t.most_chosen);
  EXPECT_EQ(t.never_chosen, s.never_chosen + 40 - people);
}

TEST_F(sparse_ids, sampled_classes) {
  ids const batch{0, 3}, wide_batch = {2, 11}, gaps{2, 3, 7, 11, 12, 30, 31};
  ids wide = labels;
  for (auto& id : wide) { id = id < 0 ? -1 : gaps[std::size_t(id)]; }
  mined_classes dense(x, labels, people, 2), sparse(x, wide, 40, 2);
  ids a(4), b(4);  // two positives and two of their neighbours: nothing is left to chance
  cf::sample_classes(policy(), view(batch), people, dense.neighbours_view(), 1,
                     cf::make_vector_view(a.data(), 4));
  cf::sample_classes(policy(), view(wide_batch), 40, sparse.neighbours_view(), 1,
                     cf::make_vector_view(b.data(), 4));
  for (auto& id : a) { id = gaps[std::size_t(id)]; }
  EXPECT_EQ(a, b);
}

}  // namespace
