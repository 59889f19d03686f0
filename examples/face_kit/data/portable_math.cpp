// SPDX-License-Identifier: Apache-2.0
// Compiled without fused products, which would round differently on processors that have them.
#include "face_kit/data/portable_math.hpp"

#include <cmath>

namespace face_kit::detail {

namespace {

/// ln m = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = (m - 1) / (m + 1).
double log2_of(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // in [1/2, 1)
  if (mantissa < 0.70710678) {
    mantissa *= 2;
    --exponent;
  }
  double const s = (mantissa - 1) / (mantissa + 1), square = s * s;  // |s| < 0.172
  double sum = 0;
  for (int k = 15; k > 0; k -= 2) sum = (sum + 1.0 / k) * (k > 1 ? square : s);
  return exponent + sum * 2.8853900817779268;  // 2 / ln 2
}

double exp2_of(double x) {
  double const whole = std::floor(x + 0.5), r = (x - whole) * 0.69314718055994531;
  double sum = 1;
  for (int k = 12; k > 0; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(whole));
}

}  // namespace

double power(double x, double y) { return x <= 0 ? 0 : exp2_of(y * log2_of(x)); }

double sine(double x) {
  constexpr double pi = 3.1415926535897932;
  double const turns = std::floor(x / pi + 0.5), r = x - turns * pi, square = r * r;
  double sum = 1;
  for (int k = 18; k > 0; k -= 2) sum = 1 - sum * square / (k * (k + 1));
  bool const odd = turns - 2 * std::floor(turns / 2) != 0;
  return odd ? -r * sum : r * sum;
}

double cosine(double x) { return sine(x + 1.5707963267948966); }

}  // namespace face_kit::detail
