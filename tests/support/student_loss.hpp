// SPDX-License-Identifier: Apache-2.0
// Test support: what every loss of a student beside a teacher must pass.
//
// A loss is given as a function object: call(policy, student view, teacher view, loss) and
// call(policy, student view, teacher view, loss, gradient view).
#pragma once

#include "counting_allocator.hpp"
#include "gradient_check.hpp"
#include "matrix.hpp"
#include "threads.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace coupleface_test {

template <class S, class T, class Call>
double value_of(Call call, matrix<S> const& s, matrix<T> const& t) {
  matrix<double> loss(1, 1);
  call(policy(), s.view(), t.view(), loss.scalar());
  return loss.at(0, 0);
}

/// Value and gradient.
template <class G>
struct value_and_gradient {
  matrix<double> loss;
  matrix<G> gradient;
  double value() const { return loss.at(0, 0); }
};

template <class G, class S, class T, class Call>
value_and_gradient<G> result_of(Call call, matrix<S> const& s, matrix<T> const& t) {
  value_and_gradient<G> out{matrix<double>(1, 1), matrix<G>(s.rows(), s.columns(), 2)};
  call(policy(), s.view(), t.view(), out.loss.scalar(), out.gradient.view());
  return out;
}

template <class Call>
void expect_central_differences(Call call, matrix<double> const& s, matrix<double> const& t,
                                double allowed = 1e-8) {
  expect_gradient(
      s, result_of<double>(call, s, t).gradient,
      [&](matrix<double> const& x) { return value_of(call, x, t); }, allowed);
}

/// Value-only, with the gradient, by one thread, two and three: the same bits. On a device only
/// from call to call.
template <class S, class T, class Call>
void expect_same_bits(Call call, matrix<S> const& s, matrix<T> const& t) {
  auto const first = result_of<S>(call, s, t);
  matrix<double> value(1, 1);
  call(policy(), s.view(), t.view(), value.scalar());
  EXPECT_TRUE(first.loss.same_bits(value));
  if (ids_are_checked) {  // a host policy
    host_matrix<double> loss(1, 1);
    host_matrix<S> gradient(s.rows(), s.columns(), 2);
    auto const host_s = on_host(s);
    auto const host_t = on_host(t);
    call(thrust::seq, host_s.view(), host_t.view(), loss.scalar(), gradient.view());
    EXPECT_TRUE(first.loss.same_bits(loss) && first.gradient.same_bits(gradient));
  }
  for (int const threads : {1, 2, 3}) {
    with_threads(threads, [&] {
      auto const again = result_of<S>(call, s, t);
      EXPECT_TRUE(first.loss.same_bits(again.loss)) << threads;
      EXPECT_TRUE(first.gradient.same_bits(again.gradient)) << threads;
    });
  }
}

/// NaN or infinity anywhere makes the loss one that is not finite.
template <class Call>
void expect_broken_input_breaks(Call call, matrix<float> s, matrix<float> t) {
  for (double const bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (auto* const x : {&s, &t}) {
      double const before = x->at(1, 0);
      x->set(1, 0, bad);
      EXPECT_FALSE(std::isfinite(value_of(call, s, t))) << bad << (x == &s);
      EXPECT_FALSE(std::isfinite(result_of<float>(call, s, t).value())) << bad << (x == &s);
      x->set(1, 0, before);
    }
  }
}

/// No scratch stays, at most `ceiling` bytes at any time.
template <class Call>
void expect_scratch(Call call, matrix<float> const& s, matrix<float> const& t,
                    std::size_t ceiling) {
  auto const host_s = on_host(s), host_t = on_host(t);
  host_matrix<double> loss(1, 1);
  host_matrix<float> gradient(s.rows(), s.columns());
  allocation_count count;
  counting_allocator allocator(count);
  call(thrust::seq(allocator), host_s.view(), host_t.view(), loss.scalar(), gradient.view());
  EXPECT_GT(count.most, 0u);
  EXPECT_LE(count.most, ceiling);
  EXPECT_EQ(count.live, 0u);
}

}  // namespace coupleface_test
