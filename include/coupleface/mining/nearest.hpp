// coupleface: for every query row the K most related candidate rows, exactly.
//
// With class prototypes on both sides this is the table H of informative relations: for every class
// the K other classes that look most like it. The matrix of relations is never stored.
#pragma once

#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/error.hpp>
#include <coupleface/mining/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The K most related candidates of every query.
///
/// Equal to top_k of relation_matrix(queries, candidates) without the pairs that `keep` refuses,
/// bit for bit: descending, ties to the smaller index, NaN after every number, slots without a
/// candidate hold index -1 and value -infinity. A blocked float product only screens, with a
/// rounding bound; the relation's exact value decides order, ties and values.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows; for class relations the prototypes
/// @param candidates [m, d] rows; for class relations the same prototypes
/// @param values [n, K] result, float or double
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or a functor of
///   yours; one without upper_bound is evaluated for every pair
/// @param keep which pair may be mined: other_rows (default), every_row, other_labels, or a
///   predicate of yours on (query, candidate)
/// @throws std::invalid_argument if the shapes do not fit or m exceeds the index type
/// @complexity O(n m d) multiplications in float, and O(d) in double for each of the about
///   K (1 + ln(m / K)) candidates of a query that the screen cannot exclude
/// @scratch 8 (n + m) bytes for norms and, for each of at most 32 lanes, two tiles of 128 and 256
///   unit rows in float with their product: 32 (1536 d + 128 KiB) bytes at most. Eigen packs both
///   tiles once more, for every lane that runs, into up to 1536 d bytes of its own (malloc)
/// @determinism bit-identical for any policy, thread count and blocking
/// Source: "mine the informative mutual relations": stated; top-K of prototypes: reconstructed.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_nearest(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                  matrix_view<V> values, matrix_view<I> indices, Relation relation = {},
                  Keep keep = {}) {
  COUPLEFACE_EXPECT_POLICY("mine_nearest", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("mine_nearest", "queries", Q);
  COUPLEFACE_EXPECT_ELEMENTS("mine_nearest", "candidates", C);
  COUPLEFACE_EXPECT_IDS("mine_nearest", "indices", I);
  COUPLEFACE_EXPECT_OUTPUT("mine_nearest", "indices", I);
  static_assert(std::is_same_v<V, float> || std::is_same_v<V, double>,
                "coupleface::mine_nearest: values must be a view of float or double");
  detail::expect_view("mine_nearest", "queries", queries);
  detail::expect_view("mine_nearest", "candidates", candidates);
  detail::expect_same_shape("mine_nearest", "indices", indices, "values", values);
  detail::expect_equal("mine_nearest", "width of candidates", candidates.extent(1),
                       "width of queries", queries.extent(1));
  detail::expect_equal("mine_nearest", "rows of values", values.extent(0), "rows of queries",
                       queries.extent(0));
  detail::expect_ids_fit<I>("mine_nearest", "candidates", candidates.extent(0));
  if constexpr (detail::has_expect_fits<Keep>) {
    keep.expect_fits("mine_nearest", queries.extent(0), candidates.extent(0));
  }
  detail::mine_nearest(policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates),
                       values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
