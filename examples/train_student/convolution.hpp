// SPDX-License-Identifier: Apache-2.0
// The 3x3 convolution of the example networks: forward, gradient of the input, gradient of the
// weights. Images are stored with channels innermost (NHWC), so a register tile of "8 pixels x 2
// vectors of output channels" reads everything in place, without an im2col matrix. On a core with
// 16-float vectors this reaches 80-90 % of the peak; im2col and a general matrix product reached
// about half.
#pragma once

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "layers.hpp"

namespace train_student {
namespace kernel {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct vector_of {
  typedef T type __attribute__((vector_size(vector_bytes)));
};

template <class V, class T>
inline V load(T const* from) {
  V value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class V, class T>
inline void store(T* to, V const& value) {
  std::memcpy(to, &value, sizeof value);
}

/// out[r, :] = sum over taps and channels of in[r, tap, channel] * weights[tap, channel, :], for
/// `rows` pixels whose offsets in `in` and `out` come from tables: so one kernel serves every
/// stride and both directions.
template <class V, int vectors, int rows, class T>
inline void gather_tile(T const* in, int const* in_offset, std::vector<int> const& taps, int depth,
                        T const* weights, int const* weight_tap, int weight_stride, T* out,
                        int const* out_offset) {
  constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(T));
  V sum[rows][vectors] = {};
  for (std::size_t tap = 0; tap < taps.size(); ++tap) {
    T const* w = weights + static_cast<std::ptrdiff_t>(weight_tap[tap]) * depth * weight_stride;
    T const* row[rows];
    for (int r = 0; r < rows; ++r) row[r] = in + in_offset[r] + taps[tap];
    for (int channel = 0; channel < depth; ++channel, w += weight_stride) {
      V b[vectors];
      for (int v = 0; v < vectors; ++v) b[v] = load<V>(w + v * lanes);
      for (int r = 0; r < rows; ++r)
        for (int v = 0; v < vectors; ++v) sum[r][v] += row[r][channel] * b[v];
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) store(out + out_offset[r] + v * lanes, sum[r][v]);
}

/// gradient[channel, :] += sum over pixels of in[pixel, channel] * out_gradient[pixel, :], for
/// `rows` channels.
template <class V, int vectors, int rows, class T>
inline void outer_tile(T const* in, std::vector<int> const& in_offset, T const* out_gradient,
                       int out_channels, T* gradient) {
  constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(T));
  V sum[rows][vectors];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) sum[r][v] = load<V>(gradient + r * out_channels + v * lanes);
  for (int offset : in_offset) {
    V b[vectors];
    for (int v = 0; v < vectors; ++v) b[v] = load<V>(out_gradient + v * lanes);
    T const* a = in + offset;
    for (int r = 0; r < rows; ++r)
      for (int v = 0; v < vectors; ++v) sum[r][v] += a[r] * b[v];
    out_gradient += out_channels;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) store(gradient + r * out_channels + v * lanes, sum[r][v]);
}

/// Calls visit(width tag, first column) for column blocks of two vectors, one vector, one element.
template <class V, int vectors>
struct block {
  using vector = V;
  static constexpr int count = vectors;
};
template <class T, class F>
inline void for_column_blocks(int columns, F&& visit) {
  using V = typename vector_of<T>::type;
  constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(T));
  int column = 0;
  for (; column + 2 * lanes <= columns; column += 2 * lanes) visit(block<V, 2>{}, column);
  for (; column + lanes <= columns; column += lanes) visit(block<V, 1>{}, column);
  for (; column < columns; ++column) visit(block<T, 1>{}, column);
}

constexpr int tile_rows = 8;

template <class T>
inline void gather_multiply(T const* in, std::vector<int> const& in_offset,
                            std::vector<int> const& taps, int depth, T const* weights,
                            int const* weight_tap, int columns, T* out,
                            std::vector<int> const& out_offset) {
  int const rows = static_cast<int>(in_offset.size());
  for_column_blocks<T>(columns, [&](auto tag, int column) {
    using B = decltype(tag);
    int r = 0;
    for (; r + tile_rows <= rows; r += tile_rows)
      gather_tile<typename B::vector, B::count, tile_rows>(in, &in_offset[r], taps, depth,
                                                           weights + column, weight_tap, columns,
                                                           out + column, &out_offset[r]);
    for (; r < rows; ++r)
      gather_tile<typename B::vector, B::count, 1>(in, &in_offset[r], taps, depth, weights + column,
                                                   weight_tap, columns, out + column,
                                                   &out_offset[r]);
  });
}

}  // namespace kernel

/// 3x3, padding 1, stride 1 or 2, no bias (a batch norm follows). weights: [9 taps, in, out].
template <class T>
class convolution final : public layer<T> {
 public:
  convolution(shape in, int out_channels, int stride, std::string name)
      : in_(in),
        out_{(in.height - 1) / stride + 1, (in.width - 1) / stride + 1, out_channels},
        stride_(stride),
        weights_(std::move(name), 9 * in.channels, out_channels, true) {
    // A tile needs enough pixels to amortise its start-up: several images of small maps are
    // processed together.
    group_ = std::max(1, 64 / (out_.height * out_.width));
    padded_in_ = {in_.height + 2, in_.width + 2, in_.channels};
    padded_out_ = {out_.height + 2, out_.width + 2, out_channels};
    for (int ky = 0; ky < 3; ++ky)
      for (int kx = 0; kx < 3; ++kx) {
        taps_.push_back((ky * padded_in_.width + kx) * in_.channels);
        tap_index_.push_back(ky * 3 + kx);
      }
    for (int g = 0; g < group_; ++g)
      for (int y = 0; y < out_.height; ++y)
        for (int x = 0; x < out_.width; ++x) {
          forward_in_.push_back(g * padded_in_.size() +
                                (y * stride_ * padded_in_.width + x * stride_) * in_.channels);
          forward_out_.push_back(static_cast<int>(forward_out_.size()) * out_channels);
        }
    plan_input_gradient();
  }

  shape output_shape() const override { return out_; }

  void start(random_stream& random) override {
    weights_.fill_normal(random, std::sqrt(T(2) / static_cast<T>(9 * in_.channels)));
  }

  void forward(tensor<T> const& x, tensor<T>& y, pass) override {
    y.resize(x.images, out_);
    for_each_group(x.images, [&](int shard, int first, int count) {
      T const* in = padded(x, in_, padded_in_, first, count, scratch_[shard]);
      kernel::gather_multiply(in, count == group_ ? forward_in_ : head(forward_in_, count), taps_,
                              in_.channels, weights_.value.data(), tap_index_.data(), out_.channels,
                              y.image(first), forward_out_);
    });
  }

  void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) override {
    shard_gradients<T> partial(weights_.gradient.size());
    if (dx) {
      dx->resize(x.images, in_);
      transpose_weights();
    }
    for_each_group(x.images, [&](int shard, int first, int count) {
      T const* in = padded(x, in_, padded_in_, first, count, scratch_[shard]);
      add_weight_gradient(in, count == group_ ? forward_in_ : head(forward_in_, count),
                          dy.image(first), partial.of(shard));
      if (!dx) return;
      T const* gradient = padded(dy, out_, padded_out_, first, count, scratch_[shard]);
      for (auto const& part : input_gradient_)
        kernel::gather_multiply(gradient, count == group_ ? part.in : head(part.in, count),
                                part.taps, out_.channels, transposed_.data(), part.tap_index.data(),
                                in_.channels, dx->image(first), part.out);
    });
    partial.sum_into(weights_.gradient.data());
  }

  void for_each_parameter(std::function<void(parameter<T>&)> const& visit) override {
    visit(weights_);
  }
  std::int64_t multiplications() const override {
    return 9LL * in_.channels * out_.channels * out_.height * out_.width;
  }

 private:
  /// The pixels of dx with the same (row, column) modulo the stride use the same taps of the
  /// kernel.
  struct gradient_part {
    std::vector<int> in, out, taps, tap_index;
  };

  void plan_input_gradient() {
    for (int py = 0; py < stride_; ++py)
      for (int px = 0; px < stride_; ++px) {
        gradient_part part;
        for (int ky = (py + 1) % stride_; ky < 3; ky += stride_)
          for (int kx = (px + 1) % stride_; kx < 3; kx += stride_) {
            // x row = stride * y row + ky - 1; the +1 steps over the border of the padded gradient.
            int const dy = (py + 1 - ky) / stride_ + 1, dx = (px + 1 - kx) / stride_ + 1;
            part.taps.push_back((dy * padded_out_.width + dx) * out_.channels);
            part.tap_index.push_back(ky * 3 + kx);
          }
        for (int g = 0; g < group_; ++g)
          for (int y = py; y < in_.height; y += stride_)
            for (int x = px; x < in_.width; x += stride_) {
              part.in.push_back(g * padded_out_.size() +
                                (y / stride_ * padded_out_.width + x / stride_) * out_.channels);
              part.out.push_back(g * in_.size() + (y * in_.width + x) * in_.channels);
            }
        input_gradient_.push_back(std::move(part));
      }
  }

  std::vector<int> head(std::vector<int> const& all, int count) const {
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size()) / group_ * count};
  }

  template <class F>
  void for_each_group(int images, F&& body) const {
    for_each_shard(images, [&](int shard, int begin, int end) {
      for (int first = begin; first < end; first += group_)
        body(shard, first, std::min(group_, end - first));
    });
  }

  static T const* padded(tensor<T> const& from, shape s, shape p, int first, int count,
                         vector<T>& scratch) {
    if (scratch.size() < std::ptrdiff_t{count} * p.size())
      scratch.resize(std::ptrdiff_t{count} * p.size());
    std::ptrdiff_t const line = std::ptrdiff_t{s.width} * s.channels, edge = s.channels;
    T* to = scratch.data();
    for (int i = 0; i < count; ++i) {
      T const* source = from.image(first + i);
      to = std::fill_n(to, line + 2 * edge, T(0));
      for (int y = 0; y < s.height; ++y, source += line) {
        to = std::fill_n(to, edge, T(0));
        to = std::copy_n(source, line, to);
        to = std::fill_n(to, edge, T(0));
      }
      to = std::fill_n(to, line + 2 * edge, T(0));
    }
    return scratch.data();
  }

  void add_weight_gradient(T const* in, std::vector<int> const& pixels, T const* dy,
                           T* gradient) const {
    kernel::for_column_blocks<T>(out_.channels, [&](auto tag, int column) {
      using B = decltype(tag);
      for (int tap = 0; tap < 9; ++tap) {
        T const* source = in + taps_[static_cast<std::size_t>(tap)];
        T* target = gradient + std::ptrdiff_t{tap} * in_.channels * out_.channels + column;
        int c = 0;
        for (; c + kernel::tile_rows <= in_.channels; c += kernel::tile_rows)
          kernel::outer_tile<typename B::vector, B::count, kernel::tile_rows>(
              source + c, pixels, dy + column, out_.channels,
              target + std::ptrdiff_t{c} * out_.channels);
        for (; c < in_.channels; ++c)
          kernel::outer_tile<typename B::vector, B::count, 1>(
              source + c, pixels, dy + column, out_.channels,
              target + std::ptrdiff_t{c} * out_.channels);
      }
    });
  }

  void transpose_weights() {
    transposed_.resize(weights_.value.size());
    for (int tap = 0; tap < 9; ++tap) {
      std::ptrdiff_t const at = std::ptrdiff_t{tap} * in_.channels * out_.channels;
      matrix_map<T>(transposed_.data() + at, out_.channels, in_.channels) =
          const_matrix_map<T>(weights_.value.data() + at, in_.channels, out_.channels).transpose();
    }
  }

  shape in_, out_, padded_in_, padded_out_;
  int stride_, group_;
  parameter<T> weights_;
  vector<T> transposed_;
  std::vector<int> taps_, tap_index_, forward_in_, forward_out_;
  std::vector<gradient_part> input_gradient_;
  std::array<vector<T>, shard_count> scratch_;
};

}  // namespace train_student
