// SPDX-License-Identifier: Apache-2.0
// coupleface: the row norms that a score of two sets of rows needs.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/pair_score.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The norms of queries and candidates; one array if both are the same rows.
template <class Derived, class Q, class C>
class row_norm_pair {
 public:
  row_norm_pair(Derived const& policy, matrix_view<Q const> queries,
                matrix_view<C const> candidates)
      : same_(same_rows(queries, candidates)),
        norms_(policy, queries.extent(0) + (same_ ? 0 : candidates.extent(0))),
        candidates_(norms_.data() + (same_ ? 0 : queries.extent(0))) {
    row_norms(policy, queries, norms_.data());
    if (!same_) { row_norms(policy, candidates, norms_.data() + queries.extent(0)); }
  }
  double const* queries() const { return norms_.data(); }
  double const* candidates() const { return candidates_; }

 private:
  bool same_;
  scratch<double, Derived> norms_;
  double const* candidates_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
