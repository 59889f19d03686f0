// SPDX-License-Identifier: Apache-2.0
// Runs the search step by step, with progress, checkpoints and interruption.
#pragma once

#include <thrust/system/omp/execution_policy.h>

#include <coupleface/mining/nearest.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "face_kit/data/row_files.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/progress.hpp"

namespace mine_relations {

using namespace face_kit;

/// The table of results: for each class that is present, K others. The search fills the rows of
/// these classes contiguously; spread() moves each to the row of its class.
struct relation_table {
  /// @param present_ the classes with rows, ascending; empty: all
  relation_table(index_t classes_, index_t k_, std::vector<std::int32_t> present_)
      : classes(classes_),
        k(k_),
        present(std::move(present_)),
        mined(present.empty() ? classes : static_cast<index_t>(present.size())),
        rows(mined),
        values(static_cast<std::size_t>(classes * k), -std::numeric_limits<float>::infinity()),
        neighbours(static_cast<std::size_t>(classes * k), -1) {}

  matrix_view<float> values_view() { return {values.data(), rows, k}; }
  matrix_view<std::int32_t> neighbours_view() { return {neighbours.data(), rows, k}; }

  void spread() {
    rows = classes;
    if (present.empty()) return;
    for (index_t i = mined * k; i-- > 0;) {
      index_t const from = i / k, to = present[static_cast<std::size_t>(from)];
      auto const target = static_cast<std::size_t>(to * k + i % k),
                 at = static_cast<std::size_t>(i);
      float const value = values[at];
      std::int32_t const id = neighbours[at];
      values[at] = -std::numeric_limits<float>::infinity();
      neighbours[at] = -1;
      values[target] = value;
      neighbours[target] = id < 0 ? -1 : present[static_cast<std::size_t>(id)];
    }
  }

  index_t classes, k;
  std::vector<std::int32_t> present;
  index_t mined, rows;
  std::vector<float> values;
  std::vector<std::int32_t> neighbours;
};

struct search_report {
  std::string screen;
  index_t width = 0, steps = 0, steps_before = 0, evaluated = 0;
  double seconds = 0;             ///< of this run, without checkpoints
  double checkpoint_seconds = 0;  ///< of this run
};

/// When the next checkpoint is due: writing takes less than 5 % of the time.
class checkpoint_schedule {
 public:
  explicit checkpoint_schedule(double every) : every_(every) {}

  bool is_due() const {
    double const least = every_ > 0 && every_ < 20 * cost_ ? 20 * cost_ : every_;
    return since_.seconds() >= least;
  }
  void wrote(double seconds) {
    cost_ = seconds;
    since_ = stopwatch();
  }

 private:
  double every_, cost_ = 0;
  stopwatch since_;
};

/// Identifies the search that a checkpoint belongs to. All bytes of the rows count, not the file's
/// path: reading them once more costs less than the search's own passes. For class prototypes these
/// are the means in memory, which depend on embeddings and labels.
template <class T, class Search>
std::string identity_of(matrix_view<T const> rows, index_t k, Search const& search) {
  digest bytes;
  for (index_t i = 0; i < rows.extent(0); ++i) {
    bytes.add(rows.row(i), static_cast<std::size_t>(rows.extent(1)) * sizeof(T));
  }
  settings_text text("program = mine_relations\n");
  text("version", coupleface_version());
  text("rows", std::to_string(rows.extent(0)) + " x " + std::to_string(rows.extent(1)) + " of " +
                   coupleface::detail::npy_type<T, false>());
  text("k", k);
  text("screen", search.screen());
  text("steps", search.steps());
  text("digest of rows", bytes.text());
  return text.str();
}

/// Saves the state of the search piece by piece: for a million classes it takes a gigabyte.
template <class Search>
void save_state(std::string const& file, std::string const& identity, Search& search) {
  checkpoint_writer out(file, identity);
  search.visit_state([&](void* data, std::size_t size) { out.write(data, size); });
  out.commit();
}

/// Restores the state of a search with the same arguments. @returns whether there was a checkpoint
template <class Search>
bool load_state(std::string const& file, std::string const& identity, Search& search) {
  if (!std::filesystem::exists(file)) return false;
  char const* const start_over = "remove it, or name another --checkpoint, to start over";
  checkpoint_reader in(file, start_over);
  expect_same_settings(file, in.settings(), identity, start_over);
  std::uint64_t wanted = 0;
  search.visit_state([&](void*, std::size_t size) { wanted += size; });
  if (wanted != in.left()) in.fail("contains a state of another size");
  search.visit_state([&](void* data, std::size_t size) { in.read(data, size); });
  return true;
}

template <class T>
search_report search_nearest(arguments const& a, matrix_view<T const> rows, relation_table& table) {
  stopwatch watch;
  coupleface::nearest_search search(thrust::omp::par, rows, rows, table.values_view(),
                                    table.neighbours_view());
  std::string const identity = identity_of(rows, table.k, search);
  search_report report;
  report.screen = search.screen();
  report.width = rows.extent(1);
  report.steps = search.steps();
  if (load_state(a.checkpoint, identity, search)) note("continuing from %s", a.checkpoint.c_str());
  report.steps_before = search.step();
  note("mining %lld classes x %lld, K = %lld, %s screen: step %lld of %lld",
       static_cast<long long>(table.mined), static_cast<long long>(report.width),
       static_cast<long long>(table.k), report.screen.c_str(),
       static_cast<long long>(search.step()), static_cast<long long>(report.steps));

  progress shown("mining", "step", search.step(), search.steps());
  checkpoint_schedule schedule(a.every);
  while (search.step() < search.steps()) {
    bool const stop = interruption_requested();
    if (stop || (search.step() > report.steps_before && schedule.is_due())) {
      stopwatch writing;
      save_state(a.checkpoint, identity, search);
      schedule.wrote(writing.seconds());
      report.checkpoint_seconds += writing.seconds();
    }
    if (stop) throw interrupted{a.checkpoint};
    search.advance();
    shown.show(search.step());
  }
  report.evaluated = search.finish();
  report.seconds = watch.seconds() - report.checkpoint_seconds;
  return report;
}

}  // namespace mine_relations
