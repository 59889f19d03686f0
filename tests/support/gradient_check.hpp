// SPDX-License-Identifier: Apache-2.0
// Test support: compares analytic gradients with central differences, in double.
#pragma once

#include "matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace coupleface_test {

/// `loss(x)` must return the value at x. Error of a central difference with step h: h^2 times the
/// third derivative, plus the rounding error of the loss over h. With h = 1e-5 and losses of order
/// 1 that is about 1e-10; the tolerance is ten times that, relative to the gradient's size.
template <class Loss>
void expect_gradient(matrix<double> x, matrix<double> const& gradient, Loss loss,
                     double allowed = 1e-8) {
  double const step = 1e-5;
  double difference = 0, size = 0;
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) {
      double const at = x.at(i, j);
      x.set(i, j, at + step);
      double const above = loss(x);
      x.set(i, j, at - step);
      double const below = loss(x);
      x.set(i, j, at);
      double const numeric = (above - below) / (2 * step);
      difference += (numeric - gradient.at(i, j)) * (numeric - gradient.at(i, j));
      size += numeric * numeric + gradient.at(i, j) * gradient.at(i, j);
    }
  }
  EXPECT_LE(std::sqrt(difference), allowed * std::max(1.0, std::sqrt(size)));
  EXPECT_GT(size, 0.0) << "the gradient is zero everywhere: the check shows nothing";
}

}  // namespace coupleface_test
