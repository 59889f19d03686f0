// SPDX-License-Identifier: Apache-2.0
// mine_nearest of class prototypes, beside the product alone and beside what it replaces: the whole
// matrix by Eigen, then a partial sort of every row. And what it takes to renew a table.
#include <thrust/execution_policy.h>

#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/refresh.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <numeric>

namespace {

using namespace coupleface_bench;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double flop(benchmark::State const& state) {
  return 2.0 * double(state.range(0)) * double(state.range(0)) * double(state.range(1));
}

Eigen::Map<row_major const> map_of(embeddings& x) {
  auto const view = x.view();
  return {view.data_handle(), view.extent(0), view.extent(1)};
}

void mine_nearest(benchmark::State& state) {
  index_t const classes = state.range(0), width = state.range(1), k = state.range(2);
  embeddings prototypes(classes, width, 1), values(classes, k, 2);
  ids indices(classes, k, 1, 3);
  for (auto _ : state) {
    coupleface::mine_nearest(thrust::device, prototypes.view(), prototypes.view(), values.view(),
                             indices.view());
  }
  report(state, flop(state), 0);
}

// One row in a thousand changes: altogether (drift 1000), or as a moving average lets it (drift
// 50).
void refresh_nearest(benchmark::State& state) {
  index_t const classes = state.range(0), width = state.range(1), k = state.range(2);
  double const drift = double(state.range(3)) / 1000;
  embeddings prototypes(classes, width, 1), values(classes, k, 2);
  ids indices(classes, k, 1, 3);
  auto const x = prototypes.view();
  coupleface::mine_nearest(thrust::device, x, x, values.view(), indices.view());
  std::vector<std::int32_t> changed(static_cast<std::size_t>(classes / 1000));
  coupleface::vector_view<std::int32_t> const list(changed.data(), classes / 1000);
  index_t round = 0, searched = 0;
  for (auto _ : state) {
    state.PauseTiming();
    embeddings others(classes / 1000, width, unsigned(10 + round));
    for (index_t c = 0; c < list.extent(0); ++c) {
      list(c) = std::int32_t((c * 1000 + 37 * round) % classes);
      for (index_t j = 0; j < width; ++j) {
        float& element = x(list(c), j);
        element = float((1 - drift) * element + drift * others.view()(c, j));
      }
    }
    ++round;
    state.ResumeTiming();
    searched += coupleface::refresh_nearest(thrust::device, x, x, list, list, values.view(),
                                            indices.view());
  }
  state.counters["searched_anew"] = double(searched) / double(round * classes);
}

void product_alone(benchmark::State& state) {
  index_t const classes = state.range(0), width = state.range(1), block = 512;
  embeddings prototypes(classes, width, 1);
  auto const x = map_of(prototypes);
  row_major product(block, classes);
  for (auto _ : state) {
    for (index_t first = 0; first < classes; first += block) {
      index_t const rows = std::min(block, classes - first);
      product.topRows(rows).noalias() = x.middleRows(first, rows) * x.transpose();
      benchmark::DoNotOptimize(product.data());
    }
  }
  report(state, flop(state), 0);
}

void product_and_partial_sort(benchmark::State& state) {
  index_t const classes = state.range(0), k = state.range(2), block = 512;
  embeddings prototypes(classes, state.range(1), 1);
  row_major const x = map_of(prototypes).rowwise().normalized();
  row_major product(block, classes);
  std::vector<std::int32_t> order(static_cast<std::size_t>(classes));
  for (auto _ : state) {
    for (index_t first = 0; first < classes; first += block) {
      index_t const rows = std::min(block, classes - first);
      product.topRows(rows).noalias() = x.middleRows(first, rows) * x.transpose();
      for (index_t i = 0; i < rows; ++i) {
        std::iota(order.begin(), order.end(), 0);
        auto const row = product.row(i);
        std::partial_sort(order.begin(), order.begin() + k + 1, order.end(),
                          [&](auto a, auto b) { return row(a) > row(b); });
        benchmark::DoNotOptimize(order.data());
      }
    }
  }
  report(state, flop(state), 0);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d", "k"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const classes : {2000, 8000}) { bench->Args({classes, 128, 100}); }
  bench->Args({8000, 512, 100})->Args({8000, 128, 10});
}

BENCHMARK(mine_nearest)->Apply(shapes)->Args({85742, 512, 100});
BENCHMARK(refresh_nearest)
    ->ArgNames({"n", "d", "k", "drift"})
    ->ArgsProduct({{8000, 85742}, {512}, {100}, {50, 1000}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(product_alone)->Name("baseline/product_alone")->Apply(shapes);
BENCHMARK(product_and_partial_sort)->Name("baseline/product_and_partial_sort")->Apply(shapes);

}  // namespace
