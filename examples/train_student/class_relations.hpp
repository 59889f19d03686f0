// What a run knows about classes: prototypes of the teacher's embeddings, the mined table of the K
// classes that each is compared with (or what a batch was compared with), and the bank of teacher
// embeddings that the student's relations are measured against.
#pragma once

#include <thrust/system/omp/execution_policy.h>

#include <coupleface/coupleface.hpp>
#include <coupleface/feature_bank.hpp>
#include <cstdio>
#include <optional>
#include <sstream>
#include <variant>

#include "mining_strategies.hpp"
#include "network_views.hpp"
#include "settings.hpp"

namespace train_student {

using any_penalty = std::variant<coupleface::hinge, coupleface::absolute, coupleface::squared,
                                 coupleface::smooth_l1, coupleface::dead_zone>;

inline any_penalty penalty_of(run_settings const& s) {
  if (s.how == method::mrd || s.penalty == "absolute") return coupleface::absolute{};
  if (s.penalty == "squared") return coupleface::squared{};
  if (s.penalty == "smooth_l1") return coupleface::smooth_l1{s.beta};
  if (s.penalty == "dead_zone") return coupleface::dead_zone{s.q};
  return coupleface::hinge{s.q};
}

/// [classes, d]: unit mean of the teacher's embeddings of each class.
inline matrix<float> teacher_prototypes(matrix<float> const& teacher, std::vector<int> const& train,
                                        std::vector<std::int32_t> const& labels, int classes) {
  // Rows outside the train split have the label -1: "ignored".
  std::vector<std::int32_t> train_labels(labels.size(), -1);
  for (int row : train) train_labels[row] = labels[row];
  matrix<float> prototypes(classes, teacher.cols());
  coupleface::class_prototypes(
      thrust::omp::par, view_of(teacher),
      coupleface::make_vector_view(std::as_const(train_labels).data(), teacher.rows()),
      view_of(prototypes));
  return prototypes;
}

/// Says how far the teacher tells related classes from any, and warns where q would forgive every
/// gap there is.
inline void report_relation_spread(matrix<float> const& teacher, std::vector<int> const& train,
                                   std::vector<std::int32_t> const& labels, int classes,
                                   run_settings const& s) {
  matrix<float> const prototypes = teacher_prototypes(teacher, train, labels, classes);
  relation_table const table = mine_classes({}, view_of(prototypes), s.k, 0);
  // Over all ordered pairs of classes: |sum of unit vectors|^2 = C + sum of the pairs' cosines.
  double const c = classes, squares = prototypes.colwise().sum().cast<double>().squaredNorm();
  double const all = (squares - c) / (c * std::max(1.0, c - 1));
  double const nearest = table.values.col(0).cast<double>().mean();
  int const last = std::min(s.k, classes - 1) - 1;
  double const farthest = last < 0 ? nearest : table.values.col(last).cast<double>().mean();
  std::fprintf(stderr,
               "relations of the teacher's classes: all %.3f on average, nearest %.3f, mined "
               "number %d %.3f\n",
               all, nearest, last + 1, farthest);
  if (nearest - all < 5 * s.q)
    std::fprintf(stderr,
                 "warning: they lie closer together than 5 q = %.3f, so that q = %.3f forgives "
                 "most differences; "
                 "centre the teacher, or choose a smaller --q\n",
                 5 * s.q, s.q);
}

class class_relations {
 public:
  class_relations(matrix<float> const& teacher, std::vector<int> const& train,
                  std::vector<std::int32_t> const& labels, int classes,
                  run_settings const& settings)
      : settings_(settings),
        penalty_(penalty_of(settings)),
        bank_(make_bank(settings, teacher_prototypes(teacher, train, labels, classes))) {
    settings.mining.expect_valid(settings.k);
  }

  /// `seed` is of the strategies that draw at random; another one each epoch.
  void mine_on_schedule(int epoch, std::uint64_t seed) {
    bool const due = settings_.refresh > 0 && epoch % settings_.refresh == 0;
    if (settings_.mining.by_class() && (epoch == 0 || due))
      table_ = mine_classes(settings_.mining, bank(), settings_.k, seed).classes;
  }

  /// Value and gradient of the relation term, and the share of pairs that it pushes. A strategy by
  /// batch mines first.
  void loss(coupleface::matrix_view<float const> student,
            coupleface::matrix_view<float const> teacher,
            coupleface::vector_view<std::int32_t const> labels, double& value, double& active,
            coupleface::matrix_view<float> gradient) {
    auto const measure = [&](auto against, auto neighbours) {
      std::visit(
          [&](auto penalty) {
            coupleface::rad_loss(thrust::omp::par, student, teacher, against, neighbours,
                                 coupleface::make_scalar_view(&value), gradient, penalty);
            coupleface::rad_loss(thrust::omp::par, student, teacher, against, neighbours,
                                 coupleface::make_scalar_view(&active),
                                 coupleface::active_share<decltype(penalty)>{penalty});
          },
          penalty_);
    };
    if (settings_.mining.by_class()) {
      measure(bank(), coupleface::class_neighbours(labels, view_of(std::as_const(table_))));
    } else {
      mine_batch(settings_.mining, {student, teacher, labels}, bank(), settings_.k, batch_table_);
      bool const in_batch = settings_.mining.strategy == "in_batch";
      measure(in_batch ? teacher : bank(), view_of(std::as_const(batch_table_.classes)));
    }
  }

  /// The batch's teacher embeddings enter the bank after the loss has been taken against the old
  /// ones.
  void renew(coupleface::matrix_view<float const> teacher,
             coupleface::vector_view<std::int32_t const> labels) {
    std::visit([&](auto& b) { b.update(thrust::omp::par, labels, teacher); }, bank_);
  }

  void save(std::ostream& out) {
    for_each_array([&](void* data, std::size_t bytes) { write_bytes(out, data, bytes); });
  }
  /// The sizes follow from the settings, which the checkpoint has compared already.
  void load(std::istream& in) {
    if (settings_.mining.by_class()) table_.resize(bank().extent(0), settings_.k);
    for_each_array([&](void* data, std::size_t bytes) { read_bytes(in, data, bytes); });
  }

 private:
  using any_bank = std::variant<coupleface::feature_bank<float, coupleface::frozen_prototypes>,
                                coupleface::feature_bank<float, coupleface::latest_sample>,
                                coupleface::feature_bank<float, coupleface::moving_average>,
                                coupleface::feature_bank<float, coupleface::recent_ring>>;

  static any_bank make_bank(run_settings const& s, matrix<float> const& prototypes) {
    auto const make = [&](auto update) -> any_bank {
      return coupleface::feature_bank<float, decltype(update)>(thrust::omp::par,
                                                               view_of(prototypes), update);
    };
    if (s.bank == "frozen") return make(coupleface::frozen_prototypes{});
    if (s.bank == "latest") return make(coupleface::latest_sample{});
    if (s.bank == "ema") return make(coupleface::moving_average{s.bank_momentum});
    return make(coupleface::recent_ring{s.bank_depth, s.bank_age});
  }

  template <class F>
  void for_each_array(F&& body) {
    auto const visit = [&](char const*, auto& state) {
      using state_type = std::decay_t<decltype(state)>;
      if constexpr (std::is_arithmetic_v<state_type>) body(&state, sizeof state);
      else body(state.data(), state.size() * sizeof state[0]);
    };
    std::visit([&](auto& b) { b.visit_state(visit); }, bank_);
    body(table_.data(), static_cast<std::size_t>(table_.size()) * sizeof(std::int32_t));
  }

  coupleface::matrix_view<float const> bank() const {
    return std::visit([](auto const& b) { return b.teacher(); }, bank_);
  }

  run_settings settings_;
  any_penalty penalty_;
  any_bank bank_;
  matrix<std::int32_t> table_;  // of a strategy by class
  relation_table batch_table_;  // of a strategy by batch, since the last step: no state
};

}  // namespace train_student
