// SPDX-License-Identifier: Apache-2.0
// coupleface: a tile of all pairs on a CUDA device, and kernels that evaluate a law's terms on it:
// a block per row, which adds them in an order that the tile's size alone decides.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/pairs/law_terms.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int pair_threads = 128;  ///< of a block, which works on one row

/// Pairs of some of the batch's rows with some others. InBatch: these are rows of the batch too,
/// and a pair counts in both orders or in none.
template <bool InBatch, class Keep>
struct law_tile {
  index_t row, column;  ///< the first ones
  index_t rows, columns;
  Keep keep;

  static constexpr bool in_batch = InBatch;

  /// Whether the pair in row i and column j of the tile counts.
  COUPLEFACE_HOST_DEVICE bool counts(index_t i, index_t j) const {
    return keep(row + i, column + j);
  }
};

/// Whether a row of the batch, or else of the other side, is in a pair that counts. The host has
/// is_row_kept, whose predicates need not be device functions.
template <bool OfBatch, class Keep>
struct is_in_some_pair {
  pair_mask<Keep> mask;

  COUPLEFACE_HOST_DEVICE bool operator()(index_t row) const {
    index_t const others = OfBatch ? mask.columns : mask.rows;
    for (index_t other = 0; other < others; ++other) {
      if (OfBatch ? mask.keep(row, other) : mask.keep(other, row)) { return true; }
    }
    return false;
  }
};

COUPLEFACE_HOST_DEVICE constexpr index_t block_sums_bytes(int count) {
  return count * pair_threads * index_t(sizeof(double));
}

/// The sums of the numbers of all threads of a block, added in pairs; every thread gets them. Takes
/// block_sums_bytes(N) of shared memory.
template <int N>
COUPLEFACE_HOST_DEVICE numbers<N> block_sums(numbers<N> const& mine) {
  static_assert(block_sums_bytes(N) <= most_shared_bytes, "coupleface: a law has too many sums");
  auto* const values = reinterpret_cast<double*>(shared_memory());
  int const t = thread_in_block();
  for (int k = 0; k < N; ++k) { values[k * pair_threads + t] = mine.at[k]; }
  wait_for_block();
  for (int half = pair_threads / 2; half > 0; half /= 2) {
    for (int k = 0; k < N && t < half; ++k) {
      values[k * pair_threads + t] += values[k * pair_threads + t + half];
    }
    wait_for_block();
  }
  numbers<N> sums{};
  for (int k = 0; k < N; ++k) { sums.at[k] = values[k * pair_threads]; }
  wait_for_block();
  return sums;
}

/// counts[i] = pairs of row i that count.
template <class Keep>
struct count_pairs_kernel {
  static constexpr int threads = pair_threads;
  pair_mask<Keep> mask;
  int* counts;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < mask.rows; i += blocks_in_grid()) {
      index_t count = mask.columns;
      if constexpr (keeps_apart<Keep>) {
        count -= i < mask.columns;
      } else if constexpr (!keeps_all<Keep>) {
        numbers<1> mine{};
        for (index_t j = thread_in_block(); j < mask.columns; j += threads) {
          mine.at[0] += mask.keep(i, j);
        }
        count = index_t(block_sums(mine).at[0]);  // exact
      }
      if (thread_in_block() == 0) { counts[i] = int(count); }
    }
  }
};

/// sums(k, row) += the terms of the row's pairs in a tile.
template <class Acc, class Tile, class Relation, class Terms>
struct pair_terms_kernel {
  static constexpr int threads = pair_threads;
  Tile tile;
  Acc const* student;  ///< [rows, columns] relations, or products
  Acc const* teacher;
  Relation relation;
  Terms terms;
  row_numbers constants, sums;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      auto const of_row = constants_of<Terms::constants>(constants, tile.row + i);
      Acc const *const s = student + i * tile.columns, *const t = teacher + i * tile.columns;
      numbers<Terms::count> mine{};
      for (index_t j = thread_in_block(); j < tile.columns; j += threads) {
        if (!tile.counts(i, j)) { continue; }
        auto const x = terms(relation.at(s[j]).value, relation.at(t[j]).value, of_row);
        for (int k = 0; k < Terms::count; ++k) { mine.at[k] += x.at[k]; }
      }
      mine = block_sums(mine);
      for (int k = 0; k < Terms::count && thread_in_block() == 0; ++k) {
        sums(k, tile.row + i) += mine.at[k];
      }
    }
  }
};

/// Constants c of a row become finish(c, its sums, the sums of all rows).
template <int Sums, int Constants, class Finish>
struct finish_row_body {
  Finish finish;
  row_numbers sums;
  double const* all;
  row_numbers constants;

  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const {
    numbers<Sums> of_row{}, of_all{};
    for (int k = 0; k < Sums; ++k) {
      of_row.at[k] = sums(k, i);
      of_all.at[k] = all[k];
    }
    auto const c = finish(constants_of<Constants>(constants, i), of_row, of_all);
    for (int k = 0; k < Constants; ++k) { constants(k, i) = c.at[k]; }
  }
};

template <class Law>
struct finish_of {
  Law law;
  COUPLEFACE_HOST_DEVICE numbers<Law::constants> operator()(numbers<Law::constants> const&,
                                                            numbers<Law::sums> const& row,
                                                            numbers<Law::sums> const& all) const {
    return law.finish(row, all);
  }
};

template <class Law>
struct finish_back_of {
  Law law;
  COUPLEFACE_HOST_DEVICE numbers<Law::constants> operator()(
      numbers<Law::constants> const& c, numbers<Law::back_sums> const& row,
      numbers<Law::back_sums> const& all) const {
    return law.finish_back(c, row, all);
  }
};

/// Constants of all rows from their sums and the sums of all rows, which `totals` gets.
template <int Sums, int Constants, class Derived, class Finish>
void finish_device_rows(Derived const& policy, row_numbers sums, double* totals,
                        row_numbers constants, Finish finish) {
  for (int k = 0; k < Sums; ++k) {
    store_sum(policy, sums.numbers + k * sums.rows, sums.rows, 1.0, totals + k);
  }
  launch_indices(policy, sums.rows,
                 finish_row_body<Sums, Constants, Finish>{finish, sums, totals, constants});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
