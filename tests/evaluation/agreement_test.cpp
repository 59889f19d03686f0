// SPDX-License-Identifier: Apache-2.0
// Teacher-student agreement, by hand and against plain loops over all pairs.
#include <coupleface/evaluation/agreement.hpp>

#include "support/brute_force.hpp"
#include "support/scratch_ceiling.hpp"
#include "support/judged_pairs.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

std::vector<double> const edges{-0.5, -0.1, 0, 0.03, 0.3};

void expect_same(cf::teacher_agreement const& x, cf::teacher_agreement const& y) {
  ASSERT_EQ(x.overlaps.size(), y.overlaps.size());
  ASSERT_EQ(x.rank_correlations.size(), y.rank_correlations.size());
  for (std::size_t i = 0; i < x.overlaps.size(); ++i) {
    expect_equal_bits(x.overlaps[i], y.overlaps[i], "overlap");
    expect_equal_bits(x.rank_correlations[i], y.rank_correlations[i], "correlation");
  }
  expect_equal_bits(x.mean_overlap, y.mean_overlap, "mean overlap");
  expect_equal_bits(x.mean_rank_correlation, y.mean_rank_correlation, "mean correlation");
  expect_equal_bits(x.mean_gap, y.mean_gap, "mean gap");
  expect_equal_bits(x.active_share, y.active_share, "active share");
  EXPECT_EQ(x.pairs, y.pairs);
  EXPECT_EQ(x.not_numbers, y.not_numbers);
  EXPECT_EQ(x.histogram, y.histogram);
  EXPECT_EQ(x.below, y.below);
  EXPECT_EQ(x.above, y.above);
}

double mean_rank(std::vector<double> const& values, double value) {
  double less = 0, equal = 0;
  for (double const x : values) {
    less += x < value;
    equal += x == value;
  }
  return less + (equal + 1) / 2;
}

double spearman(std::vector<double> const& x, std::vector<double> const& y) {
  double const mean = double(x.size() + 1) / 2;
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    double const a = mean_rank(x, x[k]) - mean, b = mean_rank(y, y[k]) - mean;
    xx += a * a, xy += a * b, yy += b * b;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : no_number;
}

/// Neighbours by definition; gaps in the histogram by comparison with every bin.
template <class S, class T, class Penalty>
void check(matrix<S> const& student, matrix<T> const& teacher, index_t k, Penalty penalty) {
  auto const found =
      cf::compare_with_teacher(policy(), student.view(), teacher.view(), k, edges, penalty);
  auto const s = all_relations<float>(student, student), t = all_relations<float>(teacher, teacher);
  auto const exact_s = all_relations<double>(student, student);
  auto const exact_t = all_relations<double>(teacher, teacher);
  auto const others = [](index_t q, index_t c, double) { return q != c; };
  std::vector<index_t> histogram(edges.size() - 1, 0);
  double sum = 0, overlaps = 0, correlations = 0;
  index_t pairs = 0, numbers = 0, active = 0, below = 0, above = 0, overlapping = 0, correlated = 0;
  for (index_t i = 0; i < teacher.rows(); ++i) {
    auto of_teacher = ranking(t, i, others), of_student = ranking(s, i, others);
    of_teacher.resize(std::min(of_teacher.size(), std::size_t(k)));
    of_student.resize(std::min(of_student.size(), std::size_t(k)));
    std::set<index_t> in_teacher, in_student;
    std::vector<double> x, y;
    for (index_t const j : of_student) {
      if (!std::isnan(s.at(i, j))) { in_student.insert(j); }
    }
    double shared = 0;
    for (index_t const j : of_teacher) {
      if (!std::isnan(t.at(i, j))) {
        in_teacher.insert(j);
        shared += double(in_student.count(j));
      }
      double const gap = exact_s.at(i, j) - exact_t.at(i, j);
      ++pairs;
      if (std::isnan(gap)) { continue; }
      ++numbers;
      sum += gap;
      x.push_back(exact_t.at(i, j));
      y.push_back(exact_s.at(i, j));
      active += penalty(gap).slope != 0;
      below += gap < edges.front();
      above += gap > edges.back();
      for (std::size_t b = 0; b + 1 < edges.size(); ++b) {
        bool const last = b + 2 == edges.size();
        histogram[b] += gap >= edges[b] && (gap < edges[b + 1] || (last && gap == edges[b + 1]));
      }
    }
    std::size_t const most = std::max(in_teacher.size(), in_student.size());
    double const overlap = most > 0 ? shared / double(most) : no_number;
    double const correlation = spearman(x, y);
    expect_equal_bits(found.overlaps[std::size_t(i)], overlap, "overlap");
    expect_equal_bits(found.rank_correlations[std::size_t(i)], correlation, "correlation");
    if (most > 0) { overlaps += overlap, ++overlapping; }
    if (!std::isnan(correlation)) { correlations += correlation, ++correlated; }
  }
  expect_equal_bits(found.mean_overlap, overlaps / double(overlapping), "mean overlap");
  expect_equal_bits(found.mean_rank_correlation, correlations / double(correlated), "mean rho");
  EXPECT_EQ(found.pairs, pairs);
  EXPECT_EQ(found.not_numbers, pairs - numbers);
  EXPECT_EQ(found.histogram, histogram);
  EXPECT_EQ(found.below, below);
  EXPECT_EQ(found.above, above);
  EXPECT_EQ(found.active_share, numbers > 0 ? double(active) / double(numbers) : 0);
  if (numbers > 0) {
    // Sums of gaps up to 2 in another order.
    EXPECT_NEAR(found.mean_gap, sum / double(numbers), double(numbers) * 0x1p-52);
  } else {
    EXPECT_TRUE(std::isnan(found.mean_gap));
  }
}

TEST(agreement, hand_computed) {
  // Teacher at 0, 10, 30, 60 degrees; the student puts the last one at -20 degrees.
  auto const at = [](std::vector<double> const& degrees) {
    std::vector<double> rows;
    for (double const d : degrees) {
      rows.push_back(std::cos(d * std::acos(-1.0) / 180));
      rows.push_back(std::sin(d * std::acos(-1.0) / 180));
    }
    return matrix<double>(4, 2, rows);
  };
  auto const teacher = at({0, 10, 30, 60}), student = at({0, 10, 30, -20});
  auto const found =
      cf::compare_with_teacher(policy(), student.view(), teacher.view(), 2, {-2, 0.03, 2});
  // Teacher: 0: 1 2, 1: 0 2, 3: 2 1. Student: 0: 1 3, 1: 0 2, 3: 0 1.
  EXPECT_EQ(found.overlaps[0], 0.5);
  EXPECT_EQ(found.overlaps[1], 1);
  EXPECT_EQ(found.overlaps[3], 0.5);
  EXPECT_EQ(found.rank_correlations[0], 1);   // 10 before 30 degrees on both sides
  EXPECT_EQ(found.rank_correlations[3], -1);  // 30 before 50 degrees; 50 before 30
  EXPECT_EQ(found.pairs, 8);
  auto const same = cf::compare_with_teacher(policy(), teacher.view(), teacher.view(), 2, {-1, 1});
  EXPECT_EQ(same.mean_overlap, 1);
  EXPECT_EQ(same.mean_rank_correlation, 1);
  EXPECT_EQ(same.mean_gap, 0);
  EXPECT_EQ(same.active_share, 0);
  EXPECT_EQ(same.histogram, (std::vector<index_t>{8}));
}

TEST(agreement, equals_plain_loops) {
  for (index_t n : {1, 2, 3, 20, 90}) {
    auto const teacher = random_matrix<float>(n, 8, 1, 1);
    auto const student = random_matrix<cf::float16>(n, 5, 2, 1);
    for (index_t k : {1, 4, 200}) {
      check(student, teacher, k, cf::hinge{});
      check(student, teacher, k, cf::dead_zone{0.2});
    }
  }
}

TEST(agreement, rows_with_everything) {
  auto const teacher = rows_with_everything<float>(110, 4, 1);
  auto const student = rows_with_everything<double>(110, 6, 2);
  check(student, teacher, 9, cf::hinge{});
  check(teacher, teacher, 109, cf::absolute{});
}

TEST(agreement, no_rows_and_no_histogram) {
  matrix<float> const none(0, 3);
  auto const found = cf::compare_with_teacher(policy(), none.view(), none.view(), 3);
  EXPECT_EQ(found.pairs, 0);
  EXPECT_TRUE(std::isnan(found.mean_overlap));
  EXPECT_TRUE(std::isnan(found.mean_gap));
  EXPECT_TRUE(found.histogram.empty());
}

TEST(agreement, same_bits_for_any_number_of_threads_and_bounded_scratch) {
  auto const teacher = random_matrix<float>(250, 20, 1), student = random_matrix<float>(250, 9, 2);
  auto const run = [&](auto const& policy) {
    return cf::compare_with_teacher(policy, student.view(), teacher.view(), 20, edges);
  };
  auto const expected = run(policy());
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] { expect_same(run(policy()), expected); });
  }
#if !COUPLEFACE_HAS_KERNELS
  allocation_count count;
  counting_allocator memory(count);
  run(thrust::seq(memory));
  // Two tables and the gaps, 24 bytes a slot here, may have 64 MiB.
  expect_scratch_within(
      count, scratch_of_nearest(teacher, teacher, 20) + 24 * 20 * 250 + 56 * 250 + 1792 * 20);
#endif
}

TEST(agreement, errors) {
  matrix<float> const x(2, 2, {1, 2, 3, 4}), y(3, 2, std::vector<double>(6, 1));
  auto const refuse = [&](auto call, char const* message) { expect_refused(call, message); };
  refuse([&] { cf::compare_with_teacher(policy(), x.view(), y.view(), 1); },
         "coupleface::compare_with_teacher: rows of student is 2, but rows of teacher is 3");
  refuse([&] { cf::compare_with_teacher(policy(), x.view(), x.view(), 0); },
         "coupleface::compare_with_teacher: k must be at least 1");
  for (auto const& bad : {std::vector<double>{0}, {1, 1}, {0, no_number}}) {
    refuse([&] { cf::compare_with_teacher(policy(), x.view(), x.view(), 1, bad); },
           "coupleface::compare_with_teacher: edges must be none or at least two that ascend");
  }
  refuse([&] { cf::compare_with_teacher(policy(), x.view(), x.view(), 1, {}, cf::hinge{-1}); },
         "coupleface::compare_with_teacher: the penalty's settings are out of range");
}

TEST(agreement, overlap_is_over_the_longer_list) {
  std::int32_t const a[] = {1, 2, 5}, b[] = {2, 5, 6, 7};
  EXPECT_EQ(cf::detail::overlap_of(a, 3, b, 4), 0.5);
  EXPECT_EQ(cf::detail::overlap_of(b, 4, a, 3), 0.5);
  EXPECT_EQ(cf::detail::overlap_of(a, 3, b, 1), 1.0 / 3);
  EXPECT_EQ(cf::detail::overlap_of(a, 0, b, 4), 0);
  EXPECT_TRUE(std::isnan(cf::detail::overlap_of(a, 0, b, 0)));
}

}  // namespace
