// SPDX-License-Identifier: Apache-2.0
// All mining strategies and host losses, compiled once for the program and its tests.
#include "class_relations.hpp"

#include <thrust/system/omp/execution_policy.h>

#include <algorithm>
#include <coupleface/prototypes.hpp>
#include <utility>

#include "face_kit/run/messages.hpp"
#include "mining_strategies.hpp"
#include "step_losses_at.hpp"

namespace train_student {

relation_table mine_classes(mining_settings const& s, coupleface::matrix_view<float const> bank,
                            int k, std::uint64_t seed) {
  relation_table table;
  table.resize(bank.extent(0), k);
  mine_classes(thrust::omp::par, s, bank, seed, view_of(table.values), view_of(table.classes));
  return table;
}

void mine_batch(mining_settings const& s, labelled_batch const& batch,
                coupleface::matrix_view<float const> bank, int k, relation_table& table) {
  table.resize(batch.labels.extent(0), k);
  mine_batch(thrust::omp::par, s, batch, bank, view_of(table.values), view_of(table.classes));
}

matrix<float> teacher_prototypes(matrix<float> const& teacher, std::vector<int> const& train,
                                 std::vector<std::int32_t> const& labels, int classes) {
  // Rows outside the train split have the label -1: "ignored".
  std::vector<std::int32_t> train_labels(labels.size(), -1);
  for (int row : train) train_labels[row] = labels[row];
  matrix<float> prototypes(classes, teacher.cols());
  coupleface::class_prototypes(
      thrust::omp::par, view_of(teacher),
      coupleface::make_vector_view(std::as_const(train_labels).data(), teacher.rows()),
      view_of(prototypes));
  return prototypes;
}

void report_relation_spread(matrix<float> const& teacher, std::vector<int> const& train,
                            std::vector<std::int32_t> const& labels, int classes,
                            run_settings const& s) {
  matrix<float> const prototypes = teacher_prototypes(teacher, train, labels, classes);
  relation_table const table = mine_classes({}, view_of(prototypes), s.k, 0);
  // Over all ordered pairs of classes: |sum of prototypes|^2 = sum of their squared norms, which
  // are 1 or 0, + sum of the pairs' cosines.
  double const c = classes, squares = prototypes.colwise().sum().cast<double>().squaredNorm();
  double const own = prototypes.cast<double>().squaredNorm();
  double const all = (squares - own) / (c * std::max(1.0, c - 1));
  double const nearest = table.values.col(0).cast<double>().mean();
  int const last = std::min(s.k, classes - 1) - 1;
  double const farthest = last < 0 ? nearest : table.values.col(last).cast<double>().mean();
  note(
      "relations of the teacher's classes: mean %.3f over all pairs, %.3f to the nearest class, "
      "%.3f to the %d-th (last mined)",
      all, nearest, farthest, last + 1);
  if (nearest - all < 5 * s.q)
    warn(
        "relations to the nearest class exceed the mean by less than 5 q = %.3f, so q = %.3f "
        "tolerates most differences; centre the teacher or choose a smaller --q",
        5 * s.q, s.q);
}

std::unique_ptr<step_losses> make_losses(run_settings const& settings,
                                         matrix<float> const& prototypes) {
  if (settings.device == "cuda") return make_cuda_losses(settings, view_of(prototypes));
  using host = host_place<std::decay_t<decltype(thrust::omp::par)>>;
  std::unique_ptr<relation_terms> terms;
  if (settings.uses_relations() && !settings.uses_penalty())
    terms = make_relation_terms(settings.method, prototypes.rows(), prototypes.cols());
  return std::make_unique<step_losses_at<host>>(settings, view_of(prototypes), std::move(terms));
}

}  // namespace train_student
