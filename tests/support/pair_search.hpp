// SPDX-License-Identifier: Apache-2.0
// Test support: the screens that a search can use, brute-force results, and the scratch that a plan
// requires.
#pragma once

#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/relation.hpp>

#include "brute_force.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace coupleface_test {

namespace engine = coupleface::detail;

struct named_screen {
  std::string name;
  engine::screen_kernels kernels;
};

/// All element types, by the portable kernels and, if they differ, by this processor's.
inline std::vector<named_screen> screens() {
  std::vector<named_screen> result;
  std::pair<engine::screen_element, char const*> const elements[] = {
      {engine::screen_element::float32, "float"},
      {engine::screen_element::int16_pair, "int16"},
      {engine::screen_element::int8_quad, "int8"}};
  for (auto const& [element, text] : elements) {
    std::string const name = text;
    auto const portable = engine::portable_screen(element), native = engine::native_screen(element);
    result.push_back({"portable " + name, portable});
    if (native.product != portable.product) { result.push_back({"native " + name, native}); }
  }
  return result;
}

/// Type-erased predicate, because each predicate type compiles another search.
struct any_pair {
  std::function<bool(index_t, index_t)> kept;
  any_pair() : any_pair(coupleface::other_rows{}) {}
  template <class Keep, class = std::enable_if_t<!std::is_same_v<Keep, any_pair>>>
  any_pair(Keep keep) : kept(std::move(keep)) {}
  bool operator()(index_t query, index_t candidate) const { return kept(query, candidate); }
};

template <class V, class I>
struct pair_table {
  matrix<V> values;
  matrix<I> indices;
  pair_table(index_t rows, index_t slots, index_t padding = 0)
      : values(rows, slots, padding), indices(rows, slots, 2 * padding) {}
};

/// Expects the K best kept candidates of the queries in `rows`, by the rounded scores(i, j).
template <class V, class I>
void expect_best(pair_table<V, I> const& table, std::vector<index_t> const& rows,
                 index_t candidates, std::function<void(index_t, V*)> const& scores,
                 any_pair const& keep, std::string const& what) {
  index_t const k = table.values.columns();
  std::vector<V> score(static_cast<std::size_t>(candidates));
  std::vector<index_t> order;
  for (index_t const i : rows) {
    scores(i, score.data());
    order.clear();
    for (index_t j = 0; j < candidates; ++j) {
      if (keep(i, j)) { order.push_back(j); }
    }
    index_t const filled = std::min<index_t>(k, index_t(order.size()));
    std::partial_sort(order.begin(), order.begin() + filled, order.end(),
                      [&](index_t a, index_t b) {
                        V const x = score[std::size_t(a)], y = score[std::size_t(b)];
                        if (std::isnan(x) || std::isnan(y)) {
                          return std::isnan(x) == std::isnan(y) ? a < b : std::isnan(y);
                        }
                        return x > y || (x == y && a < b);
                      });
    for (index_t slot = 0; slot < k; ++slot) {
      index_t const expected = slot < filled ? order[std::size_t(slot)] : -1;
      ASSERT_EQ(index_t(table.indices.get(i, slot)), expected)
          << what << ", query " << i << " slot " << slot << " of " << table.values.rows() << " x "
          << candidates << ", k " << k;
      V const value =
          slot < filled ? score[std::size_t(expected)] : -std::numeric_limits<V>::infinity();
      ASSERT_TRUE(same_value(table.values.get(i, slot), value))
          << what << ", query " << i << " slot " << slot << ": " << table.values.get(i, slot)
          << ", not " << value;
    }
  }
}

template <class T>
coupleface::matrix_view<T const> one_row(matrix<T> const& x, index_t i) {
  auto const all = x.view();
  return {all.row(i), 1, all.extent(1), all.stride(0)};
}

inline std::vector<index_t> every_index(index_t rows) {
  std::vector<index_t> result;
  for (index_t i = 0; i < rows; ++i) { result.push_back(i); }
  return result;
}

/// The rows at the ends of parts and some between.
inline std::vector<index_t> rows_around_parts(index_t rows) {
  std::vector<index_t> result;
  for (index_t i = 0; i < rows; ++i) {
    if (i % engine::part_rows < 1 || i % engine::part_rows == engine::part_rows - 1 ||
        i % 61 == 0 || i + 1 == rows) {
      result.push_back(i);
    }
  }
  return result;
}

/// Expects mine_nearest by every screen to have the bits of relation_matrix, sorted: for the
/// queries in `rows`, or for all if it is empty.
template <class V, class I, class Relation, class Q, class C>
void expect_nearest(matrix<Q> const& queries, matrix<C> const& candidates, index_t k,
                    any_pair const& keep, std::vector<index_t> rows = {}, Relation relation = {}) {
  if (rows.empty()) { rows = every_index(queries.rows()); }
  matrix<V> scores(index_t(rows.size()), candidates.rows());
  for (std::size_t at = 0; at < rows.size(); ++at) {
    coupleface::matrix_view<V> const all = scores.view();
    coupleface::matrix_view<V> const row(all.row(index_t(at)), 1, all.extent(1), all.stride(0));
    relation_matrix(policy(), one_row(queries, rows[at]), candidates.view(), row, relation);
  }
  auto const of_row = [&](index_t i, V* out) {
    auto const at = std::lower_bound(rows.begin(), rows.end(), i) - rows.begin();
    for (index_t j = 0; j < candidates.rows(); ++j) { out[j] = scores.get(index_t(at), j); }
  };
  for (auto const& [name, kernels] : screens()) {
    pair_table<V, I> table(queries.rows(), k, 1);
    engine::mine_nearest(policy(), coupleface::matrix_view<Q const>(queries.view()),
                         coupleface::matrix_view<C const>(candidates.view()), table.values.view(),
                         table.indices.view(), relation, keep, kernels);
    expect_best<V, I>(table, rows, candidates.rows(), of_row, keep, name);
    if (testing::Test::HasFatalFailure()) { return; }
  }
}

template <class Q, class C>
void expect_by_cosine(matrix<Q> const& queries, matrix<C> const& candidates, index_t k,
                      any_pair const& keep = {}, std::vector<index_t> rows = {}) {
  expect_nearest<float, std::int32_t, coupleface::cosine>(queries, candidates, k, keep, rows);
}

template <class V = float, class I = std::int32_t, class Q, class C>
void expect_by_every_relation(matrix<Q> const& queries, matrix<C> const& candidates, index_t k) {
  coupleface::every_row const every;
  expect_nearest<V, I, coupleface::cosine>(queries, candidates, k, any_pair());
  expect_nearest<V, I, coupleface::inner_product>(queries, candidates, k, every);
  expect_nearest<V, I, coupleface::negative_squared_distance>(queries, candidates, k, any_pair());
}

/// Bytes of all arrays that a search by `plan` allocates.
struct search_scratch {
  index_t lasting = 0;   ///< held throughout, norms included
  index_t survey = 0;    ///< first phase
  index_t guessing = 0;  ///< second phase
  index_t finishing = 0;
  index_t peak() const { return lasting + std::max({survey, guessing, finishing}); }
  index_t total() const { return lasting + survey + guessing + finishing; }
};

template <class V, class I>
search_scratch scratch_of(engine::search_plan const& plan, index_t k, index_t candidate_bytes) {
  index_t const n = plan.queries;
  auto const guess = plan.symmetric && plan.room > 0
                         ? engine::plan_guess(k, plan.candidates, plan.right.block_rows())
                         : engine::guess_plan{};
  search_scratch result;
  result.lasting = 8 * (n + (plan.symmetric ? 0 : plan.candidates)) +
                   4 * plan.words * (plan.left.block_rows() + plan.right_rows_packed()) +
                   4 * plan.row_words *
                       ((plan.symmetric && plan.right_stays ? 0 : plan.left.block_rows()) +
                        plan.right_rows_packed()) +
                   (plan.row_words > 0 ? 2 * 64 : 0) + 4 * plan.lanes * plan.width + (4 + 4) * n +
                   n * plan.room * index_t(sizeof(engine::screened_pair<I>)) + 8 * plan.lanes +
                   (guess.size > 0 ? 4 * n : 0);
  result.survey = (8 + 1) * plan.lanes;
  if (guess.size > 0) {
    result.guessing =
        8 * guess.size + 4 * plan.parts * engine::left_rows *
                             engine::rounded_up_quotient(guess.size, engine::right_rows) *
                             engine::right_rows;
    if (plan.right_stays) {
      result.guessing += 4 * plan.words * engine::rounded_up(guess.size, engine::right_rows);
    }
  }
  if (plan.room > 0) {  // otherwise every list is exact and lies in the outputs
    result.finishing =
        plan.lanes *
        ((k + plan.room) * index_t(sizeof(engine::scored_pair<V, I>)) +
         4 * engine::plan_exact(n, plan.candidates, candidate_bytes, plan.lanes).places());
  }
  return result;
}

}  // namespace coupleface_test
