// SPDX-License-Identifier: Apache-2.0
// FCD's pass over two rows on the host: whichever form runs, the bits are the same.
#include <coupleface/losses/fcd.hpp>
#include <coupleface/normalize.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/gradient_check.hpp"
#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

/// Value and gradient of the kernels in use against the portable ones; the rows
/// and the gradient begin anywhere, and nothing beside the gradient may be written.
void expect_bits_of_the_portable_form(matrix<float> const& s, matrix<float> const& t, index_t width,
                                      index_t first, bool past_caches) {
  namespace detail = coupleface::detail;
  float const *const a = s.view().row(0) + first, *const b = t.view().row(0) + 2 * first;
  detail::fcd_factors const f{1 / detail::row_norm(a, width), 1 / detail::row_norm(b, width), -0.3,
                              0.7};
  alignas(64) float found[96], expected[96];
  std::fill(found, found + 96, -7.0f);
  std::fill(expected, expected + 96, -7.0f);
  double const value = detail::fcd_pass(a, b, width, f, found + first, past_caches, b);
  double const same = detail::portable::fcd_pass(a, b, width, f, expected + first, false, b);
  detail::store_fence();
  EXPECT_EQ(std::memcmp(&value, &same, sizeof value), 0) << value << ", not " << same;
  EXPECT_EQ(std::memcmp(found, expected, sizeof found), 0) << width << ", from " << first;
  EXPECT_EQ(detail::fcd_pass(a, b, width, f, detail::no_gradient{}, false, b), same);
}

TEST(fcd_pass, every_set_of_kernels_has_the_same_bits) {
  auto const s = random_matrix<float>(1, 96, 18);
  auto const t = random_matrix<float>(1, 96, 19);
  for (index_t width = 1; width <= 70; ++width) {
    for (index_t const first : {0, 1, 3, 4, 8}) {
      for_each_kernel_set([&] {
        expect_bits_of_the_portable_form(s, t, width, first, false);
        expect_bits_of_the_portable_form(s, t, width, first, true);
      });
    }
  }
}

TEST(fcd_pass, a_gradient_too_large_for_caches_has_the_bits_of_its_rows) {
  namespace detail = coupleface::detail;
  // Of eight rows in a row, one begins at a multiple of 32 bytes and one at 16 beyond that.
  index_t const width = 1001, n = detail::past_caches_bytes / (4 * width) + 3;
  auto const s = random_matrix<float>(n, width, 20);
  auto const t = random_matrix<float>(n, width, 21);
  matrix<double> loss(1, 1), value_only(1, 1);
  matrix<float> gradient(n, width);
  fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  fcd_loss(policy(), s.view(), t.view(), value_only.scalar());
  std::vector<float> row(width);
  for (index_t i = 0; i < n; ++i) {
    detail::fcd_row(s.view().row(i), t.view().row(i), width, -2.0 / double(n), row.data(), false,
                    s.view().row(i), t.view().row(i));
    ASSERT_EQ(std::memcmp(row.data(), gradient.view().row(i), sizeof(float) * width), 0) << i;
  }
  EXPECT_EQ(loss.at(0, 0), value_only.at(0, 0));
}

TEST(fcd_pass, zeros_have_the_same_sign_with_every_kernel) {
  // The teacher's factor is -0.
  auto const s = random_matrix<float>(1, 77, 9);
  matrix<float> const t(1, 77, std::vector<double>(77, 0.0));
  std::vector<matrix<float>> gradients;
  for_each_kernel_set([&] {
    matrix<double> loss(1, 1);
    gradients.emplace_back(1, 77);
    coupleface::fcd_loss(thrust::seq, s.view(), t.view(), loss.scalar(), gradients.back().view());
  });
  expect_zero(gradients[0]);
  for (auto const& gradient : gradients) { EXPECT_TRUE(gradient.same_bits(gradients[0])); }
}

}  // namespace
