// SPDX-License-Identifier: Apache-2.0
// evaluate: evaluates embeddings from files: verification over listed and over all pairs, with
// intervals; identification in a gallery; retrieval; agreement with a teacher.
//
//   evaluate --embeddings e.npy --labels l.npy --pairs pairs.csv --teacher t.npy --out results
//
//   evaluate --scores scores.csv
//
// The library computes every number; docs/evaluation.md defines them. Tables are printed;
// results.json, .csv files and plots (if gnuplot is installed) go to the folder, which appears when
// all files are written.
#include <omp.h>

#include <filesystem>
#include <iostream>

#include "arguments.hpp"
#include "curves.hpp"
#include "face_kit/run/program_main.hpp"
#include "face_kit/run/output_folder.hpp"
#include "inputs.hpp"
#include "measures.hpp"
#include "report.hpp"

namespace {

using namespace evaluate;

void run(arguments& a) {
  check_arguments(a);
  if (a.threads > 0) omp_set_num_threads(a.threads);
  folder_check const replaceable = a.replace ? results_of_evaluate() : folder_check{};
  bool const there =
      std::filesystem::symlink_status(a.out).type() != std::filesystem::file_type::not_found;
  if (there && !a.replace && dangling_link(a.out).empty())
    throw std::runtime_error(a.out + ": exists already (--replace replaces results)");
  output_folder::expect_usable(a.out, replaceable);
  auto const inputs = read_inputs(a);
  auto const parent = std::filesystem::path(a.out).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) throw std::runtime_error(a.out + ": cannot create its folder: " + error.message());
  output_folder folder(a.out, replaceable);
  // With --json, standard output holds only that document.
  std::ostream text(json_wanted() ? nullptr : std::cout.rdbuf());
  print_inputs(text, a, inputs);
  auto const found = measure(a, inputs);
  print_results(text, a, found);
  auto const pictures = write_files(folder, a, inputs, found);
  folder.commit();
  if (json_wanted()) print_json(std::cout, document_of(a, inputs, found));
  if (!pictures.empty()) draw_plots(folder.name(), pictures, json_wanted() ? std::cerr : std::cout);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"evaluate", "Evaluates embeddings: verification, identification, retrieval, agreement."},
      argc, argv, declare, run);
}
