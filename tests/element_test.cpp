// SPDX-License-Identifier: Apache-2.0
// float16 and bfloat16: every value converts back to itself, and rounding is to nearest, once.
#include <coupleface/detail/element.hpp>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include <cmath>

namespace {

using coupleface::bfloat16;
using coupleface::float16;

template <class T>
T from_bits(unsigned bits) {
  T x;
  x.bits = static_cast<std::uint16_t>(bits);
  return x;
}

template <class T>
class storage_types : public testing::Test {};
using both = testing::Types<float16, bfloat16>;
TYPED_TEST_SUITE(storage_types, both);

TYPED_TEST(storage_types, every_value_survives) {
  for (unsigned bits = 0; bits < 0x10000u; ++bits) {
    float const x = from_bits<TypeParam>(bits);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(float(TypeParam(double(x)))));
    } else {
      EXPECT_EQ(TypeParam(double(x)).bits, bits);
    }
  }
}

TYPED_TEST(storage_types, rounds_to_nearest_even_once) {
  for (unsigned bits = 0; bits + 1 < 0x8000u; ++bits) {
    double const low = double(float(from_bits<TypeParam>(bits)));
    double const high = double(float(from_bits<TypeParam>(bits + 1)));
    if (!std::isfinite(low) || !std::isfinite(high)) { continue; }
    double const middle = (low + high) / 2;
    unsigned const even = bits % 2 == 0 ? bits : bits + 1;
    EXPECT_EQ(TypeParam(middle).bits, even);
    // A float could not tell these from the middle: rounding twice would go wrong here.
    double const hair = (high - low) * 0x1p-40;
    EXPECT_EQ(TypeParam(middle - hair).bits, bits);
    EXPECT_EQ(TypeParam(middle + hair).bits, bits + 1);
    EXPECT_EQ(TypeParam(-(middle + hair)).bits, 0x8000u | (bits + 1));
  }
}

TEST(float16, agrees_with_eigen_on_every_value) {
  for (unsigned bits = 0; bits < 0x10000u; ++bits) {
    float const x = from_bits<float16>(bits);
    float const theirs = Eigen::half_impl::half_to_float(
        Eigen::half_impl::raw_uint16_to_half(static_cast<std::uint16_t>(bits)));
    if (!std::isnan(x) || !std::isnan(theirs)) { EXPECT_EQ(x, theirs) << bits; }
  }
}

TEST(float16, limits) {
  EXPECT_EQ(float16(65504.0).bits, 0x7bffu);
  EXPECT_EQ(float16(65519.99).bits, 0x7bffu);
  EXPECT_EQ(float16(65520.0).bits, 0x7c00u);
  EXPECT_EQ(float16(1e300).bits, 0x7c00u);
  EXPECT_EQ(float16(-1e300).bits, 0xfc00u);
  EXPECT_EQ(float16(1e-300).bits, 0u);
  EXPECT_EQ(float16(0x1p-25).bits, 0u);
  EXPECT_EQ(float16(0x1.000002p-25).bits, 1u);
  EXPECT_EQ(bfloat16(1e39).bits, 0x7f80u);
}

TEST(store, rounds_foreign_types_once) {
  double const x = 1 + 0x1p-11 + 0x1p-30;  // a float would lose the last bit and then tie to 1
  EXPECT_EQ(float(coupleface::detail::store<Eigen::half>(x)), float(float16(x)));
  EXPECT_GT(float(float16(x)), 1.0f);
}

TEST(is_element, accepts_what_can_be_read) {
  EXPECT_TRUE(coupleface::is_element<float>::value && coupleface::is_element<double>::value);
  EXPECT_TRUE(coupleface::is_element<float16>::value && coupleface::is_element<bfloat16>::value);
  EXPECT_TRUE(coupleface::is_element<Eigen::half>::value);
  EXPECT_FALSE(coupleface::is_element<int>::value || coupleface::is_element<short>::value);
}

}  // namespace
