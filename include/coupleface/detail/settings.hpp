// SPDX-License-Identifier: Apache-2.0
// coupleface: checks the range of settings that have valid(), such as penalties and margins.
#pragma once

#include <coupleface/error.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Settings, class = void>
inline constexpr bool has_valid = false;
template <class Settings>
inline constexpr bool
    has_valid<Settings, std::void_t<decltype(std::declval<Settings const&>().valid())>> = true;

template <class Settings>
void expect_valid(char const* function, char const* what, Settings const& settings) {
  if constexpr (has_valid<Settings>) { expect(settings.valid(), function, what); }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
