// SPDX-License-Identifier: Apache-2.0
// fcd_loss with gradient, beside moving its three matrices once and beside Eigen expressions.
#include <thrust/execution_policy.h>

#include <coupleface/losses/fcd.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

namespace {

using namespace coupleface_bench;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double moved_bytes(benchmark::State const& state) {
  return 12.0 * double(state.range(0)) * double(state.range(1));
}

void fcd_loss(benchmark::State& state) {
  embeddings student(state.range(0), state.range(1), 1), teacher(state.range(0), state.range(1), 2);
  embeddings gradient(state.range(0), state.range(1), 3);
  float loss = 0;
  for (auto _ : state) {
    coupleface::fcd_loss(thrust::device, student.view(), teacher.view(),
                         coupleface::make_scalar_view(&loss), gradient.view());
  }
  report(state, 0, moved_bytes(state));
}

void eigen_expressions(benchmark::State& state) {
  row_major const s = row_major::Random(state.range(0), state.range(1));
  row_major const t = row_major::Random(state.range(0), state.range(1));
  row_major gradient(s.rows(), s.cols());
  for (auto _ : state) {
    Eigen::VectorXf const norms = s.rowwise().norm();
    row_major const u = s.array().colwise() / norms.array();
    row_major const v = t.rowwise().normalized();
    float loss = (u - v).squaredNorm() / float(s.rows());
    Eigen::VectorXf const along = u.cwiseProduct(v).rowwise().sum();
    gradient = v.array() - u.array().colwise() * along.array();
    gradient.array().colwise() *= -2.0f / float(s.rows()) / norms.array();
    benchmark::DoNotOptimize(loss);
    benchmark::DoNotOptimize(gradient.data());
  }
  report(state, 0, moved_bytes(state));
}

void move_alone(benchmark::State& state) {
  row_major const s = row_major::Random(state.range(0), state.range(1));
  row_major const t = row_major::Random(state.range(0), state.range(1));
  row_major sum(s.rows(), s.cols());
  for (auto _ : state) {
    sum = s + t;
    benchmark::DoNotOptimize(sum.data());
  }
  report(state, 0, moved_bytes(state));
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  bench->Args({512, 128})->Args({8192, 512});
}

BENCHMARK(fcd_loss)->Apply(shapes);
BENCHMARK(eigen_expressions)->Name("baseline/eigen_expressions")->Apply(shapes);
BENCHMARK(move_alone)->Name("baseline/move_alone")->Apply(shapes);

}  // namespace
