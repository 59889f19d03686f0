// SPDX-License-Identifier: Apache-2.0
// margin_softmax_loss with bfloat16_products: every operand rounded, and nothing else.
#include <coupleface/losses/margin_softmax.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace {

using namespace coupleface_test;
using coupleface::arc_margin;
using coupleface::bfloat16;
using coupleface::bfloat16_products;
using coupleface::keep_logits;
using coupleface::margin_softmax_loss;
using coupleface::recompute_logits;
using ids = matrix<std::int32_t>;

/// With each of the host's sets of kernels, or once: a device has only one.
template <class Function>
void with_every_kernel(Function f) {
  if constexpr (ids_are_checked) {
    for_each_kernel_set(f);
  } else {
    f();
  }
}

double rounded(double x) { return double(float(bfloat16(x))); }

struct outputs {
  outputs(index_t n, index_t d, index_t classes)
      : loss(1, 1), embeddings(n, d), weights(classes, d) {}
  bool same_bits(outputs const& other) const {
    return loss.same_bits(other.loss) && embeddings.same_bits(other.embeddings) &&
           weights.same_bits(other.weights);
  }
  matrix<double> loss;
  matrix<float> embeddings, weights;
};

template <class Logits>
outputs compute(matrix<float> const& e, matrix<float> const& w, ids const& labels,
                arc_margin margin, Logits logits) {
  outputs out(e.rows(), e.columns(), w.rows());
  margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), out.loss.scalar(),
                      out.embeddings.view(), out.weights.view(), margin, logits);
  return out;
}

/// A value that a computation in float knows within an error.
struct approximate {
  double value = 0;
  double error = 0;
  bool of_target = false;  ///< stays as it is
  /// Rounded to bfloat16: which of two neighbours, the error may decide.
  approximate as_operand() const {
    if (of_target) { return *this; }
    double const low = rounded(value - error), high = rounded(value + error);
    return {rounded(value), high - low, false};
  }
};

/// Unit rows: as they are, and as operands, which are rounded to float and then to bfloat16.
struct units {
  explicit units(matrix<float> const& x) : exact(x.rows(), x.columns()), operand(exact) {
    for (index_t i = 0; i < x.rows(); ++i) {
      for (index_t j = 0; j < x.columns(); ++j) {
        exact.set(i, j, double(reference_unit(x, i, j)));
        operand.set(i, j, rounded(float(exact.at(i, j))));
      }
    }
  }
  matrix<double> exact, operand;
};

/// Loss and d loss / d cosine of every pair, from products of rounded operands.
struct definition {
  definition(matrix<float> const& e, matrix<float> const& w, ids const& labels, arc_margin margin)
      : of_e(e), of_w(w), slopes(std::size_t(e.rows() * w.rows())) {
    index_t const n = e.rows(), d = e.columns(), classes = w.rows();
    index_t valid = 0;
    for (index_t i = 0; i < n; ++i) { valid += labels.get(0, i) >= 0; }
    for (index_t i = 0; i < n; ++i) {
      index_t const y = labels.get(0, i);
      if (y < 0) { continue; }
      auto const own = margin(double(reference_cosine(e, i, w, y)));
      std::vector<double> z;
      double others = 0;
      for (index_t c = 0; c < classes; ++c) {
        double sum = 0;
        for (index_t j = 0; j < d; ++j) {
          double const scaled = rounded(float(margin.scale) * float(of_e.exact.at(i, j)));
          sum += scaled * of_w.operand.at(c, j);
        }
        z.push_back(c == y ? margin.scale * own.value : sum);
        if (c != y) { others += std::exp(z.back() - margin.scale * own.value); }
      }
      loss += std::log1p(others) / double(valid);
      for (index_t c = 0; c < classes; ++c) {
        double const ratio = std::exp(z[std::size_t(c)] - margin.scale * own.value);
        double const slope = c == y ? -others / (1 + others) * own.slope : ratio / (1 + others);
        double const value = slope * margin.scale / double(valid);
        double const terms = 2 * margin.scale * double(d + 8) + 16;
        slopes[std::size_t(i * classes + c)] = {value, tolerance<float>(terms, std::fabs(value)),
                                                c == y};
      }
    }
  }
  units of_e, of_w;
  double loss = 0;
  std::vector<approximate> slopes;
};

/// gradient: sum_c slope_c unit_c, without its part along x, over the norm of x.
void expect_row(matrix<float> const& gradient, matrix<float> const& x, index_t i,
                units const& other, std::vector<approximate> const& slopes) {
  index_t const d = x.columns();
  std::vector<double> sum(std::size_t(d), 0.0), error(std::size_t(d), 0.0);
  double along = 0, magnitude = 0, error_along = 0;
  for (index_t c = 0; c < other.exact.rows(); ++c) {
    auto const slope = slopes[std::size_t(c)].as_operand();
    auto const& others = slope.of_target ? other.exact : other.operand;
    magnitude += std::fabs(slope.value);
    for (index_t j = 0; j < d; ++j) {
      sum[std::size_t(j)] += slope.value * others.at(c, j);
      error[std::size_t(j)] += slope.error * std::fabs(others.at(c, j));
    }
  }
  for (index_t j = 0; j < d; ++j) {
    along += sum[std::size_t(j)] * double(reference_unit(x, i, j));
    error_along += error[std::size_t(j)] * std::fabs(double(reference_unit(x, i, j)));
  }
  double const norm = double(reference_norm(x, i));
  for (index_t j = 0; j < d; ++j) {
    double const unit = double(reference_unit(x, i, j));
    double const allowed = error[std::size_t(j)] + error_along * std::fabs(unit) +
                           tolerance<float>(double(d + other.exact.rows() + 16), magnitude);
    EXPECT_NEAR(gradient.at(i, j), (sum[std::size_t(j)] - along * unit) / norm, allowed / norm)
        << i << ", " << j;
  }
}

void expect_as_defined(index_t n, index_t d, index_t classes) {
  SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d) + ", " + std::to_string(classes));
  auto const e = random_matrix<float>(n, d, 41), w = random_matrix<float>(classes, d, 42);
  auto const labels = random_labels(n, classes, 43);
  arc_margin const margin(0.5, 8.0);
  auto const out = compute(e, w, labels, margin, bfloat16_products<>());
  definition const expected(e, w, labels, margin);
  EXPECT_NEAR(out.loss.at(0, 0), expected.loss,
              tolerance<float>(margin.scale * double(d + 8) + 8, 1 + expected.loss));
  for (index_t i = 0; i < n; ++i) {
    auto const first = expected.slopes.begin() + i * classes;
    expect_row(out.embeddings, e, i, expected.of_w, {first, first + classes});
  }
  for (index_t c = 0; c < classes; ++c) {
    std::vector<approximate> column;
    for (index_t i = 0; i < n; ++i) {
      column.push_back(expected.slopes[std::size_t(i * classes + c)]);
    }
    expect_row(out.weights, w, c, expected.of_e, column);
  }
}

TEST(bfloat16_products, operands_are_rounded_and_nothing_else) {
  if (!ids_are_checked) { GTEST_SKIP() << "a device rounds the logits' operands only"; }
  with_every_kernel([] {
    expect_as_defined(1, 1, 1);
    expect_as_defined(1, 3, 2);
    expect_as_defined(7, 31, 9);
    expect_as_defined(33, 64, 131);
    expect_as_defined(523, 35, 139);
    expect_as_defined(65, 97, 300);
  });
}

double relative_gap(matrix<float> const& x, matrix<float> const& y) {
  double gap = 0, square = 0;
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) {
      gap += (x.at(i, j) - y.at(i, j)) * (x.at(i, j) - y.at(i, j));
      square += y.at(i, j) * y.at(i, j);
    }
  }
  return std::sqrt(gap / square);
}

TEST(bfloat16_products, within_the_documented_error) {
  index_t const n = 70, d = 128, classes = 500;
  auto const e = random_matrix<float>(n, d, 44), w = random_matrix<float>(classes, d, 45);
  auto const labels = random_labels(n, classes, 46);
  arc_margin const margin(0.5, 64.0);
  auto const exact = compute(e, w, labels, margin, recompute_logits());
  auto const out = compute(e, w, labels, margin, bfloat16_products<>());
  double const logit_error = 64 * (0x1p-7 + 0x1p-16 + double(d + 8) * 0x1p-23);
  EXPECT_NEAR(out.loss.at(0, 0), exact.loss.at(0, 0), logit_error);
  // What rounding to 8 bits costs on average, not at worst: relative errors are below 2^-8, their
  // root mean square is about a third of that, and a slope has those of its logit too.
  double const gap = relative_gap(out.weights, exact.weights);
  EXPECT_LT(gap, 0x1p-6);
  EXPECT_GT(gap, 0x1p-11) << "the products are of float";
}

/// The slope of ArcFace at the right class is up to 4800 there, along a row that the projection
/// removes. Pairs of classes are alike, so that the loss does not vanish.
TEST(bfloat16_products, rows_close_to_their_class_keep_their_gradient) {
  index_t const n = 32, d = 128, classes = 64;
  auto w = random_matrix<float>(classes, d, 53);
  auto const noise = random_matrix<float>(classes, d, 54);
  matrix<float> e(n, d);
  ids labels(1, n, std::vector<double>(std::size_t(n), 0.0));
  for (index_t c = 1; c < classes; c += 2) {
    for (index_t j = 0; j < d; ++j) { w.set(c, j, w.at(c - 1, j) + 0.5 * noise.at(c, j)); }
  }
  for (double const angle : {0.3, 0.01, 0.001}) {
    for (index_t i = 0; i < n; ++i) {
      labels.set(0, i, double(2 * i));
      for (index_t j = 0; j < d; ++j) { e.set(i, j, w.at(2 * i, j) + angle * noise.at(i, j)); }
    }
    with_every_kernel([&] {
      auto const exact = compute(e, w, labels, arc_margin(0.5, 64.0), recompute_logits());
      auto const out = compute(e, w, labels, arc_margin(0.5, 64.0), bfloat16_products<>());
      EXPECT_LT(relative_gap(out.embeddings, exact.embeddings), 0x1p-6) << angle;
      EXPECT_LT(relative_gap(out.weights, exact.weights), 0x1p-6) << angle;
      EXPECT_GT(relative_gap(out.embeddings, exact.embeddings), 0) << angle;
    });
  }
}

TEST(bfloat16_products, kept_logits_change_no_bit) {
  with_every_kernel([] {
    for (auto const& [n, d, classes] :
         {std::array<index_t, 3>{530, 24, 1100}, {1, 40, 1}, {33, 65, 129}}) {
      auto const e = random_matrix<float>(n, d, 47), w = random_matrix<float>(classes, d, 48);
      auto const labels = random_labels(n, classes, 49);
      auto const a = compute(e, w, labels, arc_margin(), bfloat16_products<recompute_logits>());
      EXPECT_TRUE(
          a.same_bits(compute(e, w, labels, arc_margin(), bfloat16_products<keep_logits>())));
      EXPECT_TRUE(a.same_bits(compute(e, w, labels, arc_margin(), bfloat16_products<>())));
      matrix<double> loss(1, 1);
      margin_softmax_loss(policy(), e.view(), w.view(), labels.vector(), loss.scalar(),
                          arc_margin(), bfloat16_products<>());
      EXPECT_TRUE(loss.same_bits(a.loss));
    }
  });
}

template <class Logits>
std::size_t scratch_bytes(index_t n, Logits logits) {
  auto const e = on_host(random_matrix<float>(n, 40, 57));
  auto const w = on_host(random_matrix<float>(600, 40, 58));
  auto const labels = on_host(random_labels(n, 600, 59));
  host_matrix<float> loss(1, 1), gradient(n, 40), weight_gradient(600, 40);
  allocation_count count;
  counting_allocator allocator(count);
  margin_softmax_loss(thrust::seq(allocator), e.view(), w.view(), labels.vector(), loss.scalar(),
                      gradient.view(), weight_gradient.view(), arc_margin(), logits);
  return count.bytes;
}

TEST(bfloat16_products, documented_scratch) {
  std::size_t const lanes = 5, more = lanes * (136 << 10);  // five tiles of classes
  with_every_kernel([&] {
    for (index_t const n : {1, 33, 700}) {
      EXPECT_LE(scratch_bytes(n, bfloat16_products<>()),
                scratch_bytes(n, recompute_logits()) + more);
      EXPECT_LE(scratch_bytes(n, bfloat16_products<keep_logits>()),
                scratch_bytes(n, keep_logits()) + more);
    }
  });
}

TEST(bfloat16_products, nothing_to_compute_and_broken_rows) {
  with_every_kernel([] {
    auto const none = compute(matrix<float>(0, 5), random_matrix<float>(9, 5, 50), ids(1, 0),
                              arc_margin(), bfloat16_products<>());
    EXPECT_EQ(none.loss.at(0, 0), 0);
    expect_zero(none.weights);

    auto e = random_matrix<float>(3, 40, 51);
    auto const w = random_matrix<float>(9, 40, 52);
    e.set(1, 7, std::numeric_limits<double>::quiet_NaN());
    auto const broken = compute(e, w, ids(1, 3, {0, 3, 8}), arc_margin(), bfloat16_products<>());
    EXPECT_TRUE(std::isnan(broken.loss.at(0, 0)));
    auto const left_out = compute(e, w, ids(1, 3, {0, -1, 8}), arc_margin(), bfloat16_products<>());
    EXPECT_TRUE(std::isfinite(left_out.loss.at(0, 0)));
    for (index_t c = 0; c < 9; ++c) { EXPECT_TRUE(std::isfinite(left_out.weights.at(c, 7))); }
    for (index_t j = 0; j < 40; ++j) { EXPECT_EQ(left_out.embeddings.at(1, j), 0); }
  });
}

}  // namespace
