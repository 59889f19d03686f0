// SPDX-License-Identifier: Apache-2.0
// A training run: batches by epochs, an evaluation and a checkpoint after each epoch, progress, the
// log of its steps, and a result that is not computed twice. A run killed at any moment continues
// from its checkpoint with the same bits, provided its student does. Two runs in one folder would
// spoil its log: a program holds a result_folder meanwhile.
//
// A Student is constructed from (data, settings), with data derived from training_faces, and has
//   std::vector<std::string> log_columns()    what train_on returns: rate, total loss, ...
//   void begin_epoch(int epoch)               not called again if an epoch is resumed
//   std::vector<int> order_of(int epoch)      rows of the faces in batches, by seed and epoch alone
//   std::vector<double> train_on(batch_rows)  one step; the row of the log
//   std::vector<float> scores(pairs, bool masked)     of the network as it is now
//   void keep_best(folder)                    after the epoch with the best accuracy so far
//   void save(std::ostream&), load(std::istream&)     everything that training changes
// Settings have name(), seed, epochs, batch and text(data.text): lines "name = value" of everything
// that decides the result.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "face_kit/data/face_options.hpp"
#include "face_kit/report/verification_run.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "face_kit/run/interruption.hpp"
#include "face_kit/run/program.hpp"
#include "face_kit/run/progress.hpp"
#include "face_kit/run/run_files.hpp"
#include "face_kit/run/state_stream.hpp"

namespace face_kit {

/// The batch of one step.
struct batch_rows {
  int const* rows;     ///< [batch] of the faces
  std::int64_t first;  ///< position of the first one in the epoch's order
  int epoch;
  std::int64_t step, steps, steps_per_epoch;  ///< this step from 0, and the totals
};

template <class Student>
class training_run {
 public:
  /// @throws usage_error  if a batch is larger than the train split
  template <class Data, class Settings>
  training_run(Data const& data, Settings const& settings, std::string folder)
      : data_(data),
        text_(settings.text(data.text)),
        epochs_(settings.epochs),
        steps_per_epoch_(steps_of(data, settings.batch)),
        batch_(settings.batch),
        student_(data, settings),
        log_(folder) {
    record_.method = settings.name();
    record_.seed = settings.seed;
    record_.directory = std::move(folder);
  }

  /// Starts or continues the run, or reads the result if it is finished.
  run_record run() {
    std::filesystem::create_directories(record_.directory);
    remove_leftovers_in(record_.directory);
    if (has_result(record_.directory)) {
      read_result(record_, text_, data_.report);
      return record_;
    }
    resume();
    stopwatch const watch;
    double const seconds_before = record_.seconds;
    auto const seconds = [&] { return seconds_before + watch.seconds(); };
    std::int64_t const total = epochs_ * steps_per_epoch_;
    progress shown(record_.method + " seed " + std::to_string(record_.seed), "step", step_, total);
    while (step_ < total) {
      int const epoch = static_cast<int>(step_ / steps_per_epoch_);
      if (step_ % steps_per_epoch_ == 0) student_.begin_epoch(epoch);
      auto const order = student_.order_of(epoch);
      // An incomplete last batch of an epoch is skipped.
      do {
        double const loss = train_on(order, epoch);
        shown.show(step_, epoch_text(epoch) + numbers("loss %.4f", loss));
        if (step_ % steps_per_epoch_ == 0) break;
        if (interruption_requested()) stop(seconds());
      } while (true);
      evaluate();
      record_.seconds = seconds();
      save();
      auto const& found = record_.per_epoch.back();
      shown.keep(step_, epoch_text(epoch) + numbers("accuracy %.2f %%", 100 * found.accuracy) +
                            numbers("  TAR@1e-2 %.2f %%", 100 * found.tar_1e2));
      if (interruption_requested()) stop(record_.seconds);
    }
    finish();
    return record_;
  }

  /// Restores the checkpoint, or starts from the beginning if there is none.
  void resume() {
    auto const state = load_checkpoint(checkpoint_file(), text_);
    if (!state) return log_.begin(student_.log_columns());
    std::uint64_t log_size = 0, epochs = 0;
    try {
      std::istringstream in(*state);
      read_bytes(in, &step_, sizeof step_);
      read_bytes(in, &log_size, sizeof log_size);
      read_bytes(in, &epochs, sizeof epochs);
      record_.per_epoch.resize(epochs);
      read_bytes(in, record_.per_epoch.data(), epochs * sizeof(verification_summary));
      student_.load(in);
    } catch (std::runtime_error const& error) {
      throw std::runtime_error(checkpoint_file() + ": " + error.what());
    }
    log_.cut(log_size);
    std::ifstream(seconds_file()) >> record_.seconds;
  }

  Student& student() { return student_; }

 private:
  template <class Data>
  static std::int64_t steps_of(Data const& data, int batch) {
    auto const steps = static_cast<std::int64_t>(data.train.size()) / batch;
    if (steps == 0)
      throw usage_error("--batch: " + std::to_string(batch) + " is more than the " +
                        std::to_string(data.train.size()) + " images of the train split");
    return steps;
  }

  std::string epoch_text(int epoch) const {
    return "epoch " + std::to_string(epoch + 1) + '/' + std::to_string(epochs_) + "  ";
  }
  static std::string numbers(char const* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
  }

  double train_on(std::vector<int> const& order, int epoch) {
    std::int64_t const first = step_ % steps_per_epoch_ * batch_;
    auto const row = student_.train_on(
        {order.data() + first, first, epoch, step_, epochs_ * steps_per_epoch_, steps_per_epoch_});
    double const total = row.at(1);
    if (!std::isfinite(total))
      throw std::runtime_error("step " + std::to_string(step_) +
                               ": the loss is not finite; try a smaller --lr");
    log_.add(epoch, step_++, row);
    return total;
  }

  void evaluate() {
    double best = -1;
    for (auto const& earlier : record_.per_epoch) best = std::max(best, earlier.accuracy);
    record_.per_epoch.push_back(summarise(student_.scores(data_.select, false), data_.select));
    if (record_.per_epoch.back().accuracy > best) student_.keep_best(record_.directory);
  }

  std::string checkpoint_file() const { return record_.directory + "/checkpoint.bin"; }
  // In a separate file, so that two runs with the same settings have equal checkpoints.
  std::string seconds_file() const { return record_.directory + "/seconds.txt"; }

  void save() {
    std::uint64_t const log_size = log_.flush(), epochs = record_.per_epoch.size();
    std::ostringstream out;
    write_bytes(out, &step_, sizeof step_);
    write_bytes(out, &log_size, sizeof log_size);
    write_bytes(out, &epochs, sizeof epochs);
    write_bytes(out, record_.per_epoch.data(), epochs * sizeof(verification_summary));
    student_.save(out);
    save_checkpoint(checkpoint_file(), text_, out.str());
    write_atomically(seconds_file(), std::to_string(record_.seconds) + '\n');
  }

  [[noreturn]] void stop(double seconds) {
    record_.seconds = seconds;
    save();
    throw interrupted{checkpoint_file()};
  }

  void finish() {
    record_.pair_scores = student_.scores(data_.report, false);
    record_.summary = summarise(record_.pair_scores, data_.report);
    record_.masked_scores = student_.scores(data_.report, true);
    if (!record_.masked_scores.empty())
      record_.masked_summary = summarise(record_.masked_scores, data_.report);
    write_result(record_, text_);
  }

  training_faces const& data_;
  std::string text_;
  std::int64_t epochs_, steps_per_epoch_;
  int batch_;
  Student student_;
  step_log log_;
  run_record record_;
  std::int64_t step_ = 0;
};

}  // namespace face_kit
