// SPDX-License-Identifier: Apache-2.0
// Losses over all pairs of a batch, or of a batch with a bank, value and gradient, beside one
// product of all pairs. FLOP/s count the products that a loss needs at least.
#include <thrust/execution_policy.h>

#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/ekd.hpp>
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>

#include "support/data.hpp"

#include <Eigen/Core>

#include <numeric>

namespace {

using namespace coupleface_bench;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct batch {
  explicit batch(benchmark::State const& state)
      : student(state.range(0), state.range(1), 1),
        teacher(state.range(0), state.range(1), 2),
        gradient(state.range(0), state.range(1), 3) {}
  embeddings student, teacher, gradient;
  float loss = 0;
};

/// Loss(student, teacher, loss, gradient) over the pairs of a batch.
template <class Loss>
void in_batch(benchmark::State& state, double products, Loss compute) {
  batch b(state);
  for (auto _ : state) {
    compute(b.student.view(), b.teacher.view(), coupleface::make_scalar_view(&b.loss),
            b.gradient.view());
  }
  double const n = double(state.range(0));
  report(state, products * 2 * n * n * double(state.range(1)), 0);
}

void relation_loss(benchmark::State& state) {
  in_batch(state, 2, [](auto... a) { coupleface::relation_loss(thrust::device, a...); });
}
void correlation_congruence_loss(benchmark::State& state) {
  in_batch(state, 2,
           [](auto... a) { coupleface::correlation_congruence_loss(thrust::device, a...); });
}
void similarity_preserving_loss(benchmark::State& state) {
  in_batch(state, 3,
           [](auto... a) { coupleface::similarity_preserving_loss(thrust::device, a...); });
}
void pkt_loss(benchmark::State& state) {
  in_batch(state, 3, [](auto... a) { coupleface::pkt_loss(thrust::device, a...); });
}
void rkd_distance_loss(benchmark::State& state) {
  in_batch(state, 4, [](auto... a) { coupleface::rkd_distance_loss(thrust::device, a...); });
}

void one_product(benchmark::State& state) {
  embeddings x(state.range(0), state.range(1), 1);
  auto const view = x.view();
  Eigen::Map<row_major const> const rows(view.data_handle(), view.extent(0), view.extent(1));
  row_major block(256, view.extent(0));
  for (auto _ : state) {
    for (index_t i = 0; i + 256 <= view.extent(0); i += 256) {
      block.noalias() = rows.middleRows(i, 256) * rows.transpose();
      benchmark::DoNotOptimize(block.data());
    }
  }
  double const n = double(state.range(0));
  report(state, 2 * n * n * double(state.range(1)), 0);
}

/// n rows with a bank of one row for each of m classes, near which the samples lie.
struct labelled_batch : batch {
  explicit labelled_batch(benchmark::State const& state)
      : batch(state),
        student_bank(state.range(2), state.range(1), 4),
        teacher_bank(state.range(2), state.range(1), 5),
        labels(state.range(0), 1, state.range(2), 6),
        classes(state.range(2), 1, 1, 7) {
    auto const all = classes.vector();
    std::iota(all.data_handle(), all.data_handle() + all.extent(0), 0);
    for (index_t i = 0; i < state.range(0); ++i) {
      index_t const own = labels.vector()(i);
      for (index_t j = 0; j < state.range(1); ++j) {
        student.view()(i, j) += student_bank.view()(own, j);
        teacher.view()(i, j) += teacher_bank.view()(own, j);
      }
    }
  }
  embeddings student_bank, teacher_bank;
  ids labels, classes;
};

template <class Law>
void with_bank(benchmark::State& state, double products, Law law) {
  labelled_batch b(state);
  for (auto _ : state) {
    coupleface::pair_loss(thrust::device, b.student.view(), b.teacher.view(), b.student_bank.view(),
                          b.teacher_bank.view(), coupleface::make_scalar_view(&b.loss),
                          b.gradient.view(), law);
  }
  report(state,
         products * 2 * double(state.range(0)) * double(state.range(2)) * double(state.range(1)),
         0);
}
void pkt_with_bank(benchmark::State& state) { with_bank(state, 5, coupleface::pkt_law{}); }
void squared_with_bank(benchmark::State& state) {
  with_bank(state, 3, coupleface::difference_law<coupleface::squared>(coupleface::squared{}));
}
void ekd_with_bank(benchmark::State& state) {
  labelled_batch b(state);
  coupleface::ekd_thresholds thresholds;
  for (auto _ : state) {
    coupleface::ekd_loss(thrust::device, b.student.view(), b.teacher.view(), b.labels.vector(),
                         b.student_bank.view(), b.teacher_bank.view(), b.classes.vector(),
                         thresholds, coupleface::make_scalar_view(&b.loss), b.gradient.view());
  }
}

void batches(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "d"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const n : {256, 1024, 4096}) { b->Args({n, 512}); }
}
void banks(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "d", "m"})->UseRealTime()->Unit(benchmark::kMillisecond);
  b->Args({512, 512, 85742});
}

BENCHMARK(relation_loss)->Apply(batches);
BENCHMARK(correlation_congruence_loss)->Apply(batches);
BENCHMARK(similarity_preserving_loss)->Apply(batches);
BENCHMARK(pkt_loss)->Apply(batches);
BENCHMARK(rkd_distance_loss)->Apply(batches);
BENCHMARK(one_product)->Name("baseline/product")->Apply(batches);
BENCHMARK(squared_with_bank)->Apply(banks);
BENCHMARK(pkt_with_bank)->Apply(banks);
BENCHMARK(ekd_with_bank)->Apply(banks);

}  // namespace
