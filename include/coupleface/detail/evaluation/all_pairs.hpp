// SPDX-License-Identifier: Apache-2.0
// coupleface: operating points over all pairs of two sets of rows, in passes that narrow down each
// one.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/evaluation/pair_counts.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Number of different pairs, of same pairs; rows labelled -1 are in no pair.
struct pair_totals {
  index_t of[2] = {0, 0};
};

/// Pairs within one set if `symmetric`, else of every query with every candidate.
template <class Derived, class L, class M>
pair_totals count_pairs(Derived const& policy, vector_view<L const> queries,
                        vector_view<M const> candidates, bool symmetric) {
  sorted_labels<Derived, L> const sorted_queries(policy, queries);
  sorted_labels<Derived, M> const sorted_candidates(policy, candidates);
  index_t const n = sorted_queries.size(), m = sorted_candidates.size();
  index_t same = 0;
  for (L const* q = sorted_queries.begin(); q != sorted_queries.end();) {
    index_t const label = *q, of_query = sorted_queries.count(label);
    same += symmetric ? of_query * (of_query - 1) / 2 : of_query * sorted_candidates.count(label);
    q += of_query;
  }
  return {{(symmetric ? n * (n - 1) / 2 : n * m) - same, same}};
}

/// After the first pass of a screened search: turns counts of products into key ranges that contain
/// the crossings and the thresholds above them.
inline std::vector<key_range> ranges_of_products(std::vector<score_slot> const& bins, double error,
                                                 std::vector<crossing_request> const& requests) {
  std::vector<key_range> ranges;
  auto const keys = [&](index_t bin) { return product_bins::keys(int(bin), error); };
  for (auto const& request : requests) {
    crossing const found = find_crossing(bins, request);
    if (found.slot < 0 && (found.next < 0 || request.equal_errors)) { continue; }
    index_t const lowest = found.slot < 0 ? found.next : found.slot;
    key_range range = keys(lowest);
    if (!request.equal_errors) {
      // Extends the range to the first bin whose pairs are certainly above the crossing, so that it
      // contains the lowest score above the crossing.
      index_t const behind = found.slot < 0 ? -1 : range.last;
      index_t b = lowest;
      auto const holds = [&](index_t bin) {
        auto const& counts = bins[std::size_t(bin)].counts;
        return counts[0] + counts[1] > 0 && keys(bin).first > behind;
      };
      while (b < index_t(bins.size()) && !holds(b)) { ++b; }
      range.last = b < index_t(bins.size()) ? std::max(range.last, keys(b).last) : highest_key;
    }
    ranges.push_back(range);
  }
  return ranges;
}

/// The operating point just above a crossing, from slots of one key each.
template <class Point>
Point point_over(std::vector<score_slot> const& slots, crossing_request const& request) {
  if (request.of[0] == 0) { return {std::nan(""), std::nan(""), std::nan("")}; }
  crossing const found = find_crossing(slots, request);
  double threshold = std::numeric_limits<double>::infinity();
  if (found.next >= 0) {
    threshold = score_of(slots[std::size_t(found.next)].first);
  } else if (found.slot >= 0 && slots[std::size_t(found.slot)].first == highest_key) {
    threshold = std::nan("");  // as in roc(): no threshold rejects a score of +infinity
  }
  return {threshold, double(found.above[0]) / request.of[0],
          request.of[1] > 0 ? double(found.above[1]) / request.of[1] : std::nan("")};
}

/// The rate depends on only two points of the curve: before and at the crossing.
template <class Curve>
double equal_error_rate_at(std::vector<score_slot> const& slots, crossing_request const& request) {
  crossing const found = find_crossing(slots, request);
  if (found.slot < 0) { return std::nan(""); }
  Curve curve;
  index_t accepted[2] = {found.above[0], found.above[1]};
  for (int k = 0; k < 2; ++k) {
    curve.thresholds.push_back(0);
    curve.far.push_back(double(accepted[0]) / request.of[0]);
    curve.tar.push_back(double(accepted[1]) / request.of[1]);
    for (int s = 0; s < 2; ++s) { accepted[s] += slots[std::size_t(found.slot)].counts[s]; }
  }
  return equal_error_rate(curve);
}

inline std::vector<crossing_request> requests_of(std::vector<double> const& fars,
                                                 pair_totals const& totals) {
  std::vector<crossing_request> requests;
  double const of[2] = {double(totals.of[0]), double(totals.of[1])};
  for (double const far : fars) { requests.push_back({far, false, {of[0], of[1]}}); }
  requests.push_back({0, true, {of[0], of[1]}});
  return requests;
}

/// Repeats passes until every crossing and threshold has a slot of one key; returns the slots.
template <class Derived, class Tiles, class Labels, class Progress>
std::vector<score_slot> isolate(Derived const& policy, Tiles const& tiles, Labels labels,
                                std::vector<crossing_request> const& requests, Progress& progress) {
  int pass = 1;
  auto const report = [&](index_t rows, index_t all) { progress(pass, rows, all); };
  std::vector<key_range> ranges{{lowest_key, highest_key}};
  if constexpr (Tiles::screened) {
    ranges =
        ranges_of_products(count_products(policy, tiles, labels, report), tiles.error(), requests);
    ++pass;
  }
  for (;; ++pass) {
    slot_layout layout(std::move(ranges));
    count_scores(policy, tiles, labels, layout, report);
    if (layout.exact()) { return std::move(layout.slots()); }
    ranges = narrowed(layout.slots(), requests);
  }
}

template <class Curve, class Policy, class Q, class C, class L, class M, class Result,
          class Relation, class Progress>
void all_pairs(Policy const& policy, matrix_view<Q const> queries,
               vector_view<L const> query_labels, matrix_view<C const> candidates,
               vector_view<M const> candidate_labels, std::vector<double> const& fars,
               Result& result, Relation relation, Progress& progress) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  pair_tiles<Policy, relation_score<Q, C, Relation>> const tiles(policy, rows.score());
  pair_totals totals;
  {
    auto const query_list = on_host(policy, query_labels);
    auto const candidate_list = on_host(policy, candidate_labels);
    totals = count_pairs(host_side(policy), query_list.vector(), candidate_list.vector(),
                         tiles.symmetric());
  }
  auto const requests = requests_of(fars, totals);
  pair_labels<L, M> const labels{query_labels.data_handle(), candidate_labels.data_handle()};
  auto const slots = isolate(policy, tiles, labels, requests, progress);
  using point = typename std::decay_t<decltype(result.points)>::value_type;
  for (std::size_t k = 0; k < fars.size(); ++k) {
    result.points.push_back(point_over<point>(slots, requests[k]));
  }
  result.equal_error_rate = equal_error_rate_at<Curve>(slots, requests.back());
  result.different_pairs = totals.of[0];
  result.same_pairs = totals.of[1];
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
