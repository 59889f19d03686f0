// SPDX-License-Identifier: Apache-2.0
// The layers of examples/train_student: every gradient against central differences in double, plain
// loops for the convolution, the same bits for any number of threads, state that survives a round
// trip.
#include "network.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "face_kit/image/augmentation.hpp"
#include "optimizer.hpp"

namespace ts = train_student;

namespace {

template <class T>
ts::tensor<T> random_tensor(int images, ts::shape s, std::uint64_t seed) {
  ts::tensor<T> t;
  t.resize(images, s);
  ts::random_stream random({seed});
  for (auto& v : t.data) v = static_cast<T>(random.normal());
  return t;
}

/// f(x, parameters) = <g, layer(x)> for a random g; all its derivatives against (f(+h) - f(-h)) /
/// 2h. The differences are good to about h^2 of the third derivative plus 1e-16 / h of rounding:
/// 1e-6 of the largest gradient is ample.
void check_gradients(ts::layer<double>& l, ts::shape in, int images = 5) {
  ts::random_stream random({7});
  l.start(random);
  l.for_each_parameter([&](ts::parameter<double>& p) {
    for (auto& v : p.value) v += 0.1 * random.normal();
  });
  auto x = random_tensor<double>(images, in, 1);
  auto const g = random_tensor<double>(images, l.output_shape(), 2);
  ts::tensor<double> y, dx;
  auto const value = [&] {
    l.forward(x, y, ts::pass::training);
    return (y.data * g.data).sum();
  };
  value();
  l.backward(x, g, &dx);

  auto const check = [&](std::string const& name, ts::vector<double>& at,
                         ts::vector<double> const& gradient) {
    double const h = 1e-5, scale = gradient.abs().maxCoeff() + 1e-3;
    for (std::ptrdiff_t i = 0; i < at.size(); i += 1 + at.size() / 97) {
      double const kept = at[i];
      at[i] = kept + h;
      double const above = value();
      at[i] = kept - h;
      double const below = value();
      at[i] = kept;
      ASSERT_NEAR((above - below) / (2 * h), gradient[i], 1e-6 * scale) << name << " [" << i << "]";
    }
  };
  check("x", x.data, dx.data);
  l.for_each_parameter([&](ts::parameter<double>& p) {
    ts::vector<double> const gradient = p.gradient;
    check(p.name, p.value, gradient);
  });
}

TEST(network, convolution_gradients) {
  // Channel counts that take the two-vector, the one-vector and the one-element path, and a rest of
  // the 8-channel tile.
  for (int stride : {1, 2})
    for (auto [in, out] : {std::pair{1, 16}, {3, 5}, {8, 27}, {11, 8}}) {
      SCOPED_TRACE(testing::Message() << "stride " << stride << ", " << in << " -> " << out);
      ts::shape const s{6, 8, in};
      ts::convolution<double> l(s, out, stride, "conv");
      check_gradients(l, s);
    }
}

TEST(network, convolution_of_odd_maps_and_many_images) {
  for (int stride : {1, 2})
    for (int side : {1, 3, 4, 7}) {
      ts::shape const s{side, side, 4};
      ts::convolution<double> l(s, 9, stride, "conv");
      check_gradients(l, s, 19);
    }
}

TEST(network, convolution_is_the_plain_sum) {
  for (int stride : {1, 2}) {
    ts::shape const s{7, 6, 3};
    ts::convolution<float> l(s, 20, stride, "conv");
    ts::random_stream random({3});
    l.start(random);
    auto const x = random_tensor<float>(3, s, 4);
    ts::tensor<float> y;
    l.forward(x, y, ts::pass::evaluation);
    ts::shape const o = l.output_shape();
    ASSERT_EQ(o.height, stride == 1 ? 7 : 4);
    ASSERT_EQ(o.width, stride == 1 ? 6 : 3);
    l.for_each_parameter([&](ts::parameter<float>& w) {
      for (int n = 0; n < 3; ++n)
        for (int r = 0; r < o.height; ++r)
          for (int c = 0; c < o.width; ++c)
            for (int k = 0; k < 20; ++k) {
              double sum = 0, size = 0;
              for (int ky = 0; ky < 3; ++ky)
                for (int kx = 0; kx < 3; ++kx)
                  for (int i = 0; i < 3; ++i) {
                    int const row = r * stride + ky - 1, column = c * stride + kx - 1;
                    if (row < 0 || row >= 7 || column < 0 || column >= 6) continue;
                    double const term = double(x.image(n)[(row * 6 + column) * 3 + i]) *
                                        double(w.value[((ky * 3 + kx) * 3 + i) * 20 + k]);
                    sum += term;
                    size += std::abs(term);
                  }
              ASSERT_NEAR(y.image(n)[(r * o.width + c) * 20 + k], sum, 27 * 6e-8 * size);
            }
    });
  }
}

TEST(network, norm_gradients) {
  for (bool activation : {false, true}) {
    ts::shape const s{3, 4, 6};
    ts::norm_activation<double> l(s, activation, "norm");
    check_gradients(l, s);
  }
}

TEST(network, norm_uses_running_statistics_in_evaluation) {
  ts::shape const s{1, 1, 2};
  ts::norm_activation<double> l(s, false, "norm");
  auto x = random_tensor<double>(64, s, 5);
  x.data = x.data * 3 + 2;
  ts::tensor<double> y, z;
  for (int i = 0; i < 200; ++i) l.forward(x, y, ts::pass::training);
  l.forward(x, z, ts::pass::evaluation);
  // The running variance is the unbiased one: 64/63 of the batch's.
  EXPECT_LT((y.data - z.data * std::sqrt(64.0 / 63.0)).abs().maxCoeff(), 1e-3);
}

TEST(network, linear_gradients) {
  ts::shape const s{2, 3, 4};
  ts::linear<double> l(s, 7, "linear");
  check_gradients(l, s);
}

TEST(network, residual_gradients) {
  ts::shape const s{4, 4, 8};
  ts::residual<double> l(s, "residual");
  check_gradients(l, s, 9);
}

ts::architecture small_architecture() {
  ts::architecture a;
  a.side = 16;
  a.widths = {16, 24};
  a.blocks = {1, 1};
  a.embedding = 12;
  return a;
}

TEST(network, whole_network_gradients) {
  auto net = ts::make_network<double>(small_architecture());
  check_gradients(net, {16, 16, 1}, 12);
}

/// A few steps of training; the bytes of the whole state afterwards.
std::string state_after_steps(int threads) {
  omp_set_num_threads(threads);
  auto net = ts::make_network<float>(small_architecture());
  ts::random_stream random({11});
  net.start(random);
  auto const x = random_tensor<float>(21, {16, 16, 1}, 1);
  auto const target = random_tensor<float>(21, net.output_shape(), 2);
  ts::tensor<float> y, dy;
  for (int step = 0; step < 3; ++step) {
    net.forward(x, y, ts::pass::training);
    dy = y;
    dy.data -= target.data;
    net.backward(x, dy, nullptr);
    net.for_each_parameter([](ts::parameter<float>& p) { ts::sgd_step(p, {}, 0.01); });
  }
  std::ostringstream out;
  ts::save_state(out, net);
  return out.str();
}

TEST(network, same_bits_for_any_thread_count) {
  int const before = omp_get_max_threads();
  std::string const one = state_after_steps(1);
  for (int threads : {2, 3, 5}) EXPECT_EQ(one, state_after_steps(threads)) << threads << " threads";
  omp_set_num_threads(before);
}

TEST(network, state_round_trip_and_refusal) {
  auto a = ts::make_network<float>(small_architecture()),
       b = ts::make_network<float>(small_architecture());
  ts::random_stream random({1});
  a.start(random);
  std::stringstream stream;
  ts::save_state(stream, a);
  std::string const saved = stream.str();
  ts::load_state(stream, b);
  std::ostringstream again;
  ts::save_state(again, b);
  EXPECT_EQ(saved, again.str());

  ts::architecture wider = small_architecture();
  wider.embedding = 13;
  auto c = ts::make_network<float>(wider);
  std::istringstream other(saved), cut(saved.substr(0, saved.size() / 2));
  EXPECT_THROW(ts::load_state(other, c), std::runtime_error);
  EXPECT_THROW(ts::load_state(cut, b), std::runtime_error);
}

TEST(network, loss_falls) {
  auto net = ts::make_network<float>(small_architecture());
  ts::random_stream random({11});
  net.start(random);
  auto const x = random_tensor<float>(32, {16, 16, 1}, 1);
  auto const target = random_tensor<float>(32, net.output_shape(), 2);
  ts::tensor<float> y, dy;
  float first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    net.forward(x, y, ts::pass::training);
    dy = y;
    dy.data -= target.data;
    last = dy.data.square().mean();
    if (step == 0) first = last;
    dy.data /= 32;
    net.backward(x, dy, nullptr);
    net.for_each_parameter([](ts::parameter<float>& p) { ts::sgd_step(p, {}, 0.05); });
  }
  EXPECT_LT(last, 0.3f * first);
}

TEST(optimizer, two_steps_by_hand) {
  ts::parameter<double> p("p", 1, 1, true, 2.0);
  ts::sgd_options const options{0.0, 0.5, 0.1};
  p.gradient[0] = 1;
  ts::sgd_step(p, options, 0.1);  // velocity 1 + 0.1 * 2 = 1.2
  EXPECT_DOUBLE_EQ(p.value[0], 1.88);
  ts::sgd_step(p, options, 0.1);  // velocity 0.6 + 1 + 0.188 = 1.788
  EXPECT_DOUBLE_EQ(p.value[0], 1.7012);
  p.decays = false;
  p.velocity[0] = 0;
  ts::sgd_step(p, options, 0.1);
  EXPECT_DOUBLE_EQ(p.value[0], 1.6012);
}

TEST(optimizer, rate_warms_up_and_ends_near_zero) {
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::cosine, 0.4, 0, 100, 4), 0.1);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::cosine, 0.4, 4, 100, 4), 0.4);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::cosine, 0.4, 52, 100, 4), 0.2);
  EXPECT_LT(ts::rate_at(ts::schedule::cosine, 0.4, 99, 100, 4), 0.001);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 49, 100, 0), 1);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 50, 100, 0), 0.1);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 60, 100, 0), 0.1);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 74, 100, 0), 0.1);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 75, 100, 0), 0.01);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::step, 1, 80, 100, 0), 0.01);
  EXPECT_DOUBLE_EQ(ts::rate_at(ts::schedule::constant, 0.4, 99, 100, 4), 0.4);
}

TEST(augmentation, depends_on_its_key_alone) {
  std::vector<std::uint8_t> face(32 * 32);
  for (std::size_t i = 0; i < face.size(); ++i) face[i] = static_cast<std::uint8_t>(i * 7);
  std::vector<float> a(face.size()), b(face.size()), c(face.size());
  ts::augmentation_options const options;
  ts::augment(face.data(), 32, options, ts::random_stream({1, 2, 3}), a.data());
  ts::augment(face.data(), 32, options, ts::random_stream({1, 2, 4}), c.data());
  ts::augment(face.data(), 32, options, ts::random_stream({1, 2, 3}), b.data());
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(augmentation, without_options_is_the_image) {
  std::vector<std::uint8_t> face(8 * 8);
  for (std::size_t i = 0; i < face.size(); ++i) face[i] = static_cast<std::uint8_t>(i);
  std::vector<float> plain(face.size()), augmented(face.size());
  ts::augmentation_options none;
  none.flip = 0;
  none.shift = 0;
  none.mask = 0;
  ts::to_float(face.data(), 8, plain.data());
  ts::augment(face.data(), 8, none, ts::random_stream({1}), augmented.data());
  EXPECT_EQ(plain, augmented);
}

}  // namespace
