// SPDX-License-Identifier: Apache-2.0
// coupleface: an exact search with queries or candidates in host memory. Blocks of rows are copied
// on a separate stream while the previous block is searched.
//
// Each block of candidates gives a query a table of its K best, which is merged with the table of
// the previous blocks. The order of pairs has no ties, so the result equals a search of all
// candidates at once.
#pragma once

#include <coupleface/detail/cuda/search/merge_tables.cuh>
#include <coupleface/detail/cuda/search/pair_search.cuh>
#include <coupleface/detail/cuda/search/streamed_rows.cuh>
#include <coupleface/detail/search/device_stream_plan.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Element, class Policy, class Q, class C, class V, class I, class Relation,
          class Keep>
class streamed_search {
 public:
  streamed_search(Policy const& policy, matrix_view<Q const> queries,
                  matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                  Relation relation, Keep keep, device_limits limits)
      : policy_(policy),
        values_(values),
        indices_(indices),
        relation_(relation),
        keep_(keep),
        limits_(limits),
        plan_(plan_of(queries, candidates, values.extent(1), limits)),
        queries_(policy, queries, plan_.query_rows, 1),
        candidates_(policy, candidates, plan_.candidate_rows, 2),
        table_values_(policy, 3 * table_size()),
        table_indices_(policy, 3 * table_size()),
        uploads_(policy) {}

  static bool is_needed(matrix_view<Q const> queries, matrix_view<C const> candidates) {
    return lies_on_host(queries.data_handle()) || lies_on_host(candidates.data_handle());
  }

  index_t steps() const { return plan_.steps(); }
  index_t step() const { return step_; }

  void advance() {
    fetch_queries();
    fetch_candidates(step_);
    stream_step const now = plan_.step(step_);
    if (queries_.on_host()) { uploads_.await(query_lane); }
    if (candidates_.on_host()) { uploads_.await(buffer_of(step_)); }
    search(now);
    if (candidates_.on_host()) { uploads_.release(buffer_of(step_)); }
    if (queries_.on_host() && now.last) { uploads_.release(query_lane); }
    ++step_;
    if (step_ < steps()) { fetch_candidates(step_); }
  }

  /// Visits the results so far. Rows still being copied are copied again on resumption.
  template <class Visit>
  void visit_state(Visit&& visit) {
    for (index_t* const number : {&step_, &plan_.query_rows, &plan_.candidate_rows}) {
      visit(static_cast<void*>(number), sizeof *number);
    }
    auto const visit_memory = [&](auto const& memory) {
      std::size_t const bytes = sizeof(*memory.data()) * std::size_t(memory.size());
      if (bytes > 0) { visit(static_cast<void*>(memory.data()), bytes); }
    };
    visit_memory(table_values_);
    visit_memory(table_indices_);
    for (index_t q = 0; q < plan_.queries; ++q) {
      visit(static_cast<void*>(values_.row(q)), sizeof(V) * std::size_t(values_.extent(1)));
      visit(static_cast<void*>(indices_.row(q)), sizeof(I) * std::size_t(indices_.extent(1)));
    }
  }

 private:
  static constexpr int query_lane = 2;  ///< upload lane; candidates have two lanes

  static stream_plan plan_of(matrix_view<Q const> queries, matrix_view<C const> candidates,
                             index_t k, device_limits limits) {
    index_t const packed = 2 * rounded_up(queries.extent(1), packed_multiple) + 24;
    index_t const tables = 3 * k * index_t(sizeof(V) + sizeof(I));
    streamed_row_bytes const row{streamed_rows<Policy, Q>::bytes_of(queries, 1) + packed + tables,
                                 streamed_rows<Policy, C>::bytes_of(candidates, 2) + packed};
    stream_plan plan =
        plan_stream(queries.extent(0), candidates.extent(0), row, limits.stream_bytes);
    // Candidates already on the device are not divided: that would gain nothing.
    if (!lies_on_host(candidates.data_handle())) { plan.candidate_rows = candidates.extent(0); }
    return plan;
  }

  /// Entries of one table; 0 if there is only one block of candidates.
  index_t table_size() const {
    return plan_.candidate_blocks() == 1 ? 0 : plan_.query_rows * values_.extent(1);
  }
  ranked_table<V, I> table(int number, index_t rows) const {
    index_t const size = table_size(), k = values_.extent(1);
    return {{table_values_.data() + number * size, rows, k},
            {table_indices_.data() + number * size, rows, k}};
  }
  ranked_table<V, I> output(stream_step const& now) const {
    return {
        {values_.row(now.query_first), now.query_count, values_.extent(1), values_.stride(0)},
        {indices_.row(now.query_first), now.query_count, indices_.extent(1), indices_.stride(0)}};
  }

  int buffer_of(index_t step) const { return int(step % 2); }

  void fetch_queries() {
    stream_step const now = plan_.step(step_);
    if (!queries_.on_host() || fetched_query_ == now.query_first) { return; }
    queries_.upload(uploads_, query_lane, 0, now.query_first, now.query_count);
    fetched_query_ = now.query_first;
  }
  void fetch_candidates(index_t step) {
    if (!candidates_.on_host() || fetched_step_[step % 2] == step) { return; }
    stream_step const then = plan_.step(step);
    candidates_.upload(uploads_, buffer_of(step), buffer_of(step), then.candidate_first,
                       then.candidate_count);
    fetched_step_[step % 2] = step;
  }

  /// Merges this block's table with that of the previous blocks; two tables alternate.
  void search(stream_step const& now) {
    bool const is_first = now.block == 0;
    ranked_table<V, I> const out =
        now.last ? output(now) : table(int(now.block % 2), now.query_count);
    ranked_table<V, I> const found = is_first ? out : table(2, now.query_count);
    auto const queries = queries_.view(0, now.query_first, now.query_count);
    auto const candidates =
        candidates_.view(buffer_of(step_), now.candidate_first, now.candidate_count);
    {
      scored_rows<Policy, Q, C, Relation> const rows(policy_, queries, candidates, relation_);
      search_pairs<Element>(policy_, rows.score(),
                            streamed_keep<Keep>{keep_, now.query_first, now.candidate_first},
                            found.values, found.indices, limits_);
    }
    if (is_first) { return; }
    merge_tables(policy_, table(int(1 - now.block % 2), now.query_count), found,
                 now.candidate_first, out);
  }

  Policy const& policy_;
  matrix_view<V> values_;
  matrix_view<I> indices_;
  Relation relation_;
  Keep keep_;
  device_limits limits_;
  stream_plan plan_;
  streamed_rows<Policy, Q> queries_;
  streamed_rows<Policy, C> candidates_;
  scratch<V, Policy> table_values_;
  scratch<I, Policy> table_indices_;
  row_uploads<Policy, 3> uploads_;  // destroyed before the memory that it writes
  index_t step_ = 0;
  index_t fetched_query_ = -1;
  index_t fetched_step_[2] = {-1, -1};
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
