// SPDX-License-Identifier: Apache-2.0
// The losses as nodes of libtorch's graph: against central differences, against the same
// expressions written with libtorch, in every element type, and what they refuse.
#include <coupleface/interop/torch/losses.hpp>

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "torch_gradients.hpp"

namespace cf = coupleface;

namespace {

using namespace coupleface_test;

// ---- FCD

scalar_function fcd_with(at::Tensor const& teacher) {
  return [=](tensors const& x) { return cf::fcd_loss(thrust::device, x[0], teacher); };
}
scalar_function fcd_in_torch(at::Tensor const& teacher) {
  return [=](tensors const& x) { return (unit(x[0]) - unit(teacher)).square().sum(1).mean(); };
}

TEST(torch_fcd, gradients) {
  at::manual_seed(1);
  at::Tensor const teacher = random({5, 7});
  expect_gradients({random({5, 7})}, fcd_with(teacher));
  expect_same({random({5, 7})}, fcd_with(teacher), fcd_in_torch(teacher));
}

TEST(torch_fcd, any_strides) {
  at::manual_seed(2);
  at::Tensor const wide = random({6, 20}), teacher = random({8, 6}).t();
  for (auto const& student : {
           wide.slice(1, 3, 11),          // rows apart: no copy
           random({8, 6}).t(),            // column-major
           wide.slice(1, 0, 16, 2),       // every second column
           random({1, 8}).expand({6, 8})  // one row, six times
       }) {
    auto const ours = [&](tensors const& x) {
      return cf::fcd_loss(thrust::device, x[0].as_strided(student.sizes(), student.strides()),
                          teacher);
    };
    // The leaf is all of the storage that the strides reach.
    std::int64_t const reach = 1 + 5 * student.stride(0) + 7 * student.stride(1);
    auto const theirs = [&](tensors const& x) {
      return fcd_in_torch(teacher)({x[0].as_strided(student.sizes(), student.strides())});
    };
    at::Tensor const storage = random({reach});
    expect_same({storage}, ours, theirs);
  }
}

TEST(torch_fcd, no_rows_and_no_gradient_wanted) {
  at::Tensor const none = at::empty({0, 4}, at::kFloat).requires_grad_(true);
  at::Tensor const loss = cf::fcd_loss(thrust::device, none, at::empty({0, 4}, at::kFloat));
  EXPECT_EQ(loss.item<float>(), 0);
  EXPECT_EQ(gradients_of(loss, {none})[0].sizes(), none.sizes());
  at::Tensor const x = random({3, 4}), y = random({3, 4}).requires_grad_(true);
  EXPECT_FALSE(cf::fcd_loss(thrust::device, x, x).requires_grad());
  EXPECT_FALSE(cf::fcd_loss(thrust::device, x, y).requires_grad()) << "teachers get no gradient";
  {
    at::NoGradGuard const guard;
    EXPECT_FALSE(cf::fcd_loss(thrust::device, y, x).requires_grad());
  }
  // Both forms of the library's function give one value.
  EXPECT_EQ(cf::fcd_loss(thrust::device, y, x).item<double>(),
            cf::fcd_loss(thrust::device, y.detach(), x).item<double>());
}

/// Two-byte inputs hold what they hold exactly, and so does float: the library computes in double,
/// so the loss is the double one's to the rounding of float, the gradient's to that of its type.
TEST(torch_fcd, element_types_of_mixed_precision) {
  at::manual_seed(3);
  for (auto const type : {at::kHalf, at::kBFloat16, at::kFloat}) {
    double const rounding = type == at::kHalf       ? 0x1p-11
                            : type == at::kBFloat16 ? 0x1p-8
                                                    : 2 * 0x1p-24;
    for (auto const teacher_type : {type, at::kFloat}) {
      at::Tensor const s = random({4, 16}, type).requires_grad_(true);
      at::Tensor const t = random({4, 16}, teacher_type);
      at::Tensor const exact = s.detach().to(at::kDouble).requires_grad_(true);
      at::Tensor const expected = cf::fcd_loss(thrust::device, exact, t.to(at::kDouble));
      at::Tensor const loss = cf::fcd_loss(thrust::device, s, t);
      EXPECT_EQ(loss.scalar_type(), at::kFloat);
      EXPECT_EQ(loss.item<float>(), expected.to(at::kFloat).item<float>());
      at::Tensor const gradient = gradients_of(loss, {s})[0];
      at::Tensor const wanted = gradients_of(expected, {exact})[0];
      EXPECT_EQ(gradient.scalar_type(), type);
      at::Tensor const gap = (gradient.to(at::kDouble) - wanted).abs();
      // Relative, but for subnormals of half.
      EXPECT_TRUE((gap <= 1.01 * rounding * wanted.abs() + 0x1p-25).all().item<bool>());
    }
  }
}

/// A gradient that half cannot hold, times the scale that makes it one that half can.
TEST(torch_fcd, the_loss_scale_comes_before_the_rounding) {
  at::Tensor const s = (at::eye(2, at::kHalf) * 1000).expand({2, 2}).clone().requires_grad_(true);
  at::Tensor const t = at::tensor({1.0, 1e-5, 0.0, 1.0}, at::kFloat).view({2, 2});
  at::Tensor const loss = cf::fcd_loss(thrust::device, s, t);
  double const plain = gradients_of(loss, {s})[0][0][1].item<double>();
  EXPECT_EQ(plain, 0.0);  // -1e-8
  at::Tensor const again = cf::fcd_loss(thrust::device, s, t);
  double const scaled = gradients_of(again * 65536, {s})[0][0][1].item<double>();
  EXPECT_NEAR(scaled, -1e-8 * 65536, 1e-8 * 65536 * 0x1p-10);
}

// ---- RAD

struct rad_case {
  at::Tensor teacher = random({5, 6}), bank = random({9, 6});
  at::Tensor neighbours =
      at::tensor({0L, 3L, -1L, 8L, 8L, 1L, 2L, -1L, 4L, 5L, 6L, 7L, -1L, -1L, -1L}, at::kLong)
          .view({5, 3});

  template <class Penalty>
  scalar_function ours(Penalty penalty) const {
    return [c = *this, penalty](tensors const& x) {
      return cf::rad_loss(thrust::device, x[0], c.teacher, c.bank, c.neighbours, penalty);
    };
  }
  scalar_function theirs(std::function<at::Tensor(at::Tensor)> const& penalty) const {
    return [c = *this, penalty](tensors const& x) {
      at::Tensor const real = c.neighbours >= 0;
      at::Tensor const at = c.neighbours.clamp_min(0);
      at::Tensor const s = at::matmul(unit(x[0]), unit(c.bank).t()).gather(1, at);
      at::Tensor const t = at::matmul(unit(c.teacher), unit(c.bank).t()).gather(1, at);
      return penalty(s - t).masked_select(real).mean();
    };
  }
};

TEST(torch_rad, every_penalty) {
  at::manual_seed(4);
  rad_case const c;
  tensors const student{random({5, 6})};
  auto const expect = [&](auto penalty, auto in_torch) {
    expect_gradients(student, c.ours(penalty));
    expect_same(student, c.ours(penalty), c.theirs(in_torch));
  };
  expect(cf::hinge{0.03}, [](at::Tensor const& x) { return (x - 0.03).relu(); });
  expect(cf::absolute{}, [](at::Tensor const& x) { return x.abs(); });
  expect(cf::squared{}, [](at::Tensor const& x) { return x.square(); });
  expect(cf::smooth_l1{0.5}, [](at::Tensor const& x) {
    return at::smooth_l1_loss(x, at::zeros_like(x), at::Reduction::None, 0.5);
  });
  expect(cf::dead_zone{0.03}, [](at::Tensor const& x) { return (x.abs() - 0.03).relu(); });
}

TEST(torch_rad, two_banks_and_a_table_of_classes) {
  at::manual_seed(5);
  at::Tensor const teacher = random({4, 3}), student_bank = random({7, 6}), bank = random({7, 3});
  at::Tensor const labels = at::tensor({2L, -1L, 0L, 2L}, at::kLong);
  at::Tensor const table = at::randint(7, {7, 4}, at::kLong);
  auto const ours = [&](tensors const& x) {
    return cf::rad_loss(thrust::device, x[0], teacher, student_bank, bank,
                        cf::class_neighbours(labels, table), cf::squared{});
  };
  auto const theirs = [&](tensors const& x) {
    at::Tensor const kept = at::tensor({0L, 2L, 3L}, at::kLong);
    at::Tensor const at = table.index_select(0, labels.index_select(0, kept));
    auto const relations = [&](at::Tensor const& rows, at::Tensor const& of) {
      return at::matmul(unit(rows), unit(of).t()).index_select(0, kept).gather(1, at);
    };
    return (relations(x[0], student_bank) - relations(teacher, bank)).square().mean();
  };
  expect_gradients({random({4, 6})}, ours);
  expect_same({random({4, 6})}, ours, theirs);
}

TEST(torch_rad, mixed_precision) {
  at::manual_seed(6);
  rad_case const c;
  at::Tensor const s = random({5, 6}, at::kHalf).requires_grad_(true);
  at::Tensor const exact = s.detach().to(at::kDouble).requires_grad_(true);
  at::Tensor const teacher = c.teacher.to(at::kFloat), bank = c.bank.to(at::kFloat);
  at::Tensor const loss =
      cf::rad_loss(thrust::device, s, teacher, bank, c.neighbours, cf::squared{});
  at::Tensor const expected = cf::rad_loss(thrust::device, exact, teacher.to(at::kDouble),
                                           bank.to(at::kDouble), c.neighbours, cf::squared{});
  EXPECT_EQ(loss.item<float>(), expected.to(at::kFloat).item<float>());
  at::Tensor const wanted = gradients_of(expected, {exact})[0];
  at::Tensor const gap = (gradients_of(loss, {s})[0].to(at::kDouble) - wanted).abs();
  EXPECT_TRUE((gap <= 1.01 * 0x1p-11 * wanted.abs() + 0x1p-25).all().item<bool>());
}

// ---- margin softmax. Logits grow with the scale, and so do all errors.

template <class Margin>
scalar_function softmax_with(at::Tensor const& labels, Margin margin) {
  return [=](tensors const& x) {
    return cf::margin_softmax_loss(thrust::device, x[0], x[1], labels, margin);
  };
}
scalar_function softmax_in_torch(at::Tensor const& labels, double scale,
                                 std::function<at::Tensor(at::Tensor)> const& margin) {
  return [=](tensors const& x) {
    at::Tensor const cosine = at::matmul(unit(x[0]), unit(x[1]).t());
    at::Tensor const own = at::one_hot(labels.clamp_min(0), x[1].size(0)).to(at::kBool);
    at::Tensor const logits = at::where(own, margin(cosine), cosine) * scale;
    return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -1);
  };
}

TEST(torch_margin_softmax, gradients_of_embeddings_and_weights) {
  at::manual_seed(7);
  tensors const inputs{random({6, 5}), random({8, 5})};
  at::Tensor const labels = at::tensor({0L, 7L, -1L, 3L, 3L, 1L}, at::kLong);
  // An angle so small that no sample reaches the straight continuation beyond pi.
  double const m = 0.05, scale = 8;
  auto const arc = [=](at::Tensor const& c) { return (c.acos() + m).cos(); };
  expect_gradients(inputs, softmax_with(labels, cf::arc_margin(m, scale)), scale);
  expect_same(inputs, softmax_with(labels, cf::arc_margin(m, scale)),
              softmax_in_torch(labels, scale, arc), scale);
  cf::cosine_margin const cosine{0.35, scale};
  expect_gradients(inputs, softmax_with(labels, cosine), scale);
  expect_same(inputs, softmax_with(labels, cosine),
              softmax_in_torch(labels, scale, [](at::Tensor const& c) { return c - 0.35; }), scale);
}

TEST(torch_margin_softmax, sampled_classes) {
  at::manual_seed(8);
  tensors const inputs{random({4, 5}), random({9, 5})};
  at::Tensor const labels = at::tensor({2L, 6L, -1L, 2L}, at::kLong);
  at::Tensor const classes = at::tensor({1L, 2L, 4L, 6L}, at::kLong);
  at::Tensor const places = at::tensor({1L, 3L, -1L, 1L}, at::kLong);
  cf::cosine_margin const margin{0.2, 8};
  auto const ours = [&](tensors const& x) {
    return cf::margin_softmax_loss(thrust::device, x[0], x[1], cf::sampled_labels(labels, classes),
                                   margin);
  };
  auto const theirs = [&](tensors const& x) {
    return softmax_in_torch(places, 8, [](at::Tensor const& c) { return c - 0.2; })(
        {x[0], x[1].index_select(0, classes)});
  };
  expect_gradients(inputs, ours, 8);
  expect_same(inputs, ours, theirs, 8);
}

TEST(torch_margin_softmax, one_gradient_alone_and_kept_logits) {
  at::manual_seed(9);
  at::Tensor const e = random({6, 5}), w = random({8, 5});
  at::Tensor const labels = at::tensor({0L, 7L, -1L, 3L, 3L, 1L}, at::kLong);
  auto const gradients = [&](bool of_e, bool of_w, auto logits) {
    at::Tensor const x = e.clone().requires_grad_(of_e), y = w.clone().requires_grad_(of_w);
    cf::margin_softmax_loss(thrust::device, x, y, labels, cf::arc_margin(), logits).backward();
    EXPECT_EQ(x.grad().defined(), of_e);
    EXPECT_EQ(y.grad().defined(), of_w);
    return std::pair(x.grad(), y.grad());
  };
  auto const both = gradients(true, true, cf::recompute_logits{});
  EXPECT_TRUE(at::equal(gradients(true, false, cf::recompute_logits{}).first, both.first));
  EXPECT_TRUE(at::equal(gradients(false, true, cf::recompute_logits{}).second, both.second));
  auto const kept = gradients(true, true, cf::keep_logits{});
  EXPECT_TRUE(at::equal(kept.first, both.first));
  EXPECT_TRUE(at::equal(kept.second, both.second));
}

TEST(torch_margin_softmax, bfloat16_products) {
  at::manual_seed(11);
  at::Tensor const e = random({6, 50}, at::kFloat).requires_grad_(true);
  at::Tensor const w = random({8, 50}, at::kFloat).requires_grad_(true);
  at::Tensor const labels = at::tensor({0L, 7L, -1L, 3L, 3L, 1L}, at::kLong);
  auto const loss_of = [&](at::Tensor const& x, at::Tensor const& y, auto logits) {
    return cf::margin_softmax_loss(thrust::device, x, y, labels, cf::arc_margin(), logits);
  };
  auto const exact = gradients_of(loss_of(e, w, cf::recompute_logits{}), {e, w});
  auto const coarse = gradients_of(loss_of(e, w, cf::bfloat16_products<>{}), {e, w});
  for (std::size_t i = 0; i < 2; ++i) {
    auto const gap = at::linalg_norm(coarse[i] - exact[i]).item<double>();
    EXPECT_GT(gap, 0);
    EXPECT_LT(gap, 0x1p-6 * at::linalg_norm(exact[i]).item<double>());
  }
  EXPECT_EQ(
      message_of([&] { loss_of(e.to(at::kDouble), w.to(at::kDouble), cf::bfloat16_products<>{}); }),
      "coupleface::margin_softmax_loss: bfloat16_products are not for rows of double");
}

/// Half embeddings with master weights in float: each gradient in its tensor's type.
TEST(torch_margin_softmax, mixed_precision) {
  at::manual_seed(10);
  at::Tensor const labels = at::randint(8, {6}, at::kLong);
  for (auto const type : {at::kHalf, at::kBFloat16}) {
    at::Tensor const e = random({6, 32}, type).requires_grad_(true);
    at::Tensor const w = random({8, 32}, at::kFloat).requires_grad_(true);
    tensors const exact = leaves_of({e.detach().to(at::kDouble), w.detach().to(at::kDouble)});
    at::Tensor const loss = softmax_with(labels, cf::arc_margin(0.5, 8))({e, w});
    at::Tensor const expected = softmax_with(labels, cf::arc_margin(0.5, 8))(exact);
    // Products of 32 terms in float, times the scale.
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 32 * 8 * 0x1p-24);
    tensors const ours = gradients_of(loss, {e, w}), wanted = gradients_of(expected, exact);
    EXPECT_EQ(ours[0].scalar_type(), type);
    EXPECT_EQ(ours[1].scalar_type(), at::kFloat);
    double const rounding = type == at::kHalf ? 0x1p-11 : 0x1p-8;
    for (int i : {0, 1}) {
      double const most = (ours[i].to(at::kDouble) - wanted[i]).abs().max().item<double>();
      double const size = wanted[i].abs().max().item<double>();
      EXPECT_LE(most, (i == 0 ? rounding * size : 0) + 32 * 8 * 8 * 0x1p-24);
    }
  }
}

// ---- what is refused

TEST(torch_losses, errors_name_what_does_not_fit) {
  at::Tensor const x = random({3, 4}), table = at::zeros({3, 2}, at::kLong);
  auto const fcd = [&](at::Tensor const& s, at::Tensor const& t) {
    return message_of([&] { cf::fcd_loss(thrust::device, s, t); });
  };
  EXPECT_EQ(fcd(at::Tensor(), x), "coupleface::fcd_loss: student is an undefined tensor");
  EXPECT_EQ(fcd(x, random({4})),
            "coupleface::fcd_loss: number of dimensions of teacher is 1, but what it must be is 2");
  EXPECT_EQ(fcd(x, random({3, 5})), "coupleface::fcd_loss: teacher is 3 x 5, but student is 3 x 4");
  EXPECT_EQ(fcd(table, table),
            "coupleface::fcd_loss: student has elements of Long, but must have Float, Double, Half "
            "or BFloat16");
  EXPECT_EQ(fcd(x.to(at::kFloat), x),
            "coupleface::fcd_loss: teacher has elements of Double, but student of Float; they must "
            "be the same, or two bytes wide beside Float");
  EXPECT_EQ(fcd(x, at::empty({3, 4}, at::TensorOptions(at::kDouble).device(at::kMeta))),
            "coupleface::fcd_loss: teacher is on meta, but student is on cpu");
  at::Tensor const meta = at::empty({3, 4}, at::TensorOptions(at::kDouble).device(at::kMeta));
  EXPECT_EQ(fcd(meta, meta),
            "coupleface::fcd_loss: the tensors are on meta; CPU and CUDA are served");
  EXPECT_EQ(fcd(x.to_sparse(), x), "coupleface::fcd_loss: student is no dense tensor");

  auto const rad = [&](at::Tensor const& bank, at::Tensor const& neighbours) {
    return message_of([&] { cf::rad_loss(thrust::device, x, x, bank, neighbours); });
  };
  EXPECT_EQ(rad(x.to(at::kFloat), table),
            "coupleface::rad_loss: bank has elements of Float, but teacher of Double");
  EXPECT_EQ(rad(x, table.to(at::kInt)),
            "coupleface::rad_loss: neighbours has elements of Int, but must have Long");
  EXPECT_NE(rad(x, table + 3).find("neighbours(0, 0) is 3"), std::string::npos)
      << rad(x, table + 3);
  EXPECT_NE(rad(x, table[0].view({1, 2})).find("samples of neighbours is 1"), std::string::npos);
  auto const softmax = [&](at::Tensor const& labels) {
    return message_of([&] { cf::margin_softmax_loss(thrust::device, x, x, labels); });
  };
  EXPECT_NE(softmax(at::tensor({0L, 1L, 3L}, at::kLong)).find("labels(2) is 3"), std::string::npos);
  EXPECT_NE(softmax(at::zeros({2}, at::kLong)).find("size of labels is 2"), std::string::npos);
}

TEST(torch_losses, cuda_tensors_need_nvcc) {
  // No CUDA here to make one; what is asked is where the check is.
  at::Tensor const x = random({3, 4});
  EXPECT_NO_THROW(cf::detail::with_policy("f", thrust::device, x, [](auto const&) {}));
  EXPECT_EQ(cf::detail::not_served(at::Device("cuda:1")),
            "the tensors are on cuda:1, which needs a translation unit compiled by nvcc");
}

TEST(torch_losses, twice_is_refused) {
  at::manual_seed(11);
  at::Tensor const s = random({3, 4}).requires_grad_(true);
  at::Tensor const loss = cf::fcd_loss(thrust::device, s, random({3, 4}));
  at::Tensor const gradient =
      torch::autograd::grad({loss}, {s}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  EXPECT_TRUE(at::equal(gradient, gradients_of(loss, {s})[0])) << "the first derivative is there";
  EXPECT_EQ(message_of([&] { gradient.square().sum().backward(); }),
            "coupleface::fcd_loss: has first derivatives only; it cannot be differentiated twice");
}

TEST(torch_losses, inputs_may_change_before_backward_and_buffers_are_freed) {
  at::manual_seed(12);
  at::Tensor const s = random({3, 4}).requires_grad_(true), t = random({3, 4});
  at::Tensor const expected = gradients_of(cf::fcd_loss(thrust::device, s, t), {s})[0];
  at::Tensor const copy = s.detach().clone().requires_grad_(true);
  at::Tensor const loss = cf::fcd_loss(thrust::device, copy, t);
  {
    at::NoGradGuard const guard;
    copy.zero_();
  }
  EXPECT_TRUE(at::equal(gradients_of(loss, {copy})[0], expected));
  EXPECT_THROW(gradients_of(loss, {copy}), std::exception);
}

}  // namespace
