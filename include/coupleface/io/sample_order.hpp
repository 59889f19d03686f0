// SPDX-License-Identifier: Apache-2.0
// coupleface: the order in which a sample_loader reads its source.
#pragma once

#include <coupleface/detail/random_order.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// Samples in the order of the source.
struct in_order {
  index_t operator()(index_t /*epoch*/, index_t i, index_t /*size*/) const { return i; }
};

/// @brief Each sample once in every epoch, in a pseudo-random order that depends on (seed, epoch).
/// The order is computed, not stored.
struct shuffled {
  std::uint64_t seed = 0;
  index_t operator()(index_t epoch, index_t i, index_t size) const {
    detail::random_order const order(seed, static_cast<std::uint64_t>(epoch), size);
    // A permutation of more positions than samples: following it from a sample leads to one again.
    do { i = order(i); } while (i >= size);
    return i;
  }
};

COUPLEFACE_NAMESPACE_END
