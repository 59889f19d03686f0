// SPDX-License-Identifier: Apache-2.0
// Every option of torch_student has a range, and a value outside is refused before any work.
#include <gtest/gtest.h>

#include "settings.hpp"
#include "support/bad_options.hpp"

namespace {

using namespace torch_student;

bad_options::tested_program<arguments> const program{declare, expect_valid};

std::string every_method() {
  std::string names;
  for (auto const& name : method_names()) names += (names.empty() ? "" : ",") + name;
  return names;
}

TEST(torch_student_arguments, are_refused_outside_their_ranges) {
  program.expect_every_option_checked({
      {"--data", {{"", "is empty"}}},
      {"--list", {{"", "is empty"}}},
      {"--teacher-embeddings", {{"", "is empty"}}},
      {"--eval-pairs", {{"", "is empty"}}},
      {"--select-folds", {{"x", "'x' is neither a fold nor a range of folds such as 0-4"}}},
      {"--report-folds", {{"4-0", "'4-0' is neither a fold nor a range of folds such as 0-4"}}},
      {"--folds", {{"1", "1 is less than 2"}}},
      {"--pairs-per-fold", {{"0", "0 is less than 2"}, {"3", "3 is not a multiple of 2"}}},
      {"--people", {{"1", "1 is less than 2"}}},
      {"--synthetic-images", {{"1", "1 is less than 2"}}},
      {"--dev-people", {{"-1", "-1 is less than 0"}}},
      {"--landmarks", {{"", "is empty"}, {" ", "is blank"}}},
      {"--teacher-script", {{"", "is empty"}, {" ", "is blank"}}},
      {"--method",
       {{"none", "none not in {" + every_method() + "}"},
        {"fcd,", "'fcd,' has an empty value between its commas"}}},
      {"--network", {{"vgg", "vgg not in {mobilefacenet,iresnet18,iresnet50}"}}},
      {"--embedding", {{"0", "0 is not in [1, 16384]"}, {"-5", "-5 is not in [1, 16384]"}}},
      {"--side", {{"0", "0 is not in [16, 1024]"}, {"50", "50 is not a multiple of 16"}}},
      {"--device", {{"tpu", "tpu not in {cpu,cuda}"}}},
      {"--sampler", {{"none", "none not in {plain,balanced}"}}},
      {"--images-per-person", {{"0", "0 is less than 1"}}},
      {"--epochs", {{"0", "0 is less than 1"}, {"-1", "-1 is less than 1"}}},
      {"--batch", {{"1", "1 is less than 2"}}},
      {"--lr", {{"-1", "-1 is not above 0"}, {"inf", "inf is more than 10000"}}},
      {"--supervised-lr", {{"0", "0 is not above 0"}}},
      {"--power", {{"-1", "-1 is not in [0, 100]"}, {"inf", "inf is not in [0, 100]"}}},
      {"--warmup", {{"-1", "-1 is not in [0, 1e+06]"}, {"inf", "inf is not in [0, 1e+06]"}}},
      {"--momentum", {{"1", "1 is not in [0, 1)"}, {"-1", "-1 is not in [0, 1)"}}},
      {"--weight-decay", {{"-1", "-1 is not in [0, 1]"}}},
      {"--flip", {{"7", "7 is not in [0, 1]"}}},
      {"--shift", {{"-1", "-1 is not in [0, 64]"}, {"65", "65 is not in [0, 64]"}}},
      {"--mask-share",
       {{"-1", "-1 is not in [0, 1]"},
        {"0,2", "2 is not in [0, 1]"},
        {"0,,1", "'0,,1' has an empty value between its commas"}}},
      {"--fcd-weight", {{"-1", "-1 is not in [0, 1e+06]"}}},
      {"--lambda", {{"-1", "-1 is not in [0, 1e+06]"}, {"inf", "inf is not in [0, 1e+06]"}}},
      {"--relation-share", {{"0", "0 is not between 0 and 1"}, {"1", "1 is not between 0 and 1"}}},
      {"--q-quantile", {{"-0.1", "-0.1 is not in [0, 1]"}, {"1.1", "1.1 is not in [0, 1]"}}},
      {"--cls-weight", {{"-1", "-1 is not in [0, 1e+06]"}}},
      {"--margin", {{"9", "9 is not in [0, 3.14159)"}}},
      {"--scale", {{"0", "0 is not above 0"}, {"-1", "-1 is not above 0"}}},
      {"--q", {{"-1", "-1 is not in [0, 2]"}}},
      {"--k", {{"0", "0 is less than 1"}}},
      {"--refresh", {{"-1", "-1 is less than 0"}}},
      {"--seed", {{"-1", "-1 is less than 0"}}},
      {"--threads", {{"-1", "-1 is not in [0, 1024]"}}},
      {"--out", {{"", "is empty"}, {"  ", "is blank"}}},
      {"--config", {{"", "is empty"}, {" ", "is blank"}}},
  });
}

TEST(torch_student_arguments, are_refused_in_combinations_without_sense) {
  program.expect_refused({"--list", "list.csv"}, "--list requires --data");
  program.expect_refused({}, "--method coupleface: needs --teacher-embeddings or --teacher-script");
  program.expect_refused({"--method", "fcd,supervised,fcd"}, "--method: fcd is listed twice");
  program.expect_refused({"--method", "supervised", "--mask-share", "0.5,0,0.501"},
                         "--mask-share: 50 % is listed twice");
  program.expect_refused({"--method", "supervised", "--amp"}, "--amp: needs --device cuda");
  program.expect_refused({"--method", "supervised", "--mask-share", "0.5"},
                         "--mask-share: needs --landmarks");
  program.expect_refused({"--method", "supervised", "--shift", "16", "--side", "16"},
                         "--shift: 16 is not less than --side, 16");
  program.expect_refused({"--method", "supervised", "--warmup", "2", "--epochs", "1"},
                         "--warmup: 2 is more than --epochs, 1");
  program.expect_refused({"--method", "supervised", "--people", "10", "--synthetic-images", "2"},
                         "--batch: 64 is more than the 20 images of --people x --synthetic-images");
  auto const outputs =
      program.run({"--data", "x", "--method", "supervised", "--batch", "2000000000"});
  EXPECT_EQ(outputs.status, face_kit::status_usage);
  EXPECT_EQ(outputs.message.find("program: --batch: outputs of the first layer: 2000000000 x "), 0U)
      << outputs.message;
  std::string const none = "so there is no loss";
  program.expect_refused(
      {"--teacher-script", "t.pt", "--fcd-weight", "0", "--lambda", "0"},
      "--method coupleface: --fcd-weight, --cls-weight and --lambda are 0, " + none);
  program.expect_refused({"--teacher-script", "t.pt", "--relation-share", "0.5", "--lambda", "1"},
                         "--relation-share: takes the place of --lambda; give one");
  program.expect_refused({"--teacher-script", "t.pt", "--method", "sp", "--relation-share", "0.5",
                          "--fcd-weight", "0"},
                         "--method sp: --relation-share needs --fcd-weight");
  program.expect_refused({"--teacher-script", "t.pt", "--q-quantile", "0.5", "--q", "0.1"},
                         "--q-quantile: takes the place of --q; give one");
  program.expect_refused({"--teacher-script", "t.pt", "--method", "fcd,sp,cc", "--lambda", "1,2"},
                         "--lambda: 2 values, but 3 methods");
  program.expect_refused({"--teacher-script", "t.pt", "--method", "fcd", "--fcd-weight", "0"},
                         "--method fcd: --fcd-weight and --cls-weight are 0, " + none);
  for (auto const& words : std::vector<std::vector<std::string>>{
           {"--method", "supervised", "--fcd-weight", "0", "--lambda", "0"},
           {"--teacher-script", "t.pt"},
           {"--teacher-script", "t.pt", "--method", every_method()},
           {"--teacher-script", "t.pt", "--relation-share", "0.5", "--q-quantile", "0.9"},
           {"--teacher-script", "t.pt", "--lambda", "0", "--method", "supervised,coupleface"},
           {"--teacher-script", "t.pt", "--method", "fcd", "--fcd-weight", "0", "--cls-weight",
            "1"}}) {
    auto const end = program.run(words);
    EXPECT_EQ(end.status, face_kit::status_ok) << end.message;
  }
}

std::string text_of(std::string const& method) {
  run_settings settings;
  settings.method = method;
  return settings.text("data = x\n");
}

TEST(torch_student_settings, checkpoints_of_the_first_three_keep_their_text) {
  auto const text = [](std::string const& method, std::string const& cls_weight) {
    return "program = torch_student\ndata = x\nmethod = " + method +
           "\nnetwork = mobilefacenet\ndevice = cpu\namp = 0\nsampler = plain\n"
           "images-per-person = 4\nseed = 1\nside = 112\nembedding = 128\nepochs = 8\n"
           "batch = 64\nlr = 0.10000000000000001\npower = 2\nwarmup = 0.5\n"
           "momentum = 0.90000000000000002\nweight-decay = 0.00050000000000000001\n"
           "flip = 0.5\nshift = 1\nmask-share = 0\nfcd-weight = 1\nlambda = 10\n"
           "cls-weight = " +
           cls_weight +
           "\nmargin = 0.29999999999999999\nscale = 32\nq = 0.029999999999999999\n"
           "k = 100\nrefresh = 1\n";
  };
  EXPECT_EQ(text_of("supervised"), text("supervised", "1"));
  EXPECT_EQ(text_of("fcd"), text("fcd", "0"));
  EXPECT_EQ(text_of("coupleface"), text("coupleface", "0"));
}

TEST(torch_student_settings, checkpoints_of_others_name_what_decides_the_run_and_no_more) {
  for (auto const& method : method_names()) {
    if (method == "supervised" || method == "fcd" || method == "coupleface") continue;
    SCOPED_TRACE(method);
    run_settings plain;
    plain.method = method;
    auto const changes = [&](auto const& change) {
      auto other = plain;
      change(other);
      return other.text("") != plain.text("");
    };
    EXPECT_EQ(changes([](auto& s) { s.lambda = 2; }), plain.uses_relations());
    EXPECT_EQ(changes([](auto& s) { s.relation_share = 0.5; }), plain.uses_relations());
    EXPECT_EQ(changes([](auto& s) { s.k = 3; }), plain.mines());
    EXPECT_FALSE(changes([](auto& s) { s.q = 0.5; }));
    EXPECT_FALSE(changes([](auto& s) { s.margin = 0.1; }));
  }
}

}  // namespace
