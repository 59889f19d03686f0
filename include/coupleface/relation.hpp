// SPDX-License-Identifier: Apache-2.0
// coupleface: relations between embeddings (how similar two rows are), and the matrix of all of
// them.
//
// A relation is a functor; a larger value means more related. A custom one needs
//   double operator()(row<A> a, row<B> b) const
// the exact value: symmetric, deterministic, not throwing. It may also have
//   double upper_bound(double cosine, double a_norm, double b_norm) const
// an upper bound, including all roundings of the exact value, for every pair with these norms whose
// cosine is at most `cosine`; mining then skips most pairs. With CUDA all are host-device
// functions. There relation_matrix goes by tiles if a relation defines what it sums over the
// columns (`term`, from_sum), as those below do.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/relation.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief R(a, b) = (a . b) / (||a|| ||b||), in [-1, 1]; 0 if a row's norm is 0 or below the
/// smallest normal number; NaN if a row is not finite. Source: reconstructed.
struct cosine {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(row<A> a, row<B> b) const {
    return detail::row_cosine(a, b);
  }
  using term = detail::product_term;
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double from_sum(row<A> a, row<B> b, double sum) const {
    return detail::cosine_of(a.data, a.norm, b.data, b.norm, a.width, sum);
  }
  COUPLEFACE_HOST_DEVICE double upper_bound(double value, double, double) const { return value; }
};

/// @brief R(a, b) = a . b. Source: ours.
struct inner_product {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(row<A> a, row<B> b) const {
    return detail::dot(a.data, b.data, a.width);
  }
  using term = detail::product_term;
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double from_sum(row<A>, row<B>, double sum) const {
    return sum;
  }
  COUPLEFACE_HOST_DEVICE double upper_bound(double cosine, double a_norm, double b_norm) const {
    double const scale = a_norm * b_norm;
    return scale * cosine + scale * detail::screen_rounding + detail::screen_underflow;
  }
};

/// @brief R(a, b) = -||a - b||^2, from differences, so that close rows keep their digits.
/// Source: ours.
struct negative_squared_distance {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(row<A> a, row<B> b) const {
    return -detail::squared_distance(a.data, b.data, a.width);
  }
  using term = detail::squared_gap_term;
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double from_sum(row<A>, row<B>, double sum) const {
    return -sum;
  }
  COUPLEFACE_HOST_DEVICE double upper_bound(double cosine, double a_norm, double b_norm) const {
    double const squares = a_norm * a_norm + b_norm * b_norm;
    return 2 * a_norm * b_norm * cosine - squares + squares * detail::screen_rounding +
           detail::screen_underflow;
  }
};

/// @brief All relations between two sets of rows.
///
/// relations(i, j) = relation(a_i, b_j), computed in double in a fixed order and rounded once.
/// Identical pairs have identical bits: relation_matrix(x, x) is symmetric to the last bit.
///
/// @param policy any Thrust execution policy
/// @param a [n, d] rows
/// @param b [m, d] rows
/// @param relations [n, m] result
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @throws std::invalid_argument if the shapes do not fit
/// @complexity O(n m d); exact; meant for outputs that you want to store, not for mining
/// @scratch 8 (n + m) bytes: the rows' norms
/// @determinism bit-identical for any policy and thread count
/// Source: reconstructed (cosine), ours (the others).
template <class Policy, class A, class B, class R, class Relation = cosine>
void relation_matrix(Policy const& policy, matrix_view<A> a, matrix_view<B> b,
                     matrix_view<R> relations, Relation relation = {}) {
  detail::device_call<Policy> const call("relation_matrix");
  COUPLEFACE_EXPECT_POLICY("relation_matrix", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("relation_matrix", "a", A);
  COUPLEFACE_EXPECT_ELEMENTS("relation_matrix", "b", B);
  COUPLEFACE_EXPECT_ELEMENTS("relation_matrix", "relations", R);
  COUPLEFACE_EXPECT_OUTPUT("relation_matrix", "relations", R);
  detail::expect_view("relation_matrix", "a", a);
  detail::expect_view("relation_matrix", "b", b);
  detail::expect_view("relation_matrix", "relations", relations);
  detail::expect_equal("relation_matrix", "width of b", b.extent(1), "width of a", a.extent(1));
  detail::expect_equal("relation_matrix", "rows of relations", relations.extent(0), "rows of a",
                       a.extent(0));
  detail::expect_equal("relation_matrix", "columns of relations", relations.extent(1), "rows of b",
                       b.extent(0));
  detail::relation_matrix(policy, matrix_view<A const>(a), matrix_view<B const>(b), relations,
                          relation);
}

COUPLEFACE_NAMESPACE_END
