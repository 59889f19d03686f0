// coupleface: exact nearest rows, host side: tiles of a float product screen, exact values decide.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/tile_product.hpp>
#include <coupleface/detail/top_k.hpp>

#include <algorithm>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Relation, class = void>
inline constexpr bool has_upper_bound = false;
template <class Relation>
inline constexpr bool has_upper_bound<
    Relation, std::void_t<decltype(std::declval<Relation const&>().upper_bound(0.0, 0.0, 0.0))>> =
    true;

template <class Keep, class = void>
inline constexpr bool has_expect_fits = false;
template <class Keep>
inline constexpr bool has_expect_fits<
    Keep, std::void_t<decltype(std::declval<Keep const&>().expect_fits("", 0, 0))>> = true;

inline constexpr double float_unit = std::numeric_limits<float>::epsilon() / 2.0;

/// How far a float product of two unit rows, each rounded to float, can lie from their cosine: one
/// rounding per element and side, d products and sums in any order, and elements that underflow.
/// A tenth more than the first-order sum covers the higher orders up to d = 10^6.
COUPLEFACE_HOST_DEVICE inline double screen_error(index_t width) {
  return 1.1 * (double(width) + 4) * float_unit + double(width) * 0x1p-120;
}

/// A row divided by its norm, in float. Rows without a usable direction become NaN, which no screen
/// excludes, so that their exact value decides; zero rows stay zero.
template <class T>
void pack_unit_row(T const* x, double norm, index_t width, float* unit) {
  double const inverse = norm == 0 ? 0.0
                         : is_degenerate<T>(norm) || !std::isfinite(norm)
                             ? std::numeric_limits<double>::quiet_NaN()
                             : 1.0 / norm;
  for (index_t j = 0; j < width; ++j) { unit[j] = static_cast<float>(load(x[j]) * inverse); }
}

/// Nearest candidates of one block of queries at a time.
template <class Q, class C, class V, class I, class Relation, class Keep>
struct nearest_lane {
  static constexpr index_t query_tile = 128;
  static constexpr index_t candidate_tile = 256;

  matrix_view<Q const> queries;
  matrix_view<C const> candidates;
  double const* query_norms;
  double const* candidate_norms;
  matrix_view<V> values;
  matrix_view<I> indices;
  Relation relation;
  Keep keep;

  static index_t scratch_size(index_t width) {
    return (query_tile + candidate_tile) * width + query_tile * candidate_tile;
  }

  bounded_heap<V, I> heap(index_t query) const {
    return {values.row(query), indices.row(query), values.extent(1)};
  }

  void offer(index_t query, index_t candidate) const {
    auto kept = heap(query);
    if (!keep(query, candidate)) { return; }
    row<Q> const a{queries.row(query), queries.extent(1), query_norms[query]};
    row<C> const b{candidates.row(candidate), candidates.extent(1), candidate_norms[candidate]};
    kept.offer(store<V>(relation(a, b)), static_cast<I>(candidate));
  }

  // Only candidates that could still enter the heap are worth their exact value. The first loop has
  // no branch, so it is vectorised; most stretches of a row hold no such candidate.
  void screen_row(index_t query, index_t first, index_t count, float const* product) const {
    constexpr index_t stretch = 64;
    double const error = screen_error(queries.extent(1));
    for (index_t begin = 0; begin < count; begin += stretch) {
      index_t const end = std::min(count, begin + stretch);
      auto const kept = heap(query);
      double const worst = indices(query, 0) < 0 ? -std::numeric_limits<double>::infinity()
                                                 : double(values(query, 0));
      int possible = 0;
      for (index_t j = begin; j < end; ++j) {
        possible += !(bound(query, first + j, product[j], error) < worst);
      }
      for (index_t j = begin; j < end && possible > 0; ++j) {
        if (kept.admits(bound(query, first + j, product[j], error))) { offer(query, first + j); }
      }
    }
  }

  V bound(index_t query, index_t candidate, float product, double error) const {
    return static_cast<V>(relation.upper_bound(double(product) + error, query_norms[query],
                                               candidate_norms[candidate]));
  }

  void block(index_t first_query, index_t count, float* scratch) const {
    index_t const width = queries.extent(1);
    float* const query_units = scratch;
    float* const candidate_units = query_units + query_tile * width;
    float* const products = candidate_units + candidate_tile * width;
    for (index_t i = 0; i < count; ++i) {
      heap(first_query + i).clear();
      pack_unit_row(queries.row(first_query + i), query_norms[first_query + i], width,
                    query_units + i * width);
    }
    for (index_t first = 0; first < candidates.extent(0); first += candidate_tile) {
      index_t const tile = std::min(candidate_tile, candidates.extent(0) - first);
      for (index_t j = 0; j < tile; ++j) {
        pack_unit_row(candidates.row(first + j), candidate_norms[first + j], width,
                      candidate_units + j * width);
      }
      product_abt(query_units, count, candidate_units, tile, width, products, tile);
      for (index_t i = 0; i < count; ++i) {
        screen_row(first_query + i, first, tile, products + i * tile);
      }
    }
    for (index_t i = 0; i < count; ++i) { heap(first_query + i).finish(); }
  }

  void every_pair(index_t query) const {
    heap(query).clear();
    for (index_t j = 0; j < candidates.extent(0); ++j) { offer(query, j); }
    heap(query).finish();
  }
};

template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_nearest(host_policy<Derived> const& base, matrix_view<Q const> queries,
                  matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                  Relation relation, Keep keep) {
  auto const& policy = static_cast<Derived const&>(base);
  if (values.extent(1) == 0) { return; }
  scratch<double, Derived> const norms(policy, queries.extent(0) + candidates.extent(0));
  double* const candidate_norms = norms.data() + queries.extent(0);
  row_norms(policy, queries, norms.data());
  row_norms(policy, candidates, candidate_norms);
  using lane_type = nearest_lane<Q, C, V, I, Relation, Keep>;
  lane_type const work{queries, candidates, norms.data(), candidate_norms,
                       values,  indices,    relation,     keep};
  if constexpr (has_upper_bound<Relation>) {
    index_t const blocks = (queries.extent(0) + lane_type::query_tile - 1) / lane_type::query_tile;
    index_t const lanes = lane_count(blocks, 32);
    index_t const lane_scratch = lane_type::scratch_size(queries.extent(1));
    scratch<float, Derived> const tiles(policy, lanes * lane_scratch);
    float* const tile_data = tiles.data();
    for_each_index(policy, lanes, [=](index_t lane) {
      for (index_t b = lane; b < blocks; b += lanes) {
        index_t const first = b * lane_type::query_tile;
        work.block(first, std::min(lane_type::query_tile, queries.extent(0) - first),
                   tile_data + lane * lane_scratch);
      }
    });
  } else {
    for_each_index(policy, queries.extent(0), [=](index_t i) { work.every_pair(i); });
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
