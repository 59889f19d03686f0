// SPDX-License-Identifier: Apache-2.0
// The layers of the example networks: the interface, batch norm with PReLU, residual sum, linear;
// the convolution has its own file. Sums in a layer run over fixed shards of the batch and are
// added in shard order, so results have the same bits for any number of threads.
#pragma once

#include <omp.h>

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "face_kit/data/random_stream.hpp"

namespace train_student {

using namespace face_kit;

template <class T>
using vector = Eigen::Array<T, Eigen::Dynamic, 1>;
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using matrix_map = Eigen::Map<matrix<T>>;
template <class T>
using const_matrix_map = Eigen::Map<matrix<T> const>;

constexpr int shard_count = 8;

/// Calls body(shard, first image, end image). Results do not depend on which thread runs a shard.
template <class F>
void for_each_shard(int images, F&& body) {
#pragma omp parallel for schedule(dynamic, 1)
  for (int shard = 0; shard < shard_count; ++shard) {
    int const begin = static_cast<int>(std::int64_t{images} * shard / shard_count);
    int const end = static_cast<int>(std::int64_t{images} * (shard + 1) / shard_count);
    if (begin < end) body(shard, begin, end);
  }
}

/// One partial sum per shard, added in shard order.
template <class T>
class shard_gradients {
 public:
  explicit shard_gradients(std::ptrdiff_t size) : partial_(matrix<T>::Zero(shard_count, size)) {}
  T* of(int shard) { return partial_.row(shard).data(); }
  void sum_into(T* target) const {
    std::ptrdiff_t const size = partial_.cols();
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t block = 0; block < size; block += 4096) {
      std::ptrdiff_t const count = std::min<std::ptrdiff_t>(4096, size - block);
      Eigen::Map<vector<T>> sum(target + block, count);
      sum = partial_.row(0).segment(block, count).transpose().array();
      for (int s = 1; s < shard_count; ++s)
        sum += partial_.row(s).segment(block, count).transpose().array();
    }
  }

 private:
  matrix<T> partial_;
};

struct shape {
  int height, width, channels;
  int size() const { return height * width * channels; }
};

/// [images, height, width, channels]
template <class T>
struct tensor {
  int images = 0;
  shape dims{0, 0, 0};
  vector<T> data;

  void resize(int n, shape s) {
    images = n;
    dims = s;
    data.resize(std::ptrdiff_t{n} * s.size());
  }
  T* image(int i) { return data.data() + std::ptrdiff_t{i} * dims.size(); }
  T const* image(int i) const { return data.data() + std::ptrdiff_t{i} * dims.size(); }
  matrix_map<T> rows() { return {data.data(), images, dims.size()}; }
  const_matrix_map<T> rows() const { return {data.data(), images, dims.size()}; }
};

template <class T>
struct parameter {
  std::string name;
  std::ptrdiff_t height, width;
  bool decays;  // weight decay applies to convolutions and matrices, not to norms and slopes
  vector<T> value, gradient, velocity;

  parameter(std::string n, std::ptrdiff_t h, std::ptrdiff_t w, bool decay, T start = T(0))
      : name(std::move(n)), height(h), width(w), decays(decay) {
    value = vector<T>::Constant(h * w, start);
    gradient = velocity = vector<T>::Zero(h * w);
  }
  void fill_normal(random_stream& random, T deviation) {
    for (auto& v : value) v = deviation * static_cast<T>(random.normal());
  }
};

enum class pass { training, evaluation };

/// From its last training pass a layer keeps what its backward pass needs besides x and dy.
template <class T>
class layer {
 public:
  virtual ~layer() = default;
  virtual shape output_shape() const = 0;
  virtual void start(random_stream&) {}
  virtual void forward(tensor<T> const& x, tensor<T>& y, pass) = 0;
  /// Overwrites the parameters' gradients and dx, unless dx is null.
  virtual void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) = 0;
  virtual void for_each_parameter(std::function<void(parameter<T>&)> const&) {}
  /// State that is not trained by gradients: running means and variances.
  virtual void for_each_statistic(std::function<void(std::string const&, vector<T>&)> const&) {}
  virtual std::int64_t multiplications() const { return 0; }
};

/// Batch norm over all pixels of the batch, then (optionally) PReLU with one slope per channel. One
/// layer, because each pass over a large activation takes as long as a good part of a convolution.
template <class T>
class norm_activation final : public layer<T> {
 public:
  norm_activation(shape s, bool activation, std::string const& name)
      : shape_(s),
        activation_(activation),
        name_(name),
        scale_(name + ".scale", 1, s.channels, false, T(1)),
        shift_(name + ".shift", 1, s.channels, false),
        slope_(name + ".slope", 1, s.channels, false, activation ? T(0.25) : T(1)),
        running_mean_(vector<T>::Zero(s.channels)),
        running_variance_(vector<T>::Ones(s.channels)) {}

  shape output_shape() const override { return shape_; }

  void forward(tensor<T> const& x, tensor<T>& y, pass mode) override {
    y.resize(x.images, shape_);
    if (mode == pass::training) {
      take_batch_statistics(x);
    } else {
      mean_ = running_mean_;
      inverse_ = (running_variance_ + T(epsilon)).rsqrt();
    }
    int const channels = shape_.channels;
    vector<T> const factor = scale_.value * inverse_, offset = shift_.value - mean_ * factor;
    T const *a = factor.data(), *b = offset.data(), *slope = slope_.value.data();
    for_each_shard(x.images, [&](int, int begin, int end) {
      // Selecting one of two factors, instead of one of two products, is what the compiler
      // vectorises.
      T const* in = x.image(begin);
      T* out = y.image(begin);
      for (std::ptrdiff_t row = pixels(end - begin); row > 0;
           --row, in += channels, out += channels)
#pragma omp simd
        for (int c = 0; c < channels; ++c) {
          T const z = in[c] * a[c] + b[c], s = slope[c];
          out[c] = z * (z > T(0) ? T(1) : s);
        }
    });
  }

  void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) override {
    int const channels = shape_.channels;
    T const *mean = mean_.data(), *inverse = inverse_.data(), *scale = scale_.value.data(),
            *shift = shift_.value.data(), *slope = slope_.value.data();
    shard_gradients<T> partial(3 * channels);
    for_each_shard(x.images, [&](int shard, int begin, int end) {
      T* __restrict d_scale = partial.of(shard);
      T* __restrict d_shift = d_scale + channels, * __restrict d_slope = d_shift + channels;
      T const *in = x.image(begin), *g = dy.image(begin);
      for (std::ptrdiff_t row = pixels(end - begin); row > 0; --row, in += channels, g += channels)
#pragma omp simd
        for (int c = 0; c < channels; ++c) {
          T const unit = (in[c] - mean[c]) * inverse[c], z = unit * scale[c] + shift[c],
                  s = slope[c];
          T const dz = g[c] * (z > T(0) ? T(1) : s);
          d_shift[c] += dz;
          d_scale[c] += dz * unit;
          d_slope[c] += g[c] * (z > T(0) ? T(0) : z);
        }
    });
    vector<T> sums(3 * channels);
    partial.sum_into(sums.data());
    scale_.gradient = sums.head(channels);
    shift_.gradient = sums.segment(channels, channels);
    slope_.gradient = sums.tail(channels);
    if (!dx) return;

    dx->resize(x.images, shape_);
    T const count = static_cast<T>(pixels(x.images));
    vector<T> const mean_shift = shift_.gradient / count, mean_scale = scale_.gradient / count,
                    factor = scale_.value * inverse_;
    T const *ms = mean_shift.data(), *mu = mean_scale.data(), *a = factor.data();
    for_each_shard(x.images, [&](int, int begin, int end) {
      T const *in = x.image(begin), *g = dy.image(begin);
      T* out = dx->image(begin);
      for (std::ptrdiff_t row = pixels(end - begin); row > 0;
           --row, in += channels, g += channels, out += channels)
#pragma omp simd
        for (int c = 0; c < channels; ++c) {
          T const unit = (in[c] - mean[c]) * inverse[c], z = unit * scale[c] + shift[c],
                  s = slope[c];
          T const dz = g[c] * (z > T(0) ? T(1) : s);
          out[c] = a[c] * (dz - ms[c] - unit * mu[c]);
        }
    });
  }

  void for_each_parameter(std::function<void(parameter<T>&)> const& visit) override {
    visit(scale_);
    visit(shift_);
    if (activation_) visit(slope_);
  }
  void for_each_statistic(
      std::function<void(std::string const&, vector<T>&)> const& visit) override {
    visit(name_ + ".mean", running_mean_);
    visit(name_ + ".variance", running_variance_);
  }

 private:
  static constexpr double epsilon = 1e-5, renewal = 0.1;

  std::ptrdiff_t pixels(int images) const {
    return std::ptrdiff_t{images} * shape_.height * shape_.width;
  }

  void take_batch_statistics(tensor<T> const& x) {
    int const channels = shape_.channels;
    shard_gradients<double> partial(2 * channels);
    for_each_shard(x.images, [&](int shard, int begin, int end) {
      // Sums in the element type within one image, in double across images: accurate enough, and
      // vectors stay full.
      vector<T> image_sums(2 * channels);
      for (int i = begin; i < end; ++i) {
        image_sums.setZero();
        T* __restrict sum = image_sums.data(), * __restrict square = sum + channels;
        T const* in = x.image(i);
        for (std::ptrdiff_t row = pixels(1); row > 0; --row, in += channels)
#pragma omp simd
          for (int c = 0; c < channels; ++c) {
            sum[c] += in[c];
            square[c] += in[c] * in[c];
          }
        Eigen::Map<vector<double>>(partial.of(shard), 2 * channels) +=
            image_sums.template cast<double>();
      }
    });
    vector<double> sums(2 * channels);
    partial.sum_into(sums.data());
    double const count = static_cast<double>(pixels(x.images));
    vector<double> const mean = sums.head(channels) / count;
    vector<double> const variance = (sums.tail(channels) / count - mean.square()).max(0.0);
    mean_ = mean.template cast<T>();
    inverse_ = (variance + epsilon).rsqrt().template cast<T>();
    running_mean_ += T(renewal) * (mean_ - running_mean_);
    running_variance_ +=
        T(renewal) *
        ((variance * (count / std::max(1.0, count - 1))).template cast<T>() - running_variance_);
  }

  shape shape_;
  bool activation_;
  std::string name_;
  parameter<T> scale_, shift_, slope_;
  vector<T> running_mean_, running_variance_, mean_, inverse_;
};

/// A matrix product with the whole image as one row, [n, height * width * channels]. No bias: a
/// batch norm follows.
template <class T>
class linear final : public layer<T> {
 public:
  linear(shape in, int out, std::string name)
      : in_(in), out_{1, 1, out}, weights_(std::move(name), in.size(), out, true) {}

  shape output_shape() const override { return out_; }
  void start(random_stream& random) override {
    weights_.fill_normal(random, std::sqrt(T(1) / static_cast<T>(in_.size())));
  }
  void forward(tensor<T> const& x, tensor<T>& y, pass) override {
    y.resize(x.images, out_);
    for_each_shard(x.images, [&](int, int begin, int end) {
      y.rows().middleRows(begin, end - begin).noalias() =
          x.rows().middleRows(begin, end - begin) * weights();
    });
  }
  void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) override {
    shard_gradients<T> partial(weights_.gradient.size());
    if (dx) dx->resize(x.images, in_);
    for_each_shard(x.images, [&](int shard, int begin, int end) {
      auto const g = dy.rows().middleRows(begin, end - begin);
      matrix_map<T>(partial.of(shard), in_.size(), out_.channels).noalias() =
          x.rows().middleRows(begin, end - begin).transpose() * g;
      if (dx) dx->rows().middleRows(begin, end - begin).noalias() = g * weights().transpose();
    });
    partial.sum_into(weights_.gradient.data());
  }
  void for_each_parameter(std::function<void(parameter<T>&)> const& visit) override {
    visit(weights_);
  }
  std::int64_t multiplications() const override { return std::int64_t{in_.size()} * out_.channels; }

 private:
  const_matrix_map<T> weights() const { return {weights_.value.data(), in_.size(), out_.channels}; }

  shape in_, out_;
  parameter<T> weights_;
};

}  // namespace train_student
