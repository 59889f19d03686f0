// SPDX-License-Identifier: Apache-2.0
// The student of a training run (face_kit/run/training_run.hpp): batches, the losses of the chosen
// method on the embeddings, and one step of the optimizer.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "face_kit/data/eval_pairs.hpp"
#include "face_kit/distillation/relation_share.hpp"
#include "face_kit/run/training_run.hpp"
#include "network.hpp"
#include "settings.hpp"
#include "step_losses.hpp"

namespace train_student {

struct training_data : training_faces {
  matrix<float> teacher;  ///< [faces, d], empty where no teacher is needed
};

class student {
 public:
  student(training_data const& data, run_settings const& settings);

  std::vector<std::string> log_columns() const;
  void begin_epoch(int epoch);
  std::vector<int> order_of(int epoch) const;
  /// @returns a row of the log
  std::vector<double> train_on(batch_rows const& batch);
  std::vector<float> scores(std::vector<verification_pair> const& pairs, bool masked);
  void keep_best(std::string const&) {}

  void save(std::ostream& out);
  void load(std::istream& in);

  sequence<float>& network() { return net_; }

 private:
  std::uint64_t seed_of_mining(int epoch) const;

  template <class F>
  void for_each_trained(F const& visit) {
    net_.for_each_parameter(visit);
    if (settings_.classification_weight() != 0) visit(class_weights_);
  }

  training_data const& data_;
  run_settings settings_;
  sequence<float> net_;
  parameter<float> class_weights_;
  std::unique_ptr<step_losses> losses_;
  std::optional<relation_share> share_;
  tensor<float> images_, embeddings_, gradient_;
  matrix<float> teacher_, term_gradient_;
  std::vector<std::int32_t> labels_;
};

}  // namespace train_student
