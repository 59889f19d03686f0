// SPDX-License-Identifier: Apache-2.0
// coupleface: a score with an upper limit per query.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A score whose pairs count only up to limit(query). A NaN score never counts, and a NaN limit
/// admits no pairs.
template <class Score, class Limit>
struct limited_score : Score {
  Limit limit_of;
  COUPLEFACE_HOST_DEVICE double limit(index_t query) const { return limit_of(query); }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
