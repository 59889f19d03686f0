// SPDX-License-Identifier: Apache-2.0
// Relation terms by the name of the method, under a policy: calls of the library.
#pragma once

#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/ekd.hpp>
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>
#include <coupleface/normalize.hpp>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "face_kit/distillation/methods.hpp"
#include "face_kit/distillation/relation_terms.hpp"

namespace face_kit {

/// Distance of unit vectors as a function of their cosine, with derivative 0 at distance 0.
struct unit_distance {
  coupleface::penalty_value operator()(double cosine) const {
    double const square = 2 * (1 - cosine);
    if (square <= 0) return {0, 0};
    double const distance = std::sqrt(square);
    return {distance, -1 / distance};
  }
};

template <class Policy>
class relation_terms_at final : public relation_terms {
 public:
  relation_terms_at(std::string method, coupleface::index_t classes, coupleface::index_t width)
      : method_(std::move(method)), class_ids_(static_cast<std::size_t>(classes)), width_(width) {
    std::iota(class_ids_.begin(), class_ids_.end(), 0);
  }

  void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
               coupleface::matrix_view<float> gradient) override {
    if (method_of(method_).pairs == relation_pairs::mined) {
      if (in.by_class) {
        of_list(in, coupleface::class_neighbours(in.labels, in.table), loss, gradient);
      } else {
        of_list(in, in.table, loss, gradient);
      }
    } else if (method_ == "ekd") {
      coupleface::ekd_loss(Policy(), in.student, in.teacher, in.labels, in.bank, in.bank,
                           class_ids(), thresholds_, loss, gradient);
    } else {
      of_batch(in, loss, gradient);
    }
  }

  void renew(relation_inputs const&) override {}

  void visit_state(std::function<void(void*, std::size_t)> const& visit) override {
    if (method_ == "ekd") {
      visit(thresholds_.student, sizeof thresholds_.student);
      visit(thresholds_.teacher, sizeof thresholds_.teacher);
      visit(&thresholds_.known, sizeof thresholds_.known);
    }
  }

 private:
  void of_batch(relation_inputs const& in, coupleface::scalar_view<double> loss,
                coupleface::matrix_view<float> gradient) {
    Policy const policy{};
    if (method_ == "mrd_batch") {
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
    } else {
      throw std::invalid_argument("method '" + method_ + "' has no relation term here");
    }
  }

  /// The same laws over mined pairs of samples with rows of the bank.
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
      throw std::invalid_argument("method '" + method_ + "' has no relation term here");
    }
  }

  /// For terms that depend on the length of rows: `call` writes its gradient by the unit rows.
  template <class Call>
  void on_unit_rows(coupleface::matrix_view<float const> student,
                    coupleface::matrix_view<float> gradient, Call const& call) {
    coupleface::index_t const rows = student.extent(0), width = student.extent(1);
    unit_.resize(static_cast<std::size_t>(rows * width));
    coupleface::matrix_view<float> const unit(unit_.data(), rows, width);
    coupleface::normalize_rows(Policy(), student, unit);
    call(coupleface::matrix_view<float const>(unit));
    coupleface::normalize_rows_gradient(Policy(), student, gradient, gradient);
  }

  coupleface::vector_view<std::int32_t const> class_ids() const {
    return {class_ids_.data(), static_cast<coupleface::index_t>(class_ids_.size())};
  }

  std::string method_;
  std::vector<std::int32_t> class_ids_;  ///< labels of the bank's rows
  coupleface::index_t width_;
  std::vector<float> unit_;
  coupleface::ekd_thresholds thresholds_;
};

}  // namespace face_kit
