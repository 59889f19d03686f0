// SPDX-License-Identifier: Apache-2.0
// The command line of mine_relations.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "face_kit/run/program.hpp"
#include "face_kit/run/validators.hpp"

namespace mine_relations {

using namespace face_kit;

struct arguments {
  std::vector<std::string> files;
  std::string embeddings, labels, neighbours, values;  // from `files`; no labels: rows are classes
  std::string checkpoint, prototypes_out, merge_list;
  std::optional<double> merge_threshold;
  bool prototypes = false, centre = false, bfloat16_bits = false;
  std::int64_t k = 100;
  double every = 60;
  int threads = 0;
};

inline void declare(CLI::App& app, arguments& a) {
  app.add_option("files", a.files,
                 "EMBEDDINGS LABELS NEIGHBOURS VALUES, or with --prototypes: ROWS NEIGHBOURS "
                 "VALUES. The last two are outputs. All files are .npy")
      ->required();
  app.add_flag("--prototypes", a.prototypes,
               "Each row of the input is a class: no labels file, no averaging");
  app.add_option(
         "--k", a.k,
         "Neighbours to find for each class: K, the width of the outputs. At most the number "
         "of other classes")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{std::numeric_limits<std::int32_t>::max()}))
      ->capture_default_str();
  app.add_flag(
      "--centre", a.centre,
      "Subtract the mean of all embeddings (of those that have a label and are finite) before "
      "normalising each. For a teacher whose embeddings share a common direction, which makes all "
      "relations nearly equal");
  app.add_flag("--bfloat16-bits", a.bfloat16_bits, "Interpret uint16 input as bfloat16");
  app.add_option("--threads", a.threads,
                 "Threads; 0: all cores. The result is bit-identical for any number. If other "
                 "programs are busy, set OMP_WAIT_POLICY=passive; otherwise idle threads spin")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--checkpoint", a.checkpoint,
                 "File for the state of an unfinished run; running the command again continues "
                 "from it (default: NEIGHBOURS.checkpoint)");
  app.add_option("--every", a.every,
                 "Seconds between checkpoints; increased so that writing takes less than 5 % of "
                 "the time. 0: after every step")
      ->check(in_range(0.0, 1e9))
      ->capture_default_str();
  app.add_option("--prototypes-out", a.prototypes_out,
                 "Also write the mined rows as float32: class means or centred rows");
  auto* const list = app.add_option("--merge-list", a.merge_list,
                                    "Also write pairs of classes that are probably one person: "
                                    "lines class_a,class_b,similarity, most similar first");
  auto* const threshold = app.add_option("--merge-threshold", a.merge_threshold,
                                         "Minimum similarity of two classes in the --merge-list")
                              ->check(in_range(-1.0, 1.0));
  list->needs(threshold);
  threshold->needs(list);
  refuse_empty_values(app);
  app.footer(
      "From Python:\n"
      "  numpy.save('embeddings.npy', x)  # [samples, width] float32, float16 or float64\n"
      "  numpy.save('labels.npy', y)      # [samples] int32 or int64; -1: ignored\n"
      "  $ mine_relations embeddings.npy labels.npy neighbours.npy values.npy --k 100\n"
      "  h = numpy.load('neighbours.npy', mmap_mode='r')  # [classes, K] int32; -1: empty slot\n"
      "  r = numpy.load('values.npy', mmap_mode='r')      # [classes, K] cosine, descending\n"
      "bfloat16 of torch: numpy.save(f, t.view(torch.int16).numpy().view('uint16')) and "
      "--bfloat16-bits.\n"
      "Ctrl-C stops a run after the current step; run the same command again to continue it.");
}

/// Assigns `files` to their roles.
inline void assign_files(arguments& a) {
  std::size_t const wanted = a.prototypes ? 3 : 4;
  if (a.files.size() != wanted)
    throw usage_error(a.prototypes ? "--prototypes takes three files: ROWS NEIGHBOURS VALUES"
                                   : "four files are needed: EMBEDDINGS LABELS NEIGHBOURS VALUES "
                                     "(or three and --prototypes)");
  a.embeddings = a.files[0];
  if (!a.prototypes) a.labels = a.files[1];
  a.neighbours = a.files[wanted - 2];
  a.values = a.files[wanted - 1];
  if (a.checkpoint.empty()) a.checkpoint = a.neighbours + ".checkpoint";
  if (a.prototypes && !a.centre && !a.prototypes_out.empty())
    throw usage_error("--prototypes-out would copy " + a.embeddings +
                      ", whose rows are mined unchanged");
}

}  // namespace mine_relations
