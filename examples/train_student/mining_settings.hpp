// SPDX-License-Identifier: Apache-2.0
// Settings for mining the relations of the distillation methods: the strategy by name, and the
// options of some strategies.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace train_student {

/// One table for all classes, from the bank, on the schedule of `refresh`.
inline std::vector<std::string> const strategies_by_class{"nearest", "random", "rank_window",
                                                          "similarity_window", "mixed"};
/// Neighbours of every sample of a batch, mined again in every step.
inline std::vector<std::string> const strategies_by_batch{
    "in_batch", "bank", "gap", "absolute_gap", "teacher_order", "relative_margin"};

inline std::vector<std::string> mining_strategies() {
  std::vector<std::string> all = strategies_by_class;
  all.insert(all.end(), strategies_by_batch.begin(), strategies_by_batch.end());
  return all;
}

struct mining_settings {
  std::string strategy = "nearest";
  int skip = 10;  // of rank_window
  // Of similarity_window. Most pairs of pictures of one person have a higher relation than this.
  double highest = 0.5;
  double lowest = -1;
  int hard = 0;          // of mixed; 0: half of K
  int pool = 0;          // of teacher_order; 0: 3 K
  double margin = 0.05;  // of relative_margin

  bool by_class() const { return among(strategies_by_class); }
  int hard_of(int k) const { return hard > 0 ? hard : k / 2; }
  int pool_of(int k) const { return pool > 0 ? pool : 3 * k; }

  /// @throws std::invalid_argument  naming the option that does not fit
  void expect_valid(int k) const {
    auto const fail = [](std::string const& what) { throw std::invalid_argument(what); };
    if (!by_class() && !among(strategies_by_batch)) {
      std::string names;
      for (auto const& name : mining_strategies()) names += (names.empty() ? "" : ", ") + name;
      fail("mining: '" + strategy + "' is not one of " + names);
    }
    if (strategy == "rank_window" && skip < 0) fail("mining-skip: is negative");
    if (strategy == "similarity_window" && !(lowest <= highest))
      fail("mining-lowest: is above mining-highest");
    if (strategy == "mixed" && hard_of(k) > k) fail("mining-hard: is more than k");
    if (strategy == "teacher_order" && pool_of(k) < k) fail("mining-pool: is less than k");
    if (strategy == "relative_margin" && !(margin >= 0)) fail("mining-margin: is negative");
  }

  /// The lines that identify these settings in a checkpoint. `nearest` has none: it is older than
  /// the option, and its checkpoints stay valid.
  template <class Line>
  void for_each_line(int k, Line const& line) const {
    if (strategy == "nearest") return;
    line("mining", strategy);
    if (strategy == "rank_window") line("mining-skip", skip);
    if (strategy == "similarity_window") {
      line("mining-highest", highest);
      line("mining-lowest", lowest);
    }
    if (strategy == "mixed") line("mining-hard", hard_of(k));
    if (strategy == "teacher_order") line("mining-pool", pool_of(k));
    if (strategy == "relative_margin") line("mining-margin", margin);
  }

 private:
  bool among(std::vector<std::string> const& names) const {
    return std::find(names.begin(), names.end(), strategy) != names.end();
  }
};

}  // namespace train_student
