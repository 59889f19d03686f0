// SPDX-License-Identifier: Apache-2.0
// coupleface: blocks of a batch's rows, and the order in which they meet.
//
// Blocks meet in rounds, as players of a tournament do: in each round every block has one task, so
// that tasks add to their rows' sums and gradients without waiting for each other, and in an order
// that does not depend on the threads.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/view.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Blocks of a batch, and the rounds in which they meet.
struct block_rounds {
  index_t rows, block, blocks;

  /// Smaller batches get smaller blocks, so that there are tasks for several threads.
  static block_rounds of(index_t rows, index_t panel) {
    constexpr index_t most = 256, least_blocks = 16;
    index_t const block = std::clamp(rounded_up(rows / least_blocks, panel), panel, most);
    return {rows, block, rounded_up_quotient(rows, block)};
  }
  index_t players() const { return blocks + blocks % 2; }  ///< one rests if there is an odd number
  index_t rounds() const { return std::max(index_t(0), players() - 1); }
  index_t tasks() const { return players() / 2; }

  /// The blocks of a task; the second is >= blocks if the first one rests.
  void meet(index_t round, index_t task, index_t& first, index_t& second) const {
    index_t const circle = players() - 1;
    index_t const a = task == 0 ? circle : (round + task) % circle;
    index_t const b = (round + circle - task) % circle;
    first = std::min(a, b);
    second = std::max(a, b);
  }
  index_t begin(index_t b) const { return b * block; }
  index_t end(index_t b) const { return std::min(rows, (b + 1) * block); }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
