// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/run_files.hpp"

#include <cerrno>
#include <coupleface/io/npy.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "face_kit/report/json_output.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "face_kit/run/file_output.hpp"

namespace face_kit {

namespace {

std::string result_file(std::string const& folder) { return folder + "/result.json"; }

void write_scores(std::string const& file, std::vector<float> const& scores) {
  coupleface::write_npy(file, coupleface::make_vector_view(
                                  scores.data(), static_cast<coupleface::index_t>(scores.size())));
}

std::vector<float> read_scores(std::string const& file, std::size_t pairs) {
  coupleface::mapped_npy<float> const array(file);
  std::vector<float> scores(array.data(), array.data() + array.size());
  if (scores.size() != pairs)
    throw std::runtime_error(file + ": " + std::to_string(scores.size()) + " scores for " +
                             std::to_string(pairs) + " pairs");
  return scores;
}

}  // namespace

void step_log::begin(std::vector<std::string> const& columns) {
  std::filesystem::remove(file());
  size_ = 0;
  rows_.cell("epoch").cell("step");
  for (auto const& column : columns) rows_.cell(column);
  rows_.end_row();
}

void step_log::add(int epoch, std::int64_t step, std::vector<double> const& values) {
  rows_.cell(epoch).cell(step);
  for (double const value : values) rows_.cell(value);
  rows_.end_row();
}

std::uint64_t step_log::flush() {
  errno = 0;
  std::ofstream out(file(), std::ios::binary | std::ios::app);
  if (!(out << rows_.text()).flush())
    throw std::runtime_error(file() + ": cannot be written: " +
                             std::generic_category().message(errno != 0 ? errno : EIO));
  size_ += rows_.text().size();
  rows_.clear();
  return size_;
}

void step_log::cut(std::uint64_t size) {
  if (!std::filesystem::exists(file()) || std::filesystem::file_size(file()) < size)
    throw std::runtime_error(file() + ": is shorter than its checkpoint says; remove " + folder_ +
                             " to start over");
  std::filesystem::resize_file(file(), size);
  size_ = size;
}

bool has_result(std::string const& folder) { return std::filesystem::exists(result_file(folder)); }

void write_result(run_record const& record, std::string const& settings) {
  write_scores(record.directory + "/scores.npy", record.pair_scores);
  if (!record.masked_scores.empty())
    write_scores(record.directory + "/masked_scores.npy", record.masked_scores);
  auto epochs = nlohmann::ordered_json::array();
  for (auto const& s : record.per_epoch) {
    epochs.push_back({{"accuracy", s.accuracy},
                      {"accuracy_deviation", s.accuracy_deviation},
                      {"tar_1e2", s.tar_1e2},
                      {"tar_1e3", s.tar_1e3},
                      {"eer", s.eer}});
  }
  write_atomically(result_file(record.directory),
                   json_text({{"seconds", record.seconds},
                              {"masked", !record.masked_scores.empty()},
                              {"epochs", std::move(epochs)},
                              {"settings", settings}}) +
                       '\n');
}

void read_result(run_record& record, std::string const& settings,
                 std::vector<verification_pair> const& pairs) {
  auto const file = result_file(record.directory);
  try {
    auto const result = nlohmann::json::parse(read_whole_file(file));
    expect_same_settings(file, result.at("settings"), settings, new_out);
    record.seconds = result.at("seconds");
    // JSON stores NaN as null.
    auto const number = [](nlohmann::json const& value) {
      return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
    };
    for (auto const& s : result.at("epochs")) {
      record.per_epoch.push_back({number(s.at("accuracy")), number(s.at("accuracy_deviation")),
                                  number(s.at("tar_1e2")), number(s.at("tar_1e3")),
                                  number(s.at("eer"))});
    }
    if (result.at("masked"))
      record.masked_scores = read_scores(record.directory + "/masked_scores.npy", pairs.size());
  } catch (nlohmann::json::exception const&) {
    throw std::runtime_error(file + ": is damaged; " + new_out);
  }
  record.pair_scores = read_scores(record.directory + "/scores.npy", pairs.size());
  record.summary = summarise(record.pair_scores, pairs);
  if (!record.masked_scores.empty()) record.masked_summary = summarise(record.masked_scores, pairs);
}

}  // namespace face_kit
