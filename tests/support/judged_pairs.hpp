// SPDX-License-Identifier: Apache-2.0
// Test support: labelled rows, all their pairs as a list with float scores, and the results of
// roc() on it; doubles are compared bit for bit.
#pragma once

#include <coupleface/evaluation/verification.hpp>

#include "matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace coupleface_test {

inline double const no_number = std::nan("");
inline double const infinity = std::numeric_limits<double>::infinity();

/// Equal bits; any two NaNs are equal.
inline void expect_equal_bits(double x, double y, char const* what) {
  if (std::isnan(x) && std::isnan(y)) { return; }
  EXPECT_EQ(x, y) << what;
  EXPECT_EQ(std::signbit(x), std::signbit(y)) << what;
}

/// Rows around one centre per person, every 9th row labelled -1.
template <class T>
struct labelled_rows {
  matrix<T> rows;
  std::vector<int> labels;

  labelled_rows(index_t n, index_t width, int people, double spread, unsigned seed)
      : rows(n, width, 1) {
    auto const centres = random_matrix<double>(people, width, 1234);
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    for (index_t i = 0; i < n; ++i) {
      int const person = int(random() % unsigned(people));
      labels.push_back(i % 9 == 8 ? -1 : person);
      for (index_t j = 0; j < width; ++j) {
        rows.set(i, j, centres.at(person, j) + spread * normal(random));
      }
    }
  }
};

struct judged_pairs {
  std::vector<float> scores;
  std::vector<int> same;

  coupleface::roc_curve curve() const {
    return coupleface::roc(policy(), view_of(scores), view_of(same));
  }
};

/// All pairs of `a` and `b`, or all pairs within `a` if `within`.
template <class A, class B, class Relation = coupleface::cosine>
judged_pairs list_pairs(matrix<A> const& a, std::vector<int> const& a_labels, matrix<B> const& b,
                        std::vector<int> const& b_labels, bool within, Relation relation = {}) {
  std::vector<index_t> first, second;
  judged_pairs pairs;
  for (index_t i = 0; i < a.rows(); ++i) {
    for (index_t j = within ? i + 1 : 0; j < b.rows(); ++j) {
      int const x = a_labels[std::size_t(i)], y = b_labels[std::size_t(j)];
      if (x < 0 || y < 0) { continue; }
      first.push_back(i);
      second.push_back(j);
      pairs.same.push_back(x == y);
    }
  }
  matrix<float> scores(1, index_t(first.size()));
  coupleface::pair_scores(policy(), a.view(), b.view(), view_of(first), view_of(second),
                          scores.vector(), relation);
  pairs.scores = scores.elements();
  return pairs;
}

}  // namespace coupleface_test
