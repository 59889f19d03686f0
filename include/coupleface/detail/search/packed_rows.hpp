// coupleface: unit rows packed into panels for the screen, and how far a screened product can lie
// from the exact score.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/detail/simd/fma.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A row divided by its norm, in float, element by element. Rows that are not finite become NaN,
/// which reaches no threshold; a row without a direction becomes `degenerate`, 0 or NaN.
template <class T>
class unit_row {
 public:
  COUPLEFACE_HOST_DEVICE unit_row(T const* x, double norm, float degenerate)
      : x_(is_finite(norm) && !is_degenerate<T>(norm) ? x : nullptr),
        inverse_(1.0 / norm),
        instead_(is_finite(norm) ? degenerate : float(not_a_number)) {}
  COUPLEFACE_HOST_DEVICE float operator()(index_t j) const {
    return x_ != nullptr ? static_cast<float>(load(x_[j]) * inverse_) : instead_;
  }
  COUPLEFACE_HOST_DEVICE bool has_direction() const { return x_ != nullptr; }
  COUPLEFACE_HOST_DEVICE double inverse() const { return inverse_; }
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
  index_t j = 0;
  if constexpr (fma_vectors && std::is_same_v<T, float>) {
    wide_doubles const inverse = broadcast(row.inverse());
    for (; j + wide_lanes <= width; j += wide_lanes) {
      store_wide(unit + j, load_wide(x + j) * inverse);
    }
  }
  for (; j < width; ++j) { unit[j] = row(j); }
}

/// A row as multiples of one float: x = unit * whole numbers, nearly. No whole number needs more
/// than 16 bits, and the norm of all is at most sqrt(2^31 - 1), so that sums of products of two
/// rows stay in 32 bits (Cauchy and Schwarz). A row with an infinity or NaN has the unit NaN.
class whole_row {
 public:
  static constexpr index_t chunk = 64;  ///< numbers that are best taken at a time

  whole_row(float const* x, index_t width) : x_(x), width_(width) {
    double square = 0;
    float largest = 0;
    measure(square, largest);
    if (!is_finite(square)) {
      scale_ = 0;
      unit_ = float(not_a_number);
    } else if (square < 1e-60) {
      scale_ = 0;
    } else {
      // Rounding to nearest moves each number by a half at most; one unit is left for float's own.
      double const norm = 46339.0 - 0.51 * std::sqrt(double(width));
      double const scale = std::min(norm / std::sqrt(square), 32766.0 / double(largest));
      scale_ = float(scale);
      unit_ = float(1 / scale);
    }
  }

  float unit() const { return unit_; }

  /// The whole numbers of elements [first, first + chunk), rounded to nearest by an addition: all
  /// of them lie in the last places of floats between 2^23 and 2^24. 0 behind the last element.
  void write_chunk(index_t first, std::int16_t* out) const {
    float last[chunk];
    float const* const x = chunk_of(first, last);
    for (index_t l = 0; l < chunk; ++l) {
      out[l] = static_cast<std::int16_t>(element_bits::bits_of(x[l] * scale_ + 12582912.0f));
    }
  }

 private:
  // Always of one size, so that a compiler takes vectors for what is done with it.
  float const* chunk_of(index_t first, float* last) const {
    index_t const count = scale_ == 0 ? 0 : width_ - first;
    if (count >= chunk) { return x_ + first; }
    std::fill(std::copy_n(x_ + first, count, last), last + chunk, 0.0f);
    return last;
  }

  void measure(double& square, float& largest) const {
    double squares[chunk] = {};
    float most[chunk] = {}, last[chunk];
    for (index_t first = 0; first < width_; first += chunk) {
      float const* const x = chunk_of(first, last);
      for (index_t l = 0; l < chunk; ++l) { squares[l] += double(x[l]) * double(x[l]); }
      for (index_t l = 0; l < chunk; ++l) {
        float const size = std::fabs(x[l]);
        most[l] = size > most[l] ? size : most[l];
      }
    }
    for (index_t half = chunk / 2; half > 0; half /= 2) {
      for (index_t l = 0; l < half; ++l) {
        squares[l] += squares[l + half];
        most[l] = std::max(most[l], most[l + half]);
      }
    }
    square = squares[0];
    largest = most[0];
  }

  float const* x_;
  index_t width_;
  float scale_ = 1, unit_ = 0;
};

/// The words of a row of floats, `stride` apart.
inline void pack_row(screen_element element, float const* x, index_t width, panel_word* words,
                     index_t stride) {
  if (element == screen_element::float32) {
    for (index_t j = 0; j < width; ++j) { words[j * stride] = element_bits::bits_of(x[j]); }
    return;
  }
  whole_row const row(x, width);
  for (index_t first = 0; first < width; first += whole_row::chunk) {
    std::int16_t numbers[whole_row::chunk];
    panel_word pairs[whole_row::chunk / 2];
    row.write_chunk(first, numbers);
    std::memcpy(pairs, numbers, sizeof pairs);
    index_t const count = std::min(whole_row::chunk, width - first);
    for (index_t w = 0; w < (count + 1) / 2; ++w) { words[(first / 2 + w) * stride] = pairs[w]; }
  }
  words[(width + 1) / 2 * stride] = element_bits::bits_of(row.unit());
}

/// || x - packed x ||; 0 for a row that is not finite, which no screen is asked about.
inline double packing_residual(screen_element element, float const* x, index_t width) {
  whole_row const row(x, width);
  if (element == screen_element::float32 || is_nan(row.unit())) { return 0; }
  double squares[whole_row::chunk] = {};
  for (index_t first = 0; first < width; first += whole_row::chunk) {
    index_t const count = std::min(whole_row::chunk, width - first);
    std::int16_t numbers[whole_row::chunk];
    row.write_chunk(first, numbers);
    for (index_t l = 0; l < count; ++l) {
      double const gap = double(x[first + l]) - double(row.unit()) * numbers[l];
      squares[l] += gap * gap;
    }
  }
  double square = 0;
  for (double const part : squares) { square += part; }
  return std::sqrt(square);
}

/// A float below x (x itself where that is -infinity or NaN), at most two units of its last place.
COUPLEFACE_HOST_DEVICE inline float next_below(double x) {
  float const nearest = static_cast<float>(x);
  std::uint32_t const bits = element_bits::bits_of(nearest);
  if (is_nan(nearest) || bits == 0xff800000u) { return nearest; }
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
/// With u = a + r: |u v - a b| <= E (2 M + E), E = residual + float's rounding of the units; a
/// hundredth more of the residual, because a compiler may fuse a multiplication and an addition
/// when it packs and not when it measures, which turns ties. d products and sums, in any order, add
/// (d + 4) `unit` of the sum of magnitudes (float_unit where sums are rounded to nearest floats, 0
/// where they are exact) and the result 8 roundings; a tenth more covers the higher orders up to d
/// = 10^6, 2^-120 an element what underflows, 2^-22 M^2 the roundings of the exact value itself, so
/// that scores which are equal once stored are never told apart here.
COUPLEFACE_HOST_DEVICE inline double screen_error(index_t width, double magnitude, double residual,
                                                  double unit) {
  double const moved = residual * 1.01 + 2.02 * float_unit * magnitude + double(width) * 0x1p-140;
  double const largest = magnitude + moved;
  return moved * (2 * magnitude + moved) +
         1.1 * ((double(width) + 4) * unit + 8 * float_unit) * largest * largest +
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

/// The panels of `to_rows` rows of the same packed rows first, ..., first + count - 1, of which
/// panels of `from_rows` rows are at `from`; the last one is filled up with zeros.
template <class Policy>
void repack_panels(Policy const& policy, panel_word const* from, int from_rows, index_t first,
                   index_t count, index_t words, int to_rows, panel_word* to) {
  if (words == 0) { return; }
  for_each_index(policy, rounded_up_quotient(count, to_rows), [=](index_t p) {
    panel_word* const panel = to + p * to_rows * words;
    panel_word const* rows[64];
    int const present = int(std::min<index_t>(to_rows, count - p * to_rows));
    for (int r = 0; r < present; ++r) {
      index_t const i = first + p * to_rows + r;
      rows[r] = from + i / from_rows * from_rows * words + i % from_rows;
    }
    for (index_t w = 0; w < words; ++w) {
      for (int r = 0; r < to_rows; ++r) {
        panel[w * to_rows + r] = r < present ? rows[r][w * from_rows] : 0;
      }
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
