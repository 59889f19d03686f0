// mine_relations: for every class its K most related classes, exactly, from files to files: the
// offline half of a trainer in Python, which need not link anything.
//
//   mine_relations embeddings.npy labels.npy neighbours.npy values.npy --k 100
//   mine_relations --prototypes rows.npy neighbours.npy values.npy
//
// embeddings [n, d] float32, float16, float64 or bfloat16, mapped: may be larger than memory
// labels     [n]    int32 or int64; classes are 0 .. the largest label, -1 is left out
// neighbours [C, K] int32, nearest first; -1 where there are no more
// values     [C, K] float32, the cosine of the two classes' prototypes; -infinity there
//
// A class's prototype is the unit mean of its unit embeddings. With --prototypes each row of the
// file is a class. The tables are the same bits for any number of threads, on any processor, and
// however often the run was stopped: Ctrl-C, kill or a power cut, after which the same command
// continues from the checkpoint. A file that cannot be what it should be is refused before
// anything is written.
#include <omp.h>

#include <cstdio>
#include <exception>

#include "arguments.hpp"
#include "class_rows.hpp"
#include "inputs.hpp"
#include "results.hpp"
#include "search.hpp"
#include "summary.hpp"

namespace {

using namespace mine_relations;

template <class T>
void mine(arguments const& a, matrix_view<T const> rows, stopwatch const& watch) {
  expect_memory("the tables", rows.extent(0), a.k, sizeof(float) + sizeof(std::int32_t));
  relation_table table(rows.extent(0), a.k);
  search_report const report = search_nearest(a, rows, table);
  matrix_view<float const> prototypes;
  if constexpr (std::is_same_v<T, float>) prototypes = rows;
  merge_summary const merged = write_results(a, table, prototypes);
  print_summary(a, table, report, merged, watch.seconds());
}

template <class T>
void mine_file(arguments const& a, coupleface::mapped_npy<T> const& file, stopwatch const& watch) {
  matrix_view<T const> const rows = file.matrix();
  if (rows.extent(0) == 0 || rows.extent(1) == 0)
    throw std::runtime_error(a.embeddings + ": has no elements");
  if (a.prototypes && !a.centre) return mine(a, rows, watch);
  std::vector<float> prototypes;
  index_t classes = rows.extent(0);
  if (a.prototypes) {
    prototypes = centred_rows(rows, a.embeddings);
  } else {
    auto const labels = read_labels(a.labels, a.embeddings, rows.extent(0));
    classes = labels.classes;
    prototypes = class_rows(rows, labels, a.centre, a.labels);
    if (labels.classes_without_samples > 0) {
      std::fprintf(stderr, "%lld of %lld classes have no samples: relation 0 with every other\n",
                   static_cast<long long>(labels.classes_without_samples),
                   static_cast<long long>(classes));
    }
  }
  mine(a, matrix_view<float const>(prototypes.data(), classes, rows.extent(1)), watch);
}

int run(arguments& a) {
  stopwatch const watch;
  assign_files(a);
  omp_set_num_threads(a.threads > 0 ? a.threads : omp_get_num_procs());
  listen_for_interruption();
  any_rows const file = open_rows(a.embeddings, a.bfloat16_bits);
  expect_usable_outputs(a);
  std::visit([&](auto const& rows) { mine_file(a, rows, watch); }, file);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{
      "For every class its K most related classes, exactly: embeddings and labels in, "
      "neighbours and similarities out, as .npy files."};
  declare(app, a);
  try {
    app.parse(argc, argv);
    return run(a);
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::fprintf(stderr, "mine_relations: %s\n", error.what());
    return 1;
  } catch (interrupted const& stop) {
    std::fprintf(stderr,
                 stop.checkpoint.empty() ? "stopped before there was anything to keep\n"
                                         : "stopped; the same command continues from %s\n",
                 stop.checkpoint.c_str());
    return 130;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "mine_relations: %s\n", error.what());
    return 1;
  }
}
