// SPDX-License-Identifier: Apache-2.0
// coupleface: the rank of each probe's mate among its nearest gallery rows.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>

#include <cmath>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The search result of one probe.
struct probe_outcome {
  std::int32_t rank;  ///< of the first row with its label, from 1; 0 if no slot holds one
  float score;        ///< of the first row; NaN if there is none
};

template <class M>
COUPLEFACE_HOST_DEVICE probe_outcome outcome_of(index_t label, M const* gallery_labels,
                                                float const* values, std::int32_t const* indices,
                                                index_t slots) {
  probe_outcome outcome{0, indices[0] < 0 ? float(not_a_number) : values[0]};
  for (index_t slot = 0; slot < slots && label >= 0; ++slot) {
    if (indices[slot] < 0 || is_nan(values[slot])) { break; }
    if (index_t(gallery_labels[indices[slot]]) == label) {
      outcome.rank = std::int32_t(slot + 1);
      break;
    }
  }
  return outcome;
}

/// Outcomes of a block of probes starting at `first`.
template <class L, class M>
struct judge_probes {
  L const* probe_labels;
  M const* gallery_labels;
  matrix_view<float const> values;
  matrix_view<std::int32_t const> indices;
  index_t first;
  probe_outcome* outcomes;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    if (!team.leads()) { return; }
    outcomes[first + i] = outcome_of(index_t(probe_labels[first + i]), gallery_labels,
                                     values.row(i), indices.row(i), values.extent(1));
  }
};

template <class Policy, class Q, class L, class C, class M, class Relation>
void search_gallery(Policy const& policy, matrix_view<Q const> probes,
                    vector_view<L const> probe_labels, matrix_view<C const> gallery,
                    vector_view<M const> gallery_labels, index_t ranks, Relation relation,
                    probe_outcome* outcomes) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, probes, gallery, relation);
  index_t const slots = std::min(ranks, std::max<index_t>(1, gallery.extent(0)));
  auto const judge = [&](index_t first, matrix_view<float> values,
                         matrix_view<std::int32_t> indices) {
    for_each_row<float, float>(
        policy, values.extent(0),
        judge_probes<L, M>{probe_labels.data_handle(), gallery_labels.data_handle(), values,
                           indices, first, outcomes});
  };
  search_in_blocks<float, std::int32_t>(policy, rows, not_itself{same_rows(probes, gallery)}, slots,
                                        table_bytes<Policy>, judge);
}

/// Rates by rank, and open-set scores: for a mated probe its mate's score if that ranks first (else
/// NaN, never accepted), for an unmated probe the score of the first row.
template <class Result>
void rate_outcomes(probe_outcome const* outcomes, char const* mated, index_t probes, Result& result,
                   float* scores) {
  for (index_t i = 0; i < probes; ++i) {
    scores[i] = outcomes[i].score;
    if (!mated[i]) {
      ++result.unmated;
      continue;
    }
    ++result.mated;
    if (outcomes[i].rank != 1) { scores[i] = std::numeric_limits<float>::quiet_NaN(); }
    if (outcomes[i].rank > 0) { result.rank_rates[std::size_t(outcomes[i].rank - 1)] += 1; }
  }
  double found = 0;
  for (double& rate : result.rank_rates) {
    found += rate;
    rate = result.mated > 0 ? found / double(result.mated) : std::nan("");
  }
}

/// Computes rates from the search results, on the host; `itself`: rows of a probe's label that are
/// the probe itself.
template <class Derived, class L, class M, class Result>
void rate_probes(Derived const& policy, vector_view<probe_outcome const> outcomes,
                 vector_view<L const> probe_labels, vector_view<M const> gallery_labels,
                 index_t itself, Result& result) {
  index_t const n = outcomes.extent(0);
  scratch<char, Derived> const mated(policy, n);
  scratch<float, Derived> const scores(policy, n);
  {
    sorted_labels<Derived, M> const enrolled(policy, gallery_labels);
    for (index_t i = 0; i < n; ++i) {
      index_t const label = probe_labels(i);
      mated.data()[i] = char(label >= 0 && enrolled.count(label) > itself);
    }
  }
  rate_outcomes(outcomes.data_handle(), mated.data(), n, result, scores.data());
  trace_curve(policy, vector_view<float const>(scores.data(), n),
              vector_view<char const>(mated.data(), n), result.open_set);
}

template <class Policy, class Q, class L, class C, class M, class Relation, class Result>
void identify(Policy const& policy, matrix_view<Q const> probes, vector_view<L const> probe_labels,
              matrix_view<C const> gallery, vector_view<M const> gallery_labels, index_t ranks,
              Relation relation, Result& result) {
  scratch<probe_outcome, Policy> const memory(policy, probes.extent(0));
  search_gallery(policy, probes, probe_labels, gallery, gallery_labels, ranks, relation,
                 memory.data());
  auto const outcomes =
      on_host(policy, vector_view<probe_outcome const>(memory.data(), probes.extent(0)));
  auto const probe_list = on_host(policy, probe_labels);
  auto const gallery_list = on_host(policy, gallery_labels);
  result.rank_rates.assign(std::size_t(ranks), 0.0);
  rate_probes(host_side(policy), outcomes.vector(), probe_list.vector(), gallery_list.vector(),
              same_rows(probes, gallery) ? 1 : 0, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
