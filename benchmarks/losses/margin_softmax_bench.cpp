// SPDX-License-Identifier: Apache-2.0
// margin_softmax_loss with both gradients, beside the four matrix products it cannot do without.
#include <thrust/execution_policy.h>

#include <coupleface/losses/margin_softmax.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

namespace {

using namespace coupleface_bench;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double flop(benchmark::State const& state) {
  return 8.0 * double(state.range(0)) * double(state.range(1)) * double(state.range(2));
}

void margin_softmax_loss(benchmark::State& state) {
  index_t const n = state.range(0), d = state.range(1), classes = state.range(2);
  embeddings rows(n, d, 1), weights(classes, d, 2), gradient(n, d, 3),
      weight_gradient(classes, d, 4);
  ids labels(1, n, classes, 5);
  float loss = 0;
  for (auto _ : state) {
    coupleface::margin_softmax_loss(thrust::device, rows.view(), weights.view(), labels.vector(),
                                    coupleface::make_scalar_view(&loss), gradient.view(),
                                    weight_gradient.view());
  }
  report(state, flop(state), 0);
}

void four_products(benchmark::State& state) {
  row_major const e = row_major::Random(state.range(0), state.range(1));
  row_major const w = row_major::Random(state.range(2), state.range(1));
  row_major z(e.rows(), w.rows()), gradient(e.rows(), e.cols()),
      weight_gradient(w.rows(), w.cols());
  for (auto _ : state) {
    for (int pass = 0; pass < 2; ++pass) {
      z.noalias() = e * w.transpose();
      benchmark::DoNotOptimize(z.data());
    }
    gradient.noalias() = z * w;
    weight_gradient.noalias() = z.transpose() * e;
    benchmark::DoNotOptimize(gradient.data());
    benchmark::DoNotOptimize(weight_gradient.data());
  }
  report(state, flop(state), 0);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d", "c"})->UseRealTime()->Unit(benchmark::kMillisecond);
  bench->Args({128, 128, 4000})->Args({512, 512, 10000});
}

BENCHMARK(margin_softmax_loss)->Apply(shapes);
BENCHMARK(four_products)->Name("baseline/four_products")->Apply(shapes);

}  // namespace
