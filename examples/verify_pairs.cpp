// SPDX-License-Identifier: Apache-2.0
// Verification: scores of pairs, accuracy over folds, TAR at FAR. Embeddings are generated here,
// written to a .npy file and read back, as between a trainer and this program.
#include <thrust/execution_policy.h>

#include <coupleface/coupleface.hpp>
#include <coupleface/io/npy.hpp>

#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

int main() {
  using namespace coupleface;
  index_t const people = 300, width = 32, pairs = 3000;
  std::mt19937 generator(2);
  std::normal_distribution<float> normal;
  std::vector<float> faces(2 * people * width);  // two faces per person, in adjacent rows
  for (index_t p = 0; p < people; ++p) {
    for (index_t j = 0; j < width; ++j) {
      float const identity = normal(generator);
      faces[(2 * p) * width + j] = identity + 0.8f * normal(generator);
      faces[(2 * p + 1) * width + j] = identity + 0.8f * normal(generator);
    }
  }
  char const* const path = "verify_pairs.npy";
  write_npy(path, make_matrix_view(faces.data(), 2 * people, width));
  mapped_npy<float> const embeddings(path);

  std::vector<std::int32_t> a(pairs), b(pairs), folds(pairs);
  std::vector<std::uint8_t> same(pairs);
  for (index_t i = 0; i < pairs; ++i) {
    auto const person = static_cast<std::int32_t>(generator() % people);
    auto const other =
        static_cast<std::int32_t>((person + 1 + generator() % (people - 1)) % people);
    same[i] = i % 2 == 0;
    a[i] = 2 * person;
    b[i] = 2 * (same[i] ? person : other) + 1;
    folds[i] = static_cast<std::int32_t>(i * 10 / pairs);
  }

  auto const policy = thrust::device;
  std::vector<float> scores(pairs);
  auto const score_view = make_vector_view(scores.data(), pairs);
  auto const same_view = make_vector_view(same.data(), pairs);
  pair_scores(policy, embeddings.matrix(), embeddings.matrix(), make_vector_view(a.data(), pairs),
              make_vector_view(b.data(), pairs), score_view);
  auto const accuracy =
      k_fold_accuracy(policy, score_view, same_view, make_vector_view(folds.data(), pairs));
  auto const curve = roc(policy, score_view, same_view);
  std::printf("accuracy %.2f %% +- %.2f\n", 100 * accuracy.mean, 100 * accuracy.standard_deviation);
  for (double const far : {1e-1, 1e-2, 1e-3}) {
    auto const point = tar_at_far(curve, far);
    std::printf("TAR %.2f %% at FAR %.0e (threshold %.3f)\n", 100 * point.tar, far,
                point.threshold);
  }
  std::printf("equal error rate %.2f %%\n", 100 * equal_error_rate(curve));
  std::remove(path);
  return accuracy.mean > 0.9 ? 0 : 1;
}
