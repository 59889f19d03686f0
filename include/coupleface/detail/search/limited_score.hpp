// SPDX-License-Identifier: Apache-2.0
// coupleface: a score of which only pairs up to a limit count.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A score whose pairs count only up to limit(query), which NaN never does and where a NaN limit
/// lets nothing through.
template <class Score, class Limit>
struct limited_score : Score {
  Limit limit_of;
  COUPLEFACE_HOST_DEVICE double limit(index_t query) const { return limit_of(query); }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
