// SPDX-License-Identifier: Apache-2.0
// The rows that embed_faces makes of a network's output, against values worked out by hand.
#include "network_rows.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace {

/// Output (10 x0 x0, x1 + channels - 1) for images [n, channels, 1, 2].
torch::jit::Module network() {
  torch::jit::Module module("network");
  module.define(R"(
    def forward(self, x):
      first = 10 * x[:, 0, 0, 0] * x[:, 0, 0, 0]
      return torch.stack([first, x[:, x.size(1) - 1, 0, 1] + x.size(1) - 1], 1)
  )");
  return module;
}

void expect_rows(embed_faces::asking how, std::vector<double> const& wanted) {
  auto net = network();
  auto const images = torch::tensor({{0.5, 2.0}, {-1.0, 0.0}}, torch::kFloat).view({2, 1, 1, 2});
  auto const rows = embed_faces::network_rows(net, images, torch::kCPU, how);
  ASSERT_EQ(rows.sizes(), (std::vector<std::int64_t>{2, 2}));
  for (std::int64_t i = 0; i < 2; ++i) {
    double const norm = std::hypot(wanted[2 * i], wanted[2 * i + 1]);
    for (std::int64_t c = 0; c < 2; ++c) {
      EXPECT_NEAR(rows[i][c].item<double>(), wanted[2 * i + c] / norm, 1e-6) << i << c;
    }
  }
}

TEST(network_rows, are_unit_rows_of_the_output) { expect_rows({false, false}, {2.5, 2, 10, 0}); }

TEST(network_rows, three_channels) { expect_rows({true, false}, {2.5, 4, 10, 2}); }

// (0.5, 2) gives (2.5, 2), its mirror image (40, 0.5); (-1, 0) gives (10, 0) and (0, -1). Their
// sums are made unit rows, not sums of unit rows.
TEST(network_rows, sum_of_image_and_mirror_image) {
  expect_rows({false, true}, {42.5, 2.5, 10, -1});
}

}  // namespace
