// evaluate: embeddings from files, judged: verification over listed and over all pairs, with
// intervals; identification in a gallery; retrieval; agreement with a teacher.
//
//   evaluate --embeddings e.npy --labels l.npy --pairs pairs.csv --teacher t.npy --out results
//
//   evaluate --scores scores.csv
//
// Every number is the library's; docs/evaluation.md says what each means. Tables go to the screen,
// results.json, .csv files and plots (by gnuplot, if it is there) to the folder, which appears when
// all is written.
#include <omp.h>

#include <cstdio>
#include <exception>
#include <iostream>

#include "arguments.hpp"
#include "curves.hpp"
#include "inputs.hpp"
#include "measures.hpp"
#include "report.hpp"
#include "result_folder.hpp"

int main(int argc, char** argv) {
  evaluate::arguments a;
  CLI::App app{"Judges embeddings: verification, identification, retrieval, agreement"};
  evaluate::declare(app, a);
  CLI11_PARSE(app, argc, argv);
  try {
    evaluate::check_arguments(a);
    if (a.threads > 0) omp_set_num_threads(a.threads);
    evaluate::expect_usable(a.out, a.replace);
    auto const inputs = evaluate::read_inputs(a);
    evaluate::result_folder folder(a.out, a.replace);
    evaluate::print_inputs(std::cout, a, inputs);
    auto const results = evaluate::measure(a, inputs);
    evaluate::print_results(std::cout, a, results);
    bool const drawable = evaluate::write_files(folder.temporary(), a, inputs, results);
    folder.commit();
    if (drawable) evaluate::draw_plots(folder.path(), std::cout);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "evaluate: %s\n", error.what());
    return 1;
  }
}
