// SPDX-License-Identifier: Apache-2.0
// coupleface: grid, block and shared memory sizes of kernels. Plain functions, tested on the host.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int warp_threads = 32;
inline constexpr index_t most_blocks = 2147483647;       ///< in a grid's first dimension
inline constexpr index_t most_shared_bytes = 48 * 1024;  ///< per block, without opting in to more

struct launch_shape {
  index_t blocks;
  int threads;  ///< per block
  index_t shared_bytes = 0;
};

template <class T>
COUPLEFACE_HOST_DEVICE constexpr T smaller(T a, T b) {
  return b < a ? b : a;
}

/// Consecutive elements that a thread loads at once: sixteen bytes of the wider type.
template <class A, class B = A>
inline constexpr int vector_elements = 16 / int(sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B));

/// Threads that share a row's sixteen lanes when each loads `elements` consecutive elements.
COUPLEFACE_HOST_DEVICE constexpr int team_threads(int elements) { return 16 / elements; }

/// `items` units of work, `in_a_block` per block. Blocks loop with a grid stride if the grid is
/// capped.
constexpr launch_shape shape_for(index_t items, index_t in_a_block, int threads,
                                 index_t shared_bytes = 0) {
  index_t const blocks = rounded_up_quotient(items, in_a_block);
  return {blocks < most_blocks ? blocks : most_blocks, threads, shared_bytes};
}

/// How a block of RAD divides its shared memory: the results of its teams, the direction in double,
/// and the rows gathered in one round.
struct gathered_shape {
  index_t rows;        ///< gathered in one round
  index_t rows_begin;  ///< byte offset of the first gathered row
  index_t row_bytes;   ///< bytes between rows; 0: no room, rows are read again
  bool direction_in_shared;
  index_t shared_bytes;
};

/// `width` is 0 if no gradient is computed. Fewer than four rows per round are not worth keeping.
constexpr gathered_shape gathered_shape_for(index_t teams, index_t result_bytes, index_t width,
                                            index_t element_bytes) {
  index_t const results = teams * result_bytes;
  index_t const direction = rounded_up(width * 8, 16);
  bool const in_shared = results + direction <= most_shared_bytes / 2;
  index_t const begin = results + (in_shared ? direction : 0);
  // The padding puts adjacent rows into different banks.
  index_t const row_bytes = rounded_up(width * element_bytes, 128) + 64;
  index_t const room = (most_shared_bytes - begin) / row_bytes;
  if (width == 0 || room < smaller(teams, index_t(4))) {
    return {teams, begin, 0, in_shared, begin};
  }
  index_t const rows = smaller(teams, room);
  return {rows, begin, row_bytes, in_shared, begin + rows * row_bytes};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
