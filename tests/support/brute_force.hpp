// SPDX-License-Identifier: Apache-2.0
// Test support: compares mined tables with a brute-force scoring and sorting of all pairs.
#pragma once

#include <coupleface/relation.hpp>

#include "matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace coupleface_test {

/// A table as mining writes it, with padding in both matrices to test strides.
template <class V>
struct mined_table {
  matrix<V> values;
  matrix<std::int32_t> indices;

  mined_table(index_t rows, index_t slots) : values(rows, slots, 1), indices(rows, slots, 2) {}

  bool same_bits(mined_table const& other) const {
    return values.same_bits(other.values) && indices.same_bits(other.indices);
  }
  bool untouched() const { return values.untouched() && indices.untouched(); }
  /// Candidates of a row, without empty slots.
  std::vector<index_t> row(index_t i) const {
    std::vector<index_t> result;
    for (index_t slot = 0; slot < indices.columns(); ++slot) {
      if (indices.get(i, slot) >= 0) { result.push_back(indices.get(i, slot)); }
    }
    return result;
  }
};

/// The relation of every pair, rounded once to V: the values by which all strategies rank.
template <class V, class Q, class C, class Relation = coupleface::cosine>
matrix<V> all_relations(matrix<Q> const& queries, matrix<C> const& candidates,
                        Relation relation = {}) {
  matrix<V> result(queries.rows(), candidates.rows());
  relation_matrix(policy(), queries.view(), candidates.view(), result.view(), relation);
  return result;
}

/// Candidates of a query for which allowed(query, candidate, score) is true: descending, ties by
/// index, NaN last.
template <class V, class Allowed>
std::vector<index_t> ranking(matrix<V> const& scores, index_t query, Allowed allowed) {
  std::vector<index_t> order;
  for (index_t j = 0; j < scores.columns(); ++j) {
    if (allowed(query, j, scores.at(query, j))) { order.push_back(j); }
  }
  std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
    double const x = scores.at(query, a), y = scores.at(query, b);
    return std::isnan(y) ? !std::isnan(x) : x > y;
  });
  return order;
}

template <class V>
bool same_value(V a, V b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof(V)) == 0;
}

/// Row `query` holds the first candidates of `expected` with the bits of `scores`, then empty
/// slots.
template <class V>
void expect_row(mined_table<V> const& table, index_t query, std::vector<index_t> const& expected,
                matrix<V> const& scores) {
  for (index_t slot = 0; slot < table.values.columns(); ++slot) {
    bool const filled = slot < index_t(expected.size());
    index_t const candidate = filled ? expected[std::size_t(slot)] : -1;
    ASSERT_EQ(table.indices.get(query, slot), candidate)
        << "query " << query << " slot " << slot << " of " << scores.rows() << " x "
        << scores.columns();
    V const value = filled ? scores.get(query, candidate) : -std::numeric_limits<V>::infinity();
    ASSERT_TRUE(same_value(table.values.get(query, slot), value))
        << "query " << query << " slot " << slot << ": " << table.values.get(query, slot)
        << ", not " << value;
  }
}

/// Every row holds the first candidates of its ranking.
template <class V, class Allowed>
void expect_ranked(mined_table<V> const& table, matrix<V> const& scores, Allowed allowed) {
  for (index_t i = 0; i < scores.rows(); ++i) {
    expect_row(table, i, ranking(scores, i, allowed), scores);
  }
}

/// A user-defined relation without a bound: every pair has to be evaluated.
struct taxicab {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(coupleface::row<A> a, coupleface::row<B> b) const {
    double sum = 0;
    for (index_t j = 0; j < a.width; ++j) {
      sum -= std::fabs(coupleface::detail::load(a.data[j]) - coupleface::detail::load(b.data[j]));
    }
    return sum;
  }
};

/// A user-defined predicate, for either side.
struct one_in_three {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return (query + 2 * candidate) % 3 == 0 && query != candidate;
  }
};

/// Rows with every special case: duplicates, ties, zero, tiny, huge, NaN and infinite ones.
/// Deterministic for each seed.
template <class T>
matrix<T> rows_with_everything(index_t rows, index_t width, unsigned seed) {
  auto x = random_matrix<T>(rows, width, seed, 1);
  std::mt19937 generator(seed);
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < width; ++j) {
      if (i % 5 == 1) { x.set(i, j, double(generator() % 2u)); }       // coarse: many ties
      if (i % 5 == 2) { x.set(i, j, x.at(i - 2, j)); }                 // repeats an earlier row
      if (i % 11 == 3) { x.set(i, j, 0); }                             // degenerate
      if (i % 11 == 4) { x.set(i, j, x.at(i, j) * 1e-3); }             // small norm
      if (i % 13 == 5) { x.set(i, j, double(generator() % 3u) - 1); }  // often opposite directions
    }
    if (width > 0 && i % 17 == 6) { x.set(i, i % width, std::nan("")); }
    if (width > 0 && i % 17 == 7) { x.set(i, i % width, HUGE_VAL); }
  }
  return x;
}

/// Expects the call to throw std::invalid_argument with this text.
template <class Call>
void expect_refused(Call call, std::string const& message) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown, not: " << message;
  } catch (std::invalid_argument const& error) { EXPECT_EQ(error.what(), message); }
}

struct mining_shape {
  index_t queries, candidates, width, slots;
};

/// Empty, single, tiny, prime, more slots than candidates, and larger than a panel or two of the
/// screen.
inline std::vector<mining_shape> mining_shapes() {
  return {{0, 5, 3, 2}, {4, 0, 3, 2},    {1, 1, 1, 1},    {3, 4, 2, 0},     {2, 3, 0, 2},
          {5, 7, 3, 3}, {13, 11, 5, 40}, {31, 29, 17, 6}, {67, 131, 8, 13}, {257, 509, 19, 7}};
}

}  // namespace coupleface_test
