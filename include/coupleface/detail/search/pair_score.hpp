// SPDX-License-Identifier: Apache-2.0
// coupleface: the score that an exact search ranks pairs by, and its interface to the screen.
//
// A score has queries(), candidates() and the exact value, operator()(query, candidate), which is
// canonical: the same at every call. It may have limit(query): only pairs whose stored score is at
// most that are candidates. With `screening` other than none it also writes unit rows for a
// product:
//   direct    the product of two packed rows is the score, or its magnitude where `absolute`
//   bounded   bound(product, query, candidate) bounds every score whose product is at most that
#pragma once

#include <coupleface/detail/row.hpp>
#include <coupleface/detail/search/unit_row.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>

#include <cmath>
#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN

struct cosine;

namespace detail {

enum class screening { none, direct, bounded };

template <class Score, class = void>
inline constexpr bool has_limit = false;
template <class Score>
inline constexpr bool
    has_limit<Score, std::void_t<decltype(std::declval<Score const&>().limit(index_t()))>> = true;

template <class Score, class = void>
inline constexpr screening screening_of = screening::none;
template <class Score>
inline constexpr screening screening_of<Score, std::void_t<decltype(Score::screens_by)>> =
    Score::screens_by;

template <class Relation, class = void>
inline constexpr bool has_upper_bound = false;
template <class Relation>
inline constexpr bool has_upper_bound<
    Relation, std::void_t<decltype(std::declval<Relation const&>().upper_bound(0.0, 0.0, 0.0))>> =
    true;

template <class A, class B>
COUPLEFACE_HOST_DEVICE bool same_rows(matrix_view<A> a, matrix_view<B> b) {
  if constexpr (std::is_same_v<A, B>) {
    return a.data_handle() == b.data_handle() && a.extent(0) == b.extent(0) &&
           a.stride(0) == b.stride(0);
  } else {
    return false;
  }
}

/// The relation of two rows, by which mine_nearest ranks.
template <class Q, class C, class Relation>
struct relation_score {
  matrix_view<Q const> query_rows;
  matrix_view<C const> candidate_rows;
  double const* query_norms;
  double const* candidate_norms;
  Relation relation;

  static constexpr screening screens_by =
      std::is_same_v<Relation, cosine>
          ? screening::direct
          : (has_upper_bound<Relation> ? screening::bounded : screening::none);
  static constexpr bool absolute = false;
  static constexpr bool packs_alike = true;  ///< a row packs the same as query and as candidate
  using query_element = Q;
  using candidate_element = C;

  COUPLEFACE_HOST_DEVICE index_t queries() const { return query_rows.extent(0); }
  COUPLEFACE_HOST_DEVICE index_t candidates() const { return candidate_rows.extent(0); }
  COUPLEFACE_HOST_DEVICE bool symmetric() const { return same_rows(query_rows, candidate_rows); }

  COUPLEFACE_HOST_DEVICE double operator()(index_t query, index_t candidate) const {
    return relation(query_row(query), candidate_row(candidate));
  }
  COUPLEFACE_HOST_DEVICE row<Q> query_row(index_t i) const {
    return {query_rows.row(i), query_rows.extent(1), query_norms[i]};
  }
  COUPLEFACE_HOST_DEVICE row<C> candidate_row(index_t j) const {
    return {candidate_rows.row(j), candidate_rows.extent(1), candidate_norms[j]};
  }
  /// Exact values of several pairs of one query.
  template <std::size_t N, class I>
  void evaluate(index_t query, I const (&ids)[N], double (&out)[N]) const {
    if constexpr (std::is_same_v<Relation, cosine>) {
      C const* rows[N];
      for (std::size_t k = 0; k < N; ++k) { rows[k] = candidate_rows.row(ids[k]); }
      Q const* const row = query_rows.row(query);
      index_t const width = query_rows.extent(1);
      dots<N>(row, rows, width, out);
      for (std::size_t k = 0; k < N; ++k) {
        out[k] =
            cosine_of(row, query_norms[query], rows[k], candidate_norms[ids[k]], width, out[k]);
      }
    } else {
      for (std::size_t k = 0; k < N; ++k) { out[k] = (*this)(query, ids[k]); }
    }
  }
  index_t candidate_bytes() const { return candidate_rows.extent(1) * index_t(sizeof(C)); }

  COUPLEFACE_HOST_DEVICE index_t packed_width() const { return query_rows.extent(1); }
  COUPLEFACE_HOST_DEVICE double magnitude() const { return 1.0; }
  void write_query(index_t i, float* unit) const {
    write_unit_row(query_rows.row(i), query_norms[i], query_rows.extent(1), degenerate(), unit);
  }
  void write_candidate(index_t j, float* unit) const {
    write_unit_row(candidate_rows.row(j), candidate_norms[j], candidate_rows.extent(1),
                   degenerate(), unit);
  }
  COUPLEFACE_HOST_DEVICE unit_row<Q> query_unit(index_t i) const {
    return {query_rows.row(i), query_norms[i], degenerate()};
  }
  COUPLEFACE_HOST_DEVICE unit_row<C> candidate_unit(index_t j) const {
    return {candidate_rows.row(j), candidate_norms[j], degenerate()};
  }
  // Odd rows are packed as NaN.
  COUPLEFACE_HOST_DEVICE bool odd_query(index_t i) const { return !is_finite(query_norms[i]); }
  COUPLEFACE_HOST_DEVICE bool odd_candidate(index_t j) const {
    return !is_finite(candidate_norms[j]);
  }

  COUPLEFACE_HOST_DEVICE double bound(double product, index_t query, index_t candidate) const {
    if constexpr (has_upper_bound<Relation>) {
      return relation.upper_bound(product, query_norms[query], candidate_norms[candidate]);
    } else {
      return HUGE_VAL;
    }
  }

 private:
  // The cosine with a row that has no direction is 0. The screen does not know the value of another
  // relation, so it packs NaN.
  COUPLEFACE_HOST_DEVICE static float degenerate() {
    return screens_by == screening::direct ? 0.0f : float(not_a_number);
  }
};

/// The score of a pair, computed by one thread; cuda/search/pair_score.cuh has the overload for
/// teams.
template <class Score>
COUPLEFACE_HOST_DEVICE double score_by(one_thread const&, Score const& score, index_t query,
                                       index_t candidate) {
  return score(query, candidate);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/search/pair_score.cuh>
#endif
