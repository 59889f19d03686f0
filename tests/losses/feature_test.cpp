// SPDX-License-Identifier: Apache-2.0
// feature_loss: value, gradient, edge data, errors, repeatability, scratch.
#include <coupleface/losses/feature.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"
#include "../support/student_loss.hpp"

namespace {

using namespace coupleface_test;

struct feature {
  template <class Policy, class S, class T, class... Out>
  void operator()(Policy const& policy, S s, T t, Out... out) const {
    coupleface::feature_loss(policy, s, t, out...);
  }
};

TEST(feature_loss, hand_computed) {
  matrix<float> const s(2, 2, {3, 4, 1, 0}), t(2, 2, {0, 2, 5, 0});
  auto const found = result_of<float>(feature{}, s, t);
  EXPECT_EQ(found.value(), (9 + 4 + 16) / 2.0);
  EXPECT_EQ(found.gradient.at(0, 0), 3);
  EXPECT_EQ(found.gradient.at(0, 1), 2);
  EXPECT_EQ(found.gradient.at(1, 0), -4);
  EXPECT_EQ(found.gradient.at(1, 1), 0);
}

template <class Pair>
class feature_types : public testing::Test {};
using element_pairs =
    testing::Types<std::pair<float, float>, std::pair<double, double>,
                   std::pair<coupleface::float16, float>, std::pair<float, coupleface::bfloat16>>;
TYPED_TEST_SUITE(feature_types, element_pairs);

TYPED_TEST(feature_types, shapes_against_a_plain_loop) {
  using S = typename TypeParam::first_type;
  using G = coupleface::accumulator_t<S>;
  auto all = shapes();
  for (index_t const width : {255, 256, 257, 600}) { all.push_back({3, width}); }
  for (auto const& [n, d] : all) {
    auto const s = random_matrix<S>(n, d, 1, 3);
    auto const t = random_matrix<typename TypeParam::second_type>(n, d, 2, 1);
    auto const found = result_of<G>(feature{}, s, t);
    long double sum = 0;
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < d; ++j) {
        long double const gap = (long double)(s.at(i, j)) - t.at(i, j);
        sum += gap * gap;
        double const expected = double(2 * gap / n);
        EXPECT_NEAR(found.gradient.at(i, j), expected, tolerance<G>(2, std::fabs(expected)));
      }
    }
    double const expected = n == 0 ? 0.0 : double(sum / n);
    EXPECT_NEAR(found.value(), expected, tolerance<double>(double(d + n) + 4, expected))
        << n << " x " << d;
  }
}

TEST(feature_loss, gradient_agrees_with_central_differences) {
  auto const s = random_matrix<double>(7, 19, 3), t = random_matrix<double>(7, 19, 4);
  expect_central_differences(feature{}, s, t);
}

TEST(feature_loss, keeps_its_digits_near_agreement) {
  matrix<float> const s(1, 2, {1, 0}), t(1, 2, {1.0f + 0x1p-23f, 0});
  EXPECT_EQ(value_of(feature{}, s, t), 0x1p-46);
}

TEST(feature_loss, equal_rows_zero_rows_and_no_rows) {
  auto const x = random_matrix<float>(4, 33, 7);
  matrix<float> const zero(4, 33, std::vector<double>(4 * 33, 0.0)), none(0, 5);
  auto const same = result_of<float>(feature{}, x, x);
  EXPECT_EQ(same.value(), 0);
  expect_zero(same.gradient);
  EXPECT_GT(value_of(feature{}, zero, x), 0);
  EXPECT_EQ(result_of<float>(feature{}, none, none).value(), 0);
}

TEST(feature_loss, broken_input_breaks_the_loss) {
  expect_broken_input_breaks(feature{}, random_matrix<float>(3, 20, 9),
                             random_matrix<float>(3, 20, 10));
}

TEST(feature_loss, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(3, 4, 11), t = random_matrix<float>(3, 5, 12);
  matrix<float> loss(1, 1), gradient(3, 4), short_gradient(2, 4);
  try {
    coupleface::feature_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::feature_loss: teacher is 3 x 5, but student is 3 x 4");
  }
  auto const with = [&](auto... out) {
    coupleface::feature_loss(policy(), s.view(), s.view(), out...);
  };
  EXPECT_THROW(with(loss.scalar(), short_gradient.view()), std::invalid_argument);
  EXPECT_THROW(with(coupleface::scalar_view<float>(nullptr)), std::invalid_argument);
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && short_gradient.untouched());
}

TEST(feature_loss, same_bits_every_time) {
  auto const s = random_matrix<float>(301, 267, 13), t = random_matrix<float>(301, 267, 14);
  expect_same_bits(feature{}, s, t);
  auto const first = result_of<float>(feature{}, s, t);
  for_each_kernel_set([&] {
    auto const found = result_of<float>(feature{}, s, t);
    EXPECT_TRUE(found.loss.same_bits(first.loss) && found.gradient.same_bits(first.gradient));
  });
}

TEST(feature_loss, scratch_is_eight_bytes_a_row) {
  auto const s = random_matrix<float>(100, 16, 17);
  expect_scratch(feature{}, s, s, 800);
}

}  // namespace
