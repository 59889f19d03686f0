// SPDX-License-Identifier: Apache-2.0
// The settings of a run's losses. Does not include Eigen, because nvcc compiles it too.
#pragma once

#include <string>

#include "mining_settings.hpp"

namespace train_student {

enum class method { supervised, fcd, mrd, coupleface };

struct loss_settings {
  method how = method::coupleface;

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

  bool uses_relations() const { return how == method::mrd || how == method::coupleface; }
  bool uses_teacher() const { return how != method::supervised; }
};

}  // namespace train_student
