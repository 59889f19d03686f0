// SPDX-License-Identifier: Apache-2.0
// mine_relations: finds the K most related classes of every class, exactly, from files to files:
// the offline part of a trainer in Python, which need not link anything.
//
//   mine_relations embeddings.npy labels.npy neighbours.npy values.npy --k 100
//   mine_relations --prototypes rows.npy neighbours.npy values.npy
//
// embeddings [n, d] float32, float16, float64 or bfloat16, mapped: may be larger than memory
// labels     [n]    int32 or int64, C is the largest + 1; -1 is ignored
// neighbours [C, K] int32, nearest first; -1 in empty slots; K is --k, or the number of other
//            classes if that is less
// values     [C, K] float32, the cosine of the two classes' prototypes; -infinity in empty slots
//
// A class's prototype is the unit mean of its unit embeddings. With --prototypes each row of the
// file is a class. A class without samples, or with a zero row, takes no part: its row of the table
// is -1, and no other row names it. The tables have the same bits for any number of threads, on any
// processor, and however often the run was interrupted: after Ctrl-C, kill or a power failure the
// same command continues from the checkpoint. Invalid files are rejected before anything is
// written.
#include <omp.h>

#include "arguments.hpp"
#include "class_rows.hpp"
#include "face_kit/run/program_main.hpp"
#include "face_kit/data/row_files.hpp"
#include "results.hpp"
#include "search.hpp"
#include "summary.hpp"

namespace {

using namespace mine_relations;

/// What each row of the outputs takes in memory.
index_t bytes_of_class(arguments const& a, index_t k, index_t width) {
  index_t bytes = k * index_t(sizeof(float) + sizeof(std::int32_t));
  if (!a.prototypes_out.empty()) bytes += width * index_t(sizeof(float));
  if (!a.merge_list.empty()) bytes += 2 * index_t(sizeof(index_t));  // groups of classes
  return bytes;
}

/// An empty table for the classes; K is limited to the number of other classes.
/// @param largest  for classes of labels: which label is the reason for their number
relation_table table_of(arguments const& a, index_t classes, std::vector<std::int32_t> present,
                        index_t width, std::string const& largest) {
  index_t const there = present.empty() ? classes : static_cast<index_t>(present.size());
  if (there < 2)
    throw std::runtime_error((a.labels.empty() ? a.embeddings : a.labels) + ": " +
                             (there == 1 ? "only one class has rows" : "no class has rows") +
                             ", so there are no relations between classes");
  index_t const k = std::min<index_t>(a.k, there - 1);
  if (k < a.k) {
    note("--k %lld is reduced to %lld: there are %lld classes", static_cast<long long>(a.k),
         static_cast<long long>(k), static_cast<long long>(there));
  }
  expect_memory(largest + "rows of the outputs x their bytes", classes, bytes_of_class(a, k, width),
                1);
  return {classes, k, std::move(present)};
}

/// @param rows only those of the classes that are present
template <class T>
void mine(arguments const& a, matrix_view<T const> rows, relation_table& table,
          stopwatch const& watch) {
  search_report const report = search_nearest(a, rows, table);
  table.spread();
  matrix_view<float const> prototypes;
  if constexpr (std::is_same_v<T, float>) prototypes = rows;
  merge_summary const merged = write_results(a, table, prototypes);
  print_summary(a, table, report, merged, watch.seconds());
}

void tell_not_finite(row_faults const& faults, std::string const& file) {
  faults.expect_float32(file);
  if (faults.not_finite == 0) return;
  tell_fault("%s; relations of their classes are NaN, which sorts last",
             faults.not_finite_in(file).c_str());
}

template <class T>
void mine_samples(arguments const& a, matrix_view<T const> rows, stopwatch const& watch) {
  auto const labels = read_labels(a.labels, a.embeddings, rows.extent(0));
  auto table = table_of(a, labels.classes, labels.present, rows.extent(1),
                        a.labels + ": label " + std::to_string(labels.classes - 1) + " of row " +
                            std::to_string(labels.largest_in_row) +
                            " is the largest, and the outputs have a row for each up to it; ");
  row_faults faults;
  auto const prototypes = class_rows(rows, labels, a.centre, a.labels, faults);
  tell_not_finite(faults, a.embeddings);
  if (table.mined < table.classes) {
    note("%lld of %lld classes have no samples: their rows are -1",
         static_cast<long long>(table.classes - table.mined),
         static_cast<long long>(table.classes));
  }
  mine(a, matrix_view<float const>(prototypes.data(), table.mined, rows.extent(1)), table, watch);
}

template <class T>
void mine_prototypes(arguments const& a, matrix_view<T const> rows, stopwatch const& watch) {
  row_faults const faults = faults_of(rows);
  tell_not_finite(faults, a.embeddings);
  if (faults.zero.empty() && !a.centre) {
    auto table = table_of(a, rows.extent(0), {}, rows.extent(1), "");
    return mine(a, rows, table, watch);
  }
  if (!faults.zero.empty()) {
    note("%zu of %lld rows are zero (first: row %lld): their output rows are -1",
         faults.zero.size(), static_cast<long long>(rows.extent(0)),
         static_cast<long long>(faults.zero[0]));
  }
  auto present = rows_that_are_not_zero(faults);
  if (present.empty()) throw std::runtime_error(a.embeddings + ": all rows are zero");
  auto table = table_of(a, rows.extent(0), std::move(present), rows.extent(1), "");
  if (a.centre) {
    auto const centred = centred_rows(rows, table.present, a.embeddings);
    return mine(a, matrix_view<float const>(centred.data(), table.mined, rows.extent(1)), table,
                watch);
  }
  auto const kept = some_rows(rows, table.present, a.embeddings);
  mine(a, matrix_view<T const>(kept.data(), table.mined, rows.extent(1)), table, watch);
}

template <class T>
void mine_file(arguments const& a, coupleface::mapped_npy<T> const& file, stopwatch const& watch) {
  matrix_view<T const> const rows = file.matrix();
  if (rows.extent(0) == 0) throw std::runtime_error(a.embeddings + ": has no rows");
  if (a.prototypes) return mine_prototypes(a, rows, watch);
  mine_samples(a, rows, watch);
}

void run(arguments& a) {
  stopwatch const watch;
  assign_files(a);
  omp_set_num_threads(a.threads > 0 ? a.threads : omp_get_num_procs());
  any_rows const file = open_rows(a.embeddings, a.bfloat16_bits);
  expect_usable_outputs(a);
  std::visit([&](auto const& rows) { mine_file(a, rows, watch); }, file);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"mine_relations",
       "Finds the K most related classes of every class, exactly: embeddings and labels in, "
       "neighbours and similarities out, as .npy files."},
      argc, argv, declare, run);
}
