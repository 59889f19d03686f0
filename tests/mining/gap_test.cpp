// SPDX-License-Identifier: Apache-2.0
// mine_gap: the pairs on which student and teacher disagree most.
#include <coupleface/mining/gap.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

namespace {

using namespace coupleface_test;
using coupleface::absolute_gap;
using coupleface::mine_gap;
using coupleface::violation;

struct ratio_gap {  // one of yours
  double operator()(double student, double teacher) const {
    return student / (std::fabs(teacher) + 0.5);
  }
};

template <class V, class S, class T>
struct two_networks {
  matrix<S> student_queries, student_candidates;
  matrix<T> teacher_queries, teacher_candidates;

  template <class Gap, class Keep>
  mined_table<V> mine(index_t k, Gap gap, Keep keep) const {
    mined_table<V> table(student_queries.rows(), k);
    mine_gap(policy(), student_queries.view(), student_candidates.view(), teacher_queries.view(),
             teacher_candidates.view(), table.values.view(), table.indices.view(), gap, keep);
    return table;
  }

  template <class Gap, class Keep>
  void expect_largest(index_t k, Gap gap, Keep keep) const {
    auto const s = all_relations<double>(student_queries, student_candidates);
    auto const t = all_relations<double>(teacher_queries, teacher_candidates);
    matrix<V> gaps(s.rows(), s.columns());
    for (index_t i = 0; i < s.rows(); ++i) {
      for (index_t j = 0; j < s.columns(); ++j) { gaps.set(i, j, gap(s.at(i, j), t.at(i, j))); }
    }
    expect_ranked(mine(k, gap, keep), gaps,
                  [&](index_t q, index_t c, double) { return keep(q, c); });
  }
};

TEST(mine_gap, hand_computed) {
  // Cosines of row 0 with rows 1 to 3: student 0.6, 0, -1; teacher 1, -0.8, -1.
  two_networks<double, float, double> const x{
      matrix<float>(1, 2, {1, 0}), matrix<float>(4, 2, {1, 0, 3, 4, 0, 1, -1, 0}),
      matrix<double>(1, 2, {0, 1}), matrix<double>(4, 2, {0, 1, 0, 2, 3, -4, 0, -1})};
  auto const over = x.mine(3, violation{}, coupleface::other_rows{});
  EXPECT_EQ(over.row(0), (std::vector<index_t>{2, 3, 1}));
  EXPECT_EQ(over.values.get(0, 0), 0.8);
  EXPECT_EQ(over.values.get(0, 1), 0.0);
  EXPECT_EQ(over.values.get(0, 2), 0.6 - 1.0);
  auto const either = x.mine(3, absolute_gap{}, coupleface::other_rows{});
  EXPECT_EQ(either.row(0), (std::vector<index_t>{2, 1, 3}));
  EXPECT_EQ(either.values.get(0, 1), 1.0 - 0.6);
}

TEST(mine_gap, every_shape_and_gap) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    two_networks<float, float, coupleface::float16> const x{
        rows_with_everything<float>(n, d, 1), rows_with_everything<float>(m, d, 2),
        rows_with_everything<coupleface::float16>(n, d + 3, 3),
        rows_with_everything<coupleface::float16>(m, d + 3, 4)};
    x.expect_largest(k, violation{}, coupleface::other_rows{});
    x.expect_largest(k, absolute_gap{}, coupleface::other_rows{});
    x.expect_largest(k, ratio_gap{}, coupleface::every_row{});
    auto const student = rows_with_everything<double>(m, d, 5);
    auto const teacher = rows_with_everything<float>(m, 2 * d, 6);
    two_networks<double, double, float> const same{student, student, teacher, teacher};
    same.expect_largest(k, violation{}, [](index_t q, index_t c) { return (q + c) % 3 != 0; });
    same.expect_largest(k, absolute_gap{}, coupleface::other_rows{});
  }
}

TEST(mine_gap, equal_networks_tie_everywhere) {
  auto const x = random_matrix<float>(50, 7, 3);
  two_networks<float, float, float> const same{x, x, x, x};
  same.expect_largest(49, violation{}, coupleface::other_rows{});
  auto const table = same.mine(3, absolute_gap{}, coupleface::other_rows{});
  EXPECT_EQ(table.row(1), (std::vector<index_t>{0, 2, 3}));
  EXPECT_EQ(table.values.get(1, 2), 0.0f);
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_gap, labels) {
  auto const student = random_matrix<float>(90, 6, 3), teacher = random_matrix<float>(90, 9, 4);
  auto const labels = random_labels(90, 5, 4);
  two_networks<float, float, float>{student, student, teacher, teacher}.expect_largest(
      9, violation{}, coupleface::other_labels(labels.vector(), labels.vector()));
}
#endif

TEST(mine_gap, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(6, 8, 1), t = random_matrix<float>(6, 9, 2);
  auto const fewer = random_matrix<float>(5, 9, 3);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](auto const& sq, auto const& sc, auto const& tq, auto const& tc, auto& to) {
    mine_gap(policy(), sq.view(), sc.view(), tq.view(), tc.view(), to.values.view(),
             to.indices.view());
  };
  expect_refused([&] { mine(s, t, t, t, table); },
                 "coupleface::mine_gap: width of student_candidates is 9, but width of "
                 "student_queries is 8");
  expect_refused([&] { mine(s, s, t, s, table); },
                 "coupleface::mine_gap: width of teacher_candidates is 8, but width of "
                 "teacher_queries is 9");
  expect_refused([&] { mine(s, s, fewer, t, table); },
                 "coupleface::mine_gap: rows of teacher_queries is 5, but rows of student_queries "
                 "is 6");
  expect_refused([&] { mine(s, s, t, fewer, table); },
                 "coupleface::mine_gap: rows of teacher_candidates is 5, but rows of "
                 "student_candidates is 6");
  expect_refused([&] { mine(s, s, t, t, few); },
                 "coupleface::mine_gap: rows of values is 5, but rows of student_queries is 6");
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_gap, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const s = rows_with_everything<float>(300, 12, 17),
             t = rows_with_everything<float>(300, 20, 1);
  two_networks<float, float, float> const x{s, s, t, t};
  auto const a = x.mine(10, violation{}, coupleface::other_rows{});
  mined_table<float> b(300, 10);
  allocation_count count;
  counting_allocator allocator(count);
  mine_gap(thrust::seq(allocator), x.student_queries.view(), x.student_candidates.view(),
           x.teacher_queries.view(), x.teacher_candidates.view(), b.values.view(),
           b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  // Norms of two networks; beside its norms mine_nearest's for rows as wide as both. Queries and
  // candidates are copies here.
  auto const wide = random_matrix<float>(300, 32, 2), others = wide;
  expect_scratch_within(count, 16 * 600 + scratch_of_nearest(wide, others, 10) - 8 * 600);
}
#endif

}  // namespace
