// SPDX-License-Identifier: Apache-2.0
// margin_softmax_loss: full and sampled classes, every margin, both gradients.
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/mining/sample_classes.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/gradient_check.hpp"
#include "../support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::arc_margin;
using coupleface::margin_softmax_loss;
using coupleface::sampled_labels;
using ids = matrix<std::int32_t>;

template <class E, class W, class Margin>
double reference(matrix<E> const& e, matrix<W> const& w, ids const& labels,
                 std::vector<index_t> const& classes, Margin margin) {
  long double sum = 0;
  index_t valid = 0;
  for (index_t i = 0; i < e.rows(); ++i) {
    index_t const y = labels.get(0, i);
    if (y < 0) { continue; }
    long double total = 0, own = 0;
    for (index_t const c : classes) {
      long double const cosine = std::min(1.0L, reference_cosine(e, i, w, c));
      long double const z =
          margin.scale * (c == y ? (long double)(margin(double(cosine)).value) : cosine);
      total += std::exp(z - margin.scale);
      if (c == y) { own = z - margin.scale; }
    }
    sum += std::log(total) - own;
    ++valid;
  }
  return valid == 0 ? 0.0 : double(sum / valid);
}

std::vector<index_t> every_class(index_t count) {
  std::vector<index_t> classes;
  for (index_t c = 0; c < count; ++c) { classes.push_back(c); }
  return classes;
}

template <class E, class W, class Targets, class Margin>
double loss_of(matrix<E> const& e, matrix<W> const& w, Targets targets, Margin margin) {
  matrix<double> loss(1, 1);
  margin_softmax_loss(policy(), e.view(), w.view(), targets, loss.scalar(), margin);
  return loss.at(0, 0);
}

TEST(margin, hand_computed) {
  EXPECT_NEAR(arc_margin(0.5)(std::cos(1.0)).value, std::cos(1.5), 1e-15);
  EXPECT_NEAR(arc_margin(0.5)(std::cos(1.0)).slope, std::sin(1.5) / std::sin(1.0), 1e-14);
  EXPECT_EQ(coupleface::cosine_margin{0.25}(0.5).value, 0.25);
  coupleface::combined_margin const combined{1.0, 0.3, 0.2, 64.0};
  EXPECT_NEAR(combined(std::cos(0.4)).value, std::cos(0.7) - 0.2, 1e-15);
}

TEST(margin, a_small_angle_keeps_its_slope) {
  EXPECT_NEAR(arc_margin(0.5)(std::cos(5e-4)).slope, 959.7286, 1e-3);
}

TEST(margin, an_angle_that_stays_below_pi_needs_no_continuation) {
  EXPECT_NEAR((coupleface::combined_margin{0.5, 0.3, 0.2}(0.5).value), 0.479586, 1e-6);
}

template <class Margin>
void expect_monotone_and_continuous(Margin margin) {
  double previous = margin(-1.0).value;
  for (double c = -1.0; c <= 1.0; c += 1e-4) {
    double const value = margin(c).value;
    EXPECT_GE(value, previous - 1e-15) << c;
    EXPECT_LE(value - previous, 0.03) << c;  // steepest near cos = 1
    previous = value;
  }
}

TEST(margin, the_default_is_monotone_and_the_plain_form_is_not) {
  expect_monotone_and_continuous(arc_margin(0.5));
  expect_monotone_and_continuous(coupleface::combined_margin{1.2, 0.4, 0.1, 64.0});
  coupleface::plain_margin<arc_margin> const plain{arc_margin(0.5)};
  EXPECT_GT(plain(-1.0).value, plain(-0.9).value);
  EXPECT_NEAR(plain(-1.0).value, std::cos(coupleface::combined_margin::pi + 0.5), 1e-15);
}

TEST(margin, slope_is_the_derivative_and_finite_at_the_ends) {
  for (double const c : {-0.99, -0.6, 0.0, 0.3, 0.9, 0.999}) {
    for (double const m1 : {1.0, 1.2}) {
      coupleface::combined_margin const margin{m1, 0.3, 0.2, 64.0};
      double const numeric = (margin(c + 1e-7).value - margin(c - 1e-7).value) / 2e-7;
      EXPECT_NEAR(margin(c).slope, numeric, 1e-5 * std::fabs(numeric) + 1e-7) << c;
    }
  }
  for (double const c : {-1.0, 1.0}) {
    EXPECT_TRUE(std::isfinite(arc_margin(0.5)(c).slope));
    EXPECT_TRUE(std::isfinite(coupleface::plain_margin<arc_margin>{}(c).slope));
  }
  EXPECT_EQ(coupleface::straight_through<arc_margin>{}(0.3).slope, 1);
  EXPECT_EQ(coupleface::straight_through<arc_margin>{}(0.3).value, arc_margin()(0.3).value);
}

TEST(margin_softmax_loss, hand_computed) {
  matrix<float> const e(1, 2, {2, 0});
  matrix<float> const w(2, 2, {1, 0, 0, 3});
  ids const label(1, 1, std::vector<double>{0});
  // Logits 2 (1 - 0.5) and 0.
  EXPECT_NEAR(loss_of(e, w, label.vector(), coupleface::cosine_margin{0.5, 2.0}),
              std::log(1 + std::exp(-1.0)), 1e-7);
}

template <class Pair>
class softmax_types : public testing::Test {};
using element_pairs =
    testing::Types<std::pair<float, float>, std::pair<double, double>,
                   std::pair<coupleface::float16, float>, std::pair<float, coupleface::bfloat16>>;
TYPED_TEST_SUITE(softmax_types, element_pairs);

TYPED_TEST(softmax_types, shapes_against_a_plain_loop) {
  using E = typename TypeParam::first_type;
  using W = typename TypeParam::second_type;
  for (auto const& [n, d] : shapes()) {
    if (n > 130) { continue; }
    index_t const classes = n % 2 ? n + 200 : n + 1;
    auto const e = random_matrix<E>(n, d, 1, 2);
    auto const w = random_matrix<W>(classes, d, 2, 1);
    auto const labels = random_labels(n, classes, 3);
    arc_margin const margin(0.5, 20.0);
    double const expected = reference(e, w, labels, every_class(classes), margin);
    // Logits up to 20, each a sum of d products; the exponential turns their absolute error into a
    // relative one of the sum.
    using acc = std::conditional_t<std::is_same_v<E, double>, double, float>;
    EXPECT_NEAR(loss_of(e, w, labels.vector(), margin), expected,
                tolerance<acc>(double(d) + 8, 20.0 * 2) + tolerance<acc>(4, expected))
        << n << " x " << d;
  }
}

template <class Margin>
void expect_right_gradients(Margin margin) {
  auto const e = random_matrix<double>(5, 3, 4);
  auto const w = random_matrix<double>(262, 3, 5);
  ids const labels(1, 5, {0, 261, -1, 256, 255});
  matrix<double> loss(1, 1), e_only(1, 1), gradient(5, 3), weight_gradient(262, 3), again(5, 3);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), loss.scalar(), gradient.view(),
                      weight_gradient.view(), margin);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), e_only.scalar(), again.view(),
                      margin);
  EXPECT_EQ(loss.at(0, 0), loss_of(e, w, labels.vector(), margin));
  EXPECT_TRUE(loss.same_bits(e_only) && gradient.same_bits(again));
  expect_gradient(e, gradient,
                  [&](matrix<double> const& x) { return loss_of(x, w, labels.vector(), margin); });
  expect_gradient(w, weight_gradient,
                  [&](matrix<double> const& x) { return loss_of(e, x, labels.vector(), margin); });
  for (index_t j = 0; j < 3; ++j) { EXPECT_EQ(gradient.at(2, j), 0); }
}

TEST(margin_softmax_loss, gradients_agree_with_central_differences) {
  expect_right_gradients(arc_margin(0.5, 8.0));
  expect_right_gradients(coupleface::cosine_margin{0.35, 8.0});
  expect_right_gradients(coupleface::combined_margin{1.1, 0.3, 0.2, 8.0});
  expect_right_gradients(coupleface::plain_margin<arc_margin>{arc_margin(0.5, 8.0)});
}

/// d loss / d cosine of every pair, by the definition.
template <class T>
matrix<double> reference_slopes(matrix<T> const& e, matrix<T> const& w, ids const& labels,
                                arc_margin margin) {
  index_t valid = 0;
  for (index_t i = 0; i < e.rows(); ++i) { valid += labels.get(0, i) >= 0; }
  matrix<double> slopes(e.rows(), w.rows());
  for (index_t i = 0; i < e.rows(); ++i) {
    index_t const y = labels.get(0, i);
    std::vector<long double> z;
    long double total = 0;
    for (index_t c = 0; c < w.rows(); ++c) {
      long double const cosine = reference_cosine(e, i, w, c);
      z.push_back(margin.scale * (c == y ? (long double)(margin(double(cosine)).value) : cosine));
      total += std::exp(z.back() - margin.scale);
    }
    for (index_t c = 0; c < w.rows(); ++c) {
      double const p = double(std::exp(z[std::size_t(c)] - margin.scale) / total);
      double const own = c == y ? margin(double(reference_cosine(e, i, w, c))).slope : 1.0;
      slopes.set(i, c, y < 0 ? 0 : margin.scale / double(valid) * own * (p - (c == y)));
    }
  }
  return slopes;
}

/// Row i of a gradient: sum_c slopes(i, c) unit(c), without its part along x, over the norm of x.
template <class T>
void expect_gradient_row(matrix<T> const& gradient, matrix<T> const& x, index_t i,
                         matrix<T> const& others, std::vector<double> const& slopes, double terms) {
  index_t const d = x.columns();
  std::vector<long double> sum(std::size_t(d), 0.0L);
  long double along = 0, magnitude = 0;
  for (index_t c = 0; c < others.rows(); ++c) {
    magnitude += std::fabs(slopes[std::size_t(c)]);
    for (index_t j = 0; j < d; ++j) {
      sum[std::size_t(j)] += slopes[std::size_t(c)] * reference_unit(others, c, j);
    }
  }
  for (index_t j = 0; j < d; ++j) { along += sum[std::size_t(j)] * reference_unit(x, i, j); }
  long double const norm = reference_norm(x, i);
  for (index_t j = 0; j < d; ++j) {
    EXPECT_NEAR(gradient.at(i, j),
                double((sum[std::size_t(j)] - along * reference_unit(x, i, j)) / norm),
                tolerance<T>(terms, double(magnitude / norm)))
        << i << ", " << j;
  }
}

template <class T>
void expect_gradients_by_definition(index_t n, index_t d, index_t classes) {
  auto const e = random_matrix<T>(n, d, 31), w = random_matrix<T>(classes, d, 32);
  auto labels = random_labels(n, classes, 33);
  arc_margin const margin(0.5, 8.0);
  matrix<double> loss(1, 1);
  matrix<T> gradient(n, d), weight_gradient(classes, d);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), loss.scalar(), gradient.view(),
                      weight_gradient.view(), margin);
  auto const slopes = reference_slopes(e, w, labels, margin);
  // A logit is off by 8 (d + 8) u, a probability by twice that, relatively; then two sums.
  double const terms = 2 * margin.scale * double(d + 8) + double(d + n + classes + 16);
  for (index_t i = 0; i < n; ++i) {
    std::vector<double> row;
    for (index_t c = 0; c < classes; ++c) { row.push_back(slopes.at(i, c)); }
    expect_gradient_row(gradient, e, i, w, row, terms);
  }
  for (index_t c = 0; c < classes; ++c) {
    std::vector<double> column;
    for (index_t i = 0; i < n; ++i) { column.push_back(slopes.at(i, c)); }
    expect_gradient_row(weight_gradient, w, c, e, column, terms);
  }
}

TEST(margin_softmax_loss, gradients_over_several_tiles_and_blocks_of_rows) {
  expect_gradients_by_definition<float>(523, 35, 139);
  expect_gradients_by_definition<double>(523, 18, 133);
  expect_gradients_by_definition<float>(33, 64, 300);
}

TEST(margin_softmax_loss, sampled_classes_are_a_softmax_over_just_them) {
  auto const e = random_matrix<double>(4, 6, 6);
  auto const w = random_matrix<double>(20, 6, 7);
  ids const labels(1, 4, {3, 17, -1, 3});
  ids const classes(1, 5, {1, 3, 8, 17, 19});
  arc_margin const margin(0.4, 10.0);
  auto const targets = sampled_labels(labels.vector(), classes.vector());
  EXPECT_NEAR(loss_of(e, w, targets, margin), reference(e, w, labels, {1, 3, 8, 17, 19}, margin),
              1e-12);
  matrix<double> loss(1, 1), gradient(4, 6), weight_gradient(5, 6), chosen(5, 6);
  margin_softmax_loss(policy(), e.view(), w.view(), targets, loss.scalar(), gradient.view(),
                      weight_gradient.view(), margin);
  expect_gradient(e, gradient,
                  [&](matrix<double> const& x) { return loss_of(x, w, targets, margin); });
  for (index_t c = 0; c < 5; ++c) {
    for (index_t j = 0; j < 6; ++j) { chosen.set(c, j, w.at(classes.get(0, c), j)); }
  }
  expect_gradient(chosen, weight_gradient, [&](matrix<double> const& x) {
    auto moved = w;
    for (index_t c = 0; c < 5; ++c) {
      for (index_t j = 0; j < 6; ++j) { moved.set(classes.get(0, c), j, x.at(c, j)); }
    }
    return loss_of(e, moved, targets, margin);
  });
}

TEST(margin_softmax_loss, stays_finite_at_cosine_one_and_minus_one) {
  matrix<float> const e(2, 3, {1, 2, 3, 1, 2, 3});
  matrix<float> const w(2, 3, {1, 2, 3, -1, -2, -3});
  ids const labels(1, 2, {0, 1});
  matrix<float> loss(1, 1), gradient(2, 3), weight_gradient(2, 3);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), loss.scalar(), gradient.view(),
                      weight_gradient.view());
  EXPECT_TRUE(std::isfinite(loss.at(0, 0)));
  for (index_t i = 0; i < 2; ++i) {
    for (index_t j = 0; j < 3; ++j) {
      EXPECT_TRUE(std::isfinite(gradient.at(i, j)) && std::isfinite(weight_gradient.at(i, j)));
      EXPECT_LT(std::fabs(gradient.at(i, j)), 1);
    }
  }
}

TEST(margin_softmax_loss, degenerate_rows_and_no_labels) {
  auto const w = random_matrix<float>(4, 5, 8);
  for (double const value : {0.0, 1e-43}) {
    matrix<float> const zero(2, 5, std::vector<double>(10, value));
    ids const labels(1, 2, {1, 3});
    matrix<float> loss(1, 1), gradient(2, 5), weight_gradient(4, 5);
    margin_softmax_loss(policy(), zero.view(), w.view(), labels.vector(), loss.scalar(),
                        gradient.view(), weight_gradient.view());
    EXPECT_TRUE(std::isfinite(loss.at(0, 0)));
    expect_zero(gradient);
    expect_zero(weight_gradient);
  }
  auto broken = random_matrix<float>(2, 5, 9);
  broken.set(0, 0, std::nan(""));
  ids const ignored(1, 2, {-1, 2});
  ids const none(1, 2, {-1, -1});
  matrix<float> loss(1, 1), gradient(2, 5), weight_gradient(4, 5);
  margin_softmax_loss(policy(), broken.view(), w.view(), ignored.vector(), loss.scalar(),
                      gradient.view(), weight_gradient.view());
  EXPECT_TRUE(std::isfinite(loss.at(0, 0)));
  for (index_t j = 0; j < 5; ++j) {
    EXPECT_EQ(gradient.at(0, j), 0);
    for (index_t c = 0; c < 4; ++c) { EXPECT_TRUE(std::isfinite(weight_gradient.at(c, j))); }
  }
  margin_softmax_loss(policy(), broken.view(), w.view(), none.vector(), loss.scalar(),
                      gradient.view(), weight_gradient.view());
  EXPECT_EQ(loss.at(0, 0), 0);
  expect_zero(gradient);
  expect_zero(weight_gradient);
  matrix<float> const no_rows(0, 5);
  EXPECT_EQ(loss_of(no_rows, w, ids(1, 0).vector(), arc_margin()), 0);
}

TEST(margin_softmax_loss, one_class_costs_nothing_and_no_loss_is_negative) {
  ids const labels(1, 4, std::vector<double>(4, 0.0));
  for (unsigned seed = 0; seed < 50; ++seed) {
    auto const e = random_matrix<float>(4, 3, 100 + seed);
    auto const w = random_matrix<float>(1, 3, 200 + seed);
    EXPECT_EQ(loss_of(e, w, labels.vector(), arc_margin()), 0);
  }
  matrix<float> fitted(20, 20, std::vector<double>(400, 0.0));
  ids own(1, 20);
  for (index_t i = 0; i < 20; ++i) {
    fitted.set(i, i, 1);
    own.set(0, i, double(i));
  }
  EXPECT_GE(loss_of(fitted, fitted, own.vector(), arc_margin(0.0)), 0);
}

TEST(margin_softmax_loss, settings_out_of_range_are_refused) {
  auto const e = random_matrix<float>(2, 4, 20);
  ids const labels(1, 2, {0, 1});
  auto const refuse = [&](auto margin) {
    EXPECT_THROW(loss_of(e, e, labels.vector(), margin), std::invalid_argument);
  };
  refuse(arc_margin(4.0));
  refuse(arc_margin(-0.5));
  refuse(arc_margin(0.5, 0.0));
  refuse(coupleface::combined_margin{0.0, 0.3, 0.2, 64.0});
  refuse(coupleface::cosine_margin{std::nan(""), 64.0});
}

TEST(margin_softmax_loss, broken_input_breaks_the_loss) {
  auto e = random_matrix<float>(3, 40, 10);
  auto w = random_matrix<float>(5, 40, 11);
  ids const labels(1, 3, {0, 1, 2});
  w.set(4, 3, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(loss_of(e, w, labels.vector(), arc_margin())));
  w.set(4, 3, 0);
  e.set(2, 0, std::nan(""));
  EXPECT_TRUE(std::isnan(loss_of(e, w, labels.vector(), arc_margin())));
}

TEST(margin_softmax_loss, errors_name_what_is_wrong_and_write_nothing) {
  auto const e = random_matrix<float>(2, 4, 12);
  auto const w = random_matrix<float>(6, 4, 13);
  matrix<float> loss(1, 1), gradient(2, 4), weight_gradient(6, 4);
  auto const message = [&](auto targets, auto weights_out) {
    try {
      margin_softmax_loss(policy(), e.view(), w.view(), targets, loss.scalar(), gradient.view(),
                          weights_out);
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  ids const beyond(1, 2, {0, 6}), fine(1, 2, {0, 5}), three(1, 3, {0, 1, 2});
  ids const classes(1, 2, {0, 3}), unordered(1, 2, {5, 0}), twice(1, 3, {0, 5, 5});
  matrix<float> of_three(3, 4);
  if (ids_are_checked) {
    EXPECT_EQ(message(beyond.vector(), weight_gradient.view()),
              "coupleface::margin_softmax_loss: labels(1) is 6, outside [-1, 6)");
  }
  EXPECT_EQ(message(three.vector(), weight_gradient.view()),
            "coupleface::margin_softmax_loss: size of labels is 3, but rows of embeddings is 2");
  matrix<float> two(2, 4);
  if (ids_are_checked) {
    EXPECT_EQ(message(sampled_labels(fine.vector(), classes.vector()), two.view()),
              "coupleface::margin_softmax_loss: labels(1) is 5, which is not among the 2 sampled "
              "classes");
    EXPECT_EQ(message(sampled_labels(fine.vector(), unordered.vector()), two.view()),
              "coupleface::margin_softmax_loss: classes(1) is 0: classes must be ascending, each "
              "once");
    EXPECT_EQ(message(sampled_labels(fine.vector(), twice.vector()), of_three.view()),
              "coupleface::margin_softmax_loss: classes(2) is 5: classes must be ascending, each "
              "once");
  }
  EXPECT_EQ(message(sampled_labels(fine.vector(), classes.vector()), weight_gradient.view()),
            "coupleface::margin_softmax_loss: weight_gradient is 6 x 4, but the classes' weights "
            "is 2 x 4");
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && weight_gradient.untouched());
  EXPECT_TRUE(two.untouched());
}

#if COUPLEFACE_HAS_KERNELS  // elsewhere they are refused
TEST(margin_softmax_loss, labels_that_are_not_checked_make_the_loss_nan) {
  auto const e = random_matrix<float>(2, 4, 12);
  auto const w = random_matrix<float>(6, 4, 13);
  auto const is_nan = [&](auto targets) {
    return std::isnan(loss_of(e, w, targets, arc_margin()));
  };
  ids const beyond(1, 2, {0, 6}), negative(1, 2, {-3, -1}), fine(1, 2, {0, 5});
  EXPECT_TRUE(is_nan(beyond.vector()) && is_nan(negative.vector()) && !is_nan(fine.vector()));
  ids const classes(1, 2, {0, 3}), no_class(1, 3, {0, 5, 6}), some(1, 3, {0, 2, 5});
  EXPECT_TRUE(is_nan(sampled_labels(fine.vector(), classes.vector())));
  EXPECT_TRUE(is_nan(sampled_labels(fine.vector(), no_class.vector())));
  EXPECT_FALSE(is_nan(sampled_labels(fine.vector(), some.vector())));
}
#endif

void expect_as_on_the_host(index_t n, index_t classes) {
  index_t const d = 3;
  auto const e = random_matrix<double>(n, d, 21), w = random_matrix<double>(classes, d, 22);
  auto const labels = random_labels(n, classes, 23);
  auto const host_e = on_host(e), host_w = on_host(w);
  auto const host_labels = on_host(labels);
  matrix<double> loss(1, 1), gradient(n, d), weight_gradient(classes, d);
  host_matrix<double> host_loss(1, 1), host_gradient(n, d), host_weight_gradient(classes, d);
  arc_margin const margin(0.5, 16.0);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), loss.scalar(), gradient.view(),
                      weight_gradient.view(), margin);
  margin_softmax_loss(thrust::seq, host_e.view(), host_w.view(), host_labels.vector(),
                      host_loss.scalar(), host_gradient.view(), host_weight_gradient.view(),
                      margin);
  // Logits of 16 lose as many units in the last place in the exponential; slopes of up to 16 are
  // summed over classes or rows and divided by norms that are rarely below a hundredth.
  double const terms = double(n + classes) + 64;
  EXPECT_NEAR(loss.at(0, 0), host_loss.at(0, 0), tolerance<double>(terms, 32));
  double const allowed = tolerance<double>(terms, 16.0 * 16.0 * 100);
  auto const result = on_host(gradient), weight_result = on_host(weight_gradient);
  for (index_t j = 0; j < d; ++j) {
    for (index_t i = 0; i < n; ++i) {
      EXPECT_NEAR(result.at(i, j), host_gradient.at(i, j), allowed);
    }
    for (index_t c = 0; c < classes; ++c) {
      EXPECT_NEAR(weight_result.at(c, j), host_weight_gradient.at(c, j), allowed);
    }
  }
}

TEST(margin_softmax_loss, classes_and_rows_beyond_a_tile) {
  // A device takes 4,096 classes and 2,048 rows at a time.
  expect_as_on_the_host(9, 8195);
  expect_as_on_the_host(4099, 5);
}

TEST(margin_softmax_loss, same_bits_every_time_for_every_policy) {
  auto const e = random_matrix<float>(530, 24, 14);
  auto const w = random_matrix<float>(1100, 24, 15);
  auto const labels = random_labels(530, 1100, 16);
  auto const host_e = on_host(e), host_w = on_host(w);
  auto const host_labels = on_host(labels);
  matrix<double> a(1, 1), again(1, 1);
  matrix<float> a_gradient(530, 24), again_gradient(530, 24), a_weights(1100, 24),
      again_weights(1100, 24);
  host_matrix<double> b(1, 1);
  host_matrix<float> b_gradient(530, 24), b_weights(1100, 24);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), a.scalar(), a_gradient.view(),
                      a_weights.view());
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), again.scalar(),
                      again_gradient.view(), again_weights.view());
  EXPECT_TRUE(a.same_bits(again) && a_gradient.same_bits(again_gradient) &&
              a_weights.same_bits(again_weights));
  margin_softmax_loss(thrust::seq, host_e.view(), host_w.view(), host_labels.vector(), b.scalar(),
                      b_gradient.view(), b_weights.view());
  if (ids_are_checked) {  // a host policy: products and exponentials are the same
    EXPECT_TRUE(a.same_bits(b) && a_gradient.same_bits(b_gradient) &&
                a_weights.same_bits(b_weights));
  }
  // Elsewhere logits of size 64 may differ by the rounding of sums of 24 products, and with them
  // the logarithm of their sum.
  EXPECT_NEAR(a.at(0, 0), b.at(0, 0), tolerance<float>(24 + 8, 2 * 64.0));
}

TEST(margin_softmax_loss, documented_scratch) {
  auto const e = on_host(random_matrix<float>(50, 16, 17));
  auto const w = on_host(random_matrix<float>(600, 16, 18));
  auto const labels = on_host(random_labels(50, 600, 19));
  host_matrix<float> loss(1, 1), gradient(50, 16), weight_gradient(600, 16);
  allocation_count recomputing, keeping;
  counting_allocator allocator(recomputing), other_allocator(keeping);
  margin_softmax_loss(thrust::seq(allocator), e.view(), w.view(), labels.vector(), loss.scalar(),
                      gradient.view(), weight_gradient.view());
  margin_softmax_loss(thrust::seq(other_allocator), e.view(), w.view(), labels.vector(),
                      loss.scalar(), gradient.view(), weight_gradient.view(), arc_margin(),
                      coupleface::keep_logits{});
  // Panels are 32 wide: 64 rows, width 32; unpadded where the padding is on the other side. Five
  // tiles of classes, hence five lanes. Four pieces are aligned.
  std::size_t const samples = 4 * 64 * 16 + 4 * 50 * 32 + 40 * 50 + 5 * 16 * 50;
  std::size_t const lane = 4 * 256 * 32 + 4 * 64 * 32;
  EXPECT_EQ(recomputing.bytes, samples + 5 * (lane + 4 * 128 * 64) + 4 * 64);
  EXPECT_EQ(keeping.bytes, samples + 5 * lane + 4 * 640 * 64 + 5 * 64);
  EXPECT_EQ(recomputing.live + keeping.live, 0u);
}

template <class T>
void expect_same_bits_if_kept(index_t n, index_t d, index_t classes) {
  auto const e = random_matrix<T>(n, d, 21);
  auto const w = random_matrix<T>(classes, d, 22);
  auto labels = random_labels(n, classes, 23);
  matrix<double> a(1, 1), b(1, 1), c(1, 1);
  matrix<T> a_gradient(n, d), b_gradient(n, d), c_gradient(n, d), a_weights(classes, d),
      b_weights(classes, d);
  coupleface::keep_logits const keep;
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), a.scalar(), a_gradient.view(),
                      a_weights.view(), arc_margin(), coupleface::recompute_logits{});
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), b.scalar(), b_gradient.view(),
                      b_weights.view(), arc_margin(), keep);
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), c.scalar(), c_gradient.view(),
                      arc_margin(), keep);
  EXPECT_TRUE(a.same_bits(b) && a_gradient.same_bits(b_gradient) && a_weights.same_bits(b_weights));
  EXPECT_TRUE(a.same_bits(c) && a_gradient.same_bits(c_gradient));
}

TEST(margin_softmax_loss, kept_logits_change_no_bit) {
  expect_same_bits_if_kept<float>(530, 24, 1100);
  expect_same_bits_if_kept<float>(1, 40, 1);
  expect_same_bits_if_kept<float>(0, 3, 130);
  expect_same_bits_if_kept<double>(531, 17, 129);
}

}  // namespace
