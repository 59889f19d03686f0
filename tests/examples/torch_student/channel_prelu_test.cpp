// SPDX-License-Identifier: Apache-2.0
// Checks PReLU's own gradient against libtorch's in double, its bits over threads, and that other
// orders of memory are left to libtorch.
#include "channel_prelu.hpp"

#include <gtest/gtest.h>

namespace {

using torch_student::channel_prelu;
using sizes = std::vector<std::int64_t>;

struct result {
  torch::Tensor value, of_x, of_slope;
  std::string function;
};

torch::Tensor in_order(torch::Tensor const& t, at::MemoryFormat order) {
  return t.to(t.options(), false, false, order);
}

result ask(channel_prelu layer, torch::Tensor const& input, torch::Tensor const& above) {
  auto const x = input.detach().requires_grad_();
  layer->weight.mutable_grad() = torch::Tensor();
  auto const y = layer->forward(x);
  y.backward(above);
  return {y.detach(), x.grad(), layer->weight.grad().clone(), y.grad_fn()->name()};
}

channel_prelu layer_of(std::int64_t channels) {
  channel_prelu layer(torch::nn::PReLUOptions().num_parameters(channels));
  torch::NoGradGuard const guard;
  layer->weight.copy_(torch::rand({channels}) - 0.3);
  return layer;
}

TEST(channel_prelu, has_the_gradient_of_the_same_function_in_double) {
  torch::manual_seed(1);
  for (auto const& size :
       {sizes{5, 7, 6, 6}, {1, 64, 3, 3}, {3, 130, 1, 1}, {2, 1, 9, 4}, {40, 64, 12, 12}}) {
    auto const layer = layer_of(size[1]);
    auto const input = torch::randn(size), above = torch::randn(size);
    input.view(-1)[0] = 0;  // belongs to the slope
    auto const got = ask(layer, in_order(input, at::MemoryFormat::ChannelsLast), above);
    EXPECT_NE(got.function.find("channel_prelu"), std::string::npos) << got.function;

    auto const x = input.to(torch::kDouble).requires_grad_();
    auto const slope = layer->weight.detach().to(torch::kDouble).requires_grad_();
    auto const y = torch::prelu(x, slope);
    y.backward(above.to(torch::kDouble));
    EXPECT_TRUE(torch::allclose(got.value.to(torch::kDouble), y, 1e-6, 1e-6));
    EXPECT_TRUE(torch::allclose(got.of_x.to(torch::kDouble), x.grad(), 1e-6, 1e-6));
    EXPECT_TRUE(torch::allclose(got.of_slope.to(torch::kDouble), slope.grad(), 1e-5, 1e-4));
  }
}

TEST(channel_prelu, has_the_same_bits_on_any_number_of_threads) {
  torch::manual_seed(2);
  auto const layer = layer_of(64);
  auto const input = in_order(torch::randn({9, 64, 7, 7}), at::MemoryFormat::ChannelsLast);
  auto const above = torch::randn_like(input);
  at::set_num_threads(1);
  auto const one = ask(layer, input, above);
  at::set_num_threads(3);
  auto const three = ask(layer, input, above);
  EXPECT_TRUE(torch::equal(one.of_x, three.of_x));
  EXPECT_TRUE(torch::equal(one.of_slope, three.of_slope));
}

TEST(channel_prelu, leaves_other_inputs_to_libtorch) {
  torch::manual_seed(3);
  auto const layer = layer_of(6);
  auto const input = torch::randn({4, 6, 5, 5}), above = torch::randn({4, 6, 5, 5});
  auto const plain = ask(layer, input, above);
  EXPECT_EQ(plain.function.find("channel_prelu"), std::string::npos) << plain.function;
  auto const last = ask(layer, in_order(input, at::MemoryFormat::ChannelsLast), above);
  EXPECT_TRUE(torch::equal(plain.value, last.value));
  EXPECT_TRUE(torch::equal(plain.of_x, last.of_x));
  EXPECT_TRUE(torch::allclose(plain.of_slope, last.of_slope, 1e-5, 1e-5));
}

}  // namespace
