// SPDX-License-Identifier: Apache-2.0
// PReLU with one slope per channel, for training on the CPU in channels-last order: libtorch's own
// gradient is not vectorised and takes longer than the neighbouring convolutions. libtorch does the
// rest.
#pragma once

#include <torch/torch.h>

#include <algorithm>

namespace torch_student {
namespace detail {

struct channel_prelu_function : torch::autograd::Function<channel_prelu_function> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, torch::Tensor const& x,
                               torch::Tensor const& slope) {
    context->save_for_backward({x, slope});
    return torch::prelu(x, slope);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    auto const saved = context->get_saved_variables();
    auto const& x = saved[0];
    auto const above = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    std::int64_t const channels = x.size(1), rows = x.numel() / channels;
    // Slope gradients are summed by ranges of rows, so that they do not depend on the thread count.
    std::int64_t const ranges = std::min<std::int64_t>(rows, 64);
    auto const below = torch::empty_like(x), partial = torch::zeros({ranges, channels});
    float const *const values = x.data_ptr<float>(), *const slopes = saved[1].data_ptr<float>(),
                       *const from = above.data_ptr<float>();
    float *const to = below.data_ptr<float>(), *const sums = partial.data_ptr<float>();
    at::parallel_for(0, ranges, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t range = first; range < last; ++range) {
        float* const sum = sums + range * channels;
        for (std::int64_t row = range * rows / ranges; row < (range + 1) * rows / ranges; ++row) {
          float const *const v = values + row * channels, *const g = from + row * channels;
          float* const out = to + row * channels;
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) {
            float const slope = slopes[c];
            out[c] = g[c] * (v[c] > 0 ? 1.0f : slope);
            sum[c] += g[c] * (v[c] > 0 ? 0.0f : v[c]);
          }
        }
      }
    });
    return {below, partial.sum(0)};
  }
};

}  // namespace detail

struct channel_prelu_impl : torch::nn::PReLUImpl {
  using PReLUImpl::PReLUImpl;
  torch::Tensor forward(torch::Tensor const& x) {
    bool const ours = x.requires_grad() && x.is_cpu() && x.scalar_type() == torch::kFloat &&
                      x.is_contiguous(at::MemoryFormat::ChannelsLast);
    return ours ? detail::channel_prelu_function::apply(x, weight) : PReLUImpl::forward(x);
  }
};
TORCH_MODULE_IMPL(channel_prelu, channel_prelu_impl);

}  // namespace torch_student
