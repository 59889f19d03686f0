// SPDX-License-Identifier: Apache-2.0
// Test support: a training set small enough for runs of a moment, and what runs on it leave.
#pragma once

#include <omp.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "examples/face_kit/image_writing.hpp"
#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/synthetic_faces.hpp"
#include "face_kit/run/interruption.hpp"
#include "student.hpp"

namespace train_student {

/// 64 faces of 16 people, and a teacher who knows them: two steps an epoch.
class drawn_people {
 public:
  drawn_people() {
    synthetic_options options;
    options.people = 16;
    options.images_per_person = 4;
    options.dev_people = 8;
    options.side = 16;
    faces_ = make_synthetic_faces(options);
    data_.faces = &faces_;
    data_.classes = options.people;
    for (int i = 0; i < faces_.size(); ++i)
      if (faces_.is_train[i] != 0) data_.train.push_back(i);
    data_.select = data_.report = make_pairs(faces_, 2, 10, 1);
    data_.teacher.resize(faces_.size(), width);
    for (int i = 0; i < faces_.size(); ++i) {
      random_stream person({1, static_cast<std::uint64_t>(faces_.labels[i])});
      random_stream image({2, static_cast<std::uint64_t>(i)});
      for (int j = 0; j < width; ++j)
        data_.teacher(i, j) = static_cast<float>(person.normal() + 0.5 * image.normal());
      data_.teacher.row(i).normalize();
    }
  }

  training_data const& data() const { return data_; }

  /// Of so few people that every default would reach them all.
  static run_settings settings(std::string const& strategy) {
    run_settings s;
    s.net.side = 16;
    s.net.widths = {16, 16};
    s.net.blocks = {0, 0};
    s.net.embedding = width;
    s.epochs = 2;
    s.batch = 32;
    s.k = 5;
    s.mining.strategy = strategy;
    s.mining.skip = 2;
    s.mining.highest = 0.2;
    s.mining.pool = 8;
    s.mining.margin = 0.8;
    return s;
  }

 private:
  static constexpr int width = 12;
  face_dataset faces_;
  training_data data_;
};

inline drawn_people const& people() {
  static drawn_people const the;
  return the;
}

/// On one thread: threads that wait for each other at every tiny layer are slow on a busy machine.
inline void train(run_settings const& settings, image_writing::temporary_folder const& folder) {
  struct one_thread {
    int const before = omp_get_max_threads();
    one_thread() { omp_set_num_threads(1); }
    ~one_thread() { omp_set_num_threads(before); }
  } const alone;
  training_run<student>(people().data(), settings, folder.string()).run();
}

/// steps.csv: a column by its name.
inline std::vector<double> logged(std::string const& folder, std::string const& name) {
  auto const table = read_whole_file(folder + "/steps.csv");
  std::istringstream lines(table);
  std::vector<double> values;
  std::ptrdiff_t column = -1;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::vector<std::string> row;
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    if (column < 0) column = std::find(row.begin(), row.end(), name) - row.begin();
    else values.push_back(std::stod(row.at(static_cast<std::size_t>(column))));
  }
  return values;
}

/// As if the user pressed Ctrl-C at once, every time.
struct impatience {
  impatience() { set_interruption_requested(true); }
  ~impatience() { set_interruption_requested(false); }
};

}  // namespace train_student
