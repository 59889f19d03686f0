// SPDX-License-Identifier: Apache-2.0
// coupleface: precision of the references retrieved by each query.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Precisions of one query.
struct query_precision {
  double at_1, at_r, average_at_r;
};

/// `relevant` is R, the number of references with the query's label.
template <class M>
COUPLEFACE_HOST_DEVICE query_precision precision_of(index_t label, index_t relevant,
                                                    M const* reference_labels, float const* values,
                                                    std::int32_t const* indices) {
  query_precision result{0, 0, 0};
  index_t hits = 0;
  for (index_t slot = 0; slot < relevant; ++slot) {
    if (indices[slot] < 0 || is_nan(values[slot])) { break; }
    if (index_t(reference_labels[indices[slot]]) != label) { continue; }
    ++hits;
    if (slot == 0) { result.at_1 = 1; }
    result.average_at_r += double(hits) / double(slot + 1);
  }
  if (relevant > 0) {
    result.at_r = double(hits) / double(relevant);
    result.average_at_r /= double(relevant);
  }
  return result;
}

/// Precisions of a block of queries starting at `first`.
template <class L, class M>
struct judge_queries {
  L const* query_labels;
  M const* reference_labels;
  index_t const* relevant;
  matrix_view<float const> values;
  matrix_view<std::int32_t const> indices;
  index_t first;
  query_precision* precisions;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    if (!team.leads()) { return; }
    precisions[first + i] = precision_of(index_t(query_labels[first + i]), relevant[first + i],
                                         reference_labels, values.row(i), indices.row(i));
  }
};

/// The number of relevant references of each query; returns the largest one.
template <class Derived, class L, class M>
index_t count_relevant(Derived const& policy, vector_view<L const> query_labels,
                       vector_view<M const> reference_labels, index_t itself, index_t* relevant) {
  sorted_labels<Derived, M> const references(policy, reference_labels);
  index_t most = 0;
  for (index_t i = 0; i < query_labels.extent(0); ++i) {
    index_t const label = query_labels(i);
    relevant[i] = label < 0 ? 0 : references.count(label) - itself;
    most = std::max(most, relevant[i]);
  }
  return most;
}

template <class Result>
void average_precisions(index_t const* relevant, vector_view<query_precision const> precisions,
                        Result& result) {
  double sums[3] = {0, 0, 0};
  for (index_t i = 0; i < precisions.extent(0); ++i) {
    if (relevant[i] == 0) { continue; }
    ++result.queries;
    sums[0] += precisions(i).at_1;
    sums[1] += precisions(i).at_r;
    sums[2] += precisions(i).average_at_r;
  }
  if (result.queries == 0) { return; }
  result.precision_at_1 = sums[0] / double(result.queries);
  result.r_precision = sums[1] / double(result.queries);
  result.mean_average_precision_at_r = sums[2] / double(result.queries);
}

/// Precisions of all queries; `slots` is the largest number of relevant references.
template <class Policy, class Q, class L, class C, class M, class Relation>
void search_references(Policy const& policy, matrix_view<Q const> queries, L const* query_labels,
                       matrix_view<C const> references, M const* reference_labels,
                       Relation relation, index_t slots, index_t const* relevant,
                       query_precision* precisions) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, references, relation);
  labelled_pairs<L, M> const keep{{same_rows(queries, references)}, query_labels, reference_labels};
  search_in_blocks<float, std::int32_t>(
      policy, rows, keep, slots, table_bytes<Policy>,
      [&](index_t first, matrix_view<float> values, matrix_view<std::int32_t> indices) {
        for_each_row<float, float>(policy, values.extent(0),
                                   judge_queries<L, M>{query_labels, reference_labels, relevant,
                                                       values, indices, first, precisions});
      });
}

template <class Policy, class Q, class L, class C, class M, class Relation, class Result>
void retrieve(Policy const& policy, matrix_view<Q const> queries, vector_view<L const> query_labels,
              matrix_view<C const> references, vector_view<M const> reference_labels,
              Relation relation, Result& result) {
  index_t const n = queries.extent(0);
  auto const& host = host_side(policy);
  scratch<index_t, std::decay_t<decltype(host)>> const relevant(host, n);
  index_t slots = 0;
  {
    auto const query_list = on_host(policy, query_labels);
    auto const reference_list = on_host(policy, reference_labels);
    slots = count_relevant(host, query_list.vector(), reference_list.vector(),
                           same_rows(queries, references) ? 1 : 0, relevant.data());
  }
  if (slots == 0) { return; }
  auto const relevant_list = in_memory_of(policy, vector_view<index_t const>(relevant.data(), n));
  scratch<query_precision, Policy> const memory(policy, n);
  search_references(policy, queries, query_labels.data_handle(), references,
                    reference_labels.data_handle(), relation, slots,
                    relevant_list.vector().data_handle(), memory.data());
  auto const precisions = on_host(policy, vector_view<query_precision const>(memory.data(), n));
  average_precisions(relevant.data(), precisions.vector(), result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
