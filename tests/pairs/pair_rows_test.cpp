// SPDX-License-Identifier: Apache-2.0
// Packed rows: where elements lie, what they are, padding, squares, products.
#include <coupleface/detail/pairs/pair_rows.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/reference_pairs.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using namespace coupleface::detail;

using host = std::decay_t<decltype(thrust::seq)>;

bool every_row_counts(index_t) { return true; }

template <class Acc, prepared How, class E>
double expected_element(matrix<E> const& x, index_t i, index_t j, std::vector<double> const& mean) {
  if constexpr (How == prepared::unit) {
    double const inverse = inverse_norm<E>(row_norm(x.view().row(i), x.columns()));
    return double(Acc(x.at(i, j) * inverse));
  }
  if constexpr (How == prepared::centred) { return double(Acc(x.at(i, j) - mean[std::size_t(j)])); }
  return double(Acc(x.at(i, j)));
}

/// Packs rows `first` ... of n rows, and looks at every place of the packed rows.
template <class Acc, prepared How, class E>
void expect_packed(index_t n, index_t width, index_t block, index_t first) {
  SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(width) + " from " +
               std::to_string(first) + " in blocks of " + std::to_string(block));
  constexpr index_t panel = panel_width<Acc>;
  auto x = random_matrix<E>(n, width, 1, 3);
  std::vector<double> mean;
  for (index_t j = 0; j < width; ++j) { mean.push_back(0.25 * double(j)); }
  index_t const rows = n - first, padded = rounded_up(rows, panel);
  index_t const padded_width = rounded_up(width, panel);
  packed_rows_of<Acc, How, host> const packed(thrust::seq, rows, block, width, true);
  auto const side = packed.side();
  // What was there before is not 0.
  std::fill(side.rows, side.rows + rounded_up(rows, block) * padded_width, Acc(7));
  packed.pack(thrust::seq, coupleface::matrix_view<E const>(x.view()), first, mean.data(),
              every_row_counts);
  for (index_t i = 0; i < padded; ++i) {
    double squares = 0;
    for (index_t j = 0; j < padded_width; ++j) {
      bool const is_padding = i >= rows || j >= width;
      double const expected = is_padding ? 0 : expected_element<Acc, How>(x, first + i, j, mean);
      // Block by block; in a block panel by panel, in a panel row by row.
      index_t const at = (i / block * block) * padded_width +
                         ((j / panel) * block + i % block) * panel + j % panel;
      EXPECT_EQ(double(side.rows[at]), expected) << i << ", " << j;
      EXPECT_EQ(side.row_panel(i, j / panel) + j % panel, side.rows + at);
      if (j < width) {
        EXPECT_EQ(double(side.columns[(i / panel * width + j) * panel + i % panel]), expected)
            << i << ", " << j << " of the columns";
      }
      squares += expected * expected;
    }
    if (How == prepared::centred) {
      EXPECT_NEAR(side.squares[i], squares, tolerance<double>(double(width), squares)) << i;
    }
  }
}

template <class Acc, class E>
void expect_packed_rows() {
  for (index_t const width : {1, 15, 16, 17, 32, 33, 70}) {
    expect_packed<Acc, prepared::raw, E>(5, width, 32, 0);
    expect_packed<Acc, prepared::unit, E>(33, width, 32, 0);
    expect_packed<Acc, prepared::centred, E>(70, width, 64, 0);
    expect_packed<Acc, prepared::unit, E>(70, width, 64, 37);
  }
}

TEST(pair_rows, every_element_is_in_its_place) {
  expect_packed_rows<float, float>();
  expect_packed_rows<double, double>();
  expect_packed_rows<float, coupleface::float16>();
  expect_packed_rows<double, float>();
}

TEST(pair_rows, rows_without_a_direction_are_zeros_and_broken_ones_are_nan) {
  matrix<float> const x(3, 2, {0, 1e-42, 3, 4, 1, std::numeric_limits<double>::infinity()});
  packed_rows_of<float, prepared::unit, host> const packed(thrust::seq, 3, 32, 2, false);
  packed.pack(thrust::seq, x.view(), 0, nullptr, every_row_counts);
  auto const side = packed.side();
  EXPECT_EQ(side.columns, nullptr);
  EXPECT_EQ(side.row_panel(0, 0)[0], 0);
  EXPECT_EQ(side.row_panel(0, 0)[1], 0);
  EXPECT_EQ(side.row_panel(1, 0)[0], 0.6f);
  EXPECT_EQ(side.row_panel(1, 0)[1], 0.8f);
  EXPECT_TRUE(std::isnan(side.row_panel(2, 0)[0]) && std::isnan(side.row_panel(2, 0)[1]));
}

TEST(pair_rows, means) {
  for (index_t const width : {1, 63, 64, 65, 200}) {
    auto const x = random_matrix<float>(11, width, 2, 1);
    mean_of_rows<prepared::centred, host> const mean(thrust::seq, x.view());
    for (index_t j = 0; j < width; ++j) {
      double sum = 0;
      for (index_t i = 0; i < 11; ++i) { sum += x.at(i, j); }
      EXPECT_NEAR(mean.data()[j], sum / 11, tolerance<double>(22, 4)) << j;
    }
  }
}

TEST(pair_rows, a_broken_row_changes_no_mean) {
  double const nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  matrix<float> const x(4, 2, {1, 2, nan, infinity, 5, -infinity, 2, 6});
  mean_of_rows<prepared::centred, host> const mean(thrust::seq, x.view());
  EXPECT_EQ(mean.data()[0], 2);
  EXPECT_EQ(mean.data()[1], 2);
}

TEST(pair_rows, rows_in_no_pair_are_zeros_whatever_they_hold) {
  double const nan = std::nan("");
  matrix<float> const x(3, 2, {3, 4, nan, 1, 0, 5});
  std::vector<double> const mean(2, 0.5);
  packed_rows_of<float, prepared::unit, host> const unit(thrust::seq, 3, 32, 2, true);
  packed_rows_of<float, prepared::centred, host> const centred(thrust::seq, 3, 32, 2, true);
  auto const but_the_second = [](index_t i) { return i != 1; };
  unit.pack(thrust::seq, x.view(), 0, nullptr, but_the_second);
  centred.pack(thrust::seq, x.view(), 0, mean.data(), but_the_second);
  for (auto const& side : {unit.side(), centred.side()}) {
    for (index_t j = 0; j < 2; ++j) {
      EXPECT_EQ(side.row_panel(1, 0)[j], 0);
      EXPECT_EQ(side.columns[j * panel_width<float> + 1], 0);
      EXPECT_NE(side.row_panel(0, 0)[j], 0);
    }
  }
  EXPECT_EQ(centred.side().squares[1], 0);
}

/// Products of a panel with rows beside it, of depths around one and two parts of a panel.
template <class Acc>
void expect_products() {
  constexpr index_t panel = panel_width<Acc>;
  for (index_t const width : {0, 1, 63, 64, 65, 127, 128, 129, 256, 300}) {
    auto const x = random_matrix<Acc>(3 * panel, width, 3);
    packed_rows_of<Acc, prepared::raw, host> const packed(thrust::seq, 3 * panel, 2 * panel, width,
                                                          true);
    packed.pack(thrust::seq, x.view(), 0, nullptr, every_row_counts);
    index_t const column = panel + 8, count = 8, row = 2 * panel;
    std::vector<Acc> z(std::size_t(count * panel), Acc(7));
    panel_products(packed.side(), column, count, packed.side(), row, z.data());
    for (index_t j = 0; j < count; ++j) {
      for (index_t l = 0; l < panel; ++l) {
        long double sum = 0, magnitude = 0;
        for (index_t k = 0; k < width; ++k) {
          long double const term = (long double)(x.at(row + l, k)) * x.at(column + j, k);
          sum += term;
          magnitude += std::fabs(term);
        }
        EXPECT_NEAR(double(z[std::size_t(j * panel + l)]), double(sum),
                    tolerance<Acc>(double(width) + 2, double(magnitude)))
            << width << ": " << l << ", " << j;
      }
    }
  }
}

TEST(pair_rows, products_of_any_depth) {
  for_each_kernel_set([] {
    expect_products<float>();
    expect_products<double>();
  });
}

}  // namespace
