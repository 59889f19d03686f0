// SPDX-License-Identifier: Apache-2.0
// The library on a CUDA device beside the device's own limits. Times are CUDA events' on a stream,
// with the cache flushed before each call; the flush also hides what launching costs the host.
#include "coupleface_device_c.hpp"

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

void expect(cudaError_t error) {
  if (error != cudaSuccess) { throw std::runtime_error(cudaGetErrorString(error)); }
}
void expect(int status) {
  if (status != 0) { throw std::runtime_error(coupleface_device_last_error()); }
}

template <class T>
class device_array {
 public:
  explicit device_array(std::int64_t size) : size_(size) {
    void* memory = nullptr;
    expect(cudaMalloc(&memory, sizeof(T) * std::size_t(size)));
    data_.reset(static_cast<T*>(memory));
  }
  explicit device_array(std::vector<T> const& values) : device_array(std::int64_t(values.size())) {
    expect(cudaMemcpy(data(), values.data(), sizeof(T) * values.size(), cudaMemcpyHostToDevice));
  }
  T* data() const { return data_.get(); }
  std::int64_t bytes() const { return std::int64_t(sizeof(T)) * size_; }

 private:
  struct give_back {
    void operator()(T* memory) const { cudaFree(memory); }
  };
  std::int64_t size_;
  std::unique_ptr<T, give_back> data_;
};

/// Normally distributed. Numbers repeat after a prime number of them, so that no two rows are the
/// same: drawing all of them would take the host longer than all the rest.
std::vector<float> normal(std::int64_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw;
  std::vector<float> x(static_cast<std::size_t>(size));
  std::int64_t const drawn = std::min<std::int64_t>(size, 1299709);
  std::generate_n(x.begin(), drawn, [&] { return draw(generator); });
  for (std::int64_t i = drawn; i < size; ++i) { x[std::size_t(i)] = x[std::size_t(i - drawn)]; }
  return x;
}
/// The same, cut to bfloat16.
std::vector<std::uint16_t> normal_bfloat16(std::int64_t size, unsigned seed) {
  std::vector<std::uint16_t> halves;
  for (float const x : normal(size, seed)) {
    std::uint32_t bits;
    static_assert(sizeof bits == sizeof x);
    __builtin_memcpy(&bits, &x, sizeof bits);
    halves.push_back(static_cast<std::uint16_t>(bits >> 16));
  }
  return halves;
}
std::vector<std::int32_t> ids(std::int64_t size, std::int64_t limit, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<std::int32_t> draw(0, static_cast<std::int32_t>(limit - 1));
  std::vector<std::int32_t> x(static_cast<std::size_t>(size));
  std::generate(x.begin(), x.end(), [&] { return draw(generator); });
  return x;
}

/// A stream, two events on it, and what flushes the cache.
class timer {
 public:
  timer() {
    expect(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    expect(cudaEventCreate(&begin_));
    expect(cudaEventCreate(&end_));
  }
  timer(timer const&) = delete;
  ~timer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    cudaStreamDestroy(stream_);
  }

  /// Seconds of call(stream).
  template <class Call>
  double seconds(Call const& call) {
    expect(limits_device_flush(stream_, dirt_.data(), dirt_.bytes()));
    expect(cudaEventRecord(begin_, stream_));
    expect(call(stream_));
    expect(cudaEventRecord(end_, stream_));
    expect(cudaEventSynchronize(end_));
    float milliseconds = 0;
    expect(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return 1e-3 * double(milliseconds);
  }

 private:
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
  device_array<char> dirt_{std::int64_t(512) << 20};
};

/// Times `call`, which computes `flop` and moves `bytes` at least.
template <class Call>
void measure(benchmark::State& state, double flop, double bytes, Call const& call) {
  timer clock;
  clock.seconds(call);  // handles, scratch and code that is loaded at the first call
  std::vector<double> times;
  for (auto _ : state) {
    times.push_back(clock.seconds(call));
    state.SetIterationTime(times.back());
  }
  std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
  state.counters["median_ms"] = 1e3 * times[times.size() / 2];
  auto const rate = benchmark::Counter::kIsIterationInvariantRate;
  if (flop > 0) { state.counters["FLOP/s"] = benchmark::Counter(flop, rate); }
  if (bytes > 0) { state.counters["B/s"] = benchmark::Counter(bytes, rate); }
}

void nearest(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1), k = state.range(2);
  device_array<float> const x(normal(n * d, 1)), values(n * k);
  device_array<std::int32_t> const indices(n * k);
  measure(state, 2.0 * double(n) * double(n) * double(d), 0, [&](void* stream) {
    return coupleface_device_nearest(stream, x.data(), n, d, k, values.data(), indices.data());
  });
}

void rad(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1), k = state.range(2), c = state.range(3);
  device_array<float> const student(normal(n * d, 1)), teacher(normal(n * d, 2)),
      bank(normal(c * d, 3)), gradient(n * d), loss(1);
  device_array<std::int32_t> const neighbours(ids(n * k, c, 4));
  measure(state, 0, 4.0 * double(n) * double(k) * double(d), [&](void* stream) {
    return coupleface_device_rad(stream, student.data(), teacher.data(), n, d, bank.data(), c,
                                 neighbours.data(), k, 0.03, loss.data(), gradient.data());
  });
}

void gather(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1), k = state.range(2), c = state.range(3);
  device_array<float> const bank(normal(c * d, 3)), sums(n);
  device_array<std::int32_t> const neighbours(ids(n * k, c, 4));
  measure(state, 0, 4.0 * double(n) * double(k) * double(d), [&](void* stream) {
    return limits_device_gather(stream, bank.data(), d, neighbours.data(), n, k, sums.data());
  });
}

void fcd(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1);
  device_array<float> const student(normal(n * d, 1)), teacher(normal(n * d, 2)), gradient(n * d),
      loss(1);
  measure(state, 0, 12.0 * double(n) * double(d), [&](void* stream) {
    return coupleface_device_fcd(stream, student.data(), teacher.data(), n, d, loss.data(),
                                 gradient.data());
  });
}

/// Counts what is read and what is written.
void copy(benchmark::State& state) {
  auto const bytes = state.range(0) << 20;
  device_array<char> const from(bytes), to(bytes);
  measure(state, 0, 2.0 * double(bytes),
          [&](void* stream) { return limits_device_copy(stream, from.data(), to.data(), bytes); });
}

double four_products(std::int64_t n, std::int64_t d, std::int64_t c) {
  return 4 * 2.0 * double(n) * double(d) * double(c);
}

void margin_softmax(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1), c = state.range(2);
  device_array<float> const embeddings(normal(n * d, 1)), weights(normal(c * d, 2)),
      gradient(n * d), weight_gradient(c * d), loss(1);
  device_array<std::int32_t> const labels(ids(n, c, 3));
  measure(state, four_products(n, d, c), 0, [&](void* stream) {
    return coupleface_device_margin_softmax(stream, embeddings.data(), n, d, weights.data(), c,
                                            labels.data(), 0.5, 64, loss.data(), gradient.data(),
                                            weight_gradient.data());
  });
}

/// Four times the product of the logits, in tiles of as many classes as the library's.
void four_float_products(benchmark::State& state) {
  auto const n = state.range(0), d = state.range(1), c = state.range(2);
  std::int64_t const tile = 4096;
  device_array<float> const embeddings(normal(n * d, 1)), weights(normal(c * d, 2)),
      logits(n * tile);
  measure(state, four_products(n, d, c), 0, [&](void* stream) {
    int status = 0;
    for (int time = 0; time < 4; ++time) {
      for (std::int64_t first = 0; first < c && status == 0; first += tile) {
        status = limits_device_product_float(stream, embeddings.data(), weights.data() + first * d,
                                             logits.data(), n, std::min(tile, c - first), d);
      }
    }
    return status;
  });
}

/// What the tensor cores do at best: half of nearest's FLOP at this rate is its floor.
void bfloat16_product(benchmark::State& state) {
  auto const n = state.range(0);
  device_array<std::uint16_t> const a(normal_bfloat16(n * n, 1)), b(normal_bfloat16(n * n, 2)),
      c(n * n);
  measure(state, 2.0 * double(n) * double(n) * double(n), 0, [&](void* stream) {
    return limits_device_product_bfloat16(stream, a.data(), b.data(), c.data(), n, n, n);
  });
}

bool& any_failed() {
  static bool failed = false;
  return failed;
}

template <class Function>
auto* add(std::string const& name, Function f, std::vector<std::string> const& arguments) {
  return benchmark::RegisterBenchmark(name.c_str(),
                                      [f](benchmark::State& state) {
                                        try {
                                          f(state);
                                        } catch (std::exception const& error) {
                                          state.SkipWithError(error.what());
                                          any_failed() = true;
                                        }
                                      })
      ->ArgNames(arguments)
      ->UseManualTime()
      ->Iterations(25)  // and not as many as fill a time: that would draw the data anew
      ->Unit(benchmark::kMillisecond);
}

void register_all() {
  add("floor/copy", copy, {"MiB"})->Arg(256)->Arg(1024);
  add("floor/bfloat16_product", bfloat16_product, {"n"})->Arg(8192);
  add("nearest", nearest, {"n", "d", "k"})
      ->Args({20000, 512, 100})
      ->Args({85742, 512, 100})
      ->Args({85742, 512, 10})
      ->Args({85742, 128, 100});
  for (std::int64_t const n : {256, 1024, 4096}) {
    add("rad", rad, {"n", "d", "k", "c"})->Args({n, 512, 100, 85742});
    add("floor/gather", gather, {"n", "d", "k", "c"})->Args({n, 512, 100, 85742});
  }
  add("fcd", fcd, {"n", "d"})->Args({1024, 512})->Args({65536, 512});
  for (std::int64_t const n : {512, 1024}) {
    add("margin_softmax", margin_softmax, {"n", "d", "c"})->Args({n, 512, 85742});
    add("floor/four_float_products", four_float_products, {"n", "d", "c"})->Args({n, 512, 85742});
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::puts("no CUDA device");
    return 77;
  }
  try {
    cudaDeviceProp device;
    expect(cudaGetDeviceProperties(&device, 0));
    benchmark::AddCustomContext("device", device.name);
    expect(coupleface_device_keep_memory());
    register_all();
    return benchmark::RunSpecifiedBenchmarks() > 0 && !any_failed() ? 0 : 1;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "device_bench: %s\n", error.what());
    return 1;
  }
}
