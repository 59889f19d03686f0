// SPDX-License-Identifier: Apache-2.0
// The distillation part of a training step in a trainer of your own, here on Eigen matrices: FCD +
// RAD and their gradient with respect to the student's embeddings, then the update of the bank.
#include <thrust/execution_policy.h>

#include <coupleface/coupleface.hpp>
#include <coupleface/interop/eigen.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <cstdio>

int main() {
  using namespace coupleface;
  using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using table = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  auto const policy = thrust::device;
  index_t const classes = 50, batch = 32, width = 16, k = 10;

  // Once, before training: the teacher's prototypes, the relations to distil, the bank.
  std::srand(1);
  matrix const prototypes = matrix::Random(classes, width);
  matrix similarities(classes, k);
  table neighbours(classes, k);
  mine_nearest(policy, view_of(prototypes), view_of(prototypes), view_of(similarities),
               view_of(neighbours));
  feature_bank<float, latest_sample> bank(policy, view_of(prototypes));

  // In every step: the embeddings of a batch by both networks.
  Eigen::VectorX<std::int32_t> labels(batch);
  for (index_t i = 0; i < batch; ++i) { labels(i) = static_cast<std::int32_t>(i % classes); }
  matrix const teacher = matrix::Random(batch, width);
  matrix student = matrix::Random(batch, width);
  matrix fcd_gradient(batch, width), rad_gradient(batch, width);
  float const lambda = 10, learning_rate = 0.5;
  float first = 0, total = 0;
  for (int step = 0; step < 200; ++step) {
    float fcd = 0, rad = 0;
    fcd_loss(policy, view_of(student), view_of(teacher), make_scalar_view(&fcd),
             view_of(fcd_gradient));
    rad_loss(policy, view_of(student), view_of(teacher), bank.teacher(),
             class_neighbours(view_of(labels), view_of(neighbours)), make_scalar_view(&rad),
             view_of(rad_gradient), hinge{0.03});
    // A trainer would backpropagate this gradient; here it updates the embeddings themselves.
    student -= learning_rate * (fcd_gradient + lambda * rad_gradient);
    total = fcd + lambda * rad;
    if (step == 0) { first = total; }
    if (step % 50 == 0) { std::printf("step %3d  fcd %.4f  rad %.4f\n", step, fcd, rad); }
  }
  bank.update(policy, view_of(labels), view_of(teacher));
  std::printf("total %.4f -> %.4f, bank updated %d time\n", first, total,
              static_cast<int>(bank.steps()));
  return total < 0.5f * first ? 0 : 1;
}
