// SPDX-License-Identifier: Apache-2.0
// The training loop by a student that learns one number: what it is asked, what a stopped run is
// worth, and that a finished one is not repeated.
#include "face_kit/run/training_run.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::failure;
using image_writing::temporary_folder;

struct number_settings {
  std::uint64_t seed = 1;
  int epochs = 3, batch = 4;
  double rate = 0.5;
  static std::string name() { return "number"; }
  std::string text(std::string const& data) const {
    settings_text out(data);
    out("seed", seed);
    out("rate", rate);
    return out.str();
  }
};

struct calls {
  std::vector<int> epochs, first_rows;
  int best = 0, steps = 0, evaluations = 0;
};
calls asked;

/// Every step adds what follows from the batch alone.
class number_student {
 public:
  number_student(training_faces const& data, number_settings const& settings)
      : train_(data.train), rate_(settings.rate) {}

  static std::vector<std::string> log_columns() { return {"rate", "total"}; }
  void begin_epoch(int epoch) { asked.epochs.push_back(epoch); }
  std::vector<int> order_of(int epoch) const {
    auto order = train_;
    std::rotate(order.begin(), order.begin() + epoch, order.end());
    return order;
  }
  std::vector<double> train_on(batch_rows const& batch) {
    ++asked.steps;
    asked.first_rows.push_back(batch.rows[0]);
    EXPECT_EQ(batch.first, batch.step % batch.steps_per_epoch * 4);
    EXPECT_EQ(batch.steps, 6);
    value_ += rate_ * batch.rows[0] + batch.epoch;
    return {rate_, value_};
  }
  std::vector<float> scores(std::vector<verification_pair> const& pairs, bool masked) {
    ++asked.evaluations;
    if (masked) return {};
    std::vector<float> all;
    for (auto const& pair : pairs) all.push_back(pair.same ? 1.0F : 0.5F);
    return all;
  }
  void keep_best(std::string const&) { ++asked.best; }
  void save(std::ostream& out) { write_bytes(out, &value_, sizeof value_); }
  void load(std::istream& in) { read_bytes(in, &value_, sizeof value_); }

 private:
  std::vector<int> train_;
  double rate_, value_ = 0;
};

class training : public testing::Test {
 protected:
  training() {
    asked = {};
    for (int i = 0; i < 10; ++i) data.train.push_back(i);
    data.select =
        data.report = {{0, 0, 1, true}, {0, 0, 2, false}, {1, 3, 4, true}, {1, 3, 5, false}};
    data.text = "faces = 10\n";
  }
  run_record train(temporary_folder const& folder) {
    return training_run<number_student>(data, settings, folder.string()).run();
  }
  static std::string log_of(temporary_folder const& folder) {
    return read_whole_file(folder.string() + "/steps.csv");
  }
  training_faces data;
  number_settings settings;
};

TEST_F(training, goes_through_all_epochs_without_the_incomplete_batch) {
  temporary_folder const folder;
  auto const record = train(folder);
  EXPECT_EQ(asked.epochs, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(asked.first_rows, (std::vector<int>{0, 4, 1, 5, 2, 6}));
  EXPECT_EQ(asked.best, 1);  // later epochs are as good, not better
  EXPECT_EQ(record.per_epoch.size(), 3U);
  EXPECT_EQ(record.summary.accuracy, 1);
  EXPECT_EQ(record.method, "number");
  EXPECT_EQ(log_of(folder),
            "epoch,step,rate,total\n0,0,0.5,0\n0,1,0.5,2\n1,2,0.5,3.5\n1,3,0.5,7\n2,4,0.5,10\n"
            "2,5,0.5,15\n");
}

TEST_F(training, stopped_after_every_step_ends_with_the_same_bytes) {
  temporary_folder const straight, stopped;
  train(straight);
  asked = {};
  set_interruption_requested(true);
  for (int stops = 0; stops < 6; ++stops) EXPECT_THROW(train(stopped), interrupted) << stops;
  set_interruption_requested(false);
  train(stopped);
  EXPECT_EQ(asked.steps, 6);
  EXPECT_EQ(asked.epochs, (std::vector<int>{0, 1, 2}));
  for (auto const* file : {"/steps.csv", "/checkpoint.bin", "/scores.npy"}) {
    EXPECT_EQ(read_whole_file(stopped.string() + file), read_whole_file(straight.string() + file))
        << file;
  }
}

TEST_F(training, is_not_repeated_when_it_is_finished) {
  temporary_folder const folder;
  auto const first = train(folder);
  asked = {};
  auto const again = train(folder);
  EXPECT_EQ(asked.steps, 0);
  EXPECT_EQ(asked.evaluations, 0);
  EXPECT_EQ(again.pair_scores, first.pair_scores);
  EXPECT_EQ(again.per_epoch.size(), first.per_epoch.size());
  settings.rate = 0.25;
  EXPECT_NE(failure([&] { train(folder); }).find("rate: 0.5 there, 0.25 here"), std::string::npos);
}

TEST_F(training, removes_what_killed_runs_left) {
  temporary_folder const folder;
  pid_t const gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  auto const leave = [&] {
    for (auto const* const file :
         {"/seconds.txt", "/checkpoint.bin", "/result.json", "/scores.npy"})
      write_atomically(folder.string() + file + '.' + std::to_string(gone) + ".0.tmp", "half");
  };
  auto const left = [&] {
    int count = 0;
    for (auto const& entry : std::filesystem::directory_iterator(folder.string()))
      count += entry.path().extension() == ".tmp";
    return count;
  };
  leave();
  train(folder);
  EXPECT_EQ(left(), 0) << "a new run";
  leave();
  train(folder);
  EXPECT_EQ(left(), 0) << "a finished one";
}

TEST_F(training, refuses_a_batch_larger_than_the_train_split_and_a_loss_that_is_none) {
  temporary_folder const folder;
  settings.batch = 11;
  EXPECT_THROW(train(folder), usage_error);
  settings.batch = 4;
  settings.rate = std::numeric_limits<double>::infinity();
  EXPECT_NE(failure([&] { train(folder); }).find("step 0: the loss is not finite"),
            std::string::npos);
}

}  // namespace
