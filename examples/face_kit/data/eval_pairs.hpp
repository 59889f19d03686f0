// SPDX-License-Identifier: Apache-2.0
// The pairs on which a model is evaluated, from a list in any form that the library reads.
#pragma once

#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Pairs, and what was decided because their list did not say it.
struct eval_pairs {
  std::vector<verification_pair> pairs;
  int left_out = 0;  ///< pairs with an image that was left out as undecodable
  std::vector<left_out_image> undecodable;  ///< images of a pack
  bool dealt = false;     ///< the list has no folds, or one: pairs are assigned to ten in turn
  bool one_fold = false;  ///< the list has one fold
  int listed = 0;         ///< pairs of the list
};

/// @brief Reads pairs of faces of a dataset: LFW's pairs.txt, lines "a b same", or CSV with
/// a,b,same and optionally fold, where a and b are paths as in the dataset or rows from 0; or a
/// pack (.bin), whose images are added to the dataset as dev faces.
/// @param skip_undecodable  leaves out pairs of a pack with an image that cannot be decoded
/// @throws std::runtime_error  naming file, line and reason: an unknown path, an invalid fold, a
/// face paired with itself, a `same` that contradicts the people, no pair left
eval_pairs load_pairs(std::string const& file, face_dataset& faces, bool skip_undecodable = false);

/// Warns about what the list did not provide: pairs left out, missing folds; appends the images of
/// a pack that were left out to faces.out/undecodable.txt, behind those of the faces.
void warn_of_pairs(std::string const& file, eval_pairs const& found, face_dataset const& faces);

/// The faces in the pairs, each once.
struct pair_rows {
  std::vector<int> rows;   ///< of the dataset, in order of first use
  std::vector<int> place;  ///< of each face of the dataset in `rows`, or -1
};
pair_rows rows_of_pairs(std::vector<verification_pair> const& pairs, int faces);

/// Whether a file with one row per image of the list or folder covers every face of the pairs.
bool have_rows(face_dataset const& faces, std::vector<verification_pair> const& pairs);

}  // namespace face_kit
