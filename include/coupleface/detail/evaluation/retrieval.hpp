// coupleface: how much of what each query retrieves is of its label, host side.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/mining/scored_rows.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Of one query; `relevant` is R, how many references of its label there are.
struct query_precision {
  index_t relevant;
  double at_1, at_r, average_at_r;
};

template <class M>
query_precision precision_of(index_t label, index_t relevant, M const* reference_labels,
                             float const* values, std::int32_t const* indices) {
  query_precision result{relevant, 0, 0, 0};
  index_t hits = 0;
  for (index_t slot = 0; slot < relevant; ++slot) {
    if (indices[slot] < 0 || std::isnan(values[slot])) { break; }
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

/// How many references each query could find; the largest number.
template <class Derived, class L, class M>
index_t count_relevant(Derived const& policy, vector_view<L const> query_labels,
                       vector_view<M const> reference_labels, index_t itself,
                       query_precision* precisions) {
  sorted_labels<Derived, M> const references(policy, reference_labels);
  index_t most = 0;
  for (index_t i = 0; i < query_labels.extent(0); ++i) {
    index_t const label = query_labels(i);
    precisions[i].relevant = label < 0 ? 0 : references.count(label) - itself;
    most = std::max(most, precisions[i].relevant);
  }
  return most;
}

template <class Result>
void average_precisions(query_precision const* precisions, index_t queries, Result& result) {
  double sums[3] = {0, 0, 0};
  for (index_t i = 0; i < queries; ++i) {
    if (precisions[i].relevant == 0) { continue; }
    ++result.queries;
    sums[0] += precisions[i].at_1;
    sums[1] += precisions[i].at_r;
    sums[2] += precisions[i].average_at_r;
  }
  if (result.queries == 0) { return; }
  result.precision_at_1 = sums[0] / double(result.queries);
  result.r_precision = sums[1] / double(result.queries);
  result.mean_average_precision_at_r = sums[2] / double(result.queries);
}

template <class Derived, class Q, class L, class C, class M, class Relation, class Result>
void retrieve(host_policy<Derived> const& base, matrix_view<Q const> queries,
              vector_view<L const> query_labels, matrix_view<C const> references,
              vector_view<M const> reference_labels, Relation relation, Result& result) {
  auto const& policy = static_cast<Derived const&>(base);
  not_itself const other{same_rows(queries, references)};
  scratch<query_precision, Derived> const memory(policy, queries.extent(0));
  query_precision* const precisions = memory.data();
  index_t const slots =
      count_relevant(policy, query_labels, reference_labels, other.same_rows ? 1 : 0, precisions);
  if (slots == 0) { return; }
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, references, relation);
  labelled_pairs<L, M> const keep{other, query_labels.data_handle(),
                                  reference_labels.data_handle()};
  search_in_blocks<float, std::int32_t>(
      policy, rows, keep, slots, table_bytes<Derived>,
      [&](index_t first, matrix_view<float> values, matrix_view<std::int32_t> indices) {
        for_each_index(
            policy, values.extent(0), [=, labels = reference_labels.data_handle()](index_t i) {
              precisions[first + i] =
                  precision_of(index_t(query_labels(first + i)), precisions[first + i].relevant,
                               labels, values.row(i), indices.row(i));
            });
      });
  average_precisions(precisions, queries.extent(0), result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
