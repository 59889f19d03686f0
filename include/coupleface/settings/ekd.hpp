// SPDX-License-Identifier: Apache-2.0
// coupleface: settings and state of evaluation-oriented knowledge distillation.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

/// @brief Settings of ekd_loss. Source of the values: stated (EKD, and its authors' code).
struct ekd_settings {
  double temperature = 0.01;      ///< tau > 0 of the soft counts
  double momentum = 0.01;         ///< weight of a batch's thresholds in the moving average, 0 to 1
  double positive_weight = 0.02;  ///< w_p >= 0
  double negative_weight = 0.01;  ///< w_n >= 0
  index_t hardest = 2000;         ///< H >= 0, how many negatives count

  bool valid() const {
    return temperature > 0 && momentum >= 0 && momentum <= 1 && positive_weight >= 0 &&
           negative_weight >= 0 && hardest >= 0;
  }
};

/// @brief Moving averages of the thresholds, which ekd_loss updates: number k is the cosine that a
/// share of 10^-(k + 1) of the negatives exceeds. Plain numbers in host memory: a checkpoint stores
/// them. A new state knows none.
struct ekd_thresholds {
  static constexpr int count = 6;
  double student[count] = {};
  double teacher[count] = {};
  int known = 0;  ///< thresholds 0 ... known - 1 have values

  bool valid() const { return known >= 0 && known <= count; }
};

}  // namespace coupleface
COUPLEFACE_PRECISE_END
