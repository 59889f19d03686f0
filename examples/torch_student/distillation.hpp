// SPDX-License-Identifier: Apache-2.0
// A run's knowledge of classes (teacher's prototypes, bank, mined table, class weights) and the
// losses of a batch's embeddings.
#pragma once

#include <thrust/system/omp/execution_policy.h>
#include <torch/torch.h>

#include <coupleface/interop/torch.hpp>
#include <coupleface/prototypes.hpp>
#include <limits>
#include <memory>
#include <optional>

#include "face_kit/distillation/relation_share.hpp"
#include "face_kit/distillation/relation_terms.hpp"
#include "known_gradient.hpp"
#include "settings.hpp"

namespace torch_student {

struct loss_terms {
  torch::Tensor total, fcd, relation, classification;  // undefined if the method lacks the term
  double lambda = std::numeric_limits<double>::quiet_NaN();  // of the relation term
};

class distillation {
 public:
  /// @param teacher [faces, d], or undefined; @param labels [faces], -1 outside of train
  distillation(torch::Tensor const& teacher, torch::Tensor const& labels, std::int64_t classes,
               run_settings const& settings)
      : settings_(settings), class_weights_(torch::randn({classes, settings.embedding}) * 0.05) {
    class_weights_.requires_grad_(true);
    if (!settings.uses_relations()) return;
    if (settings.relation_share) share_.emplace(*settings.relation_share);
    if (!settings.uses_penalty())
      terms_ = make_relation_terms(settings.method, classes, teacher.size(1));
    if (!settings.uses_bank()) return;
    auto const prototypes = torch::empty({classes, teacher.size(1)});
    coupleface::class_prototypes(thrust::omp::par, coupleface::matrix_view_of<float const>(teacher),
                                 coupleface::vector_view_of<std::int64_t const>(labels),
                                 coupleface::matrix_view_of<float>(prototypes));
    bank_.emplace(thrust::omp::par, coupleface::matrix_view_of<float const>(prototypes));
    if (settings.mines()) mine();
  }

  /// Mines again at every `refresh`-th epoch.
  void begin_epoch(int epoch) {
    if (settings_.mines() && epoch > 0 && settings_.refresh > 0 && epoch % settings_.refresh == 0)
      mine();
  }

  /// Computed on the CPU, where the bank is: a GPU sends embeddings and receives gradients.
  loss_terms loss(torch::Tensor const& on_device, torch::Tensor const& teacher,
                  torch::Tensor const& labels) {
    auto const student = on_device.to(torch::kCPU);
    loss_terms terms;
    terms.total = torch::zeros({});
    auto const add = [&](torch::Tensor const& term, double weight) {
      terms.total = terms.total + term * weight;
      return term.detach();
    };
    torch::Tensor of_base, of_pairs;
    if (settings_.uses_teacher())
      terms.fcd = add(of_base = base(student, teacher), settings_.fcd_weight);
    if (settings_.uses_relations()) {
      of_pairs = relation(student, teacher, labels);
      terms.lambda = share_ ? share_->lambda(settings_.fcd_weight * gradient_norm(of_base, student),
                                             gradient_norm(of_pairs, student))
                            : settings_.lambda;
      terms.relation = add(of_pairs, terms.lambda);
    }
    if (settings_.classification_weight() != 0)
      terms.classification = add(coupleface::margin_softmax_loss(
                                     thrust::omp::par, student, class_weights_, labels,
                                     coupleface::arc_margin(settings_.margin, settings_.scale)),
                                 settings_.classification_weight());
    return terms;
  }

  /// Updates the bank, or the term's own state, after the loss was computed with the old entries.
  void renew(torch::Tensor const& teacher, torch::Tensor const& labels) {
    if (bank_) coupleface::update(thrust::omp::par, *bank_, labels, teacher);
    if (!terms_) return;
    auto const ids = labels.to(torch::kInt);
    auto const rows = coupleface::matrix_view_of<float const>(teacher);
    terms_->renew({rows, rows, coupleface::vector_view_of<std::int32_t const>(ids), {}, {}});
  }

  torch::Tensor class_weights() const { return class_weights_; }

  /// visit(data, bytes) for the checkpoint's state; class weights are saved with the parameters.
  template <class Visit>
  void visit_state(Visit const& visit) {
    if (terms_) terms_->visit_state(visit);
    if (share_) share_->visit_state(visit);
    if (!bank_) return;
    bank_->visit_state([&](char const*, auto& state) {
      using state_type = std::decay_t<decltype(state)>;
      if constexpr (std::is_arithmetic_v<state_type>) visit(&state, sizeof state);
      else visit(state.data(), state.size() * sizeof state[0]);
    });
    if (settings_.mines())
      visit(table_.data_ptr(), static_cast<std::size_t>(table_.numel()) * sizeof(std::int64_t));
  }

 private:
  static double gradient_norm(torch::Tensor const& term, torch::Tensor const& student) {
    auto const gradient = torch::autograd::grad({term}, {student}, {}, true);
    return gradient[0].to(torch::kDouble).norm().item<double>();
  }

  /// FCD, or the term that replaces it.
  torch::Tensor base(torch::Tensor const& student, torch::Tensor const& teacher) const {
    auto const policy = thrust::omp::par;
    if (settings_.method == "angular") return coupleface::angular_loss(policy, student, teacher);
    if (settings_.method == "fitnet") return coupleface::feature_loss(policy, student, teacher);
    return coupleface::fcd_loss(policy, student, teacher);
  }

  torch::Tensor relation(torch::Tensor const& student, torch::Tensor const& teacher,
                         torch::Tensor const& labels) {
    if (settings_.uses_penalty()) {
      auto const rad = [&](auto penalty) {
        return coupleface::rad_loss(thrust::omp::par, student, teacher,
                                    coupleface::as_tensor(bank_->teacher()),
                                    coupleface::class_neighbours(labels, table_), penalty);
      };
      return settings_.method == "mrd" ? rad(coupleface::absolute{})
                                       : rad(coupleface::hinge{settings_.q});
    }
    auto const ids = labels.to(torch::kInt);
    auto const table =
        settings_.mines() ? table_.to(torch::kInt) : torch::empty({0, 0}, torch::kInt);
    return term_of(student, [&](auto rows, auto loss, auto gradient) {
      relation_inputs in{rows,
                         coupleface::matrix_view_of<float const>(teacher),
                         coupleface::vector_view_of<std::int32_t const>(ids),
                         {},
                         coupleface::matrix_view_of<std::int32_t>(table)};
      if (bank_) in.bank = bank_->teacher();
      terms_->compute(in, loss, gradient);
    });
  }

  void mine() {
    auto const bank = coupleface::as_tensor(bank_->teacher());
    table_ = coupleface::mine_nearest(thrust::omp::par, bank, bank, settings_.k).indices;
  }

  run_settings settings_;
  torch::Tensor class_weights_;
  std::optional<coupleface::feature_bank<float>> bank_;
  torch::Tensor table_;
  std::unique_ptr<relation_terms> terms_;
  std::optional<relation_share> share_;
};

}  // namespace torch_student
