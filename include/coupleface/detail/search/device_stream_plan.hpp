// SPDX-License-Identifier: Apache-2.0
// coupleface: how a device search streams rows from host memory: blocks of candidates against
// blocks of queries. Computed from the sizes alone.
#pragma once

#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/detail/search/device_plan.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// One step: a block of candidates against a block of queries.
struct stream_step {
  index_t query_first, query_count;
  index_t candidate_first, candidate_count;
  index_t block;  ///< block of candidates; block 0 starts the queries' table
  bool last;      ///< the last block: the table is then complete
};

/// Queries in blocks of `query_rows`; each is searched in all candidates, in blocks of
/// `candidate_rows`.
struct stream_plan {
  index_t queries, candidates, query_rows, candidate_rows;

  /// At least one: without candidates a step must still write the empty tables.
  index_t candidate_blocks() const {
    return candidates == 0 ? 1 : rounded_up_quotient(candidates, candidate_rows);
  }
  index_t steps() const {
    return queries == 0 ? 0 : rounded_up_quotient(queries, query_rows) * candidate_blocks();
  }
  stream_step step(index_t number) const {
    index_t const block = number % candidate_blocks();
    index_t const query_first = number / candidate_blocks() * query_rows;
    index_t const candidate_first = block * candidate_rows;
    return {query_first,     smaller(query_rows, queries - query_first),
            candidate_first, smaller(candidate_rows, candidates - candidate_first),
            block,           block + 1 == candidate_blocks()};
  }
};

/// Rows of a block: as many whole tiles as fit, at least one, at most all rows.
constexpr index_t rows_of_block(index_t rows, index_t row_bytes, index_t bytes) {
  index_t const fit = bytes / row_bytes / tile_rows * tile_rows;
  return smaller(rows, fit < tile_rows ? tile_rows : fit);
}

/// Device memory per row of a block, in bytes.
struct streamed_row_bytes {
  index_t query, candidate;
};

/// Half of `bytes` is for the block of queries and its tables, half for two blocks of candidates.
constexpr stream_plan plan_stream(index_t queries, index_t candidates, streamed_row_bytes row,
                                  index_t bytes) {
  return {queries, candidates, rows_of_block(queries, row.query, bytes / 2),
          rows_of_block(candidates, row.candidate, bytes / 2)};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
