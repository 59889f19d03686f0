// SPDX-License-Identifier: Apache-2.0
// Replacements for C library functions whose last bits vary with library, processor and compiler.
// They use only additions, multiplications and divisions in double, so the bits are the same on
// every machine with IEEE 754 arithmetic. For pictures; the relative error is below 1e-10.
#pragma once

namespace face_kit::detail {

/// x^y for 0 <= x < 2^1000 and finite y > 0 with a result below 2^1000; 0 for x = 0.
double power(double x, double y);
/// For |x| < 1e6.
double sine(double x);
double cosine(double x);

}  // namespace face_kit::detail
