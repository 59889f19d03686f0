// SPDX-License-Identifier: Apache-2.0
// The options of both trainers for their training and evaluation data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace CLI {
class App;
}

namespace face_kit {

struct face_options {
  std::string data, list, teacher_embeddings, eval_pairs, select_folds, report_folds;
  bool centre = true, skip_undecodable = false;
  std::optional<int> folds, pairs_per_fold;  ///< of sampled pairs; default: fitting_folds
};

void declare(CLI::App& app, face_options& options);

/// --out and --config of both trainers.
void declare_run_files(CLI::App& app, std::string& out);

/// What all runs of a comparison share.
struct training_faces {
  face_dataset const* faces = nullptr;
  std::vector<int> train;                 ///< rows of `faces`
  int classes = 0;                        ///< labels of the train rows are 0 .. classes - 1
  std::vector<verification_pair> select;  ///< evaluated after each epoch
  std::vector<verification_pair> report;  ///< evaluated after the last epoch, for the table
  std::string text;                       ///< settings, one per line, that identify the data
};

/// Loads --data, which is required. Warns about what is left out.
face_dataset load_faces(face_options const& options, int side, std::string const& out);

/// Fills all of `data`. Images of a pack are added as faces. Warns if the dev people allow fewer
/// pairs than are sampled by default, and if people of the list of pairs are trained on.
/// @param seed  of the sampled pairs, if there is no list of pairs
/// @throws std::runtime_error  fewer than two people to train on, or too few dev people for pairs
/// @throws usage_error  more folds or pairs are wanted than the dev people allow
void select_faces(face_options const& options, std::uint64_t seed, face_dataset& faces,
                  training_faces& data);

/// @brief K, or the number of other classes if that is less, with a warning.
/// @throws std::runtime_error  if a table of that many relations does not fit into memory
int fitting_relations(int k, int classes);

}  // namespace face_kit
