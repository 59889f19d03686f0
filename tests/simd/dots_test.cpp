// SPDX-License-Identifier: Apache-2.0
// Every set of kernels gives the bits of portable single products.
#include <coupleface/detail/losses/rad_rows.hpp>
#include <coupleface/detail/row.hpp>

#include "support/kernel_sets.hpp"
#include "support/matrix.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace coupleface_test;
using coupleface::detail::dots;
using coupleface::detail::pair_dots;

template <class A, class B>
double dot(A const* a, B const* b, index_t width) {
  return coupleface::detail::portable::dot(a, b, width);
}

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
  double const one = coupleface::detail::dot(a, b, width);
  EXPECT_EQ(std::memcmp(&one, expected + 1, sizeof one), 0) << "width " << width;
  namespace detail = coupleface::detail;
  double const scaled = detail::scaled_dot(a, 0.3, b, 1.7, width);
  double const portable = detail::portable::scaled_dot(a, 0.3, b, 1.7, width);
  EXPECT_EQ(std::memcmp(&scaled, &portable, sizeof scaled), 0) << "width " << width;
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
  for_each_kernel_set([] {
    expect_every_width<float, float>();
    expect_every_width<double, double>();
    expect_every_width<coupleface::float16, coupleface::float16>();
    expect_every_width<coupleface::bfloat16, coupleface::bfloat16>();
    expect_every_width<float, double>();
    expect_every_width<double, float>();
    expect_every_width<coupleface::float16, float>();
  });
}

TEST(dots, rows_widened_beforehand_change_no_bit) {
  using coupleface::detail::widened_rows;
  auto const x = random_matrix<float>(2 + widened_rows, 80, 3);
  for (index_t width = 0; width <= 70; ++width) {
    auto const row = [&](index_t i) { return (float const*)(x.view().row(i)); };
    std::vector<double> const a(row(0), row(0) + width), b(row(1), row(1) + width);
    float const* rows[widened_rows];
    for (int r = 0; r < widened_rows; ++r) { rows[r] = row(2 + r); }
    double found[widened_rows][3];
    for_each_kernel_set([&] {
      coupleface::detail::widened_dots(rows, a.data(), b.data(), width, found, rows);
      for (int r = 0; r < widened_rows; ++r) {
        double const expected[3] = {dot(rows[r], row(0), width), dot(rows[r], row(1), width),
                                    dot(rows[r], rows[r], width)};
        EXPECT_EQ(std::memcmp(found[r], expected, sizeof expected), 0)
            << "width " << width << ", row " << r;
      }
    });
  }
}

template <class T>
void expect_bits_of_the_portable_sum(index_t width) {
  auto const x = random_matrix<T>(4, 80, 4);
  T const* const rows[] = {x.view().row(0), x.view().row(1), x.view().row(2), x.view().row(3) + 2};
  double const scales[] = {0.3, -1.7, 3e-5, 12};
  std::vector<double> found(80, 0.25), expected(80, 0.25);
  coupleface::detail::add_scaled_rows<4>(rows, scales, width, found.data());
  coupleface::detail::portable::add_scaled_rows<4>(rows, scales, width, expected.data());
  EXPECT_EQ(std::memcmp(found.data(), expected.data(), 80 * sizeof(double)), 0) << width;
}

TEST(dots, sums_of_scaled_rows_have_the_portable_bits) {
  for_each_kernel_set([] {
    for (index_t width = 0; width <= 70; ++width) {
      expect_bits_of_the_portable_sum<float>(width);
      expect_bits_of_the_portable_sum<double>(width);
      expect_bits_of_the_portable_sum<coupleface::float16>(width);
    }
  });
}

template <class R, class T, class F, class... In>
void expect_portable_map(F f, index_t width, In const*... in) {
  std::vector<R> found(80, R(0.25f)), expected(80, R(0.25f));
  coupleface::detail::transform(found.data(), width, f, in...);
  coupleface::detail::portable::transform(expected.data(), width, f, in...);
  EXPECT_EQ(std::memcmp(found.data(), expected.data(), 80 * sizeof(R)), 0) << width;
}

template <class R, class T>
void expect_portable_maps() {
  auto const x = random_matrix<T>(2, 80, 5);
  for (index_t width = 0; width <= 70; ++width) {
    expect_portable_map<R, T>(coupleface::detail::scaled_by{0.37}, width, x.view().row(0) + 1);
    for (double const inverse : {0.37, 0.0}) {
      coupleface::detail::across_direction const across{1.3, -0.7, inverse};
      expect_portable_map<R, T>(across, width, x.view().row(0), x.view().row(1) + 1);
    }
  }
}

TEST(dots, maps_of_rows_have_the_portable_bits) {
  for_each_kernel_set([] {
    expect_portable_maps<float, float>();
    expect_portable_maps<double, float>();
    expect_portable_maps<double, double>();
    expect_portable_maps<float, coupleface::bfloat16>();
    expect_portable_maps<coupleface::float16, float>();
  });
}

TEST(dots, extreme_floats) {
  matrix<float> shared(1, 40), others(4, 40);
  for (index_t j = 0; j < 40; ++j) {
    shared.set(0, j, j % 2 == 0 ? 3e38 : 1e-45);
    for (index_t k = 0; k < 4; ++k) { others.set(k, j, (j + k) % 3 == 0 ? 3e38 : -1e-45); }
  }
  for_each_kernel_set([&] {
    for (index_t const width : {0, 1, 15, 16, 17, 33, 35}) {
      expect_bits_of_dot<4>(shared, others, width);
    }
  });
}

}  // namespace
