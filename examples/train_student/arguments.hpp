// SPDX-License-Identifier: Apache-2.0
// The command line: every weight, size and schedule with its default and the reason for it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "face_kit/data/face_options.hpp"
#include "face_kit/data/row_files.hpp"
#include "face_kit/data/synthetic_faces.hpp"
#include "face_kit/distillation/method_help.hpp"
#include "face_kit/run/program.hpp"
#include "face_kit/run/validators.hpp"
#include "settings.hpp"

namespace train_student {

struct arguments {
  // Few enough that a student without a teacher is worse than one with a teacher.
  arguments() {
    synthetic.people = 200;
    synthetic.images_per_person = 8;
    synthetic.dev_people = 300;
    synthetic.family_size = 5;
    run.k = 0;
  }
  face_options faces;
  std::string out = "train_student_out";
  std::vector<std::string> methods{"coupleface"};
  bool compare = false;
  int seeds = 1, threads = 0;
  std::vector<std::string> mining{"nearest"};
  synthetic_options synthetic;
  int teacher_people = 1500, teacher_epochs = 12;
  std::vector<double> lambda;
  std::optional<double> q;
  std::uint64_t data_seed = 1;
  run_settings run;
};

/// Checks the mining options, those that depend on K only if it is known.
/// @throws usage_error
inline void expect_valid_mining(arguments const& a) {
  for (auto const& strategy : a.mining) {
    mining_settings mining = a.run.mining;
    mining.strategy = strategy;
    if (a.run.k == 0) mining.hard = mining.pool = 0;
    try {
      mining.expect_valid(a.run.k > 0 ? a.run.k : 1);
    } catch (std::invalid_argument const& error) {
      throw usage_error(std::string("--") + error.what());
    }
  }
}

/// The default depends on the faces.
inline int epochs_of(arguments const& a) {
  return a.run.epochs > 0 ? a.run.epochs : a.faces.data.empty() ? 24 : 8;
}

inline std::vector<std::string> methods_of(arguments const& a) {
  return a.compare ? std::vector<std::string>{"supervised", "fcd", "mrd", "coupleface"} : a.methods;
}

/// The weight of a method's relation term. How those of synthetic faces were chosen:
/// docs/training.md.
inline double lambda_of(arguments const& a, std::string const& method) {
  bool const penalty = method == "mrd" || method == "coupleface";
  return face_kit::lambda_of(a.lambda, methods_of(a), method,
                             penalty && a.faces.data.empty() ? 3 : method_of(method).lambda);
}

/// Refuses networks and batches that memory cannot hold, by a lower bound: weights with gradients
/// and momentum; outputs of convolutions and normalisations for a batch.
inline void expect_network_fits(architecture const& a, int batch) {
  std::int64_t weights = 0, outputs = 0, in = 1, side = a.side;
  for (std::size_t stage = 0; stage < a.widths.size(); ++stage) {
    std::int64_t const out = a.widths[stage], layers = 1 + 2 * std::int64_t{a.blocks[stage]};
    side = (side + 1) / 2;
    weights += 9 * out * (in + (layers - 1) * out);
    outputs += 2 * layers * side * side * out;
    in = out;
  }
  expect_option_fits("--widths, --blocks: weights, gradients and momentum", 3, weights,
                     sizeof(float));
  expect_option_fits("--batch: outputs of the layers", batch, outputs, sizeof(float));
}

/// Checks combinations of options, before any data is read.
/// @throws usage_error
inline void expect_valid(arguments const& a) {
  expect_distinct("--mining", a.mining);
  expect_distinct("--method", a.methods);
  auto const stages = a.run.net.widths.size(), blocks = a.run.net.blocks.size();
  if (stages != blocks)
    throw usage_error("--widths: " + std::to_string(stages) + " values, but --blocks has " +
                      std::to_string(blocks) + "; both need one for each stage");
  if (a.run.augmentation.shift >= a.run.net.side)
    throw usage_error("--shift: " + std::to_string(a.run.augmentation.shift) +
                      " is not less than --side, " + std::to_string(a.run.net.side));
  if (int const epochs = epochs_of(a); a.run.warmup_epochs > epochs)
    throw usage_error("--warmup: " + number_text(a.run.warmup_epochs) + " is more than --epochs, " +
                      std::to_string(epochs));
  auto const images = std::int64_t{a.synthetic.people} * a.synthetic.images_per_person;
  if (a.faces.data.empty() && a.run.batch > images)
    throw usage_error("--batch: " + std::to_string(a.run.batch) + " is more than the " +
                      std::to_string(images) + " images of --people x --images-per-person");
  expect_network_fits(a.run.net, a.run.batch);
  constexpr auto last_seed = std::numeric_limits<std::uint64_t>::max();
  if (a.run.seed > last_seed - static_cast<std::uint64_t>(a.seeds - 1))
    throw usage_error("--seed: " + std::to_string(a.run.seed) + " is too large for --seeds " +
                      std::to_string(a.seeds) + "; the last seed would be above " +
                      std::to_string(last_seed));
  if (a.faces.data.empty() && !a.faces.teacher_embeddings.empty())
    throw usage_error("--teacher-embeddings: needs --data; synthetic faces have their own teacher");
  expect_lambdas_fit(a.lambda, methods_of(a));
  for (auto const& method : methods_of(a)) {
    run_settings settings = a.run;
    settings.method = method;
    if (a.run.device == "cuda" && !method_of(method).on_device)
      throw usage_error("--method " + method + ": has no form for --device cuda");
    settings.lambda = lambda_of(a, method);
    expect_weights_fit(settings, !a.lambda.empty());
  }
  if (a.run.q_quantile && a.q) throw usage_error("--q-quantile: takes the place of --q; give one");
  if (a.run.q_quantile && a.run.penalty != "hinge" && a.run.penalty != "dead_zone")
    throw usage_error("--q-quantile: --penalty " + a.run.penalty + " has no q");
  expect_valid_mining(a);
  if (!a.faces.data.empty() && a.faces.teacher_embeddings.empty() &&
      methods_of(a) != std::vector<std::string>{"supervised"})
    throw usage_error("--data without --teacher-embeddings supports only --method supervised");
}

inline void declare_mining(CLI::App& app, arguments& a) {
  mining_settings& m = a.run.mining;
  app.option_defaults()->group("Mining");
  app.add_option(
         "--mining", a.mining,
         "Which classes or samples relations connect. Mined as a table of classes, every --refresh "
         "epochs: nearest, random, rank_window, similarity_window, mixed. Mined for each batch: "
         "in_batch, bank, gap (where the student exceeds the teacher most), absolute_gap, "
         "teacher_order, relative_margin. Several, separated by commas, are compared")
      ->check(CLI::IsMember(mining_strategies()))
      ->delimiter(',');
  app.add_option(
         "--mining-skip", m.skip,
         "Nearest classes that rank_window skips, as they may be one person under two names")
      ->check(at_least(0));
  app.add_option("--mining-highest", m.highest,
                 "Relation above which similarity_window skips classes; two images of one person "
                 "usually have a higher one than the default")
      ->check(in_range(-1, 1));
  app.add_option("--mining-lowest", m.lowest,
                 "Relation below which similarity_window skips classes")
      ->check(in_range(-1, 1));
  app.add_option("--mining-hard", m.hard,
                 "Nearest classes among the K of mixed; the others are random; 0: half")
      ->check(at_least(0));
  app.add_option("--mining-pool", m.pool,
                 "Number of classes nearest to the student's embedding, among which teacher_order "
                 "takes those nearest to the teacher's; 0: 3 K")
      ->check(at_least(0));
  app.add_option("--mining-margin", m.margin,
                 "Margin of relative_margin, as a share of the relation to the own class")
      ->check(at_least(0));
}

inline void declare(CLI::App& app, arguments& a) {
  run_settings& r = a.run;
  app.option_defaults()->always_capture_default();

  declare(app, a.faces);
  app.option_defaults()->group("Synthetic faces");
  app.add_option("--people", a.synthetic.people,
                 "Synthetic people of the train split, whom the student sees")
      ->check(at_least(2));
  app.add_option("--teacher-people", a.teacher_people,
                 "Synthetic people whom the teacher sees, including the student's")
      ->check(at_least(2));
  app.add_option("--images-per-person", a.synthetic.images_per_person,
                 "Images of each synthetic person")
      ->check(at_least(2));
  app.add_option("--dev-people", a.synthetic.dev_people, "Further synthetic people, for the pairs")
      ->check(at_least(0));
  app.add_option("--family-size", a.synthetic.family_size,
                 "Synthetic people of a family, who look alike; no family has people in both the "
                 "train split and the pairs, or in two folds of the pairs; 1: no relatives")
      ->check(at_least(1));
  app.add_option("--data-seed", a.data_seed,
                 "Seed of synthetic faces, their teacher and sampled pairs")
      ->check(at_least(0));
  app.add_option("--teacher-epochs", a.teacher_epochs,
                 "Epochs of the training of the teacher of synthetic faces")
      ->check(at_least(1));

  app.option_defaults()->group("Method");
  app.add_option("--method", a.methods, method_help())
      ->check(CLI::IsMember(method_names()))
      ->delimiter(',');
  app.add_flag("--compare", a.compare,
               "Train supervised, fcd, mrd and coupleface, and make one table over all seeds");
  declare_weights(app, r, a.lambda, "; on synthetic faces 3 for mrd and coupleface");
  app.add_option("--cls-weight", r.cls_weight,
                 "Weight of the margin softmax in addition to distillation; 0: only the teacher "
                 "shapes the embedding")
      ->check(in_range(0, 1e6));
  app.add_option("--margin", r.margin,
                 "Angle of the margin softmax; below 0.5 is better with few images per person")
      ->check(in_range_below(0, 3.14159));
  app.add_option("--scale", r.scale,
                 "Scale of the margin softmax; smaller for thousands of classes than for millions")
      ->check(above(0, 1e4));
  app.add_option("--penalty", r.penalty,
                 "Penalty of the relation term of coupleface (mrd has absolute)")
      ->check(CLI::IsMember({"hinge", "absolute", "squared", "smooth_l1", "dead_zone"}));
  app.add_option("--q", a.q,
                 "Gap that the penalties hinge and dead_zone tolerate: 0.03 with --data, 0.1 on "
                 "synthetic faces")
      ->check(in_range(0, 2))
      ->default_str("");
  app.add_option("--q-quantile", r.q_quantile, q_quantile_help)
      ->check(in_range(0, 1))
      ->default_str("");
  app.add_option("--beta", r.beta, "Gap at which the penalty smooth_l1 turns linear")
      ->check(at_least(1e-9));
  app.add_option("--k", r.k,
                 "Mined relations of each class; 0: 100, but at most half of the classes")
      ->check(at_least(0));
  app.add_option("--refresh", r.refresh,
                 "Epochs between mining passes over the bank; 0: mine once, from the prototypes")
      ->check(at_least(0));
  app.add_option("--bank", r.bank,
                 "How the bank represents a class: its prototype, its latest sample, ...")
      ->check(CLI::IsMember({"frozen", "latest", "ema", "ring"}));
  app.add_option("--bank-momentum", r.bank_momentum,
                 "Share of the old entry in the moving average of --bank ema")
      ->check(in_range(0, 1));
  app.add_option("--bank-depth", r.bank_depth, "Samples that --bank ring keeps of each class")
      ->check(at_least(1));
  app.add_option("--bank-age", r.bank_age,
                 "Updates after which a sample in --bank ring no longer counts")
      ->check(at_least(1));

  declare_mining(app, a);

  app.option_defaults()->group("Training");
  app.add_option(
         "--epochs", r.epochs,
         "Passes over the train split; 0: 8 with --data, 24 on synthetic faces, which are fewer")
      ->check(at_least(0));
  app.add_option("--batch", r.batch, "Images in each step")->check(at_least(2));
  app.add_option("--lr", r.sgd.learning_rate,
                 "Peak learning rate; high, because the losses are on unit vectors and the "
                 "embedding's norm divides the gradient")
      ->check(above(0, 1e4));
  app.add_option("--supervised-lr", r.supervised_rate,
                 "Peak learning rate of --method supervised, whose gradients grow with --scale")
      ->check(above(0, 1e4));
  app.add_option("--momentum", r.sgd.momentum, "Momentum of the optimizer")
      ->check(in_range_below(0, 1));
  app.add_option("--weight-decay", r.sgd.weight_decay, "Weight decay of convolutions and matrices")
      ->check(in_range(0, 1));
  app.add_option("--schedule", r.rate_schedule, "Schedule of the learning rate after the warm-up")
      ->check(CLI::IsMember({"cosine", "step", "constant"}));
  app.add_option("--warmup", r.warmup_epochs, "Epochs over which the learning rate rises linearly")
      ->check(in_range(0, 1e6));
  app.add_option("--flip", r.augmentation.flip, "Probability that a training image is mirrored")
      ->check(in_range(0, 1));
  app.add_option("--shift", r.augmentation.shift,
                 "Random crop: training images are shifted by up to this many pixels in each "
                 "direction; few, because aligned test faces do not move")
      ->check(in_range(0, 64));
  app.add_option("--mask", r.augmentation.mask,
                 "Probability that the lower half of a training image is covered")
      ->check(in_range(0, 1));
  app.add_option("--side", r.net.side, "Width and height of the network's input in pixels")
      ->check(in_range(8, 256));
  app.add_option("--widths", r.net.widths, "Channels of each stage; multiples of 32 are fastest")
      ->check(in_range(1, 4096))
      ->delimiter(',');
  app.add_option("--blocks", r.net.blocks, "Residual blocks of each stage")
      ->check(in_range(0, 100))
      ->delimiter(',');

  app.option_defaults()->group("Runs");
  app.add_option("--seed", r.seed, "Seed of weights, order and augmentation")->check(at_least(0));
  app.add_option("--seeds", a.seeds, "Runs of each method, with seeds SEED, SEED + 1, ...")
      ->check(at_least(1));
  app.add_option("--threads", a.threads,
                 "Threads; 0: all cores. The results are bit-identical for any number. If other "
                 "programs are busy, set OMP_WAIT_POLICY=passive; otherwise idle threads spin")
      ->check(in_range(0, 1024));
  app.add_option(
         "--device", r.device,
         "Where the losses and mining are computed; network, data and a synthetic teacher's own "
         "training stay on the host")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  declare_run_files(app, a.out);
}

}  // namespace train_student
