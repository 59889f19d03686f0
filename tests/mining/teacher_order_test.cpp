// SPDX-License-Identifier: Apache-2.0
// mine_teacher_order: the student's nearest, in the teacher's order.
#include <coupleface/mining/teacher_order.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"

#include <coupleface/mining/nearest.hpp>

#include <set>

namespace {

using namespace coupleface_test;
using coupleface::mine_teacher_order;

template <class V, class S, class T, class Keep>
void expect_teacher_order(matrix<S> const& student_queries, matrix<S> const& student_candidates,
                          matrix<T> const& teacher_queries, matrix<T> const& teacher_candidates,
                          index_t pool, index_t k, Keep keep) {
  mined_table<V> table(student_queries.rows(), k);
  mine_teacher_order(policy(), student_queries.view(), student_candidates.view(),
                     teacher_queries.view(), teacher_candidates.view(), pool, table.values.view(),
                     table.indices.view(), keep);
  auto const s = all_relations<V>(student_queries, student_candidates);
  auto const t = all_relations<V>(teacher_queries, teacher_candidates);
  for (index_t i = 0; i < s.rows(); ++i) {
    auto pooled = ranking(s, i, [&](index_t q, index_t c, double) { return keep(q, c); });
    pooled.resize(std::min(pooled.size(), std::size_t(pool)));
    std::set<index_t> const in_pool(pooled.begin(), pooled.end());
    auto const chosen =
        ranking(t, i, [&](index_t, index_t c, double) { return in_pool.count(c) > 0; });
    expect_row(table, i, chosen, t);
  }
}

TEST(mine_teacher_order, hand_computed) {
  // The student's order of the candidates is 0, 1, 2, 3, the teacher's 3, 2, 1, 0.
  matrix<float> const student(4, 2, {1, 0, 4, 3, 3, 4, 0, 1});
  matrix<float> const teacher(4, 2, {0, 1, 3, 4, 4, 3, 1, 0});
  matrix<float> const query(1, 2, {1, 0});
  mined_table<double> table(1, 2);
  auto const mine = [&](index_t pool) {
    mine_teacher_order(policy(), query.view(), student.view(), query.view(), teacher.view(), pool,
                       table.values.view(), table.indices.view(), coupleface::every_row{});
    return table.row(0);
  };
  EXPECT_EQ(mine(2), (std::vector<index_t>{1, 0}));
  EXPECT_EQ(mine(3), (std::vector<index_t>{2, 1}));
  EXPECT_EQ(table.values.get(0, 0), 0.8);
  EXPECT_EQ(table.values.get(0, 1), 0.6);
  EXPECT_EQ(mine(99), (std::vector<index_t>{3, 2}));
}

TEST(mine_teacher_order, every_shape_and_pool) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const sq = rows_with_everything<float>(n, d, 1), sc = rows_with_everything<float>(m, d, 2);
    auto const tq = rows_with_everything<coupleface::float16>(n, d + 3, 3);
    auto const tc = rows_with_everything<coupleface::float16>(m, d + 3, 4);
    for (index_t const pool : {k, k + 1, 3 * k, k + 1000}) {
      expect_teacher_order<float>(sq, sc, tq, tc, pool, k, coupleface::other_rows{});
      expect_teacher_order<double>(sq, sc, tq, tc, pool, k,
                                   [](index_t q, index_t c) { return (q + c) % 3 != 0; });
      expect_teacher_order<float>(sc, sc, tc, tc, pool, k, coupleface::other_rows{});
    }
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_teacher_order, labels_and_blocks_of_any_size) {
  auto const s = rows_with_everything<float>(101, 7, 5), t = rows_with_everything<float>(101, 9, 6);
  auto const labels = random_labels(101, 6, 7);
  coupleface::other_labels const keep(labels.vector(), labels.vector());
  expect_teacher_order<float>(s, s, t, t, 10, 4, keep);
  mined_table<float> expected(101, 4);
  mine_teacher_order(policy(), s.view(), s.view(), t.view(), t.view(), 10, expected.values.view(),
                     expected.indices.view(), keep);
  for (index_t const rows : {0, 1, 10, 100}) {
    mined_table<float> table(101, 4);
    coupleface::detail::mine_teacher_order(policy(), s.view(), s.view(), t.view(), t.view(), 10,
                                           table.values.view(), table.indices.view(),
                                           coupleface::cosine{}, keep, rows * 10 * 8);
    EXPECT_TRUE(table.same_bits(expected)) << rows << " rows a block";
  }
}
#endif

TEST(mine_teacher_order, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(6, 8, 1), t = random_matrix<float>(6, 9, 2);
  auto const fewer = random_matrix<float>(5, 9, 3);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](auto const& sc, auto const& tq, auto const& tc, index_t pool, auto& to) {
    mine_teacher_order(policy(), s.view(), sc.view(), tq.view(), tc.view(), pool, to.values.view(),
                       to.indices.view());
  };
  expect_refused([&] { mine(s, t, t, 1, table); },
                 "coupleface::mine_teacher_order: pool is 1, but columns of values is 2");
  expect_refused([&] { mine(t, t, t, 4, table); },
                 "coupleface::mine_teacher_order: width of student_candidates is 9, but width of "
                 "student_queries is 8");
  expect_refused([&] { mine(s, fewer, t, 4, table); },
                 "coupleface::mine_teacher_order: rows of teacher_queries is 5, but rows of "
                 "student_queries is 6");
  EXPECT_THROW(mine(s, t, fewer, 4, table), std::invalid_argument);
  EXPECT_THROW(mine(s, t, s, 4, table), std::invalid_argument);
  EXPECT_THROW(mine(s, t, t, 4, few), std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_teacher_order, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const sq = random_matrix<float>(300, 12, 17), sc = random_matrix<float>(90, 12, 1);
  auto const tq = random_matrix<float>(300, 20, 18), tc = random_matrix<float>(90, 20, 2);
  mined_table<float> a(300, 5), b(300, 5), nearest(300, 11);
  mine_teacher_order(policy(), sq.view(), sc.view(), tq.view(), tc.view(), 11, a.values.view(),
                     a.indices.view());
  allocation_count count, of_nearest;
  counting_allocator allocator(count), nearest_allocator(of_nearest);
  mine_teacher_order(thrust::seq(allocator), sq.view(), sc.view(), tq.view(), tc.view(), 11,
                     b.values.view(), b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  // mine_nearest's with norms, the teacher's norms, and a table of 11 slots.
  coupleface::mine_nearest(thrust::seq(nearest_allocator), sq.view(), sc.view(),
                           nearest.values.view(), nearest.indices.view(), coupleface::cosine{},
                           coupleface::other_rows{});
  EXPECT_EQ(count.bytes, of_nearest.bytes + 8u * 390 + 300 * 11 * 8);
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
