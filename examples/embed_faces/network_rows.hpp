// SPDX-License-Identifier: Apache-2.0
// What a TorchScript network makes of images, as rows.
#pragma once

#include <torch/script.h>
#include <torch/torch.h>

namespace embed_faces {

struct asking {
  bool rgb = false;   ///< the network wants three channels: the grey one three times
  bool flip = false;  ///< also of the mirror images
};

/// @brief [n, d] unit rows on the host, of [n, 1, side, side]. With f the network's output as it
/// is: f(x) / |f(x)|, or with `flip` (f(x) + f(x mirrored)) / |f(x) + f(x mirrored)|, as
/// insightface's verification.py has it: the outputs are not normalised before they are added.
inline torch::Tensor network_rows(torch::jit::Module& network, torch::Tensor images,
                                  torch::Device device, asking how) {
  if (how.rgb) images = images.expand({-1, 3, -1, -1});
  auto const ask = [&](torch::Tensor const& x) {
    return network.forward({x.to(device)}).toTensor().to(torch::kCPU, torch::kFloat);
  };
  auto raw = ask(images);
  if (how.flip) raw = raw + ask(images.flip({3}));
  return torch::nn::functional::normalize(raw).contiguous();
}

}  // namespace embed_faces
