// SPDX-License-Identifier: Apache-2.0
// coupleface: checks of predicates that decide which pairs count.
#pragma once

#include <coupleface/config.hpp>
#include <coupleface/view.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Keep, class = void>
inline constexpr bool asks_whether_it_fits = false;
template <class Keep>
inline constexpr bool asks_whether_it_fits<
    Keep, std::void_t<decltype(std::declval<Keep const&>().expect_fits("", 0, 0))>> = true;

/// Checks the sizes of a predicate that has its own; any other predicate fits all sizes.
template <class Keep>
void expect_keep_fits(char const* function, Keep const& keep, index_t queries, index_t candidates) {
  if constexpr (asks_whether_it_fits<Keep>) { keep.expect_fits(function, queries, candidates); }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
