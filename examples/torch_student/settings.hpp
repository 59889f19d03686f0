// Everything that decides the result of one run, its options, and the text by which a checkpoint
// knows it again.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "../train_student/augmentation.hpp"

namespace torch_student {

struct run_settings {
  std::string method = "coupleface", network = "mobilefacenet", sampler = "plain";
  std::uint64_t seed = 1;
  int side = 112, embedding = 128, epochs = 8, batch = 64, images_per_person = 4;
  double rate = 0.1, supervised_rate = 0.1, power = 2, warmup_epochs = 0.5, momentum = 0.9,
         weight_decay = 5e-4;
  double fcd_weight = 1, lambda = 10, cls_weight = 0, margin = 0.3, scale = 32, q = 0.03;
  int k = 100, refresh = 1;
  bool amp = false;
  train_student::augmentation_options augmentation;
  std::string device = "cpu";

  bool uses_teacher() const { return method != "supervised"; }
  bool uses_relations() const { return method == "coupleface"; }
  double classification_weight() const { return uses_teacher() ? cls_weight : 1; }
  double peak_rate() const { return uses_teacher() ? rate : supervised_rate; }
  /// Of the run in folders and tables.
  std::string name() const {
    if (augmentation.mask == 0) return method;
    return method + "_mask" + std::to_string(std::lround(100 * augmentation.mask));
  }

  std::string text(std::string const& data) const {
    std::ostringstream out;
    out.precision(17);
    auto const line = [&](char const* name, auto const& value) {
      out << name << " = " << value << '\n';
    };
    out << data;
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
    line("fcd-weight", fcd_weight);
    line("lambda", lambda);
    line("cls-weight", classification_weight());
    line("margin", margin);
    line("scale", scale);
    line("q", q);
    line("k", k);
    line("refresh", refresh);
    return out.str();
  }
};

struct arguments {
  std::string data, list, teacher_embeddings, teacher_script, eval_pairs, landmarks, select_folds,
      report_folds, out = "torch_student_out";
  std::vector<double> mask_shares{0};
  std::vector<std::string> methods{"coupleface"};
  bool centre = true, teacher_rgb = false, skip_undecodable = false;
  int threads = 0, folds = 10, pairs_per_fold = 300, people = 60, images = 8, dev_people = 40;
  run_settings run;
};

inline void declare(CLI::App& app, arguments& a) {
  run_settings& r = a.run;
  app.option_defaults()->always_capture_default();
  auto const at_least = [](double low) { return CLI::Range(low, 1e12); };
  app.add_option("--data", a.data,
                 "Folder of faces, or an InsightFace train.rec; without it faces are drawn");
  app.add_option(
      "--list", a.list,
      "CSV path,person[,split], .lst, or lines 'path label', of paths below DATA; without "
      "it: DATA/PERSON/IMAGE, people then images in the order of their names");
  app.add_flag("--skip-undecodable", a.skip_undecodable,
               "Leave out images that cannot be decoded, and their rows of --teacher-embeddings "
               "and --landmarks; OUT/undecodable.txt lists them. Without it the first one is an "
               "error");
  app.add_option("--people", a.people, "Drawn people")->check(at_least(2));
  app.add_option("--images-drawn", a.images, "Drawn images of each")->check(at_least(2));
  app.add_option("--dev-people", a.dev_people, "Further drawn people, for the pairs");
  app.add_option(
      "--eval-pairs", a.eval_pairs,
      "CSV a,b,same[,fold], lines 'a b same' or LFW's pairs.txt, of paths of the list or folder; "
      "or a pack (lfw.bin). Without it pairs are drawn from the dev people");
  app.add_option("--select-folds", a.select_folds,
                 "Folds evaluated after each epoch, e.g. 0-4; empty: all");
  app.add_option("--report-folds", a.report_folds, "Folds of the final table; empty: all");
  app.add_option(
      "--landmarks", a.landmarks,
      "NPY [rows of the list, 5, 2], x and y in pixels: eyes and nose. With it the table "
      "is also on pairs of which one face wears a mask");
  app.add_option("--folds", a.folds, "Of drawn pairs")->check(at_least(2));
  app.add_option("--pairs-per-fold", a.pairs_per_fold, "Half of them of one person");
  app.add_option("--teacher-embeddings", a.teacher_embeddings,
                 "NPY [images, d], a row for every image of list or folder, in that order");
  app.add_option(
      "--teacher-script", a.teacher_script,
      "TorchScript file, for instance best.pt of a run with --network iresnet50 --method "
      "supervised; asked once for every image");
  app.add_flag("--teacher-rgb", a.teacher_rgb, "The script wants three channels");
  app.add_flag("--centre-teacher,!--no-centre-teacher", a.centre,
               "Subtract the teacher's mean over the train images");
  app.add_option("--method", a.methods, "supervised, fcd, coupleface; several are compared")
      ->check(CLI::IsMember({"supervised", "fcd", "coupleface"}))
      ->delimiter(',');
  app.add_option("--network", r.network, "mobilefacenet, iresnet18 or iresnet50")
      ->check(CLI::IsMember({"mobilefacenet", "iresnet18", "iresnet50"}));
  app.add_option("--embedding", r.embedding, "Width; with a teacher it is the teacher's");
  app.add_option("--side", r.side, "Pixels of a side, a multiple of 16")->check(at_least(16));
  app.add_option("--device", r.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_flag("--amp", r.amp, "Half precision where libtorch thinks fit; CUDA only");
  app.add_option("--sampler", r.sampler, "plain: shuffled images. balanced: people, then images")
      ->check(CLI::IsMember({"plain", "balanced"}));
  app.add_option("--images-per-person", r.images_per_person, "Of balanced")->check(at_least(1));
  app.add_option("--epochs", r.epochs, "Passes over as many images as the train split has");
  app.add_option("--batch", r.batch, "Images a step")->check(at_least(2));
  app.add_option("--lr", r.rate, "Peak of lr (1 - step / steps)^power");
  app.add_option("--supervised-lr", r.supervised_rate,
                 "The same for method supervised, whose gradients grow with --scale");
  app.add_option("--power", r.power, "Of that schedule");
  app.add_option("--warmup", r.warmup_epochs, "Epochs of linear rise");
  app.add_option("--momentum", r.momentum, "Of the gradient")->check(CLI::Range(0.0, 1.0));
  app.add_option("--weight-decay", r.weight_decay, "Of convolutions and matrices");
  app.add_option("--flip", r.augmentation.flip, "Probability of the mirror image");
  app.add_option("--shift", r.augmentation.shift, "Random crop: up to so many pixels each way");
  app.add_option("--mask-share", a.mask_shares,
                 "Share of training images with a mask drawn over mouth and nose (the teacher's "
                 "embedding stays that of the image without); several are compared")
      ->check(CLI::Range(0.0, 1.0))
      ->delimiter(',');
  app.add_option("--fcd-weight", r.fcd_weight, "Weight of FCD");
  app.add_option("--lambda", r.lambda, "Weight of the relation term");
  app.add_option("--cls-weight", r.cls_weight, "Weight of the margin softmax beside distillation");
  app.add_option("--margin", r.margin, "Angle of the margin softmax");
  app.add_option("--scale", r.scale, "Scale of the margin softmax");
  app.add_option("--q", r.q, "Gap that the relation term forgives");
  app.add_option("--k", r.k, "Mined relations of a class")->check(at_least(1));
  app.add_option("--refresh", r.refresh, "Mine again every so many epochs; 0: once");
  app.add_option("--seed", r.seed, "Of weights, order and augmentation");
  app.add_option("--threads", a.threads, "0: all cores. Bits may depend on it, unlike our losses'");
  app.add_option("--out", a.out, "Folder of results; an unfinished run there continues");
}

}  // namespace torch_student
