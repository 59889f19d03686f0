// SPDX-License-Identifier: Apache-2.0
// The settings that determine the result of a run, their options, and the text that identifies them
// in a checkpoint.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "face_kit/data/face_options.hpp"
#include "face_kit/data/row_files.hpp"
#include "face_kit/distillation/method_help.hpp"
#include "face_kit/image/augmentation.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "face_kit/run/program.hpp"
#include "face_kit/run/validators.hpp"

namespace torch_student {

using namespace face_kit;

struct run_settings {
  std::string method = "coupleface", network = "mobilefacenet", sampler = "plain";
  std::uint64_t seed = 1;
  int side = 112, embedding = 128, epochs = 8, batch = 64, images_per_person = 4;
  double rate = 0.1, supervised_rate = 0.1, power = 2, warmup_epochs = 0.5, momentum = 0.9,
         weight_decay = 5e-4;
  double fcd_weight = 1, lambda = 10, cls_weight = 0, margin = 0.3, scale = 32, q = 0.03;
  std::optional<double> relation_share;  // chooses lambda in each step
  std::optional<double> q_quantile;      // of the teacher's relations within people; chose q
  int k = 100, refresh = 1;
  bool amp = false;
  augmentation_options augmentation;
  std::string device = "cpu";

  bool uses_teacher() const { return method != "supervised"; }
  bool uses_relations() const { return method_of(method).pairs != relation_pairs::none; }
  bool mines() const { return method_of(method).pairs == relation_pairs::mined; }
  bool uses_bank() const { return mines() || method_of(method).pairs == relation_pairs::bank; }
  /// Of all relation terms only RAD takes a penalty: mrd's is absolute.
  bool uses_penalty() const { return method == "mrd" || method == "coupleface"; }
  double classification_weight() const { return uses_teacher() ? cls_weight : 1; }
  double peak_rate() const { return uses_teacher() ? rate : supervised_rate; }
  /// The run's name in folders and tables.
  std::string name() const {
    if (augmentation.mask == 0) return method;
    return method + "_mask" + std::to_string(std::lround(100 * augmentation.mask));
  }

  std::string text(std::string const& data) const {
    settings_text line("program = torch_student\n" + data);
    line("method", method);
    line("network", network);
    line("device", device);
    line("amp", amp);
    line("sampler", sampler);
    line("images-per-person", images_per_person);
    line("seed", seed);
    line("side", side);
    line("embedding", embedding);
    line("epochs", epochs);
    line("batch", batch);
    line("lr", peak_rate());
    line("power", power);
    line("warmup", warmup_epochs);
    line("momentum", momentum);
    line("weight-decay", weight_decay);
    line("flip", augmentation.flip);
    line("shift", augmentation.shift);
    line("mask-share", augmentation.mask);
    // The first three methods have lines that do not matter to them: their checkpoints stay valid.
    bool const first = method == "supervised" || method == "fcd" || method == "coupleface";
    line("fcd-weight", fcd_weight);
    if (uses_relations() && relation_share) line("relation-share", *relation_share);
    else if (first || uses_relations()) line("lambda", lambda);
    line("cls-weight", classification_weight());
    if (first || classification_weight() != 0) {
      line("margin", margin);
      line("scale", scale);
    }
    if (method == "coupleface" && q_quantile) line("q-quantile", *q_quantile);
    else if (first) line("q", q);
    if (first || mines()) {
      line("k", k);
      line("refresh", refresh);
    }
    return line.str();
  }
};

struct arguments {
  face_options faces;
  std::string teacher_script, landmarks, out = "torch_student_out";
  std::vector<double> mask_shares{0};
  std::vector<std::string> methods{"coupleface"};
  std::vector<double> lambda;
  std::optional<double> q;
  bool teacher_rgb = false;
  int threads = 0, people = 60, images = 8, dev_people = 40;
  run_settings run;
};

/// Checks combinations of options, before any data is read.
/// @throws usage_error
inline void expect_valid(arguments const& a) {
  if (a.run.amp && a.run.device != "cuda") throw usage_error("--amp: needs --device cuda");
  if (a.run.augmentation.shift >= a.run.side)
    throw usage_error("--shift: " + std::to_string(a.run.augmentation.shift) +
                      " is not less than --side, " + std::to_string(a.run.side));
  if (a.run.warmup_epochs > a.run.epochs)
    throw usage_error("--warmup: " + number_text(a.run.warmup_epochs) + " is more than --epochs, " +
                      std::to_string(a.run.epochs));
  // The first layer has 64 channels; MobileFaceNet's has half the side.
  if (a.run.device == "cpu")
    expect_option_fits("--batch: outputs of the first layer", a.run.batch,
                       std::int64_t{16} * a.run.side * a.run.side, sizeof(float));
  auto const images = std::int64_t{a.people} * a.images;
  if (a.faces.data.empty() && a.run.batch > images)
    throw usage_error("--batch: " + std::to_string(a.run.batch) + " is more than the " +
                      std::to_string(images) + " images of --people x --synthetic-images");
  expect_distinct("--method", a.methods);
  std::vector<std::string> masks;  // as they name the runs
  for (double const share : a.mask_shares)
    masks.push_back(share == 0 ? "0" : std::to_string(std::lround(100 * share)) + " %");
  expect_distinct("--mask-share", masks);
  for (double const share : a.mask_shares)
    if (share > 0 && a.landmarks.empty()) throw usage_error("--mask-share: needs --landmarks");
  expect_lambdas_fit(a.lambda, a.methods);
  for (auto const& method : a.methods) {
    run_settings settings = a.run;
    settings.method = method;
    settings.lambda = lambda_of(a.lambda, a.methods, method, method_of(method).lambda);
    if (settings.uses_teacher() && a.faces.teacher_embeddings.empty() && a.teacher_script.empty())
      throw usage_error("--method " + method + ": needs --teacher-embeddings or --teacher-script");
    expect_weights_fit(settings, !a.lambda.empty());
  }
  if (a.run.q_quantile && a.q) throw usage_error("--q-quantile: takes the place of --q; give one");
}

inline void declare(CLI::App& app, arguments& a) {
  run_settings& r = a.run;
  app.option_defaults()->always_capture_default();
  declare(app, a.faces);
  app.add_option("--people", a.people, "Synthetic people of the train split")->check(at_least(2));
  app.add_option("--synthetic-images", a.images, "Images of each synthetic person")
      ->check(at_least(2));
  app.add_option("--dev-people", a.dev_people, "Further synthetic people, for the pairs")
      ->check(at_least(0));
  app.add_option("--landmarks", a.landmarks,
                 "NPY [rows of the list, 5, 2], x and y in pixels of eyes and nose. Adds a table "
                 "for pairs with one masked face")
      ->check(not_empty());
  app.add_option("--teacher-script", a.teacher_script,
                 "TorchScript file of the teacher, for instance best.pt of a run with --network "
                 "iresnet50 --method supervised; it embeds every image once")
      ->check(not_empty());
  app.add_flag("--teacher-rgb", a.teacher_rgb,
               "--teacher-script takes three channels; repeat the grey channel");
  app.add_option("--method", a.methods, method_help())
      ->check(CLI::IsMember(method_names()))
      ->delimiter(',');
  app.add_option("--network", r.network, "The student: mobilefacenet, iresnet18 or iresnet50")
      ->check(CLI::IsMember({"mobilefacenet", "iresnet18", "iresnet50"}));
  app.add_option("--embedding", r.embedding,
                 "Width of the embedding; with a teacher, the teacher's width")
      ->check(in_range(1, 16384));
  app.add_option("--side", r.side,
                 "Width and height of the network's input in pixels, a multiple of 16")
      ->check(in_range(16, 1024))
      ->check(multiple_of(16));
  app.add_option("--device", r.device, "Device that runs the network: cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_flag("--amp", r.amp,
               "Mixed precision: half precision where libtorch's autocast chooses it; CUDA only");
  app.add_option("--sampler", r.sampler,
                 "Order of the images. plain: shuffled. balanced: every person equally often")
      ->check(CLI::IsMember({"plain", "balanced"}));
  app.add_option("--images-per-person", r.images_per_person,
                 "Consecutive images of a person, with --sampler balanced")
      ->check(at_least(1));
  app.add_option("--epochs", r.epochs, "Epochs, each of as many images as the train split has")
      ->check(at_least(1));
  app.add_option("--batch", r.batch, "Images in each step")->check(at_least(2));
  app.add_option("--lr", r.rate, "Peak learning rate, of the schedule lr (1 - step / steps)^power")
      ->check(above(0, 1e4));
  app.add_option("--supervised-lr", r.supervised_rate,
                 "Peak learning rate of --method supervised, whose gradients grow with --scale")
      ->check(above(0, 1e4));
  app.add_option("--power", r.power, "Power of the schedule of the learning rate")
      ->check(in_range(0, 100));
  app.add_option("--warmup", r.warmup_epochs, "Epochs over which the learning rate rises linearly")
      ->check(in_range(0, 1e6));
  app.add_option("--momentum", r.momentum, "Momentum of the optimizer")
      ->check(in_range_below(0, 1));
  app.add_option("--weight-decay", r.weight_decay, "Weight decay of convolutions and matrices")
      ->check(in_range(0, 1));
  app.add_option("--flip", r.augmentation.flip, "Probability that a training image is mirrored")
      ->check(in_range(0, 1));
  app.add_option(
         "--shift", r.augmentation.shift,
         "Random crop: training images are shifted by up to this many pixels in each direction")
      ->check(in_range(0, 64));
  app.add_option("--mask-share", a.mask_shares,
                 "Share of training images with a mask drawn over mouth and nose (the teacher "
                 "embeds the image without the mask); several, separated by commas, are compared")
      ->check(in_range(0, 1))
      ->delimiter(',');
  declare_weights(app, r, a.lambda);
  app.add_option("--cls-weight", r.cls_weight,
                 "Weight of the margin softmax in addition to distillation")
      ->check(in_range(0, 1e6));
  app.add_option("--margin", r.margin, "Angle of the margin softmax")
      ->check(in_range_below(0, 3.14159));
  app.add_option("--scale", r.scale, "Scale of the margin softmax")->check(above(0, 1e4));
  app.add_option("--q", a.q, "Gap that the relation term of coupleface tolerates: 0.03")
      ->check(in_range(0, 2))
      ->default_str("");
  app.add_option("--q-quantile", r.q_quantile, q_quantile_help)
      ->check(in_range(0, 1))
      ->default_str("");
  app.add_option("--k", r.k, "Mined relations of each class")->check(at_least(1));
  app.add_option("--refresh", r.refresh, "Epochs between mining passes; 0: mine once")
      ->check(at_least(0));
  app.add_option("--seed", r.seed, "Seed of weights, order and augmentation")->check(at_least(0));
  app.add_option("--threads", a.threads,
                 "Threads; 0: all cores. The bits of the network may depend on the number")
      ->check(in_range(0, 1024));
  declare_run_files(app, a.out);
}

}  // namespace torch_student
