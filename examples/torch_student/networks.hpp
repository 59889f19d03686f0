// SPDX-License-Identifier: Apache-2.0
// Networks for face embeddings: MobileFaceNet (Chen, Liu, Gao, Han 2018) for students, IResNet
// (Duta, Liu, Zhu, Shao 2020, as used for face recognition) for teachers. Grey input; the side is a
// multiple of 16, usually 112.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "channel_prelu.hpp"

namespace torch_student {

namespace nn = torch::nn;

struct embedding_network : nn::Module {
  virtual torch::Tensor forward(torch::Tensor x) = 0;
};

namespace detail {

/// A Sequential that can be nested in another one, which requires a typed forward().
struct chain_impl : nn::SequentialImpl {
  using SequentialImpl::SequentialImpl;
  torch::Tensor forward(torch::Tensor x) { return SequentialImpl::forward(x); }
};
TORCH_MODULE_IMPL(chain, chain_impl);

struct convolution {
  std::int64_t in, out, kernel = 1, stride = 1, padding = 0, groups = 1;
};

inline chain normalised(convolution c, bool activated = true) {
  chain layers(nn::Conv2d(nn::Conv2dOptions(c.in, c.out, c.kernel)
                              .stride(c.stride)
                              .padding(c.padding)
                              .groups(c.groups)
                              .bias(false)),
               nn::BatchNorm2d(c.out));
  if (activated) layers->push_back(channel_prelu(nn::PReLUOptions().num_parameters(c.out)));
  return layers;
}

/// Expands, filters each channel, projects; adds the input if sizes allow it.
struct bottleneck : nn::Module {
  bottleneck(std::int64_t in, std::int64_t out, std::int64_t expansion, std::int64_t stride)
      : residual(in == out && stride == 1) {
    std::int64_t const wide = in * expansion;
    widen = register_module("widen", normalised({in, wide}));
    filter = register_module("filter", normalised({wide, wide, 3, stride, 1, wide}));
    narrow = register_module("narrow", normalised({wide, out}, false));
  }
  torch::Tensor forward(torch::Tensor x) {
    auto const y = narrow->forward(filter->forward(widen->forward(x)));
    return residual ? x + y : y;
  }
  bool residual;
  chain widen{nullptr}, filter{nullptr}, narrow{nullptr};
};

struct iresnet_block : nn::Module {
  iresnet_block(std::int64_t in, std::int64_t out, std::int64_t stride) {
    before = register_module("before", nn::BatchNorm2d(in));
    first = register_module("first", normalised({in, out, 3, 1, 1}));
    second = register_module("second", normalised({out, out, 3, stride, 1}, false));
    if (in != out || stride != 1)
      shortcut = register_module("shortcut", normalised({in, out, 1, stride}, false));
  }
  torch::Tensor forward(torch::Tensor x) {
    auto const y = second->forward(first->forward(before->forward(x)));
    return y + (shortcut.is_empty() ? x : shortcut->forward(x));
  }
  nn::BatchNorm2d before{nullptr};
  chain first{nullptr}, second{nullptr}, shortcut{nullptr};
};

}  // namespace detail

class mobile_face_net final : public embedding_network {
 public:
  mobile_face_net(std::int64_t side, std::int64_t embedding) {
    detail::chain layers(detail::normalised({1, 64, 3, 2, 1}),
                         detail::normalised({64, 64, 3, 1, 1, 64}));
    struct stage {
      std::int64_t expansion, out, blocks, stride;
    };
    std::int64_t in = 64;
    for (stage const s :
         {stage{2, 64, 5, 2}, {4, 128, 1, 2}, {2, 128, 6, 1}, {4, 128, 1, 2}, {2, 128, 2, 1}}) {
      for (std::int64_t b = 0; b < s.blocks; ++b, in = s.out)
        layers->push_back(detail::bottleneck(in, s.out, s.expansion, b == 0 ? s.stride : 1));
    }
    layers->push_back(detail::normalised({in, 512}));
    // One weight per position and channel instead of an average over positions.
    layers->push_back(detail::normalised({512, 512, side / 16, 1, 0, 512}, false));
    layers->push_back(detail::normalised({512, embedding}, false));
    layers_ = register_module("layers", layers);
  }
  torch::Tensor forward(torch::Tensor x) override { return layers_->forward(x).flatten(1); }

 private:
  detail::chain layers_{nullptr};
};

class iresnet final : public embedding_network {
 public:
  iresnet(std::vector<std::int64_t> const& blocks, std::int64_t side, std::int64_t embedding) {
    detail::chain layers(detail::normalised({1, 64, 3, 1, 1}));
    std::int64_t in = 64;
    for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
      std::int64_t const out = std::int64_t{64} << stage;
      for (std::int64_t b = 0; b < blocks[stage]; ++b, in = out)
        layers->push_back(detail::iresnet_block(in, out, b == 0 ? 2 : 1));
    }
    layers->push_back(nn::BatchNorm2d(in));
    layers_ = register_module("layers", layers);
    std::int64_t const places = side / 16 * (side / 16);
    embed_ = register_module("embed", nn::Linear(in * places, embedding));
    after_ = register_module("after", nn::BatchNorm1d(embedding));
  }
  torch::Tensor forward(torch::Tensor x) override {
    return after_->forward(embed_->forward(layers_->forward(x).flatten(1)));
  }

 private:
  detail::chain layers_{nullptr};
  nn::Linear embed_{nullptr};
  nn::BatchNorm1d after_{nullptr};
};

inline std::shared_ptr<embedding_network> make_network(std::string const& name, std::int64_t side,
                                                       std::int64_t embedding) {
  if (side % 16 != 0) throw std::invalid_argument("side: is not a multiple of 16");
  if (name == "mobilefacenet") return std::make_shared<mobile_face_net>(side, embedding);
  using blocks = std::vector<std::int64_t>;
  if (name == "iresnet18") return std::make_shared<iresnet>(blocks{2, 2, 2, 2}, side, embedding);
  if (name == "iresnet50") return std::make_shared<iresnet>(blocks{3, 4, 14, 3}, side, embedding);
  throw std::invalid_argument("network '" + name +
                              "' is not one of mobilefacenet, iresnet18, iresnet50");
}

}  // namespace torch_student
