// SPDX-License-Identifier: Apache-2.0
// coupleface: the two stores of a query's pairs during a search, with one interface.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A candidate with its screened score.
template <class I>
struct screened_pair {
  float score;
  I candidate;
};

/// The pairs of a list that are in the outputs.
template <class V, class I>
struct slot_pairs {
  I* ids;
  V* values;
  index_t count;

  I& id(index_t at) const { return ids[at]; }
  V& value(index_t at) const { return values[at]; }
};

/// The waiting pairs of a list.
template <class I>
struct waiting_pairs {
  screened_pair<I>* pairs;
  index_t count;

  I& id(index_t at) const { return pairs[at].candidate; }
  float& value(index_t at) const { return pairs[at].score; }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
