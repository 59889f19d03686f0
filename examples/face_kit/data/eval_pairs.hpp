// SPDX-License-Identifier: Apache-2.0
// The pairs that a model is evaluated on, from a list in any of the forms that the library reads.
#pragma once

#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Pairs, and what their list left to be decided.
struct eval_pairs {
  std::vector<verification_pair> pairs;
  int left_out = 0;    ///< pairs with an image that was left out as undecodable
  bool dealt = false;  ///< the list has no folds, or one: pairs are dealt into ten in turn
};

/// @brief Reads pairs of faces of a dataset: LFW's pairs.txt, lines "a b same", CSV with a,b,same
/// and perhaps fold, where a and b are paths as the dataset has them or rows from 0 on; or a pack
/// (.bin), whose images are added to the dataset as dev faces.
/// @param skip_undecodable  leaves out pairs of a pack with an image that no decoder takes
/// @throws std::runtime_error  naming file, line and reason: an unknown path, a fold that is none,
/// a
///                             face paired with itself, `same` at odds with the people, no pair
///                             left
eval_pairs load_pairs(std::string const& file, face_dataset& faces, bool skip_undecodable = false);

/// Warns of what the list did not say: pairs that are left out, folds that it does not have.
void warn_of_pairs(std::string const& file, eval_pairs const& found);

/// The faces that pairs name, each once.
struct pair_rows {
  std::vector<int> rows;   ///< of the dataset, in the order in which pairs name them
  std::vector<int> place;  ///< of each face of the dataset in `rows`, or -1
};
pair_rows rows_of_pairs(std::vector<verification_pair> const& pairs, int faces);

/// Whether a file with rows for list or folder has one for every face of the pairs.
bool have_rows(face_dataset const& faces, std::vector<verification_pair> const& pairs);

}  // namespace face_kit
