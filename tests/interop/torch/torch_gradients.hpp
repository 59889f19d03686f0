// SPDX-License-Identifier: Apache-2.0
// Test support: the gradients of libtorch's graph against central differences, and against the same
// expression written with libtorch.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace coupleface_test {

using tensors = std::vector<at::Tensor>;
using scalar_function = std::function<at::Tensor(tensors const&)>;

inline at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kDouble) {
  return at::randn(shape, at::kDouble).to(type);
}

inline tensors gradients_of(at::Tensor const& loss, tensors const& inputs) {
  return torch::autograd::grad({loss}, inputs);
}

inline tensors leaves_of(tensors const& values) {
  tensors leaves;
  for (auto const& x : values) { leaves.push_back(x.detach().clone().requires_grad_(true)); }
  return leaves;
}

/// libtorch's gradcheck is written in Python; this is the same for C++: every element of every
/// input, by central differences in double. Their error is step^2 times a third derivative, and the
/// loss's rounding over the step: some 1e-10 for losses of order 1, taken a hundred times.
inline void expect_gradients(tensors const& values, scalar_function const& f, double size = 1) {
  double const step = 1e-5, allowed = 1e-8 * size;
  tensors const inputs = leaves_of(values);
  // A factor, so that the gradient of what comes after the loss is not 1.
  tensors const analytic = gradients_of(f(inputs) * 3, inputs);
  at::NoGradGuard const guard;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(analytic[i].scalar_type(), at::kDouble);
    ASSERT_EQ(analytic[i].sizes(), inputs[i].sizes());
    ASSERT_GT(analytic[i].abs().max().item<double>(), 0.0);
    tensors moved = inputs;
    moved[i] = inputs[i].detach().clone(at::MemoryFormat::Contiguous);
    auto const flat = moved[i].view({-1});
    auto const expected = analytic[i].reshape({-1});
    for (std::int64_t j = 0; j < flat.size(0); ++j) {
      double const at = flat[j].item<double>();
      flat[j].fill_(at + step);
      double const above = f(moved).item<double>();
      flat[j].fill_(at - step);
      double const below = f(moved).item<double>();
      flat[j].fill_(at);
      EXPECT_NEAR(3 * (above - below) / (2 * step), expected[j].item<double>(), allowed)
          << "input " << i << ", element " << j;
    }
  }
}

/// Values and gradients of two expressions agree but for roundings of sums of some 1000 terms.
inline void expect_same(tensors const& values, scalar_function const& ours,
                        scalar_function const& theirs, double size = 1) {
  double const allowed = 1000 * 0x1p-52 * size;
  tensors const a = leaves_of(values), b = leaves_of(values);
  at::Tensor const x = ours(a), y = theirs(b);
  EXPECT_EQ(x.dim(), 0);
  EXPECT_NEAR(x.item<double>(), y.item<double>(), allowed * std::max(1.0, y.item<double>()));
  tensors const by_us = gradients_of(x, a), by_them = gradients_of(y, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_GT(by_them[i].abs().max().item<double>(), 0.0);
    EXPECT_LE((by_us[i] - by_them[i]).abs().max().item<double>(), allowed);
  }
}

inline at::Tensor unit(at::Tensor const& x) { return x / x.norm(2, {1}, true); }

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (std::invalid_argument const& error) {
    return error.what();
  } catch (std::exception const& error) { return std::string("another error: ") + error.what(); }
  return "(nothing was thrown)";
}

}  // namespace coupleface_test
