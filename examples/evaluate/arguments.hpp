// SPDX-License-Identifier: Apache-2.0
// The command line of evaluate.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "face_kit/run/program.hpp"
#include "face_kit/run/validators.hpp"

namespace evaluate {

using namespace face_kit;

struct arguments {
  std::string embeddings, labels, list, split, pairs, scores, gallery, gallery_labels, templates,
      probe_templates, teacher, out = "evaluation";
  std::vector<std::string> gallery_templates;
  std::vector<double> fars{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
  std::int64_t ranks = 20, k = 10, resamples = 1000;
  std::uint64_t seed = 1;
  double q = 0.03;
  int threads = 0;
  bool all_pairs = true, weigh_by_score = false, replace = false;
};

inline void declare_files(CLI::App& app, arguments& a) {
  auto* const embeddings =
      app.add_option("--embeddings", a.embeddings,
                     "[n, d] .npy, float32, float16, float64 (rounded to float32) or bfloat16")
          ->group("Files");
  app.add_option("--labels", a.labels,
                 "[n] .npy, int32 or int64: the person of each row; -1: unknown")
      ->needs(embeddings)
      ->group("Files");
  auto* const list =
      app.add_option("--list", a.list,
                     "Names and people of the rows, a line for each row: .csv with the column path "
                     "and optionally person and split; a folder with a folder for each person; "
                     "lines 'path label'; .lst; IJB's *_name_5pts_score.txt")
          ->needs(embeddings)
          ->group("Files");
  app.add_option("--split", a.split,
                 "Evaluate only rows of --list with this split; row numbers in --pairs then count "
                 "only these")
      ->needs(list)
      ->group("Files");
  app.add_option("--scores", a.scores,
                 "Scores of pairs, instead of --embeddings: .csv with the columns score,same (and "
                 "optionally fold) or lines 'score same'")
      ->excludes(embeddings)
      ->group("Files");
}

inline void declare_further_files(CLI::App& app, arguments& a) {
  auto* const embeddings = app.get_option("--embeddings");
  app.add_option(
         "--pairs", a.pairs,
         ".csv with the columns a,b,same (and optionally fold), lines 'a b same', LFW's pairs.txt "
         "or a .bin pack; a and b are paths of the list, rows counted from 0, or templates")
      ->needs(embeddings)
      ->group("Files");
  auto* const gallery =
      app.add_option("--gallery", a.gallery,
                     "[m, d] .npy: gallery searched for each row of --embeddings; by default, or "
                     "if it has the same rows, each row is searched for among the others")
          ->group("Files");
  auto* const gallery_labels =
      app.add_option("--gallery-labels", a.gallery_labels,
                     "[m] .npy: the person of each row of --gallery; -1: a distractor")
          ->needs(gallery)
          ->group("Files");
  gallery->needs(gallery_labels)->needs(embeddings);
  auto* const templates =
      app.add_option(
             "--templates", a.templates,
             "Evaluate templates (averages of their media) instead of rows: .csv with the columns "
             "row,template,medium or FILENAME,TEMPLATE_ID,MEDIA_ID; IJB's *_face_tid_mid.txt")
          ->needs(embeddings)
          ->group("Files");
  auto* const probes = app.add_option("--probe-templates", a.probe_templates,
                                      "Templates to search for, a .csv with the columns "
                                      "TEMPLATE_ID,SUBJECT_ID: IJB's *_1N_probe_mixed.csv")
                           ->needs(templates)
                           ->group("Files");
  app.add_option("--gallery-templates", a.gallery_templates,
                 "The gallery of --probe-templates, a .csv of the same form: IJB's "
                 "*_1N_gallery_G1.csv; several make one gallery")
      ->needs(probes)
      ->excludes(gallery)
      ->group("Files");
  app.add_flag("--weigh-by-score", a.weigh_by_score,
               "Weight the rows of a template by the detector scores in IJB's list")
      ->needs(templates)
      ->group("Files");
  app.add_option(
         "--teacher", a.teacher,
         "[n, e] .npy: embeddings of a teacher, whose agreement with --embeddings is measured")
      ->needs(embeddings)
      ->group("Files");
  app.add_option("--out", a.out, "Folder of the results; it must not exist")
      ->transform(as_plain_path())
      ->capture_default_str()
      ->group("Files");
  app.add_flag("--replace", a.replace,
               "Delete the folder --out and its results first; refused if it holds anything that "
               "evaluate has not written")
      ->group("Files");
}

inline void declare(CLI::App& app, arguments& a) {
  declare_files(app, a);
  declare_further_files(app, a);
  app.add_option("--far", a.fars, "False accept rates to report, separated by commas")
      ->delimiter(',')
      ->check(in_range(0.0, 1.0));
  app.add_option("--ranks", a.ranks, "Ranks up to which identification is reported")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}))
      ->capture_default_str();
  app.add_option("--k", a.k, "Nearest neighbours to compare with the teacher's")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}))
      ->capture_default_str();
  app.add_option("--q", a.q, "Gap to the teacher's similarity above which a pair counts as active")
      ->check(in_range(0.0, 2.0))
      ->capture_default_str();
  app.add_option("--resamples", a.resamples,
                 "Bootstrap resamples of the people, for 95 % intervals of the results on --pairs; "
                 "0: no intervals")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000000}))
      ->capture_default_str();
  app.add_option("--seed", a.seed, "Seed of the resamples")
      ->check(at_least(0))
      ->capture_default_str();
  app.add_flag("!--no-all-pairs", a.all_pairs,
               "Skip verification over all pairs of rows of --embeddings, the slowest part");
  app.add_option("--threads", a.threads,
                 "Threads; 0: all cores. The results are the same for any number")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  refuse_empty_values(app);
}

/// Checks combinations of options.
inline void check_arguments(arguments const& a) {
  if (a.embeddings.empty() && a.scores.empty())
    throw usage_error("nothing to evaluate: give --embeddings or --scores");
  if (a.weigh_by_score && a.list.empty())
    throw usage_error("--weigh-by-score needs --list, which has the detector's scores");
  if (a.scores.empty() && a.pairs.empty() && a.labels.empty() && a.list.empty() &&
      a.probe_templates.empty() && a.teacher.empty())
    throw usage_error("nothing to evaluate against: give --labels, --list, --pairs or --teacher");
}

}  // namespace evaluate
