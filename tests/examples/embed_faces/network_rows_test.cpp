// SPDX-License-Identifier: Apache-2.0
// The rows that embed_faces makes of a network's output, against values worked out by hand.
#include "network_rows.hpp"

#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "support/scratch_folder.hpp"

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

void expect_refused(char const* output, std::string const& wanted) {
  torch::jit::Module net("network");
  net.define(std::string("def forward(self, x):\n  return ") + output + "\n");
  try {
    embed_faces::network_rows(net, torch::zeros({3, 1, 4, 4}), torch::kCPU, {});
    FAIL() << output;
  } catch (std::runtime_error const& error) { EXPECT_EQ(error.what(), wanted); }
}

TEST(network_rows, of_another_shape_are_refused) {
  std::string const must = "it must return [n, d], an embedding of each image; for n = 3 it ";
  expect_refused("x", must + "returned [3, 1, 4, 4]");
  expect_refused("x.sum()", must + "returned []");
  expect_refused("x.view(-1, 4)", must + "returned [12, 4]");
  expect_refused("x[:, 0, 0, :0]", must + "returned [3, 0]");
  expect_refused("(x, x)", must + "returned no tensor, but Tuple");
}

struct embed_faces_program : coupleface_test::scratch_folder {
  /// Runs it with this network on three faces. @returns what it said, behind its status
  std::string run(char const* output) const {
    std::string const png(
        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9c"
        "c\x98\0\0\0\x92\0\x91\x12\"\xfb{\0\0\0\0IEND\xae\x42`\x82",
        67);
    for (char const* const image : {"Ann/1.png", "Bob/1.png", "Bob/2.png"})
      put(std::string("people/") + image, png);
    torch::jit::Module net("network");
    net.define(std::string("def forward(self, x):\n  y = x[:, 0, 0, :2] + 1\n") + output);
    net.save(path("net.pt"));
    std::string const command = std::string("'" EMBED_FACES "' '") + path("net.pt") + "' '" +
                                path("people") + "' '" + path("rows") + "' --side 2 --quiet >'" +
                                path("out") + "' 2>'" + path("err") + "'";
    int const status = std::system(command.c_str());
    return std::to_string(status == 0 ? 0 : 1) + ' ' + get(path("err"));
  }
};

TEST_F(embed_faces_program, tells_of_outputs_that_are_not_finite) {
  EXPECT_EQ(run("  y[1:, 0] = float('nan')\n  return y\n"),
            "0 embed_faces: " + path("net.pt") +
                ": the network's output is not finite for 2 of 3 images (first: " +
                path("people/Bob/1.png") + ")\n");
}

TEST_F(embed_faces_program, names_a_network_whose_output_has_another_shape) {
  EXPECT_EQ(run("  return y.view(-1)\n"),
            "1 embed_faces: " + path("net.pt") +
                ": the network fails: it must return [n, d], an embedding of each image; for n = "
                "3 it returned [6]\n");
  EXPECT_FALSE(std::filesystem::exists(path("rows")));
}

}  // namespace
