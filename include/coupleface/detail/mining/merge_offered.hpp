// SPDX-License-Identifier: Apache-2.0
// coupleface: merges changed candidates into the lists of queries that did not change.
//
// A list stays exact if it can be filled with rows that rank no later than its previous last entry:
// every other row ranks after that entry.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/top_k.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Inserts the offered changed candidates into the lists. Marks the lists that must be searched
/// again; the contents of those are unspecified.
template <class V, class I>
struct merge_offered {
  matrix_view<V const> offered_values;
  matrix_view<I const> offered;  ///< positions in `ids`
  index_t first;                 ///< query of row 0
  bool all;                      ///< every changed candidate is offered
  index_t const* ids;
  char const* candidate_changed;
  index_t candidates;
  matrix_view<V> values;
  matrix_view<I> indices;
  char* stale;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    if (team.leads()) { stale[first + i] = merge(i) ? 0 : 1; }
  }

 private:
  COUPLEFACE_HOST_DEVICE I offered_id(index_t i, index_t at) const {
    return I(ids[index_t(offered(i, at))]);
  }

  /// Returns false if the list must be searched again.
  COUPLEFACE_HOST_DEVICE bool merge(index_t i) const {
    index_t const slots = values.extent(1);
    V const last_value = values(first + i, slots - 1);
    I const last = indices(first + i, slots - 1);  // -1: all candidates were listed
    index_t const left = keep_unchanged(i);
    index_t const fit = count_fitting(i, last_value, last);
    if (!all && fit == offered.extent(1)) { return false; }
    if (last >= 0 && left + fit < slots) { return false; }
    // If nothing fits, nothing was removed: in a list with a free slot a removed entry would fit
    // again.
    if (fit > 0) { insert(i, left, fit); }
    return true;
  }

  /// Moves the unchanged entries to the front of the list and returns their number.
  COUPLEFACE_HOST_DEVICE index_t keep_unchanged(index_t i) const {
    V* const value = values.row(first + i);
    I* const id = indices.row(first + i);
    index_t left = 0;
    for (index_t slot = 0; slot < values.extent(1) && id[slot] >= 0; ++slot) {
      // A device does not reject unknown ids, so it must not dereference them.
      if (id[slot] >= candidates || candidate_changed[id[slot]]) { continue; }
      value[left] = value[slot];
      id[left++] = id[slot];
    }
    return left;
  }

  /// Counts the offered candidates that rank no later than the previous last entry.
  COUPLEFACE_HOST_DEVICE index_t count_fitting(index_t i, V last_value, I last) const {
    index_t fit = 0;
    while (fit < offered.extent(1) && offered(i, fit) >= 0 &&
           !(last >= 0 && ranks_before(load(last_value), last, load(offered_values(i, fit)),
                                       offered_id(i, fit)))) {
      ++fit;
    }
    return fit;
  }

  /// Builds the sorted list from its first `left` entries and the first `fit` offered candidates.
  COUPLEFACE_HOST_DEVICE void insert(index_t i, index_t left, index_t fit) const {
    index_t const slots = values.extent(1);
    V* const value = values.row(first + i);
    I* const id = indices.row(first + i);
    for (index_t slot = left; slot < slots; ++slot) {
      value[slot] = store<V>(no_score);
      id[slot] = I(-1);
    }
    bounded_heap<V, I> list(value, id, slots);
    list.restore();
    for (index_t at = 0; at < fit; ++at) { list.offer(offered_values(i, at), offered_id(i, at)); }
    list.finish();
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
