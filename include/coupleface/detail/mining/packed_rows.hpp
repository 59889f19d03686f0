// coupleface: unit rows packed into panels for the screen, and how far a screened product can lie
// from the exact score.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/mining/screen_kernel.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr double float_unit = std::numeric_limits<float>::epsilon() / 2.0;

/// A row divided by its norm, in float, element by element. Rows that are not finite become NaN,
/// which reaches no threshold; a row without a direction becomes `degenerate`, 0 or NaN.
template <class T>
class unit_row {
 public:
  COUPLEFACE_HOST_DEVICE unit_row(T const* x, double norm, float degenerate)
      : x_(std::isfinite(norm) && !is_degenerate<T>(norm) ? x : nullptr),
        inverse_(1.0 / norm),
        instead_(std::isfinite(norm) ? degenerate : float(not_a_number)) {}
  COUPLEFACE_HOST_DEVICE float operator()(index_t j) const {
    return x_ != nullptr ? static_cast<float>(load(x_[j]) * inverse_) : instead_;
  }
  COUPLEFACE_HOST_DEVICE bool has_direction() const { return x_ != nullptr; }
  COUPLEFACE_HOST_DEVICE float instead() const { return instead_; }

 private:
  T const* x_;
  double inverse_;
  float instead_;  ///< of every element, where there is no direction
};

template <class T>
void write_unit_row(T const* x, double norm, index_t width, float degenerate, float* unit) {
  unit_row<T> const row(x, norm, degenerate);
  if (!row.has_direction()) {
    std::fill(unit, unit + width, row.instead());
    return;
  }
  for (index_t j = 0; j < width; ++j) { unit[j] = row(j); }
}

/// The words of a row of floats, `stride` apart.
inline void pack_row(screen_element element, float const* x, index_t width, panel_word* words,
                     index_t stride) {
  if (element == screen_element::float32) {
    for (index_t j = 0; j < width; ++j) { words[j * stride] = element_bits::bits_of(x[j]); }
    return;
  }
  for (index_t j = 0; j + 1 < width; j += 2) {
    words[j / 2 * stride] = panel_word(element_bits::bfloat16_bits(x[j])) |
                            panel_word(element_bits::bfloat16_bits(x[j + 1])) << 16;
  }
  if (width % 2 == 1) { words[width / 2 * stride] = element_bits::bfloat16_bits(x[width - 1]); }
}

/// || x - packed x ||; 0 for a row that is not finite, which no screen is asked about.
inline double packing_residual(screen_element element, float const* x, index_t width) {
  if (element == screen_element::float32) { return 0; }
  double square = 0;
  for (index_t j = 0; j < width; ++j) {
    double const gap = double(x[j]) - double(bfloat16(x[j]));
    square += gap * gap;
  }
  return std::isnan(square) ? 0 : std::sqrt(square);
}

/// A float below x (x itself where that is -infinity or NaN), at most two units of its last place.
COUPLEFACE_HOST_DEVICE inline float next_below(double x) {
  float const nearest = static_cast<float>(x);
  std::uint32_t const bits = element_bits::bits_of(nearest);
  if (std::isnan(nearest) || bits == 0xff800000u) { return nearest; }
  if (nearest == 0) { return element_bits::float_of(0x80000001u); }
  return element_bits::float_of(bits >> 31 ? bits + 1 : bits - 1);
}
COUPLEFACE_HOST_DEVICE inline float next_above(double x) { return -next_below(-x); }

struct survey {
  double largest_residual = 0;
  bool odd_candidates = false;
};

/// What the screen has to know of all rows beforehand; `temporary` as in pack_panels.
template <class Policy, class Score>
survey survey_rows(Policy const& policy, screen_kernels const& kernels, Score const& score,
                   index_t lanes, float* temporary) {
  scratch<double, Policy> const largest(policy, lanes);
  scratch<char, Policy> const odd(policy, lanes);
  index_t const width = score.packed_width();
  for_each_index(policy, lanes, [=, largest = largest.data(), odd = odd.data()](index_t lane) {
    float* const row = temporary + lane * width;
    largest[lane] = 0;
    odd[lane] = 0;
    auto const residual = [&] {
      largest[lane] = std::max(largest[lane], packing_residual(kernels.element, row, width));
    };
    bool const measure = kernels.element != screen_element::float32 && width > 0;
    for (index_t j = lane; j < score.candidates(); j += lanes) {
      odd[lane] |= char(score.odd_candidate(j));
      if (measure) {
        score.write_candidate(j, row);
        residual();
      }
    }
    for (index_t i = lane; measure && !score.symmetric() && i < score.queries(); i += lanes) {
      score.write_query(i, row);
      residual();
    }
  });
  survey result;
  for (index_t lane = 0; lane < lanes; ++lane) {
    result.largest_residual = std::max(result.largest_residual, largest.data()[lane]);
    result.odd_candidates |= odd.data()[lane] != 0;
  }
  return result;
}

/// How far a screened product can lie from the score of rows whose norms are at most `magnitude`,
/// when packing moved no row by more than `residual`, so that the stored scores can be compared.
///
/// With u = a + r: |u v - a b| <= E (2 M + E), E = residual + float's rounding of the units. d
/// products and sums in float, in any order, add (d + 4) u of the sum of magnitudes; a tenth more
/// covers the higher orders up to d = 10^6, 2^-120 an element what underflows, 2^-22 M^2 the
/// roundings of the exact value itself, so that scores which are equal once stored are never told
/// apart here. Where sums are not rounded to nearest, `unit` says what each addition may lose.
COUPLEFACE_HOST_DEVICE inline double screen_error(index_t width, double magnitude, double residual,
                                                  double unit = float_unit) {
  double const moved =
      residual * (1 + 1e-9) + 1.01 * float_unit * magnitude + double(width) * 0x1p-140;
  double const largest = magnitude + moved;
  return moved * (2 * magnitude + moved) + 1.1 * (double(width) + 4) * unit * largest * largest +
         double(width) * 0x1p-120 + 0x1p-22 * magnitude * magnitude;
}

/// Packs rows [first, first + count) into panels of `panel_rows`; the last one is filled up with
/// zeros. `unit_row(i, out)` writes row i; `lanes` temporary rows of `width` floats are at
/// `temporary`.
template <class Policy, class UnitRow>
void pack_panels(Policy const& policy, screen_kernels const& kernels, UnitRow unit_row,
                 index_t first, index_t count, index_t width, int panel_rows, index_t lanes,
                 float* temporary, panel_word* panels) {
  index_t const words = kernels.words(width);
  if (words == 0) { return; }
  index_t const panel_count = rounded_up_quotient(count, panel_rows);
  for_each_index(policy, lanes, [=](index_t lane) {
    float* const row = temporary + lane * width;
    for (index_t p = lane; p < panel_count; p += lanes) {
      panel_word* const panel = panels + p * panel_rows * words;
      for (int r = 0; r < panel_rows; ++r) {
        index_t const i = p * panel_rows + r;
        if (i < count) {
          unit_row(first + i, row);
          pack_row(kernels.element, row, width, panel + r, panel_rows);
        } else {
          for (index_t w = 0; w < words; ++w) { panel[w * panel_rows + r] = 0; }
        }
      }
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
