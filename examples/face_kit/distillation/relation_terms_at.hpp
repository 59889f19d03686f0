// SPDX-License-Identifier: Apache-2.0
// Relation terms by the name of the method, under a policy: calls of the library.
#pragma once

#include <thrust/memory.h>

#include <cmath>
#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/cross_relation.hpp>
#include <coupleface/losses/ekd.hpp>
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/pairwise_ranking.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>
#include <coupleface/losses/teacher_queue.hpp>
#include <coupleface/normalize.hpp>
#include <coupleface/teacher_queue.hpp>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "face_kit/distillation/methods.hpp"
#include "face_kit/distillation/relation_terms.hpp"

namespace face_kit {

/// Distance of unit vectors as a function of their cosine, with derivative 0 at distance 0.
struct unit_distance {
  COUPLEFACE_HOST_DEVICE coupleface::penalty_value operator()(double cosine) const {
    double const square = 2 * (1 - cosine);
    if (square <= 0) return {0, 0};
    double const distance = std::sqrt(square);
    return {distance, -1 / distance};
  }
};

[[noreturn]] inline void fail_without_form(std::string const& method) {
  throw std::invalid_argument("method '" + method + "' has no relation term here");
}

/// Terms that hosts and devices have. Vector: of the policy's memory.
template <class Policy, template <class...> class Vector>
class common_terms : public relation_terms {
 public:
  explicit common_terms(std::string method) : method_(std::move(method)) {}

  void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
               coupleface::matrix_view<float> gradient) override {
    Policy const policy{};
    if (method_of(method_).pairs == relation_pairs::mined) {
      if (in.by_class) {
        of_list(in, coupleface::class_neighbours(in.labels, in.table), loss, gradient);
      } else {
        of_list(in, in.table, loss, gradient);
      }
    } else if (method_ == "mrd_batch") {
      coupleface::relation_loss(policy, in.student, in.teacher, loss, gradient);
    } else if (method_ == "rkd_d") {
      on_unit_rows(in.student, gradient, [&](auto unit) {
        coupleface::rkd_distance_loss(policy, unit, in.teacher, loss, gradient);
      });
    } else if (method_ == "sp") {
      coupleface::similarity_preserving_loss(policy, in.student, in.teacher, loss, gradient,
                                             coupleface::cosine{});
    } else if (method_ == "cc") {
      coupleface::correlation_congruence_loss(policy, in.student, in.teacher, loss, gradient);
    } else if (method_ == "pkt") {
      coupleface::pkt_loss(policy, in.student, in.teacher, loss, gradient);
    } else if (method_ == "cross_relation") {
      coupleface::cross_relation_loss(policy, in.student, in.teacher, loss, gradient);
    } else if (method_ == "cross_contrast") {
      coupleface::cross_contrast_loss(policy, in.student, in.teacher, loss, gradient, 0.1,
                                      coupleface::not_same_label(in.labels, in.labels));
    } else {
      fail_without_form(method_);
    }
  }
  void renew(relation_inputs const&) override {}
  void visit_state(std::function<void(void*, std::size_t)> const&) override {}

 protected:
  /// For terms that depend on the length of rows: `call` writes its gradient by the unit rows.
  template <class Call>
  void on_unit_rows(coupleface::matrix_view<float const> student,
                    coupleface::matrix_view<float> gradient, Call const& call) {
    coupleface::index_t const rows = student.extent(0), width = student.extent(1);
    unit_.resize(static_cast<std::size_t>(rows * width));
    auto* const data = thrust::raw_pointer_cast(unit_.data());
    coupleface::normalize_rows(Policy(), student,
                               coupleface::matrix_view<float>(data, rows, width));
    call(coupleface::matrix_view<float const>(data, rows, width));
    coupleface::normalize_rows_gradient(Policy(), student, gradient, gradient);
  }

  std::string method_;

 private:
  /// The laws of the terms over a batch, over mined pairs of samples with rows of the bank.
  template <class Neighbours>
  void of_list(relation_inputs const& in, Neighbours neighbours,
               coupleface::scalar_view<double> loss, coupleface::matrix_view<float> gradient) {
    auto const over = [&](auto law, auto relation) {
      coupleface::pair_loss(Policy(), in.student, in.teacher, in.bank, in.bank, neighbours, loss,
                            gradient, law, relation);
    };
    if (method_ == "rkd_d_mined") {
      over(coupleface::rkd_distance_law<coupleface::smooth_l1>({}), unit_distance{});
    } else if (method_ == "sp_mined") {
      over(coupleface::similarity_preserving_law{}, coupleface::cosine{});
    } else if (method_ == "cc_mined") {
      over(coupleface::difference_law<coupleface::squared>({}), coupleface::taylor_kernel{});
    } else if (method_ == "pkt_mined") {
      over(coupleface::pkt_law{}, coupleface::cosine{});
    } else {
      fail_without_form(method_);
    }
  }

  Vector<float> unit_;
};

/// The contrast with a queue, and the queue. Vector: of the policy's memory.
template <class Policy, template <class...> class Vector>
class queue_terms final : public relation_terms {
 public:
  /// @param width  of the teacher
  explicit queue_terms(coupleface::index_t width) : queue_(1024, width) {}

  void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
               coupleface::matrix_view<float> gradient) override {
    coupleface::teacher_queue_loss(Policy(), in.student, in.teacher, queue_.rows(), loss, gradient,
                                   0.1, coupleface::not_same_label(in.labels, queue_.labels()));
  }
  void renew(relation_inputs const& in) override { queue_.push(Policy(), in.teacher, in.labels); }
  void visit_state(std::function<void(void*, std::size_t)> const& visit) override {
    visit_queue([&](void* data, std::size_t bytes, bool here) {
      if (here) visit(data, bytes);
    });
  }
  void visit_device_state(std::function<void(void*, std::size_t)> const& visit) override {
    visit_queue([&](void* data, std::size_t bytes, bool here) {
      if (!here) visit(data, bytes);
    });
  }

 private:
  /// visit(data, bytes, whether the host can reach it)
  template <class Visit>
  void visit_queue(Visit const& visit) {
    constexpr bool on_host = std::is_same_v<Vector<float>, std::vector<float>>;
    queue_.visit_state([&](char const*, auto& state) {
      using state_type = std::decay_t<decltype(state)>;
      if constexpr (std::is_arithmetic_v<state_type>) visit(&state, sizeof state, true);
      else
        visit(thrust::raw_pointer_cast(state.data()),
              state.size() * sizeof(typename state_type::value_type), on_host);
    });
  }

  coupleface::teacher_queue<float, std::int32_t, Vector> queue_;
};

/// EKD over all pairs of the batch with the bank's classes, and its thresholds, which lie in host
/// memory. Vector: of the policy's memory.
template <class Policy, template <class...> class Vector>
class ekd_terms final : public relation_terms {
 public:
  explicit ekd_terms(coupleface::index_t classes) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(classes));
    std::iota(ids.begin(), ids.end(), 0);
    class_ids_ = Vector<std::int32_t>(ids.begin(), ids.end());
  }

  void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
               coupleface::matrix_view<float> gradient) override {
    coupleface::vector_view<std::int32_t const> const bank_labels(
        thrust::raw_pointer_cast(class_ids_.data()),
        static_cast<coupleface::index_t>(class_ids_.size()));
    coupleface::ekd_loss(Policy(), in.student, in.teacher, in.labels, in.bank, in.bank, bank_labels,
                         thresholds_, loss, gradient);
  }
  void renew(relation_inputs const&) override {}
  void visit_state(std::function<void(void*, std::size_t)> const& visit) override {
    visit(thresholds_.student, sizeof thresholds_.student);
    visit(thresholds_.teacher, sizeof thresholds_.teacher);
    visit(&thresholds_.known, sizeof thresholds_.known);
  }

 private:
  Vector<std::int32_t> class_ids_;  ///< labels of the bank's rows
  coupleface::ekd_thresholds thresholds_;
};

/// The term of a method that has a device form, under a device's policy.
/// @param classes  rows of the bank
/// @param width  of the teacher
template <class Policy, template <class...> class Vector>
std::unique_ptr<relation_terms> make_device_terms(std::string const& method,
                                                  coupleface::index_t classes,
                                                  coupleface::index_t width) {
  if (method == "ekd") return std::make_unique<ekd_terms<Policy, Vector>>(classes);
  if (method == "teacher_queue") return std::make_unique<queue_terms<Policy, Vector>>(width);
  return std::make_unique<common_terms<Policy, Vector>>(method);
}

/// All terms, on the host: also those that have no device form.
template <class Policy>
class host_terms final : public common_terms<Policy, std::vector> {
  using base = common_terms<Policy, std::vector>;
  using base::method_;

 public:
  host_terms(std::string method, coupleface::index_t classes, coupleface::index_t width)
      : base(std::move(method)) {
    if (method_ == "ekd") ekd_.emplace(classes);
    if (method_ == "teacher_queue") queue_.emplace(width);
  }

  void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
               coupleface::matrix_view<float> gradient) override {
    Policy const policy{};
    if (ekd_) {
      ekd_->compute(in, loss, gradient);
    } else if (queue_) {
      queue_->compute(in, loss, gradient);
    } else if (method_ == "rkd_a") {
      base::on_unit_rows(in.student, gradient, [&](auto unit) {
        coupleface::rkd_angle_loss(policy, unit, in.teacher, loss, gradient);
      });
    } else if (method_ == "pwr") {
      coupleface::ranking_sample sample;
      sample.seed = batches_;
      coupleface::pairwise_ranking_loss(policy, in.student, in.teacher, loss, gradient,
                                        coupleface::exponential_ranking{}, sample);
    } else {
      base::compute(in, loss, gradient);
    }
  }

  void renew(relation_inputs const& in) override {
    ++batches_;
    if (queue_) queue_->renew(in);
  }

  void visit_state(std::function<void(void*, std::size_t)> const& visit) override {
    if (ekd_) ekd_->visit_state(visit);
    if (method_ == "pwr") visit(&batches_, sizeof batches_);
    if (queue_) queue_->visit_state(visit);
  }

 private:
  std::optional<ekd_terms<Policy, std::vector>> ekd_;
  std::uint64_t batches_ = 0;  ///< seed of pwr's sample
  std::optional<queue_terms<Policy, std::vector>> queue_;
};

}  // namespace face_kit
