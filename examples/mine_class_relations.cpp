// SPDX-License-Identifier: Apache-2.0
// From embeddings and labels to a table of informative relations: the nearest other classes of
// every class. Shows prototypes, mining and near-duplicate classes on synthetic data.
#include <thrust/execution_policy.h>

#include <coupleface/coupleface.hpp>

#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

int main() {
  using namespace coupleface;
  index_t const classes = 200, samples = 2000, width = 64, k = 5;

  // Samples scatter around the centre of their class. Class 17 is a duplicate of class 3.
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> centres(classes * width), embeddings(samples * width);
  for (float& x : centres) { x = normal(generator); }
  for (index_t j = 0; j < width; ++j) { centres[17 * width + j] = centres[3 * width + j]; }
  std::vector<std::int32_t> labels(samples);
  for (index_t i = 0; i < samples; ++i) {
    labels[i] = static_cast<std::int32_t>(i % classes);
    for (index_t j = 0; j < width; ++j) {
      embeddings[i * width + j] = centres[labels[i] * width + j] + 0.5f * normal(generator);
    }
  }

  // Any Thrust policy works: thrust::seq, thrust::omp::par, thrust::tbb::par, thrust::device, ...
  auto const policy = thrust::device;
  std::vector<float> prototypes(classes * width);
  auto const mu = make_matrix_view(prototypes.data(), classes, width);
  class_prototypes(policy, make_matrix_view(embeddings.data(), samples, width),
                   make_vector_view(labels.data(), samples), mu);

  std::vector<float> similarities(classes * k);
  std::vector<std::int32_t> neighbours(classes * k);
  mine_nearest(policy, mu, mu, make_matrix_view(similarities.data(), classes, k),
               make_matrix_view(neighbours.data(), classes, k));

  std::printf("class  nearest other classes (cosine)\n");
  for (index_t const c : {index_t(0), index_t(3), index_t(17)}) {
    std::printf("%5d ", static_cast<int>(c));
    for (index_t slot = 0; slot < k; ++slot) {
      std::printf("  %d (%.3f)", neighbours[c * k + slot], similarities[c * k + slot]);
    }
    std::printf("\n");
  }
  bool const found = neighbours[3 * k] == 17 && neighbours[17 * k] == 3;
  std::printf("classes 3 and 17 are %sone person\n", found ? "" : "not ");
  return found ? 0 : 1;
}
