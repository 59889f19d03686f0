// SPDX-License-Identifier: Apache-2.0
// coupleface: how many blocks and threads a kernel is started with. Plain functions with host
// tests.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int warp_threads = 32;
inline constexpr index_t most_blocks = 2147483647;       ///< of a grid's first dimension
inline constexpr index_t most_shared_bytes = 48 * 1024;  ///< without asking for more

struct launch_shape {
  index_t blocks;
  int threads;  ///< of a block
  index_t shared_bytes = 0;
};

template <class T>
COUPLEFACE_HOST_DEVICE constexpr T smaller(T a, T b) {
  return b < a ? b : a;
}

/// Neighbouring elements that a thread reads at once: sixteen bytes of the wider type.
template <class A, class B = A>
inline constexpr int vector_elements = 16 / int(sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B));

/// Threads that share a row's sixteen lanes when each reads `elements` neighbouring ones.
COUPLEFACE_HOST_DEVICE constexpr int team_threads(int elements) { return 16 / elements; }

/// `items` units of work, `in_a_block` to a block; blocks go on in strides where a grid ends.
constexpr launch_shape shape_for(index_t items, index_t in_a_block, int threads,
                                 index_t shared_bytes = 0) {
  index_t const blocks = rounded_up_quotient(items, in_a_block);
  return {blocks < most_blocks ? blocks : most_blocks, threads, shared_bytes};
}

/// How a block of RAD divides its shared memory: results of its teams, the direction in double, and
/// the gathered rows of one round.
struct gathered_shape {
  index_t rows;        ///< gathered in one round
  index_t rows_begin;  ///< bytes before the first of them
  index_t row_bytes;   ///< from one to the next; 0: no room, they are read again
  bool direction_in_shared;
  index_t shared_bytes;
};

/// `width` is 0 where there is no gradient. Fewer than four rows at a time are not worth keeping.
constexpr gathered_shape gathered_shape_for(index_t teams, index_t result_bytes, index_t width,
                                            index_t element_bytes) {
  index_t const results = teams * result_bytes;
  index_t const direction = rounded_up(width * 8, 16);
  bool const in_shared = results + direction <= most_shared_bytes / 2;
  index_t const begin = results + (in_shared ? direction : 0);
  // Two rows read side by side lie in different banks.
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
