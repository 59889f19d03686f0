// SPDX-License-Identifier: Apache-2.0
#include "embed_faces.hpp"

#include <thrust/system/omp/execution_policy.h>

#include <algorithm>
#include <coupleface/evaluation/verification.hpp>
#include <coupleface/normalize.hpp>
#include <cstdint>

#include "face_kit/image/augmentation.hpp"
#include "network_views.hpp"

namespace train_student {

matrix<float> embed(layer<float>& net, face_dataset const& faces, std::vector<int> const& rows) {
  constexpr int chunk = 256;
  int const side = faces.side, n = static_cast<int>(rows.size());
  matrix<float> all(n, net.output_shape().channels);
  tensor<float> x, y;
  for (int first = 0; first < n; first += chunk) {
    int const count = std::min(chunk, n - first);
    x.resize(count, {side, side, 1});
    for (int i = 0; i < count; ++i) to_float(faces.image(rows[first + i]), side, x.image(i));
    net.forward(x, y, pass::evaluation);
    coupleface::normalize_rows(
        thrust::omp::par, view_of(y),
        coupleface::make_matrix_view(all.row(first).data(), count, all.cols()));
  }
  return all;
}

std::vector<float> score_pairs(matrix<float> const& embeddings, std::vector<int> const& place,
                               std::vector<verification_pair> const& pairs) {
  std::vector<std::int32_t> a, b;
  for (auto const& p : pairs) {
    a.push_back(place[p.a]);
    b.push_back(place[p.b]);
  }
  auto const n = static_cast<coupleface::index_t>(pairs.size());
  std::vector<float> scores(pairs.size());
  coupleface::pair_scores(thrust::omp::par, view_of(embeddings), view_of(embeddings),
                          coupleface::make_vector_view(a.data(), n),
                          coupleface::make_vector_view(b.data(), n),
                          coupleface::make_vector_view(scores.data(), n));
  return scores;
}

std::vector<float> score_pairs(layer<float>& net, face_dataset const& faces,
                               std::vector<verification_pair> const& pairs) {
  auto const [rows, place] = rows_of_pairs(pairs, faces.size());
  return score_pairs(embed(net, faces, rows), place, pairs);
}

}  // namespace train_student
