// SPDX-License-Identifier: Apache-2.0
// The losses over pairs of rows as nodes of libtorch's graph: against central differences, against
// their definitions written with libtorch, in every element type, and what they refuse.
#include <coupleface/interop/torch/losses.hpp>
#include <coupleface/interop/torch/tensors.hpp>

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "torch_gradients.hpp"

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using function_of_tensor = std::function<at::Tensor(at::Tensor const&)>;

// ---- definitions

at::Tensor cosines(at::Tensor const& a, at::Tensor const& b) {
  return at::matmul(unit(a), unit(b).t());
}
at::Tensor products(at::Tensor const& x) { return at::matmul(x, x.t()); }
at::Tensor own_cosines(at::Tensor const& x) { return cosines(x, x); }
at::Tensor distances(at::Tensor const& x) { return (x.unsqueeze(1) - x.unsqueeze(0)).norm(2, {2}); }
at::Tensor taylor(at::Tensor const& cosine, int order = 2, double gamma = 0.4) {
  at::Tensor sum = at::zeros_like(cosine);
  double factor = std::exp(-2 * gamma);
  for (int p = 0; p <= order; ++p) {
    sum = sum + factor * cosine.pow(p);
    factor *= 2 * gamma / (p + 1);
  }
  return sum;
}
at::Tensor gaussian(at::Tensor const& cosine, double gamma) {
  return (2 * gamma * (cosine - 1)).exp();
}

at::Tensor others(at::Tensor const& square) {
  return square.masked_select(at::eye(square.size(0), at::kBool).logical_not());
}
at::Tensor absolute_mean(at::Tensor const& gap) { return gap.abs().mean(); }
at::Tensor squared_mean(at::Tensor const& gap) { return gap.square().mean(); }
at::Tensor smooth_mean(at::Tensor const& gap) {
  return at::smooth_l1_loss(gap, at::zeros_like(gap));
}
at::Tensor over_mean(at::Tensor const& distances) { return distances / distances.mean(); }
at::Tensor unit_products(at::Tensor const& x) { return unit(products(x)); }
at::Tensor probabilities(at::Tensor const& x, double epsilon) {
  at::Tensor const apart = 1 - at::eye(x.size(0), x.options().requires_grad(false));
  at::Tensor const similarity = ((1 + own_cosines(x)) / 2 + epsilon) * apart;
  return similarity / similarity.sum(1, true);
}
at::Tensor divergence(at::Tensor const& s, at::Tensor const& t, double epsilon) {
  at::Tensor const p = others(probabilities(s, epsilon)), q = others(probabilities(t, epsilon));
  return (q * (q / p).log()).mean();
}

// ---- every loss: ours, and what it is

struct loss_of_pairs {
  std::string name;
  std::function<at::Tensor(at::Tensor const&student, at::Tensor const&teacher)> ours, theirs;
};

loss_of_pairs of_relation(std::string const& name, function_of_tensor const& relation,
                          function_of_tensor const& mean,
                          std::function<at::Tensor(at::Tensor, at::Tensor)> const& ours) {
  return {name, ours, [=](at::Tensor const& s, at::Tensor const& t) {
            return mean(others(relation(s)) - others(relation(t)));
          }};
}

std::vector<loss_of_pairs> every_loss() {
  auto const& policy = thrust::device;
  using at::Tensor;
  return {
      of_relation("relation", own_cosines, absolute_mean,
                  [&](Tensor s, Tensor t) { return cf::relation_loss(policy, s, t); }),
      of_relation("relation, squared, inner product", products, squared_mean,
                  [&](Tensor s, Tensor t) {
                    return cf::relation_loss(policy, s, t, cf::squared{}, cf::inner_product{});
                  }),
      {"relation, every row",
       [&](Tensor const& s, Tensor const& t) {
         return cf::relation_loss(policy, s, t, cf::squared{}, cf::cosine{}, cf::every_row{});
       },
       [](Tensor const& s, Tensor const& t) {
         return (own_cosines(s) - own_cosines(t)).square().mean();
       }},
      {"rkd", [&](Tensor const& s, Tensor const& t) { return cf::rkd_distance_loss(policy, s, t); },
       [](Tensor const& s, Tensor const& t) {
         return smooth_mean(over_mean(others(distances(s))) - over_mean(others(distances(t))));
       }},
      {"rkd, squared",
       [&](Tensor const& s, Tensor const& t) {
         return cf::rkd_distance_loss(policy, s, t, cf::squared{});
       },
       [](Tensor const& s, Tensor const& t) {
         return squared_mean(over_mean(others(distances(s))) - over_mean(others(distances(t))));
       }},
      {"similarity preserving",
       [&](Tensor const& s, Tensor const& t) {
         return cf::similarity_preserving_loss(policy, s, t);
       },
       [](Tensor const& s, Tensor const& t) {
         return squared_mean(unit_products(s) - unit_products(t));
       }},
      of_relation(
          "correlation congruence", [](Tensor const& x) { return taylor(own_cosines(x)); },
          squared_mean,
          [&](Tensor s, Tensor t) { return cf::correlation_congruence_loss(policy, s, t); }),
      of_relation(
          "correlation congruence, gaussian",
          [](Tensor const& x) { return gaussian(own_cosines(x), 0.7); }, squared_mean,
          [&](Tensor s, Tensor t) {
            return cf::correlation_congruence_loss(policy, s, t, cf::gaussian_kernel{0.7});
          }),
      {"pkt", [&](Tensor const& s, Tensor const& t) { return cf::pkt_loss(policy, s, t); },
       [](Tensor const& s, Tensor const& t) { return divergence(s, t, 1e-7); }},
      {"pkt, epsilon",
       [&](Tensor const& s, Tensor const& t) {
         cf::pkt_law law;
         law.epsilon = 0.1;
         return cf::pkt_loss(policy, s, t, law);
       },
       [](Tensor const& s, Tensor const& t) { return divergence(s, t, 0.1); }},
  };
}

TEST(torch_pair_losses, gradients) {
  at::manual_seed(1);
  at::Tensor const student = random({7, 5}), teacher = random({7, 4});
  for (auto const& loss : every_loss()) {
    SCOPED_TRACE(loss.name);
    auto const ours = [&](tensors const& x) { return loss.ours(x[0], teacher); };
    // Inner products have values of the order of the width.
    double const size = loss.name.find("inner") != std::string::npos ? 25 : 1;
    expect_gradients({student}, ours, size);
    expect_same(
        {student}, ours, [&](tensors const& x) { return loss.theirs(x[0], teacher); }, size);
  }
}

TEST(torch_pair_losses, strides_and_no_gradient_wanted) {
  at::manual_seed(2);
  at::Tensor const wide = random({9, 20}), teacher = random({9, 6});
  for (auto const& loss : every_loss()) {
    SCOPED_TRACE(loss.name);
    for (auto const& student : {wide.slice(1, 3, 11), random({8, 9}).t()}) {
      at::Tensor const dense = student.contiguous();
      EXPECT_FALSE(loss.ours(student, teacher).requires_grad());
      EXPECT_EQ(loss.ours(student, teacher).item<double>(),
                loss.ours(dense, teacher).item<double>());
      auto const leaf = dense.clone().requires_grad_(true);
      EXPECT_EQ(loss.ours(leaf, teacher).item<double>(), loss.ours(dense, teacher).item<double>())
          << "the value with a gradient is another";
    }
  }
}

/// Products of rows narrower than double are sums in float, of 16 terms here; what is made of them
/// is computed in double, and the gradient is a sum of 8 rows in float.
TEST(torch_pair_losses, element_types_of_mixed_precision) {
  at::manual_seed(3);
  for (auto const type : {at::kHalf, at::kBFloat16, at::kFloat}) {
    double const rounding = type == at::kHalf ? 0x1p-11 : type == at::kBFloat16 ? 0x1p-8 : 0x1p-24;
    for (auto const teacher_type : {type, at::kFloat}) {
      at::Tensor const s = random({8, 16}, type).requires_grad_(true);
      at::Tensor const t = random({8, 16}, teacher_type);
      at::Tensor const exact = s.detach().to(at::kDouble).requires_grad_(true);
      for (auto const& loss : every_loss()) {
        SCOPED_TRACE(loss.name);
        at::Tensor const expected = loss.ours(exact, t.to(at::kDouble));
        at::Tensor const value = loss.ours(s, t);
        EXPECT_EQ(value.scalar_type(), at::kFloat);
        double const size = std::max(1.0, expected.item<double>());
        EXPECT_NEAR(value.item<double>(), expected.item<double>(), 4 * 16 * 0x1p-24 * size);
        at::Tensor const gradient = gradients_of(value, {s})[0];
        at::Tensor const wanted = gradients_of(expected, {exact})[0];
        EXPECT_EQ(gradient.scalar_type(), type);
        double const most = wanted.abs().max().item<double>();
        double const gap = (gradient.to(at::kDouble) - wanted).abs().max().item<double>();
        EXPECT_LE(gap, (rounding + 4 * (16 + 8) * 0x1p-24) * most + 0x1p-25);
      }
    }
  }
}

TEST(torch_pair_losses, a_bank_and_labels) {
  at::manual_seed(4);
  at::Tensor const teacher = random({6, 4}), student_bank = random({9, 5}), bank = random({9, 4});
  at::Tensor const labels = at::tensor({0L, 3L, 3L, -1L, 8L, 5L}, at::kLong);
  auto const keep = cf::other_classes(cf::vector_view_of<std::int64_t const>(labels));
  at::Tensor const apart =
      at::arange(9, at::kLong).unsqueeze(0).ne(labels.unsqueeze(1)) & labels.unsqueeze(1).ge(0);
  auto const gaps = [&](at::Tensor const& s) {
    return cosines(s, student_bank) - cosines(teacher, bank);
  };
  tensors const student{random({6, 5})};
  auto const all = [&](tensors const& x) {
    return cf::relation_loss(thrust::device, x[0], teacher, student_bank, bank);
  };
  expect_gradients(student, all);
  expect_same(student, all, [&](tensors const& x) { return gaps(x[0]).abs().mean(); });
  auto const kept = [&](tensors const& x) {
    return cf::relation_loss(thrust::device, x[0], teacher, student_bank, bank, cf::squared{},
                             cf::cosine{}, keep);
  };
  expect_gradients(student, kept);
  expect_same(student, kept,
              [&](tensors const& x) { return gaps(x[0]).masked_select(apart).square().mean(); });
}

TEST(torch_pair_losses, few_rows_equal_rows_zeros_and_nan) {
  at::manual_seed(5);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (auto const& loss : every_loss()) {
    SCOPED_TRACE(loss.name);
    auto const outcome = [&](at::Tensor const& values, at::Tensor const& teacher) {
      at::Tensor const s = values.clone().requires_grad_(true);
      at::Tensor const value = loss.ours(s, teacher);
      return std::pair(value.item<double>(), gradients_of(value, {s})[0]);
    };
    EXPECT_EQ(outcome(at::empty({0, 3}, at::kDouble), at::empty({0, 3}, at::kDouble)).first, 0);
    auto const [one, slope] = outcome(random({1, 3}), random({1, 3}));
    EXPECT_LE(std::abs(one), 1e-30);
    EXPECT_TRUE(slope.isfinite().all().item<bool>());
    at::Tensor equal = random({1, 3}).expand({4, 3}).contiguous(), zeros = random({4, 3});
    zeros[1].zero_();
    zeros[2].zero_();
    for (auto const& rows : {equal, zeros}) {
      auto const [value, gradient] = outcome(rows, random({4, 3}));
      EXPECT_TRUE(std::isfinite(value));
      EXPECT_TRUE(gradient.isfinite().all().item<bool>());
    }
    at::Tensor broken = random({4, 3});
    broken[2][1] = nan;
    EXPECT_TRUE(std::isnan(outcome(broken, random({4, 3})).first));
    EXPECT_TRUE(std::isnan(outcome(random({4, 3}), broken).first));
  }
}

TEST(torch_pair_losses, errors_name_what_does_not_fit) {
  at::Tensor const x = random({3, 4});
  auto const relation = [&](auto const&... arguments) {
    return message_of([&] { cf::relation_loss(thrust::device, arguments...); });
  };
  EXPECT_EQ(relation(at::Tensor(), x), "coupleface::relation_loss: student is an undefined tensor");
  EXPECT_EQ(relation(x, at::Tensor(), x, x),
            "coupleface::relation_loss: teacher is an undefined tensor");
  EXPECT_EQ(relation(x, x, x, x.to(at::kFloat)),
            "coupleface::relation_loss: teacher_bank has elements of Float, but teacher of Double");
  EXPECT_EQ(relation(x, random({2, 4})),
            "coupleface::relation_loss: rows of teacher is 2, but rows of student is 3");
  EXPECT_EQ(relation(x, x, random({5, 3}), random({5, 4})),
            "coupleface::relation_loss: width of student_bank is 3, but width of student is 4");
  EXPECT_EQ(message_of([&] {
              cf::correlation_congruence_loss(thrust::device, x, x, cf::taylor_kernel{9, 0.4});
            }),
            "coupleface::correlation_congruence_loss: a setting of the relation is out of range");
  EXPECT_EQ(message_of([&] { cf::pkt_loss(thrust::device, x, x.to(at::kFloat)); }),
            "coupleface::pkt_loss: teacher has elements of Float, but student of Double; they must "
            "be the same, or two bytes wide beside Float");
}

}  // namespace
