// coupleface: which pairs may be mined at all. A `Keep` is a predicate on (query, candidate).
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Every pair.
struct every_row {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t, index_t) const { return true; }
};

/// @brief Every pair but a row with itself: queries and candidates are the same rows.
struct other_rows {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return query != candidate;
  }
};

/// @brief Pairs whose labels differ. Rows labelled -1 are never mined and mine nothing.
template <class L>
class other_labels {
 public:
  /// @param query_labels [n], @param candidate_labels [m], in the policy's memory
  COUPLEFACE_HOST_DEVICE other_labels(vector_view<L> query_labels, vector_view<L> candidate_labels)
      : query_labels_(query_labels), candidate_labels_(candidate_labels) {}

  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    auto const a = query_labels_(query);
    auto const b = candidate_labels_(candidate);
    return a != b && a >= 0 && b >= 0;
  }

 private:
  vector_view<L> query_labels_;
  vector_view<L> candidate_labels_;
};

COUPLEFACE_NAMESPACE_END
