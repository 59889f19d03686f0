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

at::Tensor relation(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::relation_loss(thrust::device, student, teacher, cf::squared{});
}
at::Tensor rkd(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::rkd_distance_loss(thrust::device, student, teacher);
}
at::Tensor similarity_preserving(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::similarity_preserving_loss(thrust::device, student, teacher);
}
at::Tensor correlation_congruence(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::correlation_congruence_loss(thrust::device, student, teacher);
}
at::Tensor pkt(at::Tensor const& student, at::Tensor const& teacher) {
  return cf::pkt_loss(thrust::device, student, teacher);
}

}  // namespace

TORCH_LIBRARY(coupleface, library) {
  library.def("fcd", &fcd);
  library.def("rad", &rad);
  library.def("softmax", &softmax);
  library.def("sampled_softmax", &sampled_softmax);
  library.def("relation", &relation);
  library.def("rkd", &rkd);
  library.def("similarity_preserving", &similarity_preserving);
  library.def("correlation_congruence", &correlation_congruence);
  library.def("pkt", &pkt);
}
