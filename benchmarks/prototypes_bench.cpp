// SPDX-License-Identifier: Apache-2.0
// class_prototypes beside reading the features once.
#include <thrust/execution_policy.h>

#include <coupleface/prototypes.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

namespace {

using namespace coupleface_bench;

double read_bytes(benchmark::State const& state) {
  return 4.0 * double(state.range(0)) * double(state.range(1));
}

void class_prototypes(benchmark::State& state) {
  index_t const n = state.range(0), d = state.range(1), classes = n / 10;
  embeddings features(n, d, 1), prototypes(classes, d, 2);
  ids labels(1, n, classes, 3);
  for (auto _ : state) {
    coupleface::class_prototypes(thrust::device, features.view(), labels.vector(),
                                 prototypes.view());
  }
  report(state, 0, read_bytes(state));
}

void read_alone(benchmark::State& state) {
  embeddings features(state.range(0), state.range(1), 1);
  Eigen::Map<Eigen::VectorXf const> const all(features.view().data_handle(),
                                              state.range(0) * state.range(1));
  for (auto _ : state) { benchmark::DoNotOptimize(all.sum()); }
  report(state, 0, read_bytes(state));
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d"})->UseRealTime()->Unit(benchmark::kMillisecond);
  bench->Args({10000, 128})->Args({50000, 512});
}

BENCHMARK(class_prototypes)->Apply(shapes);
BENCHMARK(read_alone)->Name("baseline/read_alone")->Apply(shapes);

}  // namespace
