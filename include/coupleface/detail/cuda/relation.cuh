// SPDX-License-Identifier: Apache-2.0
// coupleface: exact values of pairs of rows on a CUDA device.
//
// Relations that define the terms of their sum (`term`) are computed by tiles of 16 x 16 pairs per
// block. Both sides' rows pass through shared memory sixteen columns at a time, one for each of the
// sixteen lanes of a sum. Other relations are evaluated by one thread per pair.
#pragma once

#include <coupleface/detail/cuda/normalize.cuh>
#include <coupleface/detail/relation.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Relation, class = void>
inline constexpr bool has_term = false;
template <class Relation>
inline constexpr bool has_term<Relation, std::void_t<typename Relation::term>> = true;

/// A relation without `term` is evaluated by every thread of the team.
template <int N, class Relation, class A, class B>
COUPLEFACE_HOST_DEVICE double relation_by(row_team<N> const& team, Relation const& relation,
                                          row<A> a, row<B> b) {
  if constexpr (has_term<Relation>) {
    return relation.from_sum(a, b, team.sum(a.data, b.data, a.width, typename Relation::term{}));
  } else {
    (void)team;
    return relation(a, b);
  }
}

/// Stores a pair's value as an element of a matrix.
template <class R>
struct store_relation {
  matrix_view<R> relations;
  COUPLEFACE_HOST_DEVICE bool wants(index_t, index_t) const { return true; }
  COUPLEFACE_HOST_DEVICE void operator()(index_t i, index_t j, double value) const {
    relations(i, j) = store<R>(value);
  }
};

/// All pairs of two sets of rows. use.wants(i, j) tells whether a pair is needed; if it is not, no
/// pair with a larger i and a smaller j is needed either.
template <class A, class B, class Relation, class Use>
struct relation_pairs {
  matrix_view<A const> a;
  matrix_view<B const> b;
  double const* a_norms;
  double const* b_norms;
  Relation relation;
  Use use;

  COUPLEFACE_HOST_DEVICE row<A> a_row(index_t i) const {
    return {a.row(i), a.extent(1), a_norms[i]};
  }
  COUPLEFACE_HOST_DEVICE row<B> b_row(index_t j) const {
    return {b.row(j), b.extent(1), b_norms[j]};
  }
  /// Evaluates pair number `pair` with one thread.
  COUPLEFACE_HOST_DEVICE void operator()(index_t pair) const {
    index_t const i = pair / b.extent(0), j = pair % b.extent(0);
    if (use.wants(i, j)) { use(i, j, relation(a_row(i), b_row(j))); }
  }
};

template <class A, class B, class Relation, class Use>
struct relation_tile_kernel {
  static constexpr int side = dot_lanes;
  static constexpr int threads = side * side;
  static constexpr int stride = side + 1;  // so that a column of a tile spans different banks
  static constexpr index_t shared_bytes = side * stride * index_t(sizeof(A) + sizeof(B));

  relation_pairs<A, B, Relation, Use> pairs;

  COUPLEFACE_HOST_DEVICE index_t tiles_across() const {
    return rounded_up_quotient(pairs.b.extent(0), side);
  }
  COUPLEFACE_HOST_DEVICE index_t tiles() const {
    return rounded_up_quotient(pairs.a.extent(0), side) * tiles_across();
  }

  template <class T>
  COUPLEFACE_HOST_DEVICE static void read(matrix_view<T const> from, index_t row, index_t column,
                                          T* tile) {
    if (row < from.extent(0) && column < from.extent(1)) { *tile = from(row, column); }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    // The wider type comes first, so that both are aligned.
    auto* const first = shared_memory();
    auto* const second = first + side * stride * (sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B));
    auto* const a_tile = reinterpret_cast<A*>(sizeof(A) >= sizeof(B) ? first : second);
    auto* const b_tile = reinterpret_cast<B*>(sizeof(A) >= sizeof(B) ? second : first);
    int const x = thread_in_block() % side, y = thread_in_block() / side;
    index_t const width = pairs.a.extent(1);
    typename Relation::term const term{};
    for (index_t tile = block_in_grid(); tile < tiles(); tile += blocks_in_grid()) {
      index_t const a_first = tile / tiles_across() * side, b_first = tile % tiles_across() * side;
      if (!pairs.use.wants(a_first, b_first + side - 1)) { continue; }
      double lanes[dot_lanes] = {};
      for (index_t column = 0; column < width; column += side) {
        read(pairs.a, a_first + y, column + x, a_tile + y * stride + x);
        read(pairs.b, b_first + y, column + x, b_tile + y * stride + x);
        wait_for_block();
        COUPLEFACE_UNROLL
        for (int l = 0; l < side; ++l) {
          if (column + l < width) {
            lanes[l] = term(lanes[l], a_tile[y * stride + l], b_tile[x * stride + l]);
          }
        }
        wait_for_block();
      }
      index_t const i = a_first + y, j = b_first + x;
      if (i < pairs.a.extent(0) && j < pairs.b.extent(0) && pairs.use.wants(i, j)) {
        pairs.use(i, j, pairs.relation.from_sum(pairs.a_row(i), pairs.b_row(j), fold(lanes)));
      }
    }
  }
};

template <class Derived, class A, class B, class Relation, class Use>
void relate_pairs(cuda_policy<Derived> const& policy,
                  relation_pairs<A, B, Relation, Use> const& pairs) {
  if constexpr (has_term<Relation>) {
    using kernel = relation_tile_kernel<A, B, Relation, Use>;
    kernel const body{pairs};
    launch(policy, shape_for(body.tiles(), 1, kernel::threads, kernel::shared_bytes), body);
  } else {
    launch_indices(policy, pairs.a.extent(0) * pairs.b.extent(0), pairs);
  }
}

template <class Derived, class A, class B, class R, class Relation>
void relation_matrix(cuda_policy<Derived> const& base, matrix_view<A const> a,
                     matrix_view<B const> b, matrix_view<R> relations, Relation relation) {
  auto const& policy = static_cast<Derived const&>(base);
  scratch<double, Derived> const norms(policy, a.extent(0) + b.extent(0));
  double* const a_norms = norms.data();
  double* const b_norms = a_norms + a.extent(0);
  row_norms(policy, a, a_norms);
  row_norms(policy, b, b_norms);
  relate_pairs(policy, relation_pairs<A, B, Relation, store_relation<R>>{
                           a, b, a_norms, b_norms, relation, {relations}});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
