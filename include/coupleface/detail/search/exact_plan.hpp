// SPDX-License-Identifier: Apache-2.0
// coupleface: how the exact values at the end of a search are divided into blocks of candidates and
// groups of queries. Computed from the sizes alone.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Limits on what is processed together.
struct exact_limits {
  index_t block_bytes = index_t(2) << 20;     ///< candidates that a query group reads
  index_t grouped = 2048;                     ///< queries per group
  index_t stretch_bytes = index_t(64) << 20;  ///< candidates that all lanes read
  index_t queries = most_exact_queries;       ///< queries per lane and round
};

/// How candidates are divided into blocks, and queries into groups and rounds.
struct exact_plan {
  index_t candidates, block, blocks;
  index_t stretch;  ///< blocks that all queries of a round finish before the next ones
  index_t grouped, queries;

  index_t places() const { return exact_places(queries, blocks); }
};

inline exact_plan plan_exact(index_t queries, index_t candidates, index_t candidate_bytes,
                             index_t lanes, exact_limits limits = {}) {
  exact_plan plan{};
  index_t const bytes = std::max<index_t>(1, candidate_bytes);
  plan.candidates = candidates;
  plan.block = std::max(
      {index_t(1), limits.block_bytes / bytes, rounded_up_quotient(candidates, most_exact_blocks)});
  plan.blocks = rounded_up_quotient(candidates, plan.block);
  plan.stretch = std::max<index_t>(1, limits.stretch_bytes / (plan.block * bytes));
  plan.grouped = limits.grouped;
  plan.queries = std::min(limits.queries, exact_queries(queries, lanes));
  return plan;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
