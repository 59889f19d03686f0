// SPDX-License-Identifier: Apache-2.0
// rad_loss with gradient, beside reading the gathered rows once and beside the way it is commonly
// written: relations of the batch with the whole bank by two products, then a gather.
#include <thrust/execution_policy.h>

#include <coupleface/losses/rad.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

namespace {

using namespace coupleface_bench;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double gathered_bytes(benchmark::State const& state) {
  return 4.0 * double(state.range(0)) * double(state.range(2)) * double(state.range(1));
}

struct batch {
  explicit batch(benchmark::State const& state)
      : student(state.range(0), state.range(1), 1),
        teacher(state.range(0), state.range(1), 2),
        bank(state.range(3), state.range(1), 3),
        gradient(state.range(0), state.range(1), 4),
        neighbours(state.range(0), state.range(2), state.range(3), 5) {}
  embeddings student, teacher, bank, gradient;
  ids neighbours;
};

void rad_loss(benchmark::State& state) {
  batch b(state);
  float loss = 0;
  for (auto _ : state) {
    coupleface::rad_loss(thrust::device, b.student.view(), b.teacher.view(), b.bank.view(),
                         b.neighbours.view(), coupleface::make_scalar_view(&loss),
                         b.gradient.view());
  }
  report(state, 0, gathered_bytes(state));
}

void gather_alone(benchmark::State& state) {
  batch b(state);
  auto const bank = b.bank.view();
  auto const neighbours = b.neighbours.view();
  for (auto _ : state) {
    float sum = 0;
    for (index_t i = 0; i < neighbours.extent(0); ++i) {
      for (index_t k = 0; k < neighbours.extent(1); ++k) {
        sum += Eigen::Map<Eigen::VectorXf const>(bank.row(neighbours(i, k)), bank.extent(1)).sum();
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  report(state, 0, gathered_bytes(state));
}

void two_products_and_a_gather(benchmark::State& state) {
  batch b(state);
  auto const map_of = [](embeddings& x) {
    auto const view = x.view();
    return Eigen::Map<row_major const>(view.data_handle(), view.extent(0), view.extent(1));
  };
  row_major const s = map_of(b.student).rowwise().normalized();
  row_major const t = map_of(b.teacher).rowwise().normalized();
  row_major const g = map_of(b.bank).rowwise().normalized();
  auto const neighbours = b.neighbours.view();
  row_major slopes(s.rows(), g.rows());
  for (auto _ : state) {
    row_major const student = s * g.transpose();
    row_major const teacher = t * g.transpose();
    slopes.setZero();
    for (index_t i = 0; i < neighbours.extent(0); ++i) {
      for (index_t k = 0; k < neighbours.extent(1); ++k) {
        auto const c = neighbours(i, k);
        slopes(i, c) += student(i, c) - teacher(i, c) > 0.03f ? 1.0f : 0.0f;
      }
    }
    row_major const gradient = slopes * g;
    benchmark::DoNotOptimize(gradient.data());
  }
  report(state, 0, gathered_bytes(state));
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"n", "d", "k", "c"})->UseRealTime()->Unit(benchmark::kMillisecond);
  bench->Args({256, 128, 100, 4000})->Args({256, 512, 100, 4000})->Args({1024, 512, 100, 4000});
}

BENCHMARK(rad_loss)->Apply(shapes);
BENCHMARK(rad_loss)  // what a call costs: there is almost nothing to compute
    ->Name("call/rad_loss")
    ->ArgNames({"n", "d", "k", "c"})
    ->Args({1, 16, 1, 1000})
    ->Args({32, 16, 1, 1000})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(gather_alone)->Name("baseline/gather_alone")->Apply(shapes);
BENCHMARK(two_products_and_a_gather)->Name("baseline/two_products_and_a_gather")->Apply(shapes);

}  // namespace
