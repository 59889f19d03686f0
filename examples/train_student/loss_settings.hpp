// SPDX-License-Identifier: Apache-2.0
// The settings of a run's losses. Does not include Eigen, because nvcc compiles it too.
#pragma once

#include <string>

#include "face_kit/distillation/methods.hpp"
#include "mining_settings.hpp"

namespace train_student {

struct loss_settings {
  std::string method = "coupleface";

  double margin = 0.3, scale = 32;  // of the margin softmax

  std::string penalty = "hinge";  // of coupleface; mrd has `absolute` on the same relations
  double q = 0.03;
  double beta = 0.1;  // of smooth_l1
  int k = 100;
  int refresh = 1;  // mine again every this many epochs; 0: once
  mining_settings mining;

  std::string bank = "latest";
  double bank_momentum = 0.9;  // of ema
  int bank_depth = 4;          // of ring
  int bank_age = 1000;         // of ring: entries expire after this many updates

  face_kit::relation_pairs pairs() const { return face_kit::method_of(method).pairs; }
  bool uses_teacher() const { return method != "supervised"; }
  bool uses_relations() const { return pairs() != face_kit::relation_pairs::none; }
  bool mines() const { return pairs() == face_kit::relation_pairs::mined; }
  bool uses_bank() const { return mines() || pairs() == face_kit::relation_pairs::bank; }
  /// Of all relation terms only RAD takes a penalty: mrd's is absolute.
  bool uses_penalty() const { return method == "mrd" || method == "coupleface"; }
};

}  // namespace train_student
