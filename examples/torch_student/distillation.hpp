// SPDX-License-Identifier: Apache-2.0
// A run's knowledge of classes (teacher's prototypes, bank, mined table, class weights) and the
// losses of a batch's embeddings.
#pragma once

#include <thrust/system/omp/execution_policy.h>
#include <torch/torch.h>

#include <coupleface/interop/torch.hpp>
#include <coupleface/prototypes.hpp>
#include <optional>

#include "settings.hpp"

namespace torch_student {

struct loss_terms {
  torch::Tensor total, fcd, relation, classification;  // undefined if the method lacks the term
};

class distillation {
 public:
  /// @param teacher [faces, d], or undefined; @param labels [faces], -1 outside of train
  distillation(torch::Tensor const& teacher, torch::Tensor const& labels, std::int64_t classes,
               run_settings const& settings)
      : settings_(settings), class_weights_(torch::randn({classes, settings.embedding}) * 0.05) {
    class_weights_.requires_grad_(true);
    if (!settings.uses_relations()) return;
    auto const prototypes = torch::empty({classes, teacher.size(1)});
    coupleface::class_prototypes(thrust::omp::par, coupleface::matrix_view_of<float const>(teacher),
                                 coupleface::vector_view_of<std::int64_t const>(labels),
                                 coupleface::matrix_view_of<float>(prototypes));
    bank_.emplace(thrust::omp::par, coupleface::matrix_view_of<float const>(prototypes));
    mine();
  }

  /// Mines again at every `refresh`-th epoch.
  void begin_epoch(int epoch) {
    if (bank_ && epoch > 0 && settings_.refresh > 0 && epoch % settings_.refresh == 0) mine();
  }

  /// Computed on the CPU, where the bank is: a GPU sends embeddings and receives gradients.
  loss_terms loss(torch::Tensor const& on_device, torch::Tensor const& teacher,
                  torch::Tensor const& labels) const {
    auto const policy = thrust::omp::par;
    auto const student = on_device.to(torch::kCPU);
    loss_terms terms;
    terms.total = torch::zeros({});
    auto const add = [&](torch::Tensor const& term, double weight) {
      terms.total = terms.total + term * weight;
      return term.detach();
    };
    if (settings_.uses_teacher())
      terms.fcd = add(coupleface::fcd_loss(policy, student, teacher), settings_.fcd_weight);
    if (bank_)
      terms.relation =
          add(coupleface::rad_loss(
                  policy, student, teacher, coupleface::as_tensor(bank_->teacher()),
                  coupleface::class_neighbours(labels, table_), coupleface::hinge{settings_.q}),
              settings_.lambda);
    if (settings_.classification_weight() != 0)
      terms.classification = add(coupleface::margin_softmax_loss(
                                     policy, student, class_weights_, labels,
                                     coupleface::arc_margin(settings_.margin, settings_.scale)),
                                 settings_.classification_weight());
    return terms;
  }

  /// Updates the bank, after the loss was computed with the old entries.
  void renew(torch::Tensor const& teacher, torch::Tensor const& labels) {
    if (bank_) coupleface::update(thrust::omp::par, *bank_, labels, teacher);
  }

  torch::Tensor class_weights() const { return class_weights_; }

  /// visit(data, bytes) for the checkpoint's state; class weights are saved with the parameters.
  template <class Visit>
  void visit_state(Visit const& visit) {
    if (!bank_) return;
    bank_->visit_state([&](char const*, auto& state) {
      using state_type = std::decay_t<decltype(state)>;
      if constexpr (std::is_arithmetic_v<state_type>) visit(&state, sizeof state);
      else visit(state.data(), state.size() * sizeof state[0]);
    });
    visit(table_.data_ptr(), static_cast<std::size_t>(table_.numel()) * sizeof(std::int64_t));
  }

 private:
  void mine() {
    auto const bank = coupleface::as_tensor(bank_->teacher());
    table_ = coupleface::mine_nearest(thrust::omp::par, bank, bank, settings_.k).indices;
  }

  run_settings settings_;
  torch::Tensor class_weights_;
  std::optional<coupleface::feature_bank<float>> bank_;
  torch::Tensor table_;
};

}  // namespace torch_student
