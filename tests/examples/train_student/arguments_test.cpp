// SPDX-License-Identifier: Apache-2.0
// Every option of train_student has a range, and a value outside is refused before any work.
#include "arguments.hpp"

#include <gtest/gtest.h>

#include "support/bad_options.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace train_student;

bad_options::tested_program<arguments> const program{declare, expect_valid};

std::string every_method() {
  std::string names;
  for (auto const& name : method_names()) names += (names.empty() ? "" : ",") + name;
  return names;
}

TEST(train_student_arguments, are_refused_outside_their_ranges) {
  program.expect_every_option_checked({
      {"--data", {{"", "is empty"}, {" ", "is blank"}}},
      {"--list", {{"", "is empty"}, {" ", "is blank"}}},
      {"--teacher-embeddings", {{"", "is empty"}, {" ", "is blank"}}},
      {"--eval-pairs", {{"", "is empty"}, {" ", "is blank"}}},
      {"--select-folds",
       {{"x", "'x' is neither a fold nor a range of folds such as 0-4"},
        {"0-4x", "'0-4x' is neither a fold nor a range of folds such as 0-4"},
        {"4-0", "'4-0' is neither a fold nor a range of folds such as 0-4"},
        {"-1", "'-1' is neither a fold nor a range of folds such as 0-4"}}},
      {"--report-folds",
       {{"1,,2", "'' is neither a fold nor a range of folds such as 0-4"},
        {"1,2,", "'1,2,' ends with a comma"}}},
      {"--folds", {{"1", "1 is less than 2"}, {"2.5", "'2.5' is not a valid number"}}},
      {"--pairs-per-fold", {{"0", "0 is less than 2"}, {"3", "3 is not a multiple of 2"}}},
      {"--people", {{"1", "1 is less than 2"}}},
      {"--teacher-people", {{"1", "1 is less than 2"}}},
      {"--images-per-person", {{"1", "1 is less than 2"}}},
      {"--dev-people", {{"-1", "-1 is less than 0"}}},
      {"--family-size", {{"0", "0 is less than 1"}}},
      {"--data-seed", {{"-1", "-1 is less than 0"}}},
      {"--teacher-epochs", {{"0", "0 is less than 1"}}},
      {"--method",
       {{"none", "none not in {" + every_method() + "}"},
        {"fcd,", "'fcd,' has an empty value between its commas"}}},
      {"--fcd-weight", {{"-1", "-1 is not in [0, 1e+06]"}, {"inf", "inf is not in [0, 1e+06]"}}},
      {"--lambda", {{"-1", "-1 is not in [0, 1e+06]"}, {"inf", "inf is not in [0, 1e+06]"}}},
      {"--relation-share",
       {{"0", "0 is not between 0 and 1"},
        {"1", "1 is not between 0 and 1"},
        {"inf", "inf is not between 0 and 1"}}},
      {"--q-quantile", {{"-0.1", "-0.1 is not in [0, 1]"}, {"1.1", "1.1 is not in [0, 1]"}}},
      {"--cls-weight", {{"-1", "-1 is not in [0, 1e+06]"}, {"1e39", "1e39 is not in [0, 1e+06]"}}},
      {"--margin", {{"9", "9 is not in [0, 3.14159)"}, {"-0.1", "-0.1 is not in [0, 3.14159)"}}},
      {"--scale", {{"0", "0 is not above 0"}, {"inf", "inf is more than 10000"}}},
      {"--penalty", {{"none", "none not in {hinge,absolute,squared,smooth_l1,dead_zone}"}}},
      {"--q", {{"-1", "-1 is not in [0, 2]"}, {"2.5", "2.5 is not in [0, 2]"}}},
      {"--beta", {{"0", "0 is less than 1e-09"}, {"inf", "inf is not finite"}}},
      {"--k",
       {{"-1", "-1 is less than 0"}, {"99999999999", "'99999999999' is not a valid number"}}},
      {"--refresh", {{"-1", "-1 is less than 0"}}},
      {"--bank", {{"none", "none not in {frozen,latest,ema,ring}"}}},
      {"--bank-momentum", {{"-1", "-1 is not in [0, 1]"}, {"2", "2 is not in [0, 1]"}}},
      {"--bank-depth", {{"0", "0 is less than 1"}}},
      {"--bank-age", {{"0", "0 is less than 1"}}},
      {"--mining",
       {{"nearest,,gap", "'nearest,,gap' has an empty value between its commas"},
        {"none",
         "none not in {nearest,random,rank_window,similarity_window,mixed,in_batch,bank,gap,"
         "absolute_gap,teacher_order,relative_margin}"}}},
      {"--mining-skip", {{"-1", "-1 is less than 0"}}},
      {"--mining-highest", {{"1.5", "1.5 is not in [-1, 1]"}}},
      {"--mining-lowest", {{"-1.5", "-1.5 is not in [-1, 1]"}}},
      {"--mining-hard", {{"-1", "-1 is less than 0"}}},
      {"--mining-pool", {{"-1", "-1 is less than 0"}}},
      {"--mining-margin", {{"-1", "-1 is less than 0"}, {"inf", "inf is not finite"}}},
      {"--epochs", {{"-1", "-1 is less than 0"}}},
      {"--batch", {{"1", "1 is less than 2"}}},
      {"--lr",
       {{"-1", "-1 is not above 0"}, {"0", "0 is not above 0"}, {"inf", "inf is more than 10000"}}},
      {"--supervised-lr", {{"-1", "-1 is not above 0"}}},
      {"--momentum", {{"1", "1 is not in [0, 1)"}, {"-1", "-1 is not in [0, 1)"}}},
      {"--weight-decay", {{"-1", "-1 is not in [0, 1]"}, {"inf", "inf is not in [0, 1]"}}},
      {"--schedule", {{"none", "none not in {cosine,step,constant}"}}},
      {"--warmup", {{"-1", "-1 is not in [0, 1e+06]"}, {"1e300", "1e300 is not in [0, 1e+06]"}}},
      {"--flip", {{"7", "7 is not in [0, 1]"}, {"-1", "-1 is not in [0, 1]"}}},
      {"--shift", {{"-1", "-1 is not in [0, 64]"}}},
      {"--mask", {{"-1", "-1 is not in [0, 1]"}, {"2", "2 is not in [0, 1]"}}},
      {"--side", {{"7", "7 is not in [8, 256]"}}},
      {"--widths",
       {{"0,8,8", "0 is not in [1, 4096]"},
        {"8,8,100000", "100000 is not in [1, 4096]"},
        {"8,,8", "'8,,8' has an empty value between its commas"}}},
      {"--blocks",
       {{"-1,0,0", "-1 is not in [0, 100]"},
        {"1,1,", "'1,1,' has an empty value between its commas"}}},
      {"--seed", {{"-1", "-1 is less than 0"}}},
      {"--seeds", {{"0", "0 is less than 1"}}},
      {"--threads", {{"-1", "-1 is not in [0, 1024]"}, {"100000", "100000 is not in [0, 1024]"}}},
      {"--device", {{"tpu", "tpu not in {cpu,cuda}"}}},
      {"--out", {{"", "is empty"}, {"  ", "is blank"}}},
      {"--config", {{"", "is empty"}, {" ", "is blank"}}},
  });
}

TEST(train_student_arguments, are_refused_in_combinations_without_sense) {
  program.expect_refused({"--list", "list.csv"}, "--list requires --data");
  program.expect_refused({"--teacher-embeddings", "rows.npy"},
                         "--teacher-embeddings: needs --data");
  program.expect_refused({"--data", "x"},
                         "--data without --teacher-embeddings supports only --method supervised");
  program.expect_refused({"--widths", "8,8"}, "--widths: 2 values, but --blocks has 3");
  program.expect_refused({"--shift", "8", "--side", "8"}, "--shift: 8 is not less than --side, 8");
  program.expect_refused({"--warmup", "24.5"}, "--warmup: 24.5 is more than --epochs, 24");
  program.expect_refused({"--data", "x", "--warmup", "8.5"},
                         "--warmup: 8.5 is more than --epochs, 8");
  program.expect_refused(
      {"--people", "10", "--images-per-person", "2", "--batch", "21"},
      "--batch: 21 is more than the 20 images of --people x --images-per-person");
  program.expect_refused({"--batch", "2147483647"},
                         "--batch: 2147483647 is more than the 1600 images of --people x");
  program.expect_refused(
      {"--seed", "18446744073709551615", "--seeds", "2"},
      "--seed: 18446744073709551615 is too large for --seeds 2; the last seed would be above "
      "18446744073709551615");
  std::string const none = "so there is no loss";
  program.expect_refused(
      {"--fcd-weight", "0", "--lambda", "0"},
      "--method coupleface: --fcd-weight, --cls-weight and --lambda are 0, " + none);
  program.expect_refused({"--compare", "--fcd-weight", "0"},
                         "--method fcd: --fcd-weight and --cls-weight are 0, " + none);
  program.expect_refused({"--method", "fcd,sp,fcd"}, "--method: fcd is listed twice");
  program.expect_refused({"--method", "fcd,sp,rkd_a", "--device", "cuda"},
                         "--method rkd_a: has no form for --device cuda");
  program.expect_refused({"--data", "x", "--method", "supervised,fcd"},
                         "--data without --teacher-embeddings supports only --method supervised");
  program.expect_refused({"--method", "fcd,sp,cc", "--lambda", "1,2"},
                         "--lambda: 2 values, but 3 methods");
  program.expect_refused({"--relation-share", "0.5", "--lambda", "1"},
                         "--relation-share: takes the place of --lambda; give one");
  program.expect_refused({"--relation-share", "0.5", "--fcd-weight", "0"},
                         "--method coupleface: --relation-share needs --fcd-weight");
  program.expect_refused({"--q-quantile", "0.5", "--q", "0.1"},
                         "--q-quantile: takes the place of --q; give one");
  program.expect_refused({"--q-quantile", "0.5", "--penalty", "absolute"},
                         "--q-quantile: --penalty absolute has no q");
  program.expect_refused({"--method", "ekd", "--fcd-weight", "0", "--lambda", "0"},
                         "--method ekd: --fcd-weight, --cls-weight and --lambda are 0, " + none);
  program.expect_refused(
      {"--mining", "similarity_window", "--mining-lowest", "0.5", "--mining-highest", "0.1"},
      "--mining-lowest: is above mining-highest");
  for (auto const* const mining : {"nearest,nearest", "gap,nearest,gap"})
    program.expect_refused(
        {"--mining", mining},
        "--mining: " + std::string(mining).substr(std::string(mining).rfind(',') + 1) +
            " is listed twice");
  program.expect_refused({"--mining", "mixed", "--k", "10", "--mining-hard", "11"},
                         "--mining-hard: is more than k");
  for (auto const& words : std::vector<std::vector<std::string>>{
           {},
           {"--fcd-weight", "0"},
           {"--lambda", "0"},
           {"--method", "fcd", "--fcd-weight", "0", "--cls-weight", "0.1"},
           {"--method", "supervised", "--fcd-weight", "0", "--lambda", "0"},
           {"--shift", "7", "--side", "8"},
           {"--seed", "18446744073709551615"},
           {"--seed", "18446744073709551614", "--seeds", "2"},
           {"--select-folds", "", "--report-folds", "5-9,11"},
           {"--compare", "--mining", "nearest,mixed,teacher_order"},
           {"--data", "x", "--method", "supervised"},
           {"--method", "fcd,coupleface,sp", "--device", "cuda"},
           {"--method", every_method()},
           {"--method", "fcd,sp,cc", "--lambda", "0,2,3"},
           {"--compare", "--relation-share", "0.2", "--q-quantile", "0.9"},
           {"--penalty", "dead_zone", "--q-quantile", "1"}}) {
    auto const end = program.run(words);
    EXPECT_EQ(end.status, face_kit::status_ok) << end.message;
  }
}

TEST(train_student_arguments, are_refused_where_memory_cannot_hold_the_network) {
  auto const weights = program.run({"--widths", "4096,4096,4096", "--blocks", "100,100,100"});
  EXPECT_EQ(weights.status, face_kit::status_usage);
  // 9 * (4096 + 2 * 4096^2 + 600 * 4096^2)
  EXPECT_EQ(
      weights.message.find("program: --widths, --blocks: weights, gradients and momentum: 3 x "
                           "90898993152 need 1090 GB"),
      0U)
      << weights.message;
  auto const outputs = program.run({"--data", "x", "--batch", "2000000000"});
  EXPECT_EQ(outputs.status, face_kit::status_usage);
  // 2 * (16^2 * 32 + 3 * 8^2 * 64 + 3 * 4^2 * 128)
  EXPECT_EQ(outputs.message.find(
                "program: --batch: outputs of the layers: 2000000000 x 53248 need 425984 GB"),
            0U)
      << outputs.message;
}

struct train_student_config : coupleface_test::scratch_folder {};

TEST_F(train_student_config, has_the_ranges_too) {
  program.expect_refused({"--config", put("settings.ini", "lr=-1\n")}, "--lr: -1 is not above 0");
  program.expect_refused({"--config", put("settings.ini", "lrr=1\n")},
                         "--config: unknown option lrr");
  program.expect_refused({"--config", path("none.ini")},
                         "--config: " + path("none.ini") + ": cannot be read");
  EXPECT_EQ(program.run({"--config", put("settings.ini", "lr=0.5\ncompare=true\n")}).status, 0);
}

}  // namespace
