// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's kernels: the approximate product of two packed panels of rows, and which
// of its elements reach a threshold. Each kernel has a portable version that the tests compare it
// with.
#pragma once

#include <coupleface/detail/search/avx2_screen.hpp>
#include <coupleface/detail/search/avx512_int8_screen.hpp>
#include <coupleface/detail/search/avx512_screen.hpp>
#include <coupleface/detail/search/int8_screen.hpp>
#include <coupleface/detail/search/neon_screen.hpp>
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
  refine_kernel refine = nullptr;  ///< of a coarse screen

  /// Words per row of `width` elements.
  index_t words(index_t width) const {
    switch (element) {
      case screen_element::float32:
        return width;
      case screen_element::int16_pair:
        return (width + 1) / 2 + 1;
      default:
        return int8_words(width);
    }
  }
  /// Words per row that are kept row by row beside the panels.
  index_t row_words(index_t width) const {
    return element == screen_element::int8_quad ? fine_words(width) : 0;
  }
  /// Relative error of one addition, as a share of the sum's magnitude.
  double sum_unit() const { return element == screen_element::float32 ? float_unit : 0; }
};

inline screen_kernels portable_screen(screen_element element) {
  if (element == screen_element::int8_quad) {
    return {element, portable_int8_product, portable_hits, portable_refine};
  }
  return {element,
          element == screen_element::float32 ? portable_float_product : portable_int16_product,
          portable_hits};
}

/// The kernels in use for an element type.
#if COUPLEFACE_VECTORS
inline screen_kernels native_screen(screen_element element) {
  kernel_set const set = kernels_in_use();
  if (set == kernel_set::portable) { return portable_screen(element); }
  hits_kernel const hits = set >= kernel_set::avx512 ? avx512_hits : avx2_hits;
  if (element == screen_element::int8_quad) {
    if (set < kernel_set::avx512_vnni) { return portable_screen(element); }
    return {element, avx512_int8_product, hits, avx512_refine};
  }
  if (element == screen_element::float32) {
    return {element, set >= kernel_set::avx512 ? avx512_float_product : avx2_float_product, hits};
  }
  return {element, set >= kernel_set::avx512_vnni ? avx512_int16_product : avx2_int16_product,
          hits};
}

/// The fastest screen: 16-bit elements if the kernels in use multiply them at twice the rate.
inline screen_kernels best_screen() {
  kernel_set const set = kernels_in_use();
  bool const twice = set == kernel_set::avx2 || set >= kernel_set::avx512_vnni;
  return native_screen(twice ? screen_element::int16_pair : screen_element::float32);
}
/// Whether the kernels in use multiply 8-bit elements at twice the rate of 16-bit ones.
inline bool multiplies_int8() { return kernels_in_use() >= kernel_set::avx512_vnni; }
#elif COUPLEFACE_NEON
inline screen_kernels native_screen(screen_element element) {
  kernel_set const set = kernels_in_use();
  if (set == kernel_set::portable) { return portable_screen(element); }
  if (element == screen_element::float32) { return {element, neon_float_product, neon_hits}; }
  // NEON multiplies 16-bit elements at no more than the rate of floats.
  if (element == screen_element::int16_pair) {
    return {element, portable_int16_product, neon_hits};
  }
  return {element, set >= kernel_set::neon_dotprod ? neon_int8_product : portable_int8_product,
          neon_hits, neon_refine};
}
inline screen_kernels best_screen() { return native_screen(screen_element::float32); }
/// Whether the kernels in use multiply 8-bit elements at twice the rate of 16-bit ones.
inline bool multiplies_int8() { return kernels_in_use() >= kernel_set::neon_dotprod; }
#else
inline screen_kernels native_screen(screen_element element) { return portable_screen(element); }
inline screen_kernels best_screen() { return native_screen(screen_element::float32); }
inline bool multiplies_int8() { return false; }
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
