// SPDX-License-Identifier: Apache-2.0
#include "student.hpp"

#include <algorithm>
#include <cmath>
#include <istream>
#include <limits>
#include <ostream>
#include <utility>

#include "class_relations.hpp"
#include "embed_faces.hpp"
#include "face_kit/image/augmentation.hpp"
#include "network_views.hpp"

namespace train_student {
namespace {

// Purposes of random streams; different numbers, so that no two streams are the same.
struct purpose {
  static constexpr std::uint64_t weights = 1, order = 2, augmentation = 3, mining = 4;
};
struct step_row {
  double rate = 0, total = 0, fcd = nan, relation = nan, active = nan, cls = nan;
  double fcd_norm = nan, relation_norm = nan, cls_norm = nan, weight_norm = 0;
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

student::student(training_data const& data, run_settings const& settings)
    : data_(data),
      settings_(settings),
      net_(make_network<float>(settings.net)),
      class_weights_("classes", data.classes, settings.net.embedding, true) {
  random_stream start({settings.seed, purpose::weights});
  net_.start(start);
  class_weights_.fill_normal(start, 1 / std::sqrt(static_cast<float>(settings.net.embedding)));
  matrix<float> prototypes(0, settings.net.embedding);
  if (settings.uses_bank())
    prototypes = teacher_prototypes(data.teacher, data.train, data.faces->labels, data.classes);
  losses_ = make_losses(settings, prototypes);
  if (settings.relation_share && settings.uses_relations())
    share_.emplace(*settings.relation_share);
}

std::vector<std::string> student::log_columns() const {
  std::vector<std::string> columns{
      "learning_rate",           "total",          "fcd",          "relation",
      "classification",          "active_share",   "fcd_gradient", "relation_gradient",
      "classification_gradient", "weight_gradient"};
  // Not for all runs: unfinished ones of before would get a row of another length.
  if (share_) columns.push_back("lambda");
  return columns;
}

void student::begin_epoch(int epoch) {
  if (settings_.mines()) losses_->mine_on_schedule(epoch, seed_of_mining(epoch));
}

std::vector<int> student::order_of(int epoch) const {
  std::vector<int> order = data_.train;
  random_stream({settings_.seed, purpose::order, static_cast<std::uint64_t>(epoch)}).shuffle(order);
  return order;
}

std::vector<double> student::train_on(batch_rows const& batch) {
  int const n = settings_.batch, side = data_.faces->side, d = settings_.net.embedding;
  int const* const rows = batch.rows;
  images_.resize(n, {side, side, 1});
  labels_.resize(n);
#pragma omp parallel for
  for (int i = 0; i < n; ++i) {
    random_stream const random({settings_.seed, purpose::augmentation,
                                static_cast<std::uint64_t>(batch.epoch),
                                static_cast<std::uint64_t>(rows[i])});
    augment(data_.faces->image(rows[i]), side, settings_.augmentation, random, images_.image(i));
    labels_[i] = data_.faces->labels[rows[i]];
  }
  net_.forward(images_, embeddings_, pass::training);

  if (settings_.uses_teacher()) {
    teacher_.resize(n, d);
    for (int i = 0; i < n; ++i) teacher_.row(i) = data_.teacher.row(rows[i]);
  }
  losses_->begin({view_of(embeddings_), view_of(std::as_const(teacher_)),
                  coupleface::make_vector_view(std::as_const(labels_).data(), n)});
  gradient_.resize(n, {1, 1, d});
  gradient_.data.setZero();
  term_gradient_.resize(n, d);
  step_row row;
  auto const add = [&](float weight, double& norm) {
    norm = term_gradient_.norm();
    gradient_.rows() += weight * term_gradient_;
  };

  if (settings_.uses_teacher()) {
    losses_->base(row.fcd, view_of(term_gradient_));
    add(static_cast<float>(settings_.fcd_weight), row.fcd_norm);
  }
  double lambda = settings_.lambda;
  if (settings_.uses_relations()) {
    losses_->relation(row.relation, row.active, view_of(term_gradient_));
    if (share_) lambda = share_->lambda(settings_.fcd_weight * row.fcd_norm, term_gradient_.norm());
    add(static_cast<float>(lambda), row.relation_norm);
  }
  float const cls_weight = static_cast<float>(settings_.classification_weight());
  if (cls_weight != 0) {
    losses_->classification(
        coupleface::make_matrix_view(std::as_const(class_weights_.value).data(), data_.classes, d),
        row.cls, view_of(term_gradient_),
        coupleface::make_matrix_view(class_weights_.gradient.data(), data_.classes, d));
    add(cls_weight, row.cls_norm);
    class_weights_.gradient *= cls_weight;
  }

  net_.backward(images_, gradient_, nullptr);
  double squares = 0;
  double const warmup = settings_.warmup_epochs * static_cast<double>(batch.steps_per_epoch);
  row.rate = rate_at(schedule_of(settings_.rate_schedule), settings_.learning_rate(), batch.step,
                     batch.steps, static_cast<std::int64_t>(warmup));
  for_each_trained([&](parameter<float>& p) {
    squares += static_cast<double>(p.gradient.square().sum());
    sgd_step(p, settings_.sgd, row.rate);
  });
  row.weight_norm = std::sqrt(squares);
  if (settings_.uses_relations()) losses_->renew();

  row.total = (settings_.uses_teacher() ? settings_.fcd_weight * row.fcd : 0) +
              (settings_.uses_relations() ? lambda * row.relation : 0) +
              (cls_weight != 0 ? cls_weight * row.cls : 0);
  std::vector<double> logged{row.rate,     row.total,      row.fcd,      row.relation,
                             row.cls,      row.active,     row.fcd_norm, row.relation_norm,
                             row.cls_norm, row.weight_norm};
  if (share_) logged.push_back(lambda);
  return logged;
}

std::vector<float> student::scores(std::vector<verification_pair> const& pairs, bool masked) {
  return masked ? std::vector<float>{} : score_pairs(net_, *data_.faces, pairs);
}

void student::save(std::ostream& out) {
  save_state(out, net_);
  save_array(out, class_weights_.value);
  save_array(out, class_weights_.velocity);
  if (settings_.uses_relations()) losses_->save(out);
  if (share_)
    share_->visit_state([&](void* data, std::size_t bytes) { write_bytes(out, data, bytes); });
}

void student::load(std::istream& in) {
  load_state(in, net_);
  load_array(in, class_weights_.value, class_weights_.name);
  load_array(in, class_weights_.velocity, class_weights_.name);
  if (settings_.uses_relations()) losses_->load(in);
  if (share_)
    share_->visit_state([&](void* data, std::size_t bytes) { read_bytes(in, data, bytes); });
}

std::uint64_t student::seed_of_mining(int epoch) const {
  return random_stream({settings_.seed, purpose::mining, static_cast<std::uint64_t>(epoch)}).bits();
}

}  // namespace train_student
