// SPDX-License-Identifier: Apache-2.0
// What the machine can do at most: the floors that compare.py measures in the run in which it
// measures everything else. Compiled with -ffp-contract=fast, so that a product and a sum of the
// compiler's vectors become one instruction where there is one.
#include <omp.h>

#include <cstdint>

#if defined(__SSE__)
#include <immintrin.h>
#endif

#define COUPLEFACE_C_API extern "C" __attribute__((visibility("default")))

namespace {

using index_t = std::int64_t;

#if defined(__AVX512F__)
constexpr int packet_bytes = 64;
#elif defined(__AVX__)
constexpr int packet_bytes = 32;
#else
constexpr int packet_bytes = 16;
#endif
constexpr int lanes = packet_bytes / sizeof(float);
constexpr index_t line = 16;  // floats of one cache line

using packet [[gnu::vector_size(packet_bytes)]] = float;
/// The same anywhere in an array of floats.
using stored_packet [[gnu::vector_size(packet_bytes), gnu::aligned(4), gnu::may_alias]] = float;

packet load(float const* x) { return *reinterpret_cast<stored_packet const*>(x); }

float sum_of(packet x) {
  float sum = 0;
  for (int l = 0; l < lanes; ++l) { sum += x[l]; }
  return sum;
}

packet broadcast(float x) { return packet{} + x; }

/// Enough independent sums to hide the latency of two pipes, few enough for sixteen registers.
constexpr int accumulators = 12;

float multiply_and_add(index_t rounds, float factor, float term) {
  packet sums[accumulators];
  for (int a = 0; a < accumulators; ++a) { sums[a] = broadcast(float(a)); }
  packet const factors = broadcast(factor), terms = broadcast(term);
  for (index_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int a = 0; a < accumulators; ++a) { sums[a] = sums[a] * factors + terms; }
  }
  packet total = sums[0];
  for (int a = 1; a < accumulators; ++a) { total += sums[a]; }
  return sum_of(total);
}

/// Sum of `size` floats, every cache line loaded; prefetches those of `next` meanwhile, into the
/// first cache or the second.
template <int Cache>
float read_row(float const* x, index_t size, float const* next) {
  packet sums[4] = {};
  index_t j = 0;
  for (; j + 4 * lanes <= size; j += 4 * lanes) {
    if (next != nullptr) {
      for (index_t p = 0; p < 4 * lanes; p += line) {
        __builtin_prefetch(next + j + p, 0, Cache == 1 ? 3 : 2);
      }
    }
    for (int s = 0; s < 4; ++s) { sums[s] += load(x + j + s * lanes); }
  }
  float sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; j < size; ++j) { sum += x[j]; }
  return sum;
}

void store_past_caches(float* x, packet value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(x, value);
#elif defined(__AVX__)
  _mm256_stream_ps(x, value);
#elif defined(__SSE__)
  _mm_stream_ps(x, value);
#else
  *reinterpret_cast<stored_packet*>(x) = value;
#endif
}

}  // namespace

/// GFLOP/s of multiplications and additions that touch nothing but registers, over about `seconds`.
COUPLEFACE_C_API double limits_multiply_add_peak(double seconds) {
  volatile float const factor = 0.999f;
  volatile float const term = 1e-3f;
  [[maybe_unused]] volatile float sink = 0;
  double rate = 0;
  index_t rounds = 20000;
  for (double elapsed = 0; elapsed < seconds;) {
    int threads = 1;
    double const begin = omp_get_wtime();
#pragma omp parallel
    {
      float const result = multiply_and_add(rounds, factor, term);
#pragma omp critical
      {
        sink = result;
        threads = omp_get_num_threads();
      }
    }
    elapsed = omp_get_wtime() - begin;
    rate = 2e-9 * double(lanes * accumulators) * double(rounds) * threads / elapsed;
    rounds = index_t(double(rounds) * (elapsed > 0 ? 1.2 * seconds / elapsed + 1 : 2));
  }
  return rate;
}

/// Bytes of the widest vectors that this library was compiled for.
COUPLEFACE_C_API int limits_packet_bytes() { return packet_bytes; }

/// Reads n floats once, all threads side by side.
COUPLEFACE_C_API float limits_read(float const* x, index_t n) {
  constexpr index_t piece = 4096;
  float sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (index_t first = 0; first < n; first += piece) {
    sum += read_row<1>(x + first, n - first < piece ? n - first : piece, nullptr);
  }
  return sum;
}

/// out = a + scale b. `streaming`: stores go past the caches, so that no line of `out` is read;
/// `out` must then be aligned to a packet.
COUPLEFACE_C_API void limits_triad(float* out, float const* a, float const* b, float scale,
                                   index_t n, int streaming) {
  packet const scales = broadcast(scale);
  index_t const packets = n / lanes;
#pragma omp parallel for schedule(static)
  for (index_t p = 0; p < packets; ++p) {
    packet const value = load(a + p * lanes) + scales * load(b + p * lanes);
    if (streaming != 0) {
      store_past_caches(out + p * lanes, value);
    } else {
      *reinterpret_cast<stored_packet*>(out + p * lanes) = value;
    }
  }
  for (index_t j = packets * lanes; j < n; ++j) { out[j] = a[j] + scale * b[j]; }
}

/// Reads row ids[i, k] of bank [*, d] for every i < n, k < count, while it prefetches the row
/// `ahead` entries further on into the first or second `cache`.
COUPLEFACE_C_API float limits_gather(float const* bank, index_t d, std::int64_t const* ids,
                                     index_t n, index_t count, index_t ahead, int cache) {
  auto const read = cache == 1 ? read_row<1> : read_row<2>;
  float sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (index_t i = 0; i < n; ++i) {
    for (index_t e = i * count; e < (i + 1) * count; ++e) {
      bool const ask = ahead > 0 && e + ahead < n * count;
      sum += read(bank + ids[e] * d, d, ask ? bank + ids[e + ahead] * d : nullptr);
    }
  }
  return sum;
}
