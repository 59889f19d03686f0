// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum and a polynomial schedule, with its whole state in
// tensors, so that a checkpoint is plain bytes; and the loss scaling of mixed precision.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "settings.hpp"

namespace torch_student {

inline double rate_at(run_settings const& s, std::int64_t step, std::int64_t steps,
                      std::int64_t warmup) {
  if (step < warmup)
    return s.peak_rate() * static_cast<double>(step + 1) / static_cast<double>(warmup);
  return s.peak_rate() *
         std::pow(1 - static_cast<double>(step) / static_cast<double>(steps), s.power);
}

class optimizer {
 public:
  optimizer(std::vector<torch::Tensor> trained, run_settings const& settings)
      : trained_(std::move(trained)), settings_(settings), scale_(settings.amp ? 65536 : 1) {
    for (auto const& p : trained_) velocities_.push_back(torch::zeros_like(p.detach()));
  }

  /// The factor for the loss before backward().
  double scale() const { return scale_; }

  void clear_gradients() {
    for (auto const& p : trained_)
      if (p.grad().defined()) p.grad().zero_();
  }

  /// Performs a step, unless a scaled gradient overflowed: then it only reduces the scale.
  void step(double rate) {
    torch::NoGradGuard const guard;
    if (settings_.amp && !unscale()) return;
    for (std::size_t i = 0; i < trained_.size(); ++i) {
      auto const &p = trained_[i], &gradient = p.grad();
      if (!gradient.defined()) continue;
      auto& v = velocities_[i].mul_(settings_.momentum).add_(gradient);
      // Not for normalisations and activations, whose parameters are vectors.
      if (p.dim() > 1) v.add_(p, settings_.weight_decay);
      p.add_(v, -rate);
    }
  }

  template <class Visit>
  void visit_state(Visit const& visit) {
    for (auto& v : velocities_) visit(v);
  }
  std::pair<double, std::int64_t> scale_state() const { return {scale_, good_steps_}; }
  void set_scale_state(std::pair<double, std::int64_t> state) {
    scale_ = state.first;
    good_steps_ = state.second;
  }

 private:
  bool unscale() {
    bool finite = true;
    for (auto const& p : trained_) {
      if (!p.grad().defined()) continue;
      p.grad().div_(scale_);
      finite = finite && p.grad().isfinite().all().item<bool>();
    }
    good_steps_ = finite ? good_steps_ + 1 : 0;
    if (!finite) scale_ /= 2;
    if (good_steps_ == 2000) {
      scale_ *= 2;
      good_steps_ = 0;
    }
    return finite;
  }

  std::vector<torch::Tensor> trained_, velocities_;
  run_settings settings_;
  double scale_;
  std::int64_t good_steps_ = 0;
};

}  // namespace torch_student
