// SPDX-License-Identifier: Apache-2.0
// Embeddings of faces by a trained network, without augmentation, and the similarities of pairs.
#pragma once

#include <vector>

#include "face_kit/data/eval_pairs.hpp"
#include "layers.hpp"

namespace train_student {

/// Unit embeddings [rows, d] of the faces in `rows`, without augmentation.
matrix<float> embed(layer<float>& net, face_dataset const& faces, std::vector<int> const& rows);

/// Cosine similarity of each pair; the embedding of face i is row place[i].
std::vector<float> score_pairs(matrix<float> const& embeddings, std::vector<int> const& place,
                               std::vector<verification_pair> const& pairs);

std::vector<float> score_pairs(layer<float>& net, face_dataset const& faces,
                               std::vector<verification_pair> const& pairs);

}  // namespace train_student
