// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's kernels: the approximate product of two packed panels of rows, and which
// of its elements reach a threshold. Each kernel has a portable version that the tests compare it
// with.
#pragma once

#include <coupleface/detail/search/avx512_screen.hpp>
#include <coupleface/detail/search/portable_screen.hpp>
#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/detail/simd/target.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The kernels of one element type. Their products are accurate to within screen_error().
struct screen_kernels {
  screen_element element;
  product_kernel product;
  hits_kernel hits;

  /// Words per row of `width` elements.
  index_t words(index_t width) const {
    return element == screen_element::float32 ? width : (width + 1) / 2 + 1;
  }
  /// Relative error of one addition, as a share of the sum's magnitude.
  double sum_unit() const { return element == screen_element::float32 ? float_unit : 0; }
};

inline screen_kernels portable_screen(screen_element element) {
  return {element,
          element == screen_element::float32 ? portable_float_product : portable_int16_product,
          portable_hits};
}

/// The kernels for an element type that suit the processor at run time.
#if COUPLEFACE_VECTORS
inline screen_kernels native_screen(screen_element element) {
  if (element == screen_element::float32 && has_avx512()) {
    return {element, avx512_float_product, avx512_hits};
  }
  if (element == screen_element::int16_pair && has_avx512_vnni()) {
    return {element, avx512_int16_product, avx512_hits};
  }
  return portable_screen(element);
}
#else
inline screen_kernels native_screen(screen_element element) { return portable_screen(element); }
#endif

/// The fastest screen: 16-bit elements if the processor multiplies them at twice the rate.
inline screen_kernels best_screen() {
  return native_screen(has_avx512_vnni() ? screen_element::int16_pair : screen_element::float32);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
