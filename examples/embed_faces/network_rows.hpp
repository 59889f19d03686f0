// SPDX-License-Identifier: Apache-2.0
// Runs a TorchScript network on images and returns the embeddings as rows.
#pragma once

#include <torch/script.h>
#include <torch/torch.h>

#include <sstream>
#include <stdexcept>
#include <string>

namespace embed_faces {

struct asking {
  bool rgb = false;   ///< the network takes three channels: repeat the grey one
  bool flip = false;  ///< add the embedding of the mirror image
};

/// @brief [n, d] unit rows on the host, of [n, 1, side, side]. With the network's output f: f(x) /
/// |f(x)|, or with `flip` (f(x) + f(x mirrored)) / |f(x) + f(x mirrored)|, as in insightface's
/// verification.py: the outputs are not normalised before they are added.
/// @throws std::runtime_error  if the output is no tensor [n, d]
inline torch::Tensor network_rows(torch::jit::Module& network, torch::Tensor images,
                                  torch::Device device, asking how) {
  if (how.rgb) images = images.expand({-1, 3, -1, -1});
  auto const ask = [&](torch::Tensor const& x) {
    auto const output = network.forward({x.to(device)});
    std::string const wanted =
        "it must return [n, d], an embedding of each image; for n = " + std::to_string(x.size(0));
    if (!output.isTensor())
      throw std::runtime_error(wanted + " it returned no tensor, but " + output.tagKind());
    auto const there = output.toTensor();
    if (there.dim() != 2 || there.size(0) != x.size(0) || there.size(1) == 0) {
      std::ostringstream shape;
      shape << there.sizes();
      throw std::runtime_error(wanted + " it returned " + shape.str());
    }
    return there.to(torch::kCPU, torch::kFloat);
  };
  auto raw = ask(images);
  if (how.flip) raw = raw + ask(images.flip({3}));
  return torch::nn::functional::normalize(raw).contiguous();
}

}  // namespace embed_faces
