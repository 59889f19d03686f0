// SPDX-License-Identifier: Apache-2.0
// The kernels of the screen: each against exact sums, and those of this processor against the
// portable ones.
#include <coupleface/detail/search/list_scans.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/detail/search/whole_row.hpp>

#include "../support/kernel_sets.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

using namespace coupleface::detail;
using coupleface::index_t;

float const inf = std::numeric_limits<float>::infinity();
float const not_a_float = std::numeric_limits<float>::quiet_NaN();

/// Elements of row r of a panel, as exact doubles.
std::vector<double> elements(screen_element element, std::vector<panel_word> const& panel,
                             index_t words, int rows, int r) {
  auto const word = [&](index_t w) { return panel[std::size_t(w * rows + r)]; };
  std::vector<double> result;
  for (index_t w = 0; element == screen_element::float32 && w < words; ++w) {
    result.push_back(word_float(word(w)));
  }
  for (index_t w = 0; element == screen_element::int16_pair && w + 1 < words; ++w) {
    result.push_back(double(word_float(word(words - 1))) * low_whole(word(w)));
    result.push_back(double(word_float(word(words - 1))) * high_whole(word(w)));
  }
  return result;
}

/// Mostly normal numbers, with zeros and numbers that underflow; or whole numbers, of which the
/// first row has the largest that a row may have, and the second the same negative.
std::vector<panel_word> random_panel(screen_element element, index_t words, int rows,
                                     unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  auto const draw = [&] {
    unsigned const kind = generator() % 16u;
    return kind == 0 ? 0.0f : (kind == 1 ? normal(generator) * 1e-39f : normal(generator));
  };
  std::vector<panel_word> result(std::size_t(words * rows));
  if (element == screen_element::float32) {
    for (auto& word : result) { word = coupleface::element_bits::bits_of(draw()); }
    return result;
  }
  double const most = std::min(32767.0, 46340 / std::sqrt(std::max(1.0, 2.0 * double(words - 1))));
  for (index_t w = 0; w < words; ++w) {
    for (int r = 0; r < rows; ++r) {
      auto const whole = [&] {
        double const x = r == 0 ? 1.0 : (r == 1 ? -1.0 : std::fmod(draw() / 3, 1.0));
        return panel_word(std::uint16_t(std::int16_t(x * most)));
      };
      result[std::size_t(w * rows + r)] =
          w + 1 == words ? coupleface::element_bits::bits_of(std::fabs(draw()) * 1e-4f)
                         : whole() | whole() << 16;
    }
  }
  return result;
}

void expect_products(screen_kernels kernels, index_t words) {
  auto const left = random_panel(kernels.element, words, left_rows, 1 + unsigned(words));
  auto const right = random_panel(kernels.element, words, right_rows, 2 + unsigned(words));
  std::vector<float> out(left_rows * right_rows, not_a_float);
  kernels.product(words, left.data(), right.data(), out.data());
  for (int r = 0; r < left_rows; ++r) {
    auto const a = elements(kernels.element, left, words, left_rows, r);
    for (int c = 0; c < right_rows; ++c) {
      auto const b = elements(kernels.element, right, words, right_rows, c);
      double sum = 0, magnitude = 0;
      for (std::size_t j = 0; j < a.size(); ++j) {
        sum += a[j] * b[j];
        magnitude += std::fabs(a[j] * b[j]);
      }
      double const width = double(a.size());
      double const allowed = kernels.element == screen_element::float32
                                 ? 1.1 * (width + 4) * 0x1p-24 * magnitude + width * 0x1p-120
                                 : 4 * 0x1p-24 * std::fabs(sum) + 0x1p-120;
      ASSERT_LE(std::fabs(out[std::size_t(r * right_rows + c)] - sum), allowed)
          << words << " words, row " << r << ", column " << c;
    }
  }
}

void expect_nan_stays_in_its_row(screen_kernels kernels) {
  index_t const words = 5;
  std::vector<panel_word> left(words * left_rows, 0), right(words * right_rows, 0);
  panel_word const nan = coupleface::element_bits::bits_of(not_a_float);
  left[std::size_t(4 * left_rows + 3)] = nan;
  right[std::size_t(4 * right_rows + 17)] = nan;
  std::vector<float> out(left_rows * right_rows);
  kernels.product(words, left.data(), right.data(), out.data());
  for (int r = 0; r < left_rows; ++r) {
    for (int c = 0; c < right_rows; ++c) {
      float const x = out[std::size_t(r * right_rows + c)];
      EXPECT_EQ(std::isnan(x), r == 3 || c == 17);
      EXPECT_TRUE(std::isnan(x) || x == 0);
    }
  }
}

void expect_kernels(screen_kernels kernels) {
  for (index_t const words : {1, 2, 3, 7, 15, 16, 17, 64, 101, 512}) {
    expect_products(kernels, words);
  }
  if (kernels.element == screen_element::float32) { expect_products(kernels, 0); }
  expect_nan_stays_in_its_row(kernels);
}

TEST(screen_kernel, products_of_every_set_are_within_the_bound) {
  coupleface_test::for_each_kernel_set([] {
    expect_kernels(native_screen(screen_element::float32));
    expect_kernels(native_screen(screen_element::int16_pair));
  });
}

#if COUPLEFACE_VECTORS
TEST(screen_kernel, each_set_has_kernels_of_its_own) {
  std::vector<product_kernel> products;
  coupleface_test::for_each_kernel_set([&] {
    products.push_back(native_screen(screen_element::float32).product);
    products.push_back(native_screen(screen_element::int16_pair).product);
    products.push_back(best_screen().product);
  });
  // avx512 has the integers of avx2, which it multiplies no faster than floats.
  std::vector<product_kernel> const expected = {
      portable_float_product, portable_int16_product, portable_float_product, avx2_float_product,
      avx2_int16_product,     avx2_int16_product,     avx512_float_product,   avx2_int16_product,
      avx512_float_product,   avx512_float_product,   avx512_int16_product,   avx512_int16_product,
      avx512_float_product,   avx512_int16_product,   avx512_int16_product};  // with bfloat16 too
  ASSERT_LE(products.size(), expected.size());
  EXPECT_TRUE(std::equal(products.begin(), products.end(), expected.begin()));
}
#endif

TEST(screen_kernel, words_of_odd_widths) {
  auto const floats = portable_screen(screen_element::float32);
  auto const pairs = portable_screen(screen_element::int16_pair);
  for (index_t const width : {0, 1, 2, 3, 511, 512}) {
    EXPECT_EQ(floats.words(width), width);
    EXPECT_EQ(pairs.words(width), width / 2 + width % 2 + 1);
  }
}

using places = std::vector<std::int32_t>;

std::pair<places, places> hits_of(hits_kernel kernel, std::vector<float> const& out,
                                  std::vector<float> const& rows,
                                  std::vector<float> const& columns) {
  product_hits hits;
  kernel(out.data(), rows.data(), columns.data(), hits);
  return {places(hits.by_row, hits.by_row + hits.rows),
          places(hits.by_column, hits.by_column + hits.columns)};
}

std::vector<float> drawn(std::size_t size, std::vector<float> const& from,
                         std::mt19937& generator) {
  std::vector<float> result(size);
  for (auto& x : result) { x = from[generator() % from.size()]; }
  return result;
}

void expect_hits(hits_kernel kernel) {
  std::mt19937 generator(3);
  std::vector<float> const corners = {
      -inf,        -1,          -0.0f, 0, 0.5, 0.5f, 1, inf, 1e-40f, std::nextafterf(0.5f, 1),
      not_a_float, -not_a_float};
  std::vector<float> const rare = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, not_a_float};
  for (int trial = 0; trial < 300; ++trial) {
    bool const none = trial % 3 == 2;
    auto const out = drawn(left_rows * right_rows, none ? rare : corners, generator);
    std::vector<float> const high = {inf, not_a_float, 1e-45f, 3};
    auto const rows = drawn(left_rows, none ? high : corners, generator);
    auto const columns = drawn(right_rows, none ? high : corners, generator);
    places by_row, by_column;
    for (int e = 0; e < left_rows * right_rows; ++e) {
      float const x = out[std::size_t(e)];
      if (x >= rows[std::size_t(e / right_rows)]) { by_row.push_back(e); }
      if (x >= columns[std::size_t(e % right_rows)]) { by_column.push_back(e); }
    }
    auto const found = hits_of(kernel, out, rows, columns);
    ASSERT_EQ(found.first, by_row);
    ASSERT_EQ(found.second, by_column);
    EXPECT_EQ(by_row.empty() && by_column.empty(), none) << "the draw was to cover both answers";
  }
  // None, all, and a single element in every place.
  std::vector<float> const ones_by_row(left_rows, 1), ones_by_column(right_rows, 1);
  std::vector<float> out(left_rows * right_rows, 0.0f);
  EXPECT_TRUE(hits_of(kernel, out, ones_by_row, ones_by_column).first.empty());
  places all(out.size());
  std::iota(all.begin(), all.end(), 0);
  auto const everything =
      hits_of(kernel, std::vector<float>(out.size(), 1.0f), ones_by_row, ones_by_column);
  EXPECT_EQ(everything.first, all);
  EXPECT_EQ(everything.second, all);
  std::vector<float> const no_rows(left_rows, inf), no_columns(right_rows, inf);
  for (int e = 0; e < left_rows * right_rows; ++e) {
    out.assign(out.size(), 0.0f);
    out[std::size_t(e)] = 1;
    ASSERT_EQ(hits_of(kernel, out, ones_by_row, no_columns),
              (std::pair<places, places>(places{e}, {})));
    ASSERT_EQ(hits_of(kernel, out, no_rows, ones_by_column),
              (std::pair<places, places>({}, places{e})));
  }
}

TEST(screen_kernel, hits_of_every_set) {
  coupleface_test::for_each_kernel_set(
      [] { expect_hits(native_screen(screen_element::float32).hits); });
}

/// Whole numbers of rows, their squares and gaps, of a chunk as packing processes it.
std::vector<double> packed_chunk_sums() {
  std::mt19937 generator(8);
  std::normal_distribution<float> normal;
  std::vector<float> x(packed_chunk);
  for (auto& element : x) { element = normal(generator); }
  std::vector<double> sums(packed_chunk, 0.5);
  std::vector<float> largest(packed_chunk, 0.25f);
  std::vector<std::int16_t> numbers(packed_chunk);
  measure_chunk(x.data(), sums.data(), largest.data());
  round_chunk(x.data(), 1000.0f, numbers.data());
  for (index_t l = 0; l < packed_chunk; ++l) {
    double const element = x[std::size_t(l)];
    EXPECT_EQ(sums[std::size_t(l)], 0.5 + element * element);
    EXPECT_EQ(double(largest[std::size_t(l)]), std::max(0.25, std::fabs(element)));
    EXPECT_EQ(numbers[std::size_t(l)], std::lrint(element * 1000));
  }
  std::vector<double> gaps(packed_chunk, 0.0);
  add_square_gaps(x.data(), numbers.data(), 1e-3, 50, gaps.data());
  for (index_t l = 0; l < packed_chunk; ++l) {
    double const gap = x[std::size_t(l)] - 1e-3 * numbers[std::size_t(l)];
    EXPECT_NEAR(gaps[std::size_t(l)], l < 50 ? gap * gap : 0, 1e-18);
  }
  return sums;
}

TEST(screen_kernel, packing_of_every_set) {
  coupleface_test::for_each_kernel_set([] { packed_chunk_sums(); });
}

TEST(screen_kernel, list_scans_of_every_set) {
  coupleface_test::for_each_kernel_set([] {
    std::vector<float> values(96, -inf);
    std::vector<std::int64_t> ids(37);
    std::vector<std::int32_t> narrow(37);
    for (std::size_t i = 0; i < 37; ++i) {
      values[i] = float(i * 7 % 37);
      ids[i] = narrow[i] = std::int32_t(100 - i);
    }
    EXPECT_EQ(count_above(values.data(), 96, 20), 16);
    EXPECT_EQ(count_above(values.data(), 64, -inf), 37);
    EXPECT_EQ(count_above(values.data(), 0, -1), 0);
    for (std::int32_t at = 0; at < 37; ++at) {
      EXPECT_EQ(find_id(ids.data(), 37, std::int64_t(100 - at)), at + 1);
      EXPECT_EQ(find_id(narrow.data(), 37, 100 - at), at + 1);
    }
    EXPECT_EQ(find_id(ids.data(), 37, std::int64_t(7)), 0);
    EXPECT_EQ(find_id(ids.data(), 3, std::int64_t(97)), 0);
  });
}

}  // namespace
