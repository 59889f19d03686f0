// SPDX-License-Identifier: Apache-2.0
// coupleface: a team of neighbouring threads that computes on one row with the canonical
// arithmetic.
//
// The sixteen lanes of a canonical sum are divided among 16 / N threads. Each owns N neighbouring
// lanes, so it reads N neighbouring elements at once, as sixteen bytes if rows are aligned. Each
// lane's elements are added, and the lanes folded, in the same order as on the host, so sums have
// the host's bits.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/row.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// N elements that are read or written at once.
template <class T, int N>
struct alignas(sizeof(T) * N) element_vector {
  T at[N];
};

template <int N, class T>
COUPLEFACE_HOST_DEVICE inline bool starts_a_vector(T const* x) {
  return reinterpret_cast<std::uintptr_t>(x) % (sizeof(T) * N) == 0;
}

template <int N, class T>
COUPLEFACE_HOST_DEVICE inline element_vector<T, N> read_vector(T const* x) {
  return *reinterpret_cast<element_vector<T, N> const*>(x);
}

template <int N>
class row_team {
 public:
  static constexpr int threads = team_threads(N);
  static_assert(N * threads == dot_lanes && (threads & (threads - 1)) == 0);

  /// The team of this thread: neighbours in a warp, counted from the block's first thread.
  COUPLEFACE_HOST_DEVICE row_team() : lane_(thread_in_block() % threads) {
    int const first = thread_in_block() % warp_threads - lane_;
    mask_ = ((1u << threads) - 1u) << first;
  }

  /// Canonical sum over the columns of two rows: sum = step(sum, a[j], b[j]) in each lane.
  template <class A, class B, class Step>
  COUPLEFACE_HOST_DEVICE double sum(A const* a, B const* b, index_t width, Step step) const {
    double sums[N] = {};
    index_t const full = width - width % dot_lanes;
    index_t j = lane_ * N;
    if (starts_a_vector<N>(a) && starts_a_vector<N>(b)) {
      COUPLEFACE_UNROLL_4
      for (; j < full; j += dot_lanes) {
        auto const x = read_vector<N>(a + j);
        auto const y = read_vector<N>(b + j);
        for (int i = 0; i < N; ++i) { sums[i] = step(sums[i], x.at[i], y.at[i]); }
      }
    }
    for (; j < width; j += dot_lanes) {
      for (int i = 0; i < N && j + i < width; ++i) { sums[i] = step(sums[i], a[j + i], b[j + i]); }
    }
    return fold_lanes(sums);
  }

  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double dot(A const* a, B const* b, index_t width) const {
    return sum(a, b, width,
               [](double acc, A const& x, B const& y) { return add_product(acc, x, y); });
  }

  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double scaled_dot(A const* a, double a_scale, B const* b, double b_scale,
                                           index_t width) const {
    return sum(a, b, width, [=](double acc, A const& x, B const& y) {
      return std::fma(load(x) * a_scale, load(y) * b_scale, acc);
    });
  }

  template <class A>
  COUPLEFACE_HOST_DEVICE double largest_magnitude(A const* a, index_t width) const {
    double largest = 0;
    columns(width, [&](index_t j) {
      double const magnitude = std::fabs(load(a[j]));
      if (!(magnitude <= largest) && !is_nan(largest)) { largest = magnitude; }
    });
    for (int step = threads / 2; step > 0; step /= 2) {
      double const other = exchange(mask_, largest, step);
      if (!(other <= largest) && !is_nan(largest)) { largest = other; }
    }
    return largest;
  }

  /// out[0] = h . h, then h . x for every x, in one pass that also copies h to `copy` unless that
  /// is null.
  template <class H, class... X>
  COUPLEFACE_HOST_DEVICE void dots(H const* h, H* copy, index_t width,
                                   double (&out)[1 + sizeof...(X)], X const*... x) const {
    double sums[1 + sizeof...(X)][N] = {};
    index_t const full = width - width % dot_lanes;
    index_t j = lane_ * N;
    if (starts_a_vector<N>(h) && (starts_a_vector<N>(x) && ...)) {
      COUPLEFACE_UNROLL_2
      for (; j < full; j += dot_lanes) {
        auto const row = read_vector<N>(h + j);
        if (copy != nullptr) { *reinterpret_cast<element_vector<H, N>*>(copy + j) = row; }
        add_products(sums, row, read_vector<N>(x + j)...);
      }
    }
    for (; j < width; j += dot_lanes) {
      for (int i = 0; i < N && j + i < width; ++i) {
        int m = 1;
        sums[0][i] = add_product(sums[0][i], h[j + i], h[j + i]);
        ((sums[m][i] = add_product(sums[m][i], x[j + i], h[j + i]), ++m), ...);
        if (copy != nullptr) { copy[j + i] = h[j + i]; }
      }
    }
    for (std::size_t m = 0; m <= sizeof...(X); ++m) { out[m] = fold_lanes(sums[m]); }
  }

  /// The sum of the team's values, which must be small integers because the order is not the
  /// canonical one.
  COUPLEFACE_HOST_DEVICE double total(double value) const {
    for (int step = threads / 2; step > 0; step /= 2) { value += exchange(mask_, value, step); }
    return value;
  }

  /// The smallest of the team's values, none of which is NaN.
  COUPLEFACE_HOST_DEVICE double smallest(double value) const {
    for (int step = threads / 2; step > 0; step /= 2) {
      double const other = exchange(mask_, value, step);
      if (other < value) { value = other; }
    }
    return value;
  }

  /// Calls f(j) for the columns of this thread's lanes. A thread always gets the same columns, so
  /// it can read what it wrote.
  template <class Function>
  COUPLEFACE_HOST_DEVICE void columns(index_t width, Function f) const {
    for (index_t j = lane_ * N; j < width; j += dot_lanes) {
      for (int i = 0; i < N && j + i < width; ++i) { f(j + i); }
    }
  }

  /// out[j] = f(in[j]...), rounded to R; `out` may be one of the inputs.
  template <class R, class Function, class... In>
  COUPLEFACE_HOST_DEVICE void transform(R* out, index_t width, Function f, In const*... in) const {
    index_t const full = width - width % dot_lanes;
    index_t j = lane_ * N;
    if (starts_a_vector<N>(out) && (starts_a_vector<N>(in) && ...)) {
      COUPLEFACE_UNROLL_4
      for (; j < full; j += dot_lanes) { transform_vector(out + j, f, read_vector<N>(in + j)...); }
    }
    for (; j < width; j += dot_lanes) {
      for (int i = 0; i < N && j + i < width; ++i) { out[j + i] = store<R>(f(load(in[j + i])...)); }
    }
  }

  COUPLEFACE_HOST_DEVICE bool leads() const { return lane_ == 0; }
  COUPLEFACE_HOST_DEVICE void wait() const { wait_for(mask_); }

  /// The fold of row.hpp; every thread returns the sum.
  COUPLEFACE_HOST_DEVICE double fold_lanes(double (&sums)[N]) const {
    COUPLEFACE_UNROLL
    for (int half = dot_lanes / 2; half > 0; half /= 2) {
      COUPLEFACE_UNROLL
      for (int i = 0; i < (half < N ? half : N); ++i) {
        sums[i] += half < N ? sums[i + half] : exchange(mask_, sums[i], half / N);
      }
    }
    return sums[0];
  }

 private:
  template <int M, class H, class... X>
  COUPLEFACE_HOST_DEVICE static void add_products(double (&sums)[M][N],
                                                  element_vector<H, N> const& h, X const&... x) {
    for (int i = 0; i < N; ++i) {
      int m = 1;
      sums[0][i] = add_product(sums[0][i], h.at[i], h.at[i]);
      ((sums[m][i] = add_product(sums[m][i], x.at[i], h.at[i]), ++m), ...);
    }
  }

  template <class R, class Function, class... Vectors>
  COUPLEFACE_HOST_DEVICE static void transform_vector(R* out, Function f, Vectors const&... in) {
    element_vector<R, N> result;
    for (int i = 0; i < N; ++i) { result.at[i] = store<R>(f(load(in.at[i])...)); }
    *reinterpret_cast<element_vector<R, N>*>(out) = result;
  }

  int lane_;
  unsigned mask_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
