// SPDX-License-Identifier: Apache-2.0
// coupleface: how a feature bank is updated from a batch. Plain settings; detail/bank_update.hpp
// implements them. All reconstructed: the paper's own rule is not public.
#pragma once

#include <coupleface/view.hpp>

namespace coupleface {

/// @brief The bank keeps the prototypes.
struct frozen_prototypes {
  static constexpr index_t slots() { return 0; }
};

/// @brief g_c = the latest unit embedding of class c.
struct latest_sample {
  static constexpr index_t slots() { return 0; }
};

/// @brief g_c = normalised(momentum g_c + (1 - momentum) t^), sample by sample; for banks of float
/// or double. @pre 0 <= momentum < 1
struct moving_average {
  double momentum = 0.9;
  static constexpr index_t slots() { return 0; }
};

/// @brief g_c = normalised mean of the at most `capacity` latest unit embeddings of class c that
/// are at most `age_limit` updates old; the prototype if there is none. @pre both positive
struct recent_ring {
  index_t capacity = 5;
  index_t age_limit = 1000;
  index_t slots() const { return capacity; }
};

}  // namespace coupleface
