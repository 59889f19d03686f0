// SPDX-License-Identifier: Apache-2.0
// The losses as operators of torch.ops, for gradcheck.py.
#include <coupleface/interop/torch/losses.hpp>

#include <thrust/execution_policy.h>

#include <torch/library.h>

namespace {

namespace cf = coupleface;

at::Tensor fcd(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::fcd_loss(thrust::device, student, teacher);
}
at::Tensor rad(at::Tensor const& student, at::Tensor const& teacher, at::Tensor const& bank,
               at::Tensor const& neighbours) {
  return cf::rad_loss(thrust::device, student, teacher, bank, neighbours, cf::squared{});
}
at::Tensor softmax(at::Tensor const& embeddings, at::Tensor const& weights,
                   at::Tensor const& labels) {
  return cf::margin_softmax_loss(thrust::device, embeddings, weights, labels,
                                 cf::arc_margin(0.05, 8));
}
at::Tensor sampled_softmax(at::Tensor const& embeddings, at::Tensor const& weights,
                           at::Tensor const& labels, at::Tensor const& classes) {
  return cf::margin_softmax_loss(thrust::device, embeddings, weights,
                                 cf::sampled_labels(labels, classes), cf::cosine_margin{0.2, 8});
}

}  // namespace

TORCH_LIBRARY(coupleface, library) {
  library.def("fcd", &fcd);
  library.def("rad", &rad);
  library.def("softmax", &softmax);
  library.def("sampled_softmax", &sampled_softmax);
}
