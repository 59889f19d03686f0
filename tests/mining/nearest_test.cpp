// SPDX-License-Identifier: Apache-2.0
// mine_nearest: bit for bit what top_k of the relation matrix gives, without storing it.
#include <coupleface/mining/nearest.hpp>
#include <coupleface/top_k.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/pair_search.hpp"
#include "../support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::mine_nearest;

template <class V, class Q, class C, class Relation>
void expect_brute_force(matrix<Q> const& queries, matrix<C> const& candidates, index_t k,
                        Relation relation, any_pair const& keep) {
  index_t const n = queries.rows(), m = candidates.rows();
  matrix<V> relations(n, m), values(n, k, 1);
  matrix<std::int32_t> indices(n, k, 2);
  relation_matrix(policy(), queries.view(), candidates.view(), relations.view(), relation);
  mine_nearest(policy(), queries.view(), candidates.view(), values.view(), indices.view(), relation,
               keep);
  for (index_t i = 0; i < n; ++i) {
    std::vector<index_t> order;
    for (index_t j = 0; j < m; ++j) {
      if (keep(i, j)) { order.push_back(j); }
    }
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
      double const x = relations.at(i, a), y = relations.at(i, b);
      return std::isnan(y) ? !std::isnan(x) : x > y;
    });
    for (index_t slot = 0; slot < k; ++slot) {
      if (slot >= index_t(order.size())) {
        EXPECT_EQ(indices.get(i, slot), -1);
        EXPECT_EQ(values.at(i, slot), -std::numeric_limits<double>::infinity());
        continue;
      }
      index_t const expected = order[static_cast<std::size_t>(slot)];
      ASSERT_EQ(indices.get(i, slot), expected)
          << "query " << i << " slot " << slot << " of " << n << " x " << m << ", k " << k;
      V const value = values.get(i, slot), score = relations.get(i, expected);
      ASSERT_EQ(std::memcmp(&value, &score, sizeof(V)), 0);
    }
  }
}

template <class V, class Q, class C>
void expect_brute_force_of_every_relation(matrix<Q> const& queries, matrix<C> const& candidates,
                                          index_t k) {
  coupleface::other_rows const other;
  coupleface::every_row const every;
  expect_brute_force<V>(queries, candidates, k, coupleface::cosine{}, other);
  expect_brute_force<V>(queries, candidates, k, coupleface::inner_product{}, every);
  expect_brute_force<V>(queries, candidates, k, coupleface::negative_squared_distance{}, other);
  expect_brute_force<V>(queries, candidates, k, taxicab{}, other);
}

TEST(mine_nearest, hand_computed) {
  matrix<float> const x(4, 2, {1, 0, 2, 0.2, 0, 1, -1, 0});
  matrix<float> values(4, 2);
  matrix<std::int32_t> indices(4, 2);
  mine_nearest(policy(), x.view(), x.view(), values.view(), indices.view());
  EXPECT_EQ(indices.get(0, 0), 1);
  EXPECT_EQ(indices.get(0, 1), 2);
  EXPECT_EQ(indices.get(3, 0), 2);
  EXPECT_EQ(values.at(3, 0), 0);
}

TEST(mine_nearest, shapes_around_tiles) {
  for (auto const& [n, d] : shapes()) {
    auto const queries = random_matrix<float>(n, d, 1, 3);
    auto const candidates = random_matrix<float>(n + n / 2, d, 2, 1);
    for (index_t const k : {1, 5, 100}) {
      expect_brute_force_of_every_relation<float>(queries, candidates, k);
    }
  }
  auto const x = random_matrix<float>(523, 31, 3);  // primes beyond two tiles each way
  expect_brute_force_of_every_relation<float>(x, x, 17);
}

TEST(mine_nearest, every_storage_type_and_double_values) {
  auto const query = random_matrix<coupleface::float16>(140, 20, 4);
  auto const candidate = random_matrix<coupleface::bfloat16>(290, 20, 5);
  expect_brute_force_of_every_relation<float>(query, candidate, 9);
  auto const x = random_matrix<double>(150, 24, 6);
  expect_brute_force_of_every_relation<double>(x, x, 11);
  expect_brute_force_of_every_relation<float>(x, x, 11);
}

TEST(mine_nearest, duplicates_ties_and_coarse_values) {
  auto const x = coarse_matrix<float>(400, 6, 7);
  expect_brute_force_of_every_relation<float>(x, x, 30);
  expect_brute_force_of_every_relation<double>(x, x, 399);
}

TEST(mine_nearest, gaps_below_the_rounding_of_a_float_product) {
  auto const x = nearly_equal_rows(300, 64, 8);
  expect_brute_force_of_every_relation<float>(x, x, 20);
  expect_brute_force_of_every_relation<double>(x, x, 20);
}

TEST(mine_nearest, rows_that_no_screen_can_judge) {
  double const inf = std::numeric_limits<double>::infinity();
  auto x = random_matrix<float>(300, 10, 9);
  for (index_t j = 0; j < 10; ++j) {
    x.set(3, j, 0);
    x.set(140, j, 0);
    x.set(5, j, 1e-42 * double(j));
    x.set(7, j, x.at(7, j) * 1e38);
    x.set(8, j, x.at(8, j) * 1e-30);
  }
  x.set(9, 2, std::nan(""));
  x.set(200, 0, inf);
  x.set(201, 1, -inf);
  expect_brute_force_of_every_relation<float>(x, x, 12);
  expect_brute_force_of_every_relation<float>(x, x, 299);
  auto wide = random_matrix<double>(40, 4, 10);
  for (index_t j = 0; j < 4; ++j) {
    wide.set(1, j, wide.at(1, j) * 1e250);
    wide.set(2, j, wide.at(2, j) * 1e-250);
  }
  expect_brute_force<double>(wide, wide, 39, coupleface::cosine{}, coupleface::other_rows{});
}

TEST(mine_nearest, bounds_hold_where_doubles_underflow_or_widths_are_large) {
  // Products near the smallest double round by as much as they are.
  matrix<double> queries(1, 16, std::vector<double>(16, 0x1p-537));
  matrix<double> candidates(65, 16, std::vector<double>(65 * 16, 0.0));
  for (index_t i = 0; i < 64; ++i) { candidates.set(i, 0, 12 * 0x1p-537); }
  for (index_t j = 0; j < 16; ++j) { candidates.set(64, j, 0.6 * 0x1p-537); }
  expect_brute_force<double>(queries, candidates, 1, coupleface::inner_product{},
                             coupleface::every_row{});
  matrix<double> const origin(1, 16, std::vector<double>(16, 0.0));
  for (index_t i = 0; i < 65; ++i) {
    for (index_t j = 0; j < 16; ++j) {
      candidates.set(i, j, i < 64 ? (j == 0 ? 0x1p-537 : 0.0) : 0x1p-538);
    }
  }
  expect_brute_force<double>(origin, candidates, 1, coupleface::negative_squared_distance{},
                             coupleface::every_row{});
  // Short queries against long candidates that differ by single ulps: only roundings order them.
  index_t const width = 8192;
  matrix<double> small(20, width), large(70, width);
  for (index_t j = 0; j < width; ++j) {
    for (index_t i = 0; i < 20; ++i) { small.set(i, j, 1e-13 * double(1 + i)); }
    double value = 1.1;
    for (index_t i = 0; i < 70; ++i) {
      large.set(i, j, value);
      if (i % 3 == 2) { value = std::nextafter(value, 9.0); }
    }
  }
  expect_brute_force<double>(small, large, 1, coupleface::negative_squared_distance{},
                             coupleface::every_row{});
}

TEST(mine_nearest, other_labels_and_a_predicate_of_yours) {
  auto const x = random_matrix<float>(260, 16, 11);
  auto const labels = random_labels(260, 9, 12);
  expect_brute_force<float>(x, x, 8, coupleface::cosine{},
                            coupleface::other_labels(labels.vector(), labels.vector()));
  expect_brute_force<float>(x, x, 8, coupleface::cosine{},
                            [](index_t query, index_t candidate) { return candidate < query; });
}

TEST(mine_nearest, one_class_none_and_k_beyond_the_candidates) {
  expect_brute_force_of_every_relation<float>(random_matrix<float>(1, 8, 13),
                                              random_matrix<float>(1, 8, 13), 3);
  expect_brute_force_of_every_relation<float>(random_matrix<float>(4, 8, 14),
                                              random_matrix<float>(0, 8, 14), 3);
  expect_brute_force_of_every_relation<float>(random_matrix<float>(5, 8, 15),
                                              random_matrix<float>(5, 8, 15), 0);
}

TEST(mine_nearest, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16);
  auto const narrow = random_matrix<float>(6, 7, 16);
  matrix<float> values(6, 2), few(5, 2);
  matrix<std::int32_t> indices(6, 2), few_indices(5, 2);
  try {
    mine_nearest(policy(), x.view(), narrow.view(), values.view(), indices.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::mine_nearest: width of candidates is 7, but width of "
                 "queries is 8");
  }
  EXPECT_THROW(mine_nearest(policy(), x.view(), x.view(), few.view(), few_indices.view()),
               std::invalid_argument);
  EXPECT_THROW(mine_nearest(policy(), x.view(), x.view(), values.view(), few_indices.view()),
               std::invalid_argument);
  auto const labels = random_labels(3, 2, 18);
  EXPECT_THROW(mine_nearest(policy(), x.view(), x.view(), values.view(), indices.view(),
                            coupleface::cosine{},
                            coupleface::other_labels(labels.vector(), labels.vector())),
               std::invalid_argument);
  EXPECT_TRUE(values.untouched() && indices.untouched() && few.untouched());
}

template <class V, class I>
void expect_documented_scratch(matrix<float> const& queries, matrix<float> const& candidates,
                               index_t k) {
  index_t const n = queries.rows();
  coupleface::matrix_view<float const> const q = queries.view(), c = candidates.view();
  bool const same = q.data_handle() == c.data_handle();
  pair_table<V, I> a(n, k, 1), b(n, k, 1);
  allocation_count count;
  counting_allocator allocator(count);
  mine_nearest(policy(), q, c, a.values.view(), a.indices.view());
  mine_nearest(thrust::seq(allocator), q, c, b.values.view(), b.indices.view());
  EXPECT_TRUE(a.values.same_bits(b.values) && a.indices.same_bits(b.indices));
  engine::relation_score<float, float, coupleface::cosine> const score{q, c, nullptr, nullptr, {}};
  auto const plan = engine::plan_search(score, k, sizeof(I), engine::best_screen());
  EXPECT_EQ(index_t(count.bytes), (scratch_of<V, I>(plan, k, score.candidate_bytes()).total()));
  EXPECT_LE(index_t(count.bytes),
            (index_t(64) << 20) + 16 * n + (same ? 0 : 8 * candidates.rows()));
  EXPECT_EQ(count.live, 0u);
}

TEST(mine_nearest, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const x = random_matrix<float>(700, 40, 17), y = random_matrix<float>(90, 40, 18);
  expect_documented_scratch<float, std::int32_t>(x, x, 10);
  expect_documented_scratch<double, std::int64_t>(x, y, 10);
  expect_documented_scratch<float, std::int32_t>(random_matrix<float>(1, 40, 19), y, 100);
  auto const line = random_matrix<float>(600000, 1, 20);
  expect_documented_scratch<float, std::int32_t>(random_matrix<float>(1, 1, 19), line, 600000);
  auto const guessed = random_matrix<float>(5200, 6, 20);
  expect_documented_scratch<float, std::int32_t>(guessed, guessed, 400);
}

/// Writes the arrays of a search to memory, or back.
struct saved_state {
  std::vector<char> bytes;

  template <class Search>
  void save(Search& search) {
    bytes.clear();
    search.visit_state([&](void* data, std::size_t size) {
      char const* const from = static_cast<char const*>(data);
      bytes.insert(bytes.end(), from, from + size);
    });
  }
  template <class Search>
  void load(Search& search) const {
    std::size_t at = 0;
    search.visit_state([&](void* data, std::size_t size) {
      ASSERT_LE(at + size, bytes.size());
      if (size > 0) { std::memcpy(data, bytes.data() + at, size); }
      at += size;
    });
    EXPECT_EQ(at, bytes.size());
  }
};

/// Stepping, and going on from any step with a new search, gives the bits of mine_nearest.
template <class V, class I, class Relation = coupleface::cosine>
void expect_steps(matrix<float> const& queries, matrix<float> const& candidates, index_t k,
                  index_t steps, Relation relation = {}) {
  index_t const n = queries.rows();
  auto const q = queries.view(), c = candidates.view();
  auto const device = policy();
  pair_table<V, I> expected(n, k, 1);
  mine_nearest(device, q, c, expected.values.view(), expected.indices.view(), relation);
  auto const expect_same = [&](pair_table<V, I> const& table, index_t step) {
    EXPECT_TRUE(table.values.same_bits(expected.values)) << "step " << step;
    EXPECT_TRUE(table.indices.same_bits(expected.indices)) << "step " << step;
  };
  pair_table<V, I> table(n, k, 1);
  coupleface::nearest_search search(device, q, c, table.values.view(), table.indices.view(),
                                    relation);
  ASSERT_EQ(search.steps(), steps);
  std::size_t size = 0;
  for (index_t step = 0; step <= steps; ++step) {
    ASSERT_EQ(search.step(), step);
    saved_state state;
    state.save(search);
    EXPECT_TRUE(step == 0 || state.bytes.size() == size);
    size = state.bytes.size();
    pair_table<V, I> later(n, k, 1);
    {
      coupleface::nearest_search resumed(device, q, c, later.values.view(), later.indices.view(),
                                         relation);
      EXPECT_STREQ(resumed.screen(), search.screen());
      if (step == 1 && steps > 2) { resumed.advance(); }  // whatever it did before is forgotten
      state.load(resumed);
      EXPECT_EQ(resumed.step(), step);
      while (resumed.step() < resumed.steps()) { resumed.advance(); }
      resumed.finish();
    }
    expect_same(later, step);
    if (step < steps) { search.advance(); }
  }
  index_t const evaluated = search.finish();
  // One evaluation may serve the lists of both rows.
  EXPECT_GE(evaluated, std::min(k, candidates.rows() - 1) * n / 2);
  expect_same(table, steps);
}

TEST(nearest_search, steps_and_saved_states_give_the_bits_of_mine_nearest) {
  auto x = random_matrix<float>(7169, 4, 21, 2);
  x.set(700, 1, std::nan(""));
  expect_steps<float, std::int32_t>(x, x, 5, 6);  // a triangle of three blocks
  auto const guessed = random_matrix<float>(5200, 6, 22);
  expect_steps<float, std::int32_t>(guessed, guessed, 400, 3);
  auto const few = random_matrix<float>(300, 4, 23, 1);
  expect_steps<double, std::int64_t>(few, x, 9, 3);  // one block of queries, three of candidates
  expect_steps<float, std::int32_t>(few, few, 9, 1, coupleface::inner_product{});
}

TEST(nearest_search, the_state_has_the_size_of_its_arrays) {
  auto const x = random_matrix<float>(500, 8, 24);
  pair_table<float, std::int32_t> table(500, 10, 3);
  auto const device = policy();
  coupleface::nearest_search search(device, x.view(), x.view(), table.values.view(),
                                    table.indices.view());
  saved_state state;
  state.save(search);
  // Step and error, thresholds and counts, what waits, evaluations of the lanes, the outputs.
  index_t const room = 10 + 64;
  EXPECT_EQ(index_t(state.bytes.size()),
            16 + 500 * (8 + 8 * room) + 8 * engine::most_parts + 500 * 10 * (4 + 4));
  EXPECT_EQ(std::string(search.screen()) == "int16",
            engine::best_screen().element == engine::screen_element::int16_pair);
}

TEST(nearest_search, nothing_to_search_for) {
  auto const x = random_matrix<float>(5, 3, 25), none = random_matrix<float>(0, 3, 26);
  auto const device = policy();
  for (auto const& [n, k] : {std::pair<index_t, index_t>{0, 3}, {5, 0}}) {
    pair_table<float, std::int32_t> table(n, k);
    coupleface::nearest_search search(device, (n > 0 ? x : none).view(), x.view(),
                                      table.values.view(), table.indices.view());
    EXPECT_EQ(search.steps(), 0);
    saved_state state;
    state.save(search);
    EXPECT_TRUE(state.bytes.empty());
    EXPECT_EQ(search.finish(), 0);
  }
  pair_table<float, std::int32_t> table(5, 2);
  coupleface::nearest_search search(device, x.view(), none.view(), table.values.view(),
                                    table.indices.view());
  while (search.step() < search.steps()) { search.advance(); }
  EXPECT_EQ(search.finish(), 0);
  for (index_t i = 0; i < 5; ++i) {
    EXPECT_EQ(table.indices.get(i, 1), -1);
    EXPECT_EQ(table.values.get(i, 0), -HUGE_VALF);
  }
  pair_table<float, std::int32_t> wrong(4, 2);
  EXPECT_THROW(coupleface::nearest_search(device, x.view(), x.view(), wrong.values.view(),
                                          wrong.indices.view()),
               std::invalid_argument);
}

}  // namespace
