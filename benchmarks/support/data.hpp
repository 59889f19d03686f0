// SPDX-License-Identifier: Apache-2.0
// Benchmark support: seeded data, and what every function reports.
#pragma once

#include <coupleface/view.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

namespace coupleface_bench {

using coupleface::index_t;

/// Owns [rows, columns] of normally distributed elements.
class embeddings {
 public:
  embeddings(index_t rows, index_t columns, unsigned seed)
      : rows_(rows), columns_(columns), data_(static_cast<std::size_t>(rows * columns)) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    for (float& x : data_) { x = normal(generator); }
  }
  coupleface::matrix_view<float> view() { return {data_.data(), rows_, columns_}; }

 private:
  index_t rows_;
  index_t columns_;
  std::vector<float> data_;
};

/// Owns [rows, columns] ids in [0, limit).
class ids {
 public:
  ids(index_t rows, index_t columns, index_t limit, unsigned seed)
      : rows_(rows), columns_(columns), data_(static_cast<std::size_t>(rows * columns)) {
    std::mt19937 generator(seed);
    for (auto& id : data_) {
      id = static_cast<std::int32_t>(generator() % static_cast<unsigned>(limit));
    }
  }
  coupleface::matrix_view<std::int32_t> view() { return {data_.data(), rows_, columns_}; }
  coupleface::vector_view<std::int32_t> vector() { return {data_.data(), rows_ * columns_}; }

 private:
  index_t rows_;
  index_t columns_;
  std::vector<std::int32_t> data_;
};

/// What must at least be computed and moved, as rates of the measured time.
inline void report(benchmark::State& state, double flop, double bytes) {
  auto const rate = benchmark::Counter::kIsIterationInvariantRate;
  if (flop > 0) { state.counters["FLOP/s"] = benchmark::Counter(flop, rate); }
  if (bytes > 0) { state.counters["B/s"] = benchmark::Counter(bytes, rate); }
}

}  // namespace coupleface_bench
