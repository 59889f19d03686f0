// SPDX-License-Identifier: Apache-2.0
// coupleface: for every query row the K most related candidate rows, exactly.
//
// With class prototypes on both sides this is the table H of informative relations: for every class
// the K most similar other classes. The matrix of relations is never stored.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The K most related candidates of every query.
///
/// Equals top_k of relation_matrix(queries, candidates) without the pairs that `keep` rejects, bit
/// for bit: descending, ties to the smaller index, NaN after every number; slots without a
/// candidate hold index -1 and value -infinity. A product of unit rows in float, or in integers of
/// 16 or 8 bits on processors that multiply those faster (bfloat16 on a device), only screens, with
/// a rounding bound. The relation's exact value decides order, ties and values. If queries and
/// candidates are the same rows, every product serves both sides.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows; for class relations the prototypes. They and the candidates may be
///   in a mapped file larger than memory: they are read by blocks, in order. With a CUDA policy
///   either side may be in host memory. Its rows are then copied by blocks while the previous block
///   is searched, and must not change before the stream is done. The call waits for these copies if
///   that memory is not pinned
/// @param candidates [m, d] rows; for class relations the same prototypes
/// @param values [n, K] result, float or double
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor;
///   one without upper_bound is evaluated for every pair
/// @param keep which pair may be mined: other_rows (default), every_row, other_labels, or your own
///   predicate on (query, candidate)
/// @throws std::invalid_argument if the shapes do not fit or m exceeds the index type
/// @complexity O(n m d) multiplications, half of them if queries are the candidates, in float, 16
///   or 8 bits; O(d) in double for the K and for those that the screen cannot distinguish from the
///   K-th (at d = 512 those within 6e-4 to 1.4e-3 of its cosine with integers, 0.008 with bfloat16)
/// @scratch at most 64 MiB + 16 n bytes, 8 m more if candidates are other rows (at widths over
///   30,000 two packed parts of 224 rows exceed that). With a CUDA policy 2 d + 16 bytes a row, 32
///   K
///   + 2.3 KiB a query (of 8 bytes an entry; at most 2 GiB, or 128 queries' lists) and 256 MiB; for
///   rows on the host 4 GiB in place of the first term, or two blocks of 128 candidates and one of
///   queries
/// @determinism bit-identical for any policy, thread count, blocking and processor
/// Source: "mine the informative mutual relations": stated; top-K of prototypes: reconstructed.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_nearest(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                  matrix_view<V> values, matrix_view<I> indices, Relation relation = {},
                  Keep keep = {}) {
  detail::device_call<Policy> const call("mine_nearest");
  COUPLEFACE_EXPECT_MINING("mine_nearest", Policy, Q, C, V, I);
  detail::check_mining_arguments("mine_nearest", queries, candidates, values, indices, keep);
  detail::mine_nearest(policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates),
                       values, indices, relation, keep);
}

/// @brief mine_nearest in steps, for long searches. Between two steps the caller can show progress,
/// stop, or save the state and continue later to the same bits.
///
/// Arguments, errors and result are mine_nearest's. The viewed memory must live as long as the
/// search; the outputs hold intermediate values until finish().
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
class nearest_search {
 public:
  nearest_search(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                 matrix_view<V> values, matrix_view<I> indices, Relation relation = {},
                 Keep keep = {})
      : policy_((check(queries, candidates, values, indices, keep), policy)),
        search_((detail::device_call<Policy>("nearest_search"), policy_),
                matrix_view<Q const>(queries), matrix_view<C const>(candidates), values, indices,
                relation, keep) {}

  index_t steps() const { return search_.steps(); }  ///< of about equal length
  index_t step() const { return search_.step(); }    ///< the next one; steps() when all are done
  void advance() {                                   ///< one step
    detail::device_call<Policy> const call("nearest_search::advance");
    search_.advance();
  }

  /// @brief Exact values in order, after the last step. Takes as long as several steps. It takes as
  /// long as all of them in the rare case that thresholds estimated from a sample were wrong for
  /// many rows, and for a relation without upper_bound, which leaves all work to finish().
  /// @returns how many relations were evaluated; 0 with a CUDA policy, which does not count
  index_t finish() {
    detail::device_call<Policy> const call("nearest_search::finish");
    return search_.finish();
  }

  /// @brief Passes every array of a search in progress, outputs included, to visit(void* data,
  /// std::size_t bytes), always in the same order. Write them to a file, or read them back into a
  /// search that was made with the same arguments. A file from a processor with another screen must
  /// not be read: compare screen() first. With a CUDA policy all except the first three are on the
  /// device: copy them in the order of its stream.
  template <class Visit>
  void visit_state(Visit&& visit) {
    search_.visit_state(visit);
  }
  char const* screen() const { return search_.screen(); }  ///< "float", "int16", "int8", "bfloat16"

 private:
  static void check(matrix_view<Q> queries, matrix_view<C> candidates, matrix_view<V> values,
                    matrix_view<I> indices, Keep const& keep) {
    COUPLEFACE_EXPECT_MINING("nearest_search", Policy, Q, C, V, I);
    detail::check_mining_arguments("nearest_search", queries, candidates, values, indices, keep);
  }

  Policy policy_;
  detail::nearest_steps<Policy, std::remove_const_t<Q>, std::remove_const_t<C>, V, I, Relation,
                        Keep>
      search_;
};

COUPLEFACE_NAMESPACE_END
