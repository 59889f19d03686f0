// SPDX-License-Identifier: Apache-2.0
// coupleface: parses numbers with a fraction.
#pragma once

#include <coupleface/detail/io/text_lines.hpp>

#include <charconv>
#include <cmath>
#include <cstdlib>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if defined(__cpp_lib_to_chars)
/// Parses all of `text` as a decimal number with a point; "nan" and "inf" are accepted.
inline bool parse_number(std::string_view text, double& value) {
  char const* const end = text.data() + text.size();
  auto const result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}
#else
/// Fallback without floating-point std::from_chars; needs a locale with a decimal point.
inline bool parse_number(std::string_view text, double& value) {
  bool const plain =
      !text.empty() && text.find_first_of("xX+ ,\t\v\f") != 0 &&
      text.find_first_not_of("0123456789+-.eEinfatyINFATY") == std::string_view::npos;
  std::string const copy(text);
  char* end = nullptr;
  value = std::strtod(copy.c_str(), &end);
  return plain && end == copy.c_str() + copy.size();
}
#endif

template <class Lines>
double expect_number(Lines const& lines, std::string_view text, char const* what) {
  double value = 0;
  if (!parse_number(text, value)) {
    lines.fail("has " + in_quotes(text) + " where " + what + " should be");
  }
  return value;
}

template <class Lines>
float expect_float(Lines const& lines, std::string_view text, char const* what) {
  auto const value = static_cast<float>(expect_number(lines, text, what));
  if (!std::isfinite(value)) {
    lines.fail("has " + in_quotes(text) + " where " + what + " should be");
  }
  return value;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
