// SPDX-License-Identifier: Apache-2.0
// coupleface: how the exact values at the end of a search are divided into blocks of candidates and
// groups of queries. Plain arithmetic of the sizes.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// How much of what is worked on together.
struct exact_limits {
  index_t block_bytes = index_t(2) << 20;     ///< of candidates that a group of queries asks for
  index_t grouped = 2048;                     ///< queries of a group
  index_t stretch_bytes = index_t(64) << 20;  ///< of candidates that all lanes ask for
  index_t queries = most_exact_queries;       ///< of a lane in a round
};

/// How the candidates are divided, and the queries that ask for them together.
struct exact_plan {
  index_t candidates, block, blocks;
  index_t stretch;  ///< blocks that all queries of a round are done with before the next ones
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
