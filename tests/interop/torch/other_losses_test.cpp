// SPDX-License-Identifier: Apache-2.0
// Further losses of a student beside a teacher as nodes of libtorch's graph, most of them for CPU
// tensors alone: against central differences and against their definitions written with libtorch.
#include <coupleface/interop/torch/losses.hpp>
#include <coupleface/interop/torch/tensors.hpp>

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>

#include "torch_gradients.hpp"

namespace cf = coupleface;

namespace {

using namespace coupleface_test;

void expect_loss(at::Tensor const& student, scalar_function const& ours,
                 scalar_function const& theirs, double size = 1) {
  expect_gradients({student}, ours, size);
  expect_same({student}, ours, theirs, size);
  at::Tensor const leaf = student.clone().requires_grad_(true);
  EXPECT_EQ(ours({leaf}).item<double>(), ours({student}).item<double>())
      << "the value with a gradient is another";
  EXPECT_FALSE(ours({student}).requires_grad());
}

at::Tensor cosines(at::Tensor const& a, at::Tensor const& b) {
  return at::matmul(unit(a), unit(b).t());
}

TEST(torch_other_losses, angular) {
  at::manual_seed(1);
  at::Tensor const student = random({6, 5}), teacher = random({6, 5});
  auto const gap = [=](at::Tensor const& s) { return 1 - (unit(s) * unit(teacher)).sum(1); };
  expect_loss(
      student, [=](tensors const& x) { return cf::angular_loss(thrust::device, x[0], teacher); },
      [=](tensors const& x) { return gap(x[0]).square().mean(); });
  expect_loss(
      student,
      [=](tensors const& x) {
        return cf::angular_loss(thrust::device, x[0], teacher, cf::absolute{});
      },
      [=](tensors const& x) { return gap(x[0]).mean(); });
}

/// At row j, between rows i and k: [j, i, k].
at::Tensor angles(at::Tensor const& x) {
  at::Tensor const from = x.unsqueeze(0) - x.unsqueeze(1);
  at::Tensor const toward = from / from.norm(2, {2}, true).clamp_min(1e-12);
  return at::bmm(toward, toward.transpose(1, 2));
}

TEST(torch_other_losses, rkd_angle) {
  at::manual_seed(6);
  at::Tensor const student = random({6, 5}), teacher = random({6, 4});
  expect_loss(
      student, [=](tensors const& x) { return cf::rkd_angle_loss(thrust::device, x[0], teacher); },
      [=](tensors const& x) {
        // Angles with j itself are 0 on both sides, those between i and i are 1.
        at::Tensor const gap = angles(x[0]) - angles(teacher);
        return at::smooth_l1_loss(gap, at::zeros_like(gap), at::Reduction::Sum) / (6 * 5 * 4);
      });
}

TEST(torch_other_losses, feature) {
  at::manual_seed(2);
  at::Tensor const teacher = random({6, 5});
  expect_loss(
      random({6, 5}),
      [=](tensors const& x) { return cf::feature_loss(thrust::device, x[0], teacher); },
      [=](tensors const& x) { return (x[0] - teacher).square().sum(1).mean(); }, 10);
}

TEST(torch_other_losses, teacher_queue) {
  at::manual_seed(3);
  at::Tensor const student = random({6, 5}), teacher = random({6, 5}), queue = random({9, 5});
  at::Tensor const labels = at::tensor({0L, 1L, 2L, 0L, -1L, 7L}, at::kLong);
  at::Tensor const of_queue = at::tensor({0L, 0L, 1L, 3L, 4L, 5L, 6L, -1L, 2L}, at::kLong);
  auto const theirs = [=](at::Tensor const& kept, double temperature) {
    return [=](tensors const& x) {
      at::Tensor const own = (unit(x[0]) * unit(teacher)).sum(1, true);
      at::Tensor const logits =
          at::cat({own, cosines(x[0], queue).masked_fill(kept.logical_not(), -1e9)}, 1);
      return -(logits / temperature).log_softmax(1).select(1, 0).mean();
    };
  };
  // Slopes grow with 1 / temperature, third derivatives with its cube.
  expect_loss(
      student,
      [=](tensors const& x) {
        return cf::teacher_queue_loss(thrust::device, x[0], teacher, queue);
      },
      theirs(at::ones({6, 9}, at::kBool), 0.1), 100);
  auto const keep = cf::not_same_label(cf::vector_view_of<std::int64_t const>(labels),
                                       cf::vector_view_of<std::int64_t const>(of_queue));
  at::Tensor const same = labels.unsqueeze(1).eq(of_queue) & labels.unsqueeze(1).ge(0);
  expect_loss(
      student,
      [=](tensors const& x) {
        return cf::teacher_queue_loss(thrust::device, x[0], teacher, queue, 0.5, keep);
      },
      theirs(same.logical_not(), 0.5));
}

TEST(torch_other_losses, cross_relations) {
  at::manual_seed(5);
  at::Tensor const student = random({6, 5}), teacher = random({6, 5});
  at::Tensor const apart = at::eye(6, at::kBool).logical_not();
  expect_loss(
      student,
      [=](tensors const& x) {
        return cf::cross_relation_loss(thrust::device, x[0], teacher, cf::squared{});
      },
      [=](tensors const& x) {
        at::Tensor const gap = cosines(x[0], teacher) - cosines(teacher, teacher);
        return gap.masked_select(apart).square().mean();
      });
  // The positive pair is the diagonal.
  expect_loss(
      student,
      [=](tensors const& x) { return cf::cross_contrast_loss(thrust::device, x[0], teacher, 0.5); },
      [=](tensors const& x) {
        return -(cosines(x[0], teacher) / 0.5).log_softmax(1).diagonal().mean();
      });
}

/// The pairs' cosines, above the thresholds that a first call leaves.
at::Tensor soft_count(at::Tensor const& cosine, double const* thresholds, int known, double tau) {
  at::Tensor sum = at::zeros_like(cosine);
  for (int k = 0; k < known; ++k) { sum = sum + ((cosine - thresholds[k]) / tau).sigmoid(); }
  return sum;
}

TEST(torch_other_losses, ekd) {
  at::manual_seed(4);
  at::Tensor const student = random({8, 5}), teacher = random({8, 4});
  at::Tensor const student_bank = random({9, 5}), teacher_bank = random({9, 4});
  at::Tensor const labels = at::arange(8, at::kLong).remainder(4);
  at::Tensor const of_bank = at::arange(9, at::kLong).remainder(4);
  cf::ekd_settings settings;
  settings.temperature = 0.2;  // smooth enough for central differences
  settings.momentum = 0;       // thresholds stay as the first call leaves them
  settings.positive_weight = settings.negative_weight = 1;
  cf::ekd_thresholds known;
  cf::ekd_loss(thrust::device, student, teacher, labels, known, settings);
  ASSERT_GT(known.known, 0);
  auto const theirs = [=](at::Tensor const& s, at::Tensor const& t, at::Tensor const& same,
                          at::Tensor const& counts) {
    double const tau = settings.temperature;
    at::Tensor const gap = (soft_count(s, known.student, known.known, tau) -
                            soft_count(t, known.teacher, known.known, tau))
                               .square();
    return gap.masked_select(same & counts).mean() +
           gap.masked_select(same.logical_not() & counts).mean();
  };
  at::Tensor const same = labels.unsqueeze(1).eq(labels);
  at::Tensor const once = at::ones({8, 8}, at::kBool).triu(1);
  expect_loss(
      student,
      [=](tensors const& x) {
        auto state = known;
        return cf::ekd_loss(thrust::device, x[0], teacher, labels, state, settings);
      },
      [=](tensors const& x) {
        return theirs(cosines(x[0], x[0]), cosines(teacher, teacher), same, once);
      });
  expect_loss(
      student,
      [=](tensors const& x) {
        auto state = known;
        return cf::ekd_loss(thrust::device, x[0], teacher, labels, student_bank, teacher_bank,
                            of_bank, state, settings);
      },
      [=](tensors const& x) {
        return theirs(cosines(x[0], student_bank), cosines(teacher, teacher_bank),
                      labels.unsqueeze(1).eq(of_bank), at::ones({8, 9}, at::kBool));
      });
}

TEST(torch_other_losses, what_is_refused) {
  at::Tensor const x = random({3, 4});
  EXPECT_EQ(message_of([&] { cf::teacher_queue_loss(thrust::device, x, x, x.to(at::kFloat)); }),
            "coupleface::teacher_queue_loss: queue has elements of Float, but teacher of Double");
  cf::ekd_thresholds thresholds;
  EXPECT_EQ(
      message_of([&] { cf::ekd_loss(thrust::device, x, x, at::zeros({3}, at::kInt), thresholds); }),
      "coupleface::ekd_loss: labels has elements of Int, but must have Long");
  auto const call = cf::detail::on_the_host("f", [](auto const&...) {});
  EXPECT_NO_THROW(call(thrust::host));
  EXPECT_EQ(message_of([&] { call(0); }),
            "coupleface::f: the tensors are on a CUDA device, for which this loss has no kernels");
}

}  // namespace
