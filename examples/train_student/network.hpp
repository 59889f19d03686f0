// SPDX-License-Identifier: Apache-2.0
// A network as a sequence of layers, for the student and the larger teacher, and its state in a
// stream. To try another architecture, change `make_network`: every layer reports its output shape.
#pragma once

#include <istream>
#include <ostream>
#include <stdexcept>

#include "convolution.hpp"
#include "face_kit/run/state_stream.hpp"
#include "layers.hpp"

namespace train_student {

template <class T>
class sequence final : public layer<T> {
 public:
  explicit sequence(shape in) : in_(in) {}

  template <class Layer, class... Arguments>
  sequence& add(Arguments&&... arguments) {
    layers_.push_back(
        std::make_unique<Layer>(output_shape(), std::forward<Arguments>(arguments)...));
    return *this;
  }

  shape output_shape() const override {
    return layers_.empty() ? in_ : layers_.back()->output_shape();
  }
  void start(random_stream& random) override {
    for (auto& l : layers_) l->start(random);
  }
  void forward(tensor<T> const& x, tensor<T>& y, pass mode) override {
    values_.resize(layers_.size());
    tensor<T> const* in = &x;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      tensor<T>& out = i + 1 == layers_.size() ? y : values_[i];
      layers_[i]->forward(*in, out, mode);
      in = &out;
    }
  }
  void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) override {
    // Two gradients are alive at a time: the incoming and the outgoing one.
    tensor<T> const* in = &dy;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      tensor<T>* out = i > 0 ? &gradients_[i % 2] : dx;
      layers_[i]->backward(i > 0 ? values_[i - 1] : x, *in, out);
      in = out;
    }
  }
  void for_each_parameter(std::function<void(parameter<T>&)> const& visit) override {
    for (auto& l : layers_) l->for_each_parameter(visit);
  }
  void for_each_statistic(
      std::function<void(std::string const&, vector<T>&)> const& visit) override {
    for (auto& l : layers_) l->for_each_statistic(visit);
  }
  std::int64_t multiplications() const override {
    std::int64_t sum = 0;
    for (auto const& l : layers_) sum += l->multiplications();
    return sum;
  }

 private:
  shape in_;
  std::vector<std::unique_ptr<layer<T>>> layers_;
  std::vector<tensor<T>> values_;
  tensor<T> gradients_[2];
};

/// y = x + branch(x), with branch = convolution, norm and PReLU, convolution, norm.
template <class T>
class residual final : public layer<T> {
 public:
  residual(shape s, std::string const& name) : branch_(s) {
    branch_.template add<convolution<T>>(s.channels, 1, name + ".first");
    branch_.template add<norm_activation<T>>(true, name + ".first_norm");
    branch_.template add<convolution<T>>(s.channels, 1, name + ".second");
    branch_.template add<norm_activation<T>>(false, name + ".second_norm");
  }
  shape output_shape() const override { return branch_.output_shape(); }
  void start(random_stream& random) override { branch_.start(random); }
  void forward(tensor<T> const& x, tensor<T>& y, pass mode) override {
    branch_.forward(x, y, mode);
    add(x, y);
  }
  void backward(tensor<T> const& x, tensor<T> const& dy, tensor<T>* dx) override {
    branch_.backward(x, dy, dx);
    if (dx) add(dy, *dx);
  }
  void for_each_parameter(std::function<void(parameter<T>&)> const& visit) override {
    branch_.for_each_parameter(visit);
  }
  void for_each_statistic(
      std::function<void(std::string const&, vector<T>&)> const& visit) override {
    branch_.for_each_statistic(visit);
  }
  std::int64_t multiplications() const override { return branch_.multiplications(); }

 private:
  static void add(tensor<T> const& from, tensor<T>& to) {
    for_each_shard(from.images, [&](int, int begin, int end) {
      to.rows().middleRows(begin, end - begin) += from.rows().middleRows(begin, end - begin);
    });
  }
  sequence<T> branch_;
};

/// Widths should be multiples of 32 (two vectors of 16 floats); other widths work but are slower.
struct architecture {
  int side = 32;
  std::vector<int> widths{32, 64, 128};  // each stage halves the map
  std::vector<int> blocks{0, 1, 1};      // residual blocks of each stage
  int embedding = 128;
};

template <class T>
sequence<T> make_network(architecture const& a) {
  if (a.widths.empty() || a.widths.size() != a.blocks.size())
    throw std::invalid_argument("widths and blocks need one value per stage");
  sequence<T> net({a.side, a.side, 1});
  for (std::size_t stage = 0; stage < a.widths.size(); ++stage) {
    std::string const name = "stage" + std::to_string(stage);
    net.template add<convolution<T>>(a.widths[stage], 2, name + ".down");
    net.template add<norm_activation<T>>(true, name + ".down_norm");
    for (int b = 0; b < a.blocks[stage]; ++b)
      net.template add<residual<T>>(name + ".block" + std::to_string(b));
  }
  net.template add<linear<T>>(a.embedding, "embedding");
  net.template add<norm_activation<T>>(false, "embedding_norm");
  return net;
}

template <class T>
std::ptrdiff_t count_weights(layer<T>& net) {
  std::ptrdiff_t sum = 0;
  net.for_each_parameter([&](parameter<T>& p) { sum += p.value.size(); });
  return sum;
}

template <class T>
void save_array(std::ostream& out, vector<T> const& values) {
  std::uint64_t const size = static_cast<std::uint64_t>(values.size());
  write_bytes(out, &size, sizeof size);
  write_bytes(out, values.data(), size * sizeof(T));
}
template <class T>
void load_array(std::istream& in, vector<T>& values, std::string const& name) {
  std::uint64_t size = 0;
  read_bytes(in, &size, sizeof size);
  if (size != static_cast<std::uint64_t>(values.size()))
    throw std::runtime_error(name + " has " + std::to_string(size) + " values, " +
                             std::to_string(values.size()) + " expected");
  read_bytes(in, values.data(), size * sizeof(T));
}

/// Weights, momentum and running statistics, in layer order.
template <class T>
void save_state(std::ostream& out, layer<T>& net) {
  net.for_each_parameter([&](parameter<T>& p) {
    save_array(out, p.value);
    save_array(out, p.velocity);
  });
  net.for_each_statistic([&](std::string const&, vector<T>& values) { save_array(out, values); });
}
template <class T>
void load_state(std::istream& in, layer<T>& net) {
  net.for_each_parameter([&](parameter<T>& p) {
    load_array(in, p.value, p.name);
    load_array(in, p.velocity, p.name + " (momentum)");
  });
  net.for_each_statistic(
      [&](std::string const& name, vector<T>& values) { load_array(in, values, name); });
}

}  // namespace train_student
