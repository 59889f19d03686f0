// The command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace evaluate {

struct arguments {
  std::string embeddings, labels, list, split, pairs, gallery, gallery_labels, templates, teacher,
      out = "evaluation";
  std::vector<double> fars{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
  std::int64_t ranks = 20, k = 10, resamples = 1000;
  std::uint64_t seed = 1;
  double q = 0.03;
  int threads = 0;
  bool all_pairs = true;
};

inline void declare_files(CLI::App& app, arguments& a) {
  app.add_option("--embeddings", a.embeddings,
                 "[n, d] .npy, float32, float16, float64 (rounded "
                 "to float32) or bfloat16")
      ->required()
      ->group("Files");
  auto* const labels =
      app.add_option("--labels", a.labels, "[n] .npy, int32 or int64: who is who; -1: nobody")
          ->group("Files");
  auto* const list = app.add_option("--list", a.list,
                                    "Instead of --labels: .csv with the columns path,person (and "
                                    "split), a line for each row")
                         ->excludes(labels)
                         ->group("Files");
  app.add_option("--split", a.split, "Rows of the list with this split only; pairs count those")
      ->needs(list)
      ->group("Files");
}

inline void declare_further_files(CLI::App& app, arguments& a) {
  app.add_option("--pairs", a.pairs,
                 ".csv with the columns a,b,same (and fold): rows (or paths of the list), counted "
                 "from 0; same is 0 or 1")
      ->group("Files");
  auto* const gallery =
      app.add_option("--gallery", a.gallery,
                     "[m, d] .npy: whom the rows of --embeddings are looked for among. Without it "
                     "each row is looked for among the others")
          ->group("Files");
  auto* const gallery_labels =
      app.add_option("--gallery-labels", a.gallery_labels, "[m] .npy; -1: a distractor")
          ->needs(gallery)
          ->group("Files");
  gallery->needs(gallery_labels);
  app.add_option("--templates", a.templates,
                 ".csv with the columns row,template,medium: everything is about templates, 0, 1, "
                 "..., made of media averages, instead of rows")
      ->group("Files");
  app.add_option("--teacher", a.teacher, "[n, e] .npy: agreement with these embeddings")
      ->group("Files");
  app.add_option("--out", a.out, "Folder of the results")->capture_default_str()->group("Files");
}

inline void declare(CLI::App& app, arguments& a) {
  declare_files(app, a);
  declare_further_files(app, a);
  app.add_option("--far", a.fars, "False accept rates to report")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--ranks", a.ranks, "Ranks of identification")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}))
      ->capture_default_str();
  app.add_option("--k", a.k, "Neighbours compared with the teacher's")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}))
      ->capture_default_str();
  app.add_option("--q", a.q, "Gap from which on a pair counts as active")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  app.add_option("--resamples", a.resamples,
                 "Of the people, for 95 % intervals of the numbers of --pairs; 0: none")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000000}))
      ->capture_default_str();
  app.add_option("--seed", a.seed, "Of the resamples")->capture_default_str();
  app.add_flag("!--no-all-pairs", a.all_pairs, "Leave out verification over all pairs");
  app.add_option("--threads", a.threads, "0: all cores. The results are the same for any number")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

}  // namespace evaluate
