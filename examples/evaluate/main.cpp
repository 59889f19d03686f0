// evaluate: embeddings from files, judged: verification over listed and over all pairs, with
// intervals; identification in a gallery; retrieval; agreement with a teacher.
//
//   evaluate --embeddings e.npy --labels l.npy --pairs pairs.csv --teacher t.npy --out results
//
// Every number is the library's; docs/evaluation.md says what each means. Tables go to the screen,
// results.json, .csv files and plots (by gnuplot, if it is there) to the folder.
#include <omp.h>

#include <cstdio>
#include <exception>
#include <iostream>

#include "arguments.hpp"
#include "curves.hpp"
#include "inputs.hpp"
#include "measures.hpp"
#include "report.hpp"

int main(int argc, char** argv) {
  evaluate::arguments a;
  CLI::App app{"Judges embeddings: verification, identification, retrieval, agreement"};
  evaluate::declare(app, a);
  CLI11_PARSE(app, argc, argv);
  try {
    if (a.threads > 0) omp_set_num_threads(a.threads);
    if (a.pairs.empty() && a.labels.empty() && a.list.empty() && a.teacher.empty())
      throw std::invalid_argument(
          "nothing to judge by: give --labels, --list, --pairs or --teacher");
    auto const inputs = evaluate::read_inputs(a);
    std::filesystem::create_directories(a.out);
    auto const results = evaluate::measure(a, inputs);
    std::cout << inputs.rows.rows << " x " << inputs.rows.width << " embeddings\n";
    evaluate::print_results(std::cout, a, results);
    evaluate::write_files(a.out, a, results, std::cout);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "evaluate: %s\n", error.what());
    return 1;
  }
}
