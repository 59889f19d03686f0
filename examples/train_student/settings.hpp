// SPDX-License-Identifier: Apache-2.0
// The settings that determine the result of a run, with defaults and their reasons, and the text
// that identifies them in a checkpoint. Threads, folders and output are not included.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "face_kit/image/augmentation.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "loss_settings.hpp"
#include "network.hpp"
#include "optimizer.hpp"

namespace train_student {

/// The default K: the paper's 100, but at most half of the classes, the share that was chosen on
/// synthetic faces (docs/training.md).
inline int default_relations(int classes) { return std::clamp(classes / 2, 1, 100); }

struct run_settings : loss_settings {
  std::uint64_t seed = 1;
  architecture net;

  int epochs = 0;
  int batch = 128;
  sgd_options sgd{1, 0.9, 5e-4};
  // The supervised loss has much larger gradients (they grow with the scale of the softmax) and
  // needs a smaller rate.
  double supervised_rate = 0.1;
  std::string rate_schedule = "cosine";
  double warmup_epochs = 0.5;
  augmentation_options augmentation;

  double fcd_weight = 1;                 // of the base: FCD, or what replaces it
  double lambda = 10;                    // of the relation term
  std::optional<double> relation_share;  // chooses lambda in each step
  std::optional<double> q_quantile;      // of the teacher's relations within people; chose q
  double cls_weight =
      0;  // of the margin softmax in the distilling methods; in `supervised` it is 1

  // For losses and mining; the network runs on the host. FCD, mining and the relations of mrd and
  // coupleface have the same bits everywhere; other terms do not, so a run must stay on its device.
  std::string device = "cpu";

  /// The run's name in folders and progress.
  std::string name() const {
    bool const plain = !mines() || mining.strategy == "nearest";
    return plain ? method : method + '_' + mining.strategy;
  }
  double classification_weight() const { return uses_teacher() ? cls_weight : 1; }
  double learning_rate() const { return uses_teacher() ? sgd.learning_rate : supervised_rate; }

  /// One line per setting. `data` identifies the run's inputs: faces, teacher, pairs.
  std::string text(std::string const& data) const {
    settings_text out("program = train_student\n" + data);
    auto const line = [&](char const* name, auto const& value) { out(name, value); };
    auto const list = [](std::vector<int> const& values) {
      std::string joined;
      for (int v : values) joined += (joined.empty() ? "" : ",") + std::to_string(v);
      return joined;
    };
    if (device != "cpu") line("device", device);
    line("method", method);
    line("seed", seed);
    line("side", net.side);
    line("widths", list(net.widths));
    line("blocks", list(net.blocks));
    line("embedding", net.embedding);
    line("epochs", epochs);
    line("batch", batch);
    line("lr", learning_rate());
    line("momentum", sgd.momentum);
    line("weight-decay", sgd.weight_decay);
    line("schedule", rate_schedule);
    line("warmup", warmup_epochs);
    line("flip", augmentation.flip);
    line("shift", augmentation.shift);
    line("mask", augmentation.mask);
    line("cls-weight", classification_weight());
    if (classification_weight() != 0) {
      line("margin", margin);
      line("scale", scale);
    }
    if (uses_teacher()) line("fcd-weight", fcd_weight);
    if (uses_relations()) {
      if (relation_share) line("relation-share", *relation_share);
      else line("lambda", lambda);
    }
    if (uses_penalty()) {
      std::string const which = method == "mrd" ? "absolute" : penalty;
      line("penalty", which);
      if (which == "hinge" || which == "dead_zone") {
        if (q_quantile) line("q-quantile", *q_quantile);
        else line("q", q);
      }
      if (which == "smooth_l1") line("beta", beta);
    }
    if (mines()) {
      line("k", k);
      line("refresh", refresh);
      mining.for_each_line(k, line);
    }
    if (uses_bank()) {
      line("bank", bank);
      if (bank == "ema") line("bank-momentum", bank_momentum);
      if (bank == "ring") {
        line("bank-depth", bank_depth);
        line("bank-age", bank_age);
      }
    }
    return out.str();
  }
};

inline schedule schedule_of(std::string const& name) {
  if (name == "cosine") return schedule::cosine;
  if (name == "step") return schedule::step;
  if (name == "constant") return schedule::constant;
  throw std::invalid_argument("schedule '" + name + "' is not one of cosine, step, constant");
}

}  // namespace train_student
