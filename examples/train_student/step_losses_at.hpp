// SPDX-License-Identifier: Apache-2.0
// The losses of a step, computed at a place (places.hpp): the same library calls on the host and on
// a device. The caller includes the Thrust header of the place's policy.
#pragma once

#include <coupleface/feature_bank.hpp>
#include <coupleface/losses/angular.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/feature.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/rad.hpp>
#include <istream>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "face_kit/distillation/relation_terms.hpp"
#include "mining_strategies.hpp"
#include "places.hpp"
#include "step_losses.hpp"

namespace train_student {

using any_penalty = std::variant<coupleface::hinge, coupleface::absolute, coupleface::squared,
                                 coupleface::smooth_l1, coupleface::dead_zone>;

inline any_penalty penalty_of(loss_settings const& s) {
  if (s.method == "mrd" || s.penalty == "absolute") return coupleface::absolute{};
  if (s.penalty == "squared") return coupleface::squared{};
  if (s.penalty == "smooth_l1") return coupleface::smooth_l1{s.beta};
  if (s.penalty == "dead_zone") return coupleface::dead_zone{s.q};
  return coupleface::hinge{s.q};
}

template <class Place>
class step_losses_at final : public step_losses {
 public:
  /// `prototypes` [classes, d] start the bank; empty without a bank. `terms` compute the relation
  /// term of methods other than mrd and coupleface.
  step_losses_at(loss_settings const& settings, coupleface::matrix_view<float const> prototypes,
                 std::unique_ptr<face_kit::relation_terms> terms = nullptr)
      : settings_(settings),
        penalty_(penalty_of(settings)),
        bank_(make_bank(settings, prototypes)),
        terms_(std::move(terms)) {
    settings.mining.expect_valid(settings.k);
  }

  void mine_on_schedule(int epoch, std::uint64_t seed) override {
    bool const due = settings_.refresh > 0 && epoch % settings_.refresh == 0;
    if (!settings_.mining.by_class() || !(epoch == 0 || due)) return;
    auto const table = table_of(bank().extent(0));
    mine_classes(Place::policy(), settings_.mining, bank(), seed, table.values, table.classes);
  }

  void begin(labelled_batch const& batch) override {
    student_ = student_window_.show(batch.student);
    teacher_ = teacher_window_.show(batch.teacher);
    auto const labels = label_window_.show({batch.labels.data_handle(), 1, batch.labels.extent(0)});
    labels_ = {labels.data_handle(), labels.extent(1)};
  }

  void base(double& value, coupleface::matrix_view<float> gradient) override {
    auto const room = gradient_window_.room(gradient);
    if (settings_.method == "angular" || settings_.method == "fitnet") {
      replaced_base(value, room);
    } else {
      coupleface::fcd_loss(Place::policy(), student_, teacher_, scalar(value), room);
    }
    gradient_window_.bring(gradient);
    bring(value);
  }

  void relation(double& value, double& active, coupleface::matrix_view<float> gradient) override {
    auto const in = pairs_of_batch();
    if (!settings_.uses_penalty()) {
      if (!terms_) throw std::runtime_error(settings_.method + ": has no form for this device");
      terms_->compute(in, scalar(value), gradient_window_.room(gradient));
      gradient_window_.bring(gradient);
      bring(value);
      active = std::numeric_limits<double>::quiet_NaN();
    } else if (in.by_class) {
      penalise(coupleface::class_neighbours(in.labels, in.table), in, value, active, gradient);
    } else {
      penalise(in.table, in, value, active, gradient);
    }
  }

  void classification(coupleface::matrix_view<float const> weights, double& value,
                      coupleface::matrix_view<float> gradient,
                      coupleface::matrix_view<float> weight_gradient) override {
    coupleface::margin_softmax_loss(Place::policy(), student_, weight_window_.show(weights),
                                    labels_, scalar(value), gradient_window_.room(gradient),
                                    weight_gradient_window_.room(weight_gradient),
                                    coupleface::arc_margin(settings_.margin, settings_.scale));
    gradient_window_.bring(gradient);
    weight_gradient_window_.bring(weight_gradient);
    bring(value);
  }

  void renew() override {
    if (terms_) terms_->renew(inputs());
    if (!settings_.uses_bank()) return;
    std::visit([&](auto& b) { b.update(Place::policy(), labels_, teacher_); }, bank_);
  }

  void save(std::ostream& out) override {
    for_each_array([&](void* data, std::size_t bytes, bool here) {
      std::vector<char> copy(bytes);
      if (here) std::memcpy(copy.data(), data, bytes);
      else Place::to_host(copy.data(), data, bytes);
      out.write(copy.data(), static_cast<std::streamsize>(bytes));
    });
  }
  void load(std::istream& in) override {
    if (has_table()) table_of(bank().extent(0));
    for_each_array([&](void* data, std::size_t bytes, bool here) {
      std::vector<char> copy(bytes);
      if (!in.read(copy.data(), static_cast<std::streamsize>(bytes)))
        throw std::runtime_error("the file ends early");
      if (here) std::memcpy(data, copy.data(), bytes);
      else Place::from_host(data, copy.data(), bytes);
    });
  }

 private:
  template <class... T>
  using vector = typename Place::template vector<T...>;
  template <class T>
  using window = typename Place::template window<T>;
  template <class Update>
  using bank_of = coupleface::feature_bank<float, Update, Place::template vector>;
  using any_bank =
      std::variant<bank_of<coupleface::frozen_prototypes>, bank_of<coupleface::latest_sample>,
                   bank_of<coupleface::moving_average>, bank_of<coupleface::recent_ring>>;

  static any_bank make_bank(loss_settings const& s,
                            coupleface::matrix_view<float const> prototypes) {
    window<float> shown;
    auto const make = [&](auto update) -> any_bank {
      return bank_of<decltype(update)>(Place::policy(), shown.show(prototypes), update);
    };
    if (s.bank == "frozen") return make(coupleface::frozen_prototypes{});
    if (s.bank == "latest") return make(coupleface::latest_sample{});
    if (s.bank == "ema") return make(coupleface::moving_average{s.bank_momentum});
    return make(coupleface::recent_ring{s.bank_depth, s.bank_age});
  }

  /// angular and fitnet. As a template, because they are for host policies.
  template <class View>
  void replaced_base(double& value, View room) {
    if constexpr (Place::on_host) {
      if (settings_.method == "angular") {
        coupleface::angular_loss(Place::policy(), student_, teacher_, scalar(value), room);
      } else {
        coupleface::feature_loss(Place::policy(), student_, teacher_, scalar(value), room);
      }
    } else {
      throw std::runtime_error(settings_.method + ": has no form for this device");
    }
  }

  /// RAD with the settings' penalty.
  template <class Neighbours>
  void penalise(Neighbours neighbours, face_kit::relation_inputs const& in, double& value,
                double& active, coupleface::matrix_view<float> gradient) {
    std::visit(
        [&](auto penalty) {
          coupleface::rad_loss(Place::policy(), student_, teacher_, in.bank, neighbours,
                               scalar(value), gradient_window_.room(gradient), penalty);
          gradient_window_.bring(gradient);
          bring(value);
          coupleface::rad_loss(Place::policy(), student_, teacher_, in.bank, neighbours,
                               scalar(active),
                               coupleface::active_share<decltype(penalty)>{penalty});
          bring(active);
        },
        penalty_);
  }

  face_kit::relation_inputs inputs() const { return {student_, teacher_, labels_, bank(), {}}; }

  /// With the pairs that were mined for the classes, or that are now mined for the batch.
  face_kit::relation_inputs pairs_of_batch() {
    auto in = inputs();
    if (!settings_.mines()) return in;
    if (settings_.mining.by_class()) {
      in.table = table_of(bank().extent(0)).classes;
      return in;
    }
    auto const table = table_of(labels_.extent(0));
    mine_batch(Place::policy(), settings_.mining, {student_, teacher_, labels_}, bank(),
               table.values, table.classes);
    in.table = table.classes;
    in.by_class = false;
    if (settings_.mining.strategy == "in_batch") in.bank = teacher_;
    return in;
  }

  bool has_table() const { return settings_.mines() && settings_.mining.by_class(); }

  coupleface::matrix_view<float const> bank() const {
    return std::visit([](auto const& b) { return b.teacher(); }, bank_);
  }

  /// [rows, k]: of classes, saved in checkpoints; or of the batch's samples, not saved.
  struct table_views {
    coupleface::matrix_view<float> values;
    coupleface::matrix_view<std::int32_t> classes;
  };
  table_views table_of(coupleface::index_t rows) {
    auto const size = static_cast<std::size_t>(rows * settings_.k);
    values_.resize(size);
    classes_.resize(size);
    return {{thrust::raw_pointer_cast(values_.data()), rows, settings_.k},
            {thrust::raw_pointer_cast(classes_.data()), rows, settings_.k}};
  }

  /// body(data, bytes, whether the host can reach it)
  template <class F>
  void for_each_array(F&& body) {
    auto const visit = [&](char const*, auto& state) {
      using state_type = std::decay_t<decltype(state)>;
      if constexpr (std::is_arithmetic_v<state_type>) {
        body(&state, sizeof state, true);
      } else {
        body(thrust::raw_pointer_cast(state.data()),
             state.size() * sizeof(typename state_type::value_type), false);
      }
    };
    if (settings_.uses_bank()) std::visit([&](auto& b) { b.visit_state(visit); }, bank_);
    if (has_table()) visit("table", classes_);
    if (!terms_) return;
    terms_->visit_state([&](void* data, std::size_t bytes) { body(data, bytes, true); });
    terms_->visit_device_state([&](void* data, std::size_t bytes) { body(data, bytes, false); });
  }

  coupleface::scalar_view<double> scalar(double& value) {
    return coupleface::make_scalar_view(scalar_window_.room({&value, 1, 1}).data_handle());
  }
  void bring(double& value) { scalar_window_.bring({&value, 1, 1}); }

  loss_settings settings_;
  any_penalty penalty_;
  any_bank bank_;
  std::unique_ptr<face_kit::relation_terms> terms_;
  vector<float> values_;
  vector<std::int32_t> classes_;
  window<float> student_window_, teacher_window_, gradient_window_;
  window<float> weight_window_, weight_gradient_window_;
  window<std::int32_t> label_window_;
  window<double> scalar_window_;
  coupleface::matrix_view<float const> student_, teacher_;
  coupleface::vector_view<std::int32_t const> labels_;
};

}  // namespace train_student
