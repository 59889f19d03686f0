// SPDX-License-Identifier: Apache-2.0
// Several inner products at once have the bits of single ones.
#include <coupleface/detail/simd/dots.hpp>

#include "support/matrix.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace coupleface_test;
using coupleface::detail::dot;
using coupleface::detail::dots;
using coupleface::detail::pair_dots;

template <std::size_t N, class S, class O>
void expect_bits_of_dot(matrix<S> const& shared, matrix<O> const& others, index_t width) {
  O const* rows[N];
  for (std::size_t k = 0; k < N; ++k) { rows[k] = others.view().row(k) + k; }
  double found[N];
  dots<N>(shared.view().row(0), rows, width, found);
  for (std::size_t k = 0; k < N; ++k) {
    double const expected = dot(shared.view().row(0), rows[k], width);
    EXPECT_EQ(std::memcmp(&found[k], &expected, sizeof expected), 0)
        << "width " << width << ", product " << k << " of " << N << ": " << found[k] << ", not "
        << expected;
  }
}

template <class A, class B>
void expect_pair_has_bits_of_dot(A const* a, B const* b, index_t width) {
  double found[3];
  pair_dots(a, b, width, found, a);
  double const expected[3] = {dot(a, a, width), dot(a, b, width), dot(b, b, width)};
  EXPECT_EQ(std::memcmp(found, expected, sizeof expected), 0)
      << "width " << width << ": " << found[0] << ", " << found[1] << ", " << found[2];
}

template <class S, class O>
void expect_every_width() {
  auto const shared = random_matrix<S>(1, 80, 1);
  auto others = random_matrix<O>(4, 80, 2);
  for (index_t j = 0; j < 80; ++j) {  // sums that cancel, and large and small next to each other
    others.set(1, j, j % 2 == 0 ? shared.at(0, j) : -shared.at(0, j));
    others.set(2, j, others.at(2, j) * (j % 3 == 0 ? 1e4 : 1e-4));
  }
  for (index_t width = 0; width <= 70; ++width) {
    expect_bits_of_dot<1>(shared, others, width);
    expect_bits_of_dot<2>(shared, others, width);
    expect_bits_of_dot<3>(shared, others, width);
    expect_bits_of_dot<4>(shared, others, width);
    for (int first = 0; first < 4; ++first) {  // rows that begin anywhere
      expect_pair_has_bits_of_dot(shared.view().row(0) + first,
                                  others.view().row(first) + first % 3, width);
    }
  }
}

TEST(dots, have_the_bits_of_dot_for_every_storage) {
  expect_every_width<float, float>();
  expect_every_width<double, double>();
  expect_every_width<coupleface::float16, coupleface::float16>();
  expect_every_width<coupleface::bfloat16, coupleface::bfloat16>();
  expect_every_width<float, double>();
  expect_every_width<double, float>();
  expect_every_width<coupleface::float16, float>();
}

#if COUPLEFACE_FMA_VECTORS
TEST(dots, rows_widened_beforehand_change_no_bit) {
  using coupleface::detail::widened_rows;
  auto const x = random_matrix<float>(2 + widened_rows, 80, 3);
  for (index_t width = 0; width <= 70; ++width) {
    auto const row = [&](index_t i) { return (float const*)(x.view().row(i)); };
    std::vector<double> const a(row(0), row(0) + width), b(row(1), row(1) + width);
    float const* rows[widened_rows];
    for (int r = 0; r < widened_rows; ++r) { rows[r] = row(2 + r); }
    double found[widened_rows][3];
    coupleface::detail::widened_dots(rows, a.data(), b.data(), width, found, rows);
    for (int r = 0; r < widened_rows; ++r) {
      double const expected[3] = {dot(rows[r], row(0), width), dot(rows[r], row(1), width),
                                  dot(rows[r], rows[r], width)};
      EXPECT_EQ(std::memcmp(found[r], expected, sizeof expected), 0)
          << "width " << width << ", row " << r;
    }
  }
}
#endif

TEST(dots, extreme_floats) {
  matrix<float> shared(1, 40), others(4, 40);
  for (index_t j = 0; j < 40; ++j) {
    shared.set(0, j, j % 2 == 0 ? 3e38 : 1e-45);
    for (index_t k = 0; k < 4; ++k) { others.set(k, j, (j + k) % 3 == 0 ? 3e38 : -1e-45); }
  }
  for (index_t const width : {0, 1, 15, 16, 17, 33, 35}) {
    expect_bits_of_dot<4>(shared, others, width);
  }
}

}  // namespace
