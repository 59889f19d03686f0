// SPDX-License-Identifier: Apache-2.0
// coupleface: packs unit rows into panels for the screen, and measures the packing error.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/detail/search/whole_row.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Packs a row of floats into words that are `stride` apart.
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

/// The same for all elements. `bound` and `fine` are for the coarse screen, whose left panels
/// differ from right ones.
inline void pack_row(screen_kernels const& kernels, float const* x, index_t width,
                     int8_bound const& bound, int panel_rows, panel_word* words, panel_word* fine) {
  if (kernels.element == screen_element::int8_quad) {
    pack_int8_row(x, width, bound, panel_rows == left_rows, words, panel_rows, fine);
  } else {
    pack_row(kernels.element, x, width, words, panel_rows);
  }
}

/// || x - packed x ||, of the coarse screen in its 16-bit integers; 0 for a row that is not finite,
/// which the screen does not cover.
inline double packing_residual(screen_element element, float const* x, index_t width) {
  whole_row const row(x, width);
  if (element == screen_element::float32 || is_nan(row.unit())) { return 0; }
  double squares[whole_row::chunk] = {};
  for (index_t first = 0; first < width; first += whole_row::chunk) {
    index_t const count = std::min(whole_row::chunk, width - first);
    std::int16_t numbers[whole_row::chunk];
    row.write_chunk(first, numbers);
    add_square_gaps(x + first, numbers, double(row.unit()), count, squares);
  }
  double square = 0;
  for (double const part : squares) { square += part; }
  return std::sqrt(square);
}

struct survey {
  double largest_residual = 0;
  bool odd_candidates = false;
};

/// Measures all rows before the search; `temporary` as in pack_panels.
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

/// Packs rows [first, first + count) into panels of `panel_rows`; the last one is padded with
/// zeros. `unit_row(i, out)` writes row i; `temporary` has room for `lanes` rows of `width` floats;
/// `fine` for the rows' own words, or it is null.
template <class Policy, class UnitRow>
void pack_panels(Policy const& policy, screen_kernels const& kernels, UnitRow unit_row,
                 index_t first, index_t count, index_t width, int panel_rows, index_t lanes,
                 float* temporary, panel_word* panels, int8_bound const& bound = {},
                 panel_word* fine = nullptr) {
  index_t const words = kernels.words(width), row_words = kernels.row_words(width);
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
          panel_word* const own = fine == nullptr ? nullptr : fine + i * row_words;
          pack_row(kernels, row, width, bound, panel_rows, panel + r, own);
        } else {
          for (index_t w = 0; w < words; ++w) { panel[w * panel_rows + r] = 0; }
        }
      }
    }
  });
}

/// Repacks rows first, ..., first + count - 1 from the panels `from` of `from_rows` rows into
/// panels of `to_rows` rows; the last one is padded with zeros.
template <class Policy>
void repack_panels(Policy const& policy, screen_kernels const& kernels, panel_word const* from,
                   int from_rows, index_t first, index_t count, index_t words, int to_rows,
                   panel_word* to) {
  if (words == 0) { return; }
  bool const bytes = kernels.element == screen_element::int8_quad && to_rows == left_rows;
  index_t const changed_words = bytes ? words - int8_trailer : 0;
  for_each_index(policy, rounded_up_quotient(count, to_rows), [=](index_t p) {
    panel_word* const panel = to + p * to_rows * words;
    panel_word const* rows[right_rows];  // the larger of both panel heights
    int const present = int(std::min<index_t>(to_rows, count - p * to_rows));
    for (int r = 0; r < present; ++r) {
      index_t const i = first + p * to_rows + r;
      rows[r] = from + i / from_rows * from_rows * words + i % from_rows;
    }
    for (index_t w = 0; w < words; ++w) {
      for (int r = 0; r < to_rows; ++r) {
        panel_word const change = w < changed_words ? added_to_bytes : 0;
        panel[w * to_rows + r] = r < present ? rows[r][w * from_rows] ^ change : 0;
      }
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
