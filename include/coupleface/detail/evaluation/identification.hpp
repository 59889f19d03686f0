// coupleface: where each probe's mate comes among its nearest gallery rows, host side.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/detail/mining/scored_rows.hpp>

#include <cmath>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What the search says of a probe.
struct probe_outcome {
  std::int32_t rank;  ///< of the first row of its label, from 1 on; 0 if it is not among the first
  float score;        ///< of the first row; NaN if there is none
};

template <class M>
probe_outcome outcome_of(index_t label, M const* gallery_labels, float const* values,
                         std::int32_t const* indices, index_t slots) {
  probe_outcome outcome{0, indices[0] < 0 ? std::numeric_limits<float>::quiet_NaN() : values[0]};
  for (index_t slot = 0; slot < slots && label >= 0; ++slot) {
    if (indices[slot] < 0 || std::isnan(values[slot])) { break; }
    if (index_t(gallery_labels[indices[slot]]) == label) {
      outcome.rank = std::int32_t(slot + 1);
      break;
    }
  }
  return outcome;
}

template <class Derived, class Q, class L, class C, class M, class Relation>
void search_gallery(Derived const& policy, matrix_view<Q const> probes,
                    vector_view<L const> probe_labels, matrix_view<C const> gallery,
                    vector_view<M const> gallery_labels, index_t ranks, Relation relation,
                    probe_outcome* outcomes) {
  scored_rows<Derived, Q, C, Relation> const rows(policy, probes, gallery, relation);
  index_t const slots = std::min(ranks, std::max<index_t>(1, gallery.extent(0)));
  auto const judge = [&](index_t first, matrix_view<float> values,
                         matrix_view<std::int32_t> indices) {
    for_each_index(policy, values.extent(0), [=, labels = gallery_labels.data_handle()](index_t i) {
      outcomes[first + i] = outcome_of(index_t(probe_labels(first + i)), labels, values.row(i),
                                       indices.row(i), slots);
    });
  };
  search_in_blocks<float, std::int32_t>(policy, rows, not_itself{same_rows(probes, gallery)}, slots,
                                        table_bytes<Derived>, judge);
}

/// Rates by rank, and open-set scores: of a mated probe that of its mate if it comes first (else
/// NaN, never accepted), of an unmated one that of whoever comes first.
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

template <class Derived, class Q, class L, class C, class M, class Relation, class Result>
void identify(host_policy<Derived> const& base, matrix_view<Q const> probes,
              vector_view<L const> probe_labels, matrix_view<C const> gallery,
              vector_view<M const> gallery_labels, index_t ranks, Relation relation,
              Result& result) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = probes.extent(0);
  scratch<probe_outcome, Derived> const outcomes(policy, n);
  search_gallery(policy, probes, probe_labels, gallery, gallery_labels, ranks, relation,
                 outcomes.data());
  scratch<char, Derived> const mated(policy, n);
  scratch<float, Derived> const scores(policy, n);
  {
    sorted_labels<Derived, M> const enrolled(policy, gallery_labels);
    index_t const itself = same_rows(probes, gallery) ? 1 : 0;
    for (index_t i = 0; i < n; ++i) {
      index_t const label = probe_labels(i);
      mated.data()[i] = char(label >= 0 && enrolled.count(label) > itself);
    }
  }
  result.rank_rates.assign(std::size_t(ranks), 0.0);
  rate_outcomes(outcomes.data(), mated.data(), n, result, scores.data());
  roc(base, vector_view<float const>(scores.data(), n), vector_view<char const>(mated.data(), n),
      result.open_set);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
