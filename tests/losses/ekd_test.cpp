// SPDX-License-Identifier: Apache-2.0
// ekd_loss: thresholds, hardest negatives, value and gradient, of a batch and with a bank.
#include <coupleface/losses/ekd.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/gradient_check.hpp"
#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"
#include "../support/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace {

using namespace coupleface_test;
using coupleface::ekd_loss;
using coupleface::ekd_settings;
using coupleface::ekd_thresholds;
using ids = matrix<std::int32_t>;

struct result {
  double loss = -1;
  ekd_thresholds thresholds;
};

/// A batch, and a bank unless it has no columns.
template <class S, class T = S>
struct problem {
  matrix<S> student;
  matrix<T> teacher;
  ids labels;
  matrix<S> student_bank{0, 0};
  matrix<T> teacher_bank{0, 0};
  ids bank_labels{1, 0};

  bool has_bank() const { return student_bank.columns() > 0; }

  template <class Policy>
  result run(Policy const& on, ekd_thresholds thresholds, ekd_settings settings) const {
    matrix<double> loss(1, 1);
    if (has_bank()) {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), student_bank.view(),
               teacher_bank.view(), bank_labels.vector(), thresholds, loss.scalar(), settings);
    } else {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), thresholds, loss.scalar(),
               settings);
    }
    return {loss.at(0, 0), thresholds};
  }
  result run(ekd_thresholds thresholds = {}, ekd_settings settings = {}) const {
    return run(policy(), thresholds, settings);
  }

  template <class G, class Policy>
  result run(Policy const& on, matrix<G>& gradient, ekd_thresholds thresholds,
             ekd_settings settings) const {
    matrix<double> loss(1, 1);
    if (has_bank()) {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), student_bank.view(),
               teacher_bank.view(), bank_labels.vector(), thresholds, loss.scalar(),
               gradient.view(), settings);
    } else {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), thresholds, loss.scalar(),
               gradient.view(), settings);
    }
    return {loss.at(0, 0), thresholds};
  }
};

template <class S, class T = S>
problem<S, T> random_batch(index_t n, index_t student_width, index_t teacher_width, index_t classes,
                           unsigned seed) {
  return {random_matrix<S>(n, student_width, seed, 1), random_matrix<T>(n, teacher_width, seed + 1),
          random_labels(n, classes, seed + 2)};
}

template <class S, class T = S>
problem<S, T> random_bank(index_t n, index_t m, index_t student_width, index_t teacher_width,
                          index_t classes, unsigned seed) {
  auto p = random_batch<S, T>(n, student_width, teacher_width, classes, seed);
  p.student_bank = random_matrix<S>(m, student_width, seed + 3, 2);
  p.teacher_bank = random_matrix<T>(m, teacher_width, seed + 4);
  p.bank_labels = random_labels(m, classes, seed + 5);
  return p;
}

/// Labels 0, 1, ..., n - 1.
ids own_labels(index_t n, index_t first = 0) {
  std::vector<double> values(std::size_t(n), 0.0);
  std::iota(values.begin(), values.end(), double(first));
  return {1, n, values};
}

// The reference sorts all pairs.

struct judged_pair {
  double s, t;
  index_t i, j;
};

double key_of(double cosine) { return std::trunc(std::clamp(cosine, -1.0, 1.0) * 0x1p29); }

template <class S, class T>
void list_pairs(problem<S, T> const& p, std::vector<judged_pair>& positives,
                std::vector<judged_pair>& negatives) {
  auto const& s = p.has_bank() ? p.student_bank : p.student;
  auto const& t = p.has_bank() ? p.teacher_bank : p.teacher;
  auto const& labels = p.has_bank() ? p.bank_labels : p.labels;
  auto const a = reference_units(p.student), b = reference_units(s);
  auto const c = reference_units(p.teacher), d = reference_units(t);
  for (index_t i = 0; i < p.student.rows(); ++i) {
    for (index_t j = p.has_bank() ? 0 : i + 1; j < s.rows(); ++j) {
      auto const own = p.labels.get(0, i), other = labels.get(0, j);
      if (own < 0 || other < 0) { continue; }
      (own == other ? positives : negatives)
          .push_back({double(reference_product(a, i, b, j, s.columns())),
                      double(reference_product(c, i, d, j, t.columns())), i, j});
    }
  }
}

void move_thresholds(double* averages, int known, std::vector<double> keys, double momentum) {
  std::sort(keys.begin(), keys.end(), std::greater<>());
  for (std::size_t k = 0, share = 10; k < 6 && share <= keys.size(); ++k, share *= 10) {
    double const now = keys[keys.size() / share] * 0x1p-29;
    averages[k] = int(k) < known ? (1 - momentum) * averages[k] + momentum * now : now;
  }
}

double soft_count(double x, double const* thresholds, int known, double temperature) {
  double sum = 0;
  for (int k = 0; k < known; ++k) { sum += 1 / (1 + std::exp((thresholds[k] - x) / temperature)); }
  return sum;
}

template <class S, class T>
result reference(problem<S, T> const& p, ekd_thresholds thresholds = {},
                 ekd_settings const& settings = {}) {
  std::vector<judged_pair> positives, negatives;
  list_pairs(p, positives, negatives);
  std::vector<double> s, t;
  for (auto const& pair : negatives) {
    s.push_back(key_of(pair.s));
    t.push_back(key_of(pair.t));
  }
  move_thresholds(thresholds.student, thresholds.known, s, settings.momentum);
  move_thresholds(thresholds.teacher, thresholds.known, t, settings.momentum);
  int known = 0;
  for (std::size_t share = 10; known < 6 && share <= s.size(); share *= 10) { ++known; }
  thresholds.known = std::max(thresholds.known, known);

  std::sort(negatives.begin(), negatives.end(), [](auto const& a, auto const& b) {
    return std::make_tuple(-key_of(a.s), a.i, a.j) < std::make_tuple(-key_of(b.s), b.i, b.j);
  });
  negatives.resize(std::min(negatives.size(), std::size_t(settings.hardest)));
  auto const mean = [&](std::vector<judged_pair> const& pairs) {
    double sum = 0;
    for (auto const& pair : pairs) {
      double const gap =
          soft_count(pair.s, thresholds.student, thresholds.known, settings.temperature) -
          soft_count(pair.t, thresholds.teacher, thresholds.known, settings.temperature);
      sum += gap * gap;
    }
    return pairs.empty() ? 0.0 : sum / double(pairs.size());
  };
  return {settings.positive_weight * mean(positives) + settings.negative_weight * mean(negatives),
          thresholds};
}

void expect_near(result const& actual, result const& expected, double cosine_error,
                 double loss_error) {
  EXPECT_EQ(actual.thresholds.known, expected.thresholds.known);
  for (int k = 0; k < expected.thresholds.known; ++k) {
    EXPECT_NEAR(actual.thresholds.student[k], expected.thresholds.student[k], cosine_error) << k;
    EXPECT_NEAR(actual.thresholds.teacher[k], expected.thresholds.teacher[k], cosine_error) << k;
  }
  EXPECT_NEAR(actual.loss, expected.loss, loss_error * std::max(1e-3, expected.loss));
}

bool same_bits(ekd_thresholds const& a, ekd_thresholds const& b) {
  return a.known == b.known && std::memcmp(a.student, b.student, sizeof a.student) == 0 &&
         std::memcmp(a.teacher, b.teacher, sizeof a.teacher) == 0;
}

TEST(ekd, hand_computed) {
  ekd_thresholds const given{{0.5}, {0.25}, 1};
  ekd_settings settings;
  settings.temperature = 0.1;
  problem<double> const p{matrix<double>(2, 2, {0.6, 0.8, 0.0, 2.0}),
                          matrix<double>(2, 2, {0.8, 0.6, 3.0, 0.0}),
                          ids(1, 2, {7, 8}),
                          matrix<double>(1, 2, {1.0, 0.0}),
                          matrix<double>(1, 2, {1.0, 0.0}),
                          ids(1, 1, std::vector<double>{7})};
  // The first row: cosines 0.6 and 0.8; the second: 0 and 1.
  auto const sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  double const positive = sigmoid(1.0) - sigmoid(5.5), negative = sigmoid(-5.0) - sigmoid(7.5);
  auto const found = p.run(given, settings);
  EXPECT_NEAR(found.loss, 0.02 * positive * positive + 0.01 * negative * negative, 1e-15);
  EXPECT_TRUE(same_bits(found.thresholds, given)) << "one negative gives no threshold";

  // d r_s / d s = sigmoid' / tau; across (0.6, 0.8) the direction to (1, 0) is (0.64, -0.48).
  matrix<double> gradient(2, 2);
  EXPECT_EQ(p.run(policy(), gradient, given, settings).loss, found.loss);
  double const slope = 0.02 * 2 * positive * sigmoid(1.0) * sigmoid(-1.0) / 0.1;
  EXPECT_NEAR(gradient.at(0, 0), slope * 0.64, 1e-15);
  EXPECT_NEAR(gradient.at(0, 1), slope * -0.48, 1e-15);
}

template <class S, class T>
void expect_reference(problem<S, T> const& p, double cosine_error, double loss_error) {
  for (index_t const hardest : {0, 1, 40, 2000}) {
    SCOPED_TRACE(hardest);
    ekd_settings settings;
    settings.hardest = hardest;
    settings.momentum = 0.25;
    auto const first = p.run({}, settings);
    expect_near(first, reference(p, {}, settings), cosine_error, loss_error);
    ekd_thresholds moved = first.thresholds;
    for (int k = 0; k < moved.known; ++k) { moved.student[k] += 0.01 * k; }
    expect_near(p.run(moved, settings), reference(p, moved, settings), cosine_error, loss_error);
  }
}

TEST(ekd, every_shape_of_a_batch) {
  for (index_t const n : {0, 1, 2, 5, 31, 32, 33, 150}) {
    SCOPED_TRACE(n);
    expect_reference(random_batch<double>(n, 9, 16, 5, 11), 0x1p-28, 1e-6);
    expect_reference(random_batch<float>(n, 33, 8, 5, 12), 1e-6, 1e-3);
    expect_reference(random_batch<float, double>(n, 17, 5, 40, 13), 0x1p-28, 1e-6);
  }
  expect_reference(random_batch<coupleface::float16, coupleface::bfloat16>(70, 20, 24, 9, 14), 1e-6,
                   1e-3);
  expect_reference(random_batch<float>(300, 1, 3, 30, 15), 1e-6, 1e-3);
}

TEST(ekd, every_shape_with_a_bank) {
  bool const emulated = COUPLEFACE_HAS_KERNELS && !COUPLEFACE_HAS_CUDA;  // a call takes longer
  std::vector<index_t> const sizes =
      emulated ? std::vector<index_t>{0, 1, 9, 300} : std::vector<index_t>{0, 1, 9, 128, 1030};
  for (index_t const m : sizes) {
    for (index_t const n : {0, 1, 33, 70}) {
      if (emulated && n == 33) { continue; }
      SCOPED_TRACE(m * 1000 + n);
      expect_reference(random_bank<double>(n, m, 9, 16, 5, 21), 0x1p-28, 1e-6);
      expect_reference(random_bank<float>(n, m, 24, 8, 500, 22), 1e-6, 1e-3);
    }
  }
}

/// Rows with (k / 1024) as their cosine with (1, 0, 0, 0, 0), exactly.
template <class T>
matrix<T> rows_with_cosines(std::vector<int> const& of_1024) {
  std::vector<double> values;
  for (int const k : of_1024) {
    if (!values.empty() && values[values.size() - 5] == k) {
      for (int j = 0; j < 5; ++j) { values.push_back(values[values.size() - 5]); }
      continue;
    }
    int const square = (1 << 20) - k * k;
    auto const root = [](int x) { return int(std::sqrt(double(x))); };
    [&] {
      for (int a = root(square); a >= 0; --a) {
        for (int rest = square - a * a, b = root(rest); b >= 0; --b) {
          for (int last = rest - b * b, c = root(last); 2 * c * c >= last; --c) {
            int const d = root(last - c * c);
            if (c * c + d * d == last) {
              values.insert(values.end(), {double(k), double(a), double(b), double(c), double(d)});
              return;
            }
          }
        }
      }
    }();
  }
  return {index_t(of_1024.size()), 5, values};
}

template <class T>
problem<T> exact_scores(std::vector<int> const& student, std::vector<int> const& teacher) {
  matrix<T> const axis(1, 5, {2.0, 0.0, 0.0, 0.0, 0.0});
  index_t const n = index_t(student.size());
  return {
      rows_with_cosines<T>(student),    rows_with_cosines<T>(teacher), own_labels(n, 1), axis, axis,
      ids(1, 1, std::vector<double>{0})};
}

TEST(ekd, thresholds_are_exact) {
  std::vector<int> student, teacher;
  for (int i = 0; i < 1000; ++i) {
    student.push_back(500 - i * 7 % 1000);
    teacher.push_back(i % 10 == 0 ? 900 : (i % 3 == 0 ? -1024 : 8 * (i % 100)));
  }
  std::vector<int> sorted = teacher;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  auto const check = [&] {
    for (auto const& found : {exact_scores<float>(student, teacher).run(),
                              exact_scores<double>(student, teacher).run()}) {
      ASSERT_EQ(found.thresholds.known, 3);
      EXPECT_EQ(found.thresholds.student[0], 400 / 1024.0);  // 100 of 1000 exceed it
      EXPECT_EQ(found.thresholds.student[1], 490 / 1024.0);
      EXPECT_EQ(found.thresholds.student[2], 499 / 1024.0);
      EXPECT_EQ(found.thresholds.teacher[0], sorted[100] / 1024.0);
      EXPECT_EQ(found.thresholds.teacher[1], 900 / 1024.0);  // ties
      EXPECT_EQ(found.thresholds.teacher[2], 900 / 1024.0);
    }
  };
  ids_are_checked ? for_each_kernel_set(check) : check();
}

TEST(ekd, a_share_of_less_than_one_pair_has_no_threshold) {
  for (int const n : {9, 10, 11, 99, 100}) {
    std::vector<int> scores;
    for (int i = 0; i < n; ++i) { scores.push_back(i); }
    auto const found = exact_scores<float>(scores, scores).run();
    EXPECT_EQ(found.thresholds.known, n < 10 ? 0 : (n < 100 ? 1 : 2));
    if (n >= 10) { EXPECT_EQ(found.thresholds.student[0], (n - 1 - n / 10) / 1024.0); }
    if (n >= 100) { EXPECT_EQ(found.thresholds.student[1], (n - 1 - n / 100) / 1024.0); }
    EXPECT_EQ(found.loss, 0) << "student and teacher agree";
  }
}

TEST(ekd, thresholds_are_moving_averages) {
  std::vector<int> scores;
  for (int i = 0; i < 20; ++i) { scores.push_back(10 * i); }
  auto const p = exact_scores<double>(scores, scores);
  ekd_thresholds const before{{0.5, 0.75}, {-0.5, 1}, 2};
  for (double const momentum : {0.0, 0.01, 1.0}) {
    ekd_settings settings;
    settings.momentum = momentum;
    auto const after = p.run(before, settings).thresholds;
    EXPECT_EQ(after.known, 2);
    EXPECT_NEAR(after.student[0], (1 - momentum) * 0.5 + momentum * 170 / 1024, 1e-16);
    EXPECT_NEAR(after.teacher[0], (1 - momentum) * -0.5 + momentum * 170 / 1024, 1e-16);
    EXPECT_EQ(after.student[1], 0.75) << "20 negatives say nothing of 1 in 100";
    EXPECT_EQ(after.teacher[1], 1);
  }
  EXPECT_EQ(p.run().thresholds.student[0], 170 / 1024.0) << "the first value is taken as it is";
}

/// All of the many cosines of a side are `student` / 1024 or lie within a small range.
TEST(ekd, more_equal_scores_than_can_be_listed) {
  index_t const n = 600, m = 1000;
  auto p = random_bank<float>(n, m, 5, 16, 1, 31);
  p.labels = own_labels(n);
  p.bank_labels = own_labels(m, n);
  p.student = rows_with_cosines<float>(std::vector<int>(std::size_t(n), 512));
  p.student_bank = rows_with_cosines<float>(std::vector<int>(std::size_t(m), 1024));
  ekd_settings settings;
  settings.hardest = 5;
  matrix<float> gradient(n, 5);
  auto const found = p.run(policy(), gradient, {}, settings);
  ASSERT_EQ(found.thresholds.known, 5);
  for (int k = 0; k < 5; ++k) { EXPECT_EQ(found.thresholds.student[k], 0.5); }
  expect_near(found, reference(p, {}, settings), 1e-6, 1e-3);
  for (index_t i = 0; i < n; ++i) {  // the hardest are (0, 0), ..., (0, 4)
    EXPECT_EQ(gradient.at(i, 0) != 0, i == 0) << i;
  }
}

TEST(ekd, more_nearly_equal_scores_than_can_be_listed) {
  index_t const n = 800;
  auto p = random_batch<double>(n, 6, 7, 1, 41);
  p.labels = own_labels(n);
  for (index_t i = 0; i < n; ++i) {  // cosines of 1 - 1e-4 and more
    for (index_t j = 0; j < 6; ++j) { p.student.set(i, j, 1 + 0.003 * p.student.at(i, j)); }
    for (index_t j = 0; j < 7; ++j) { p.teacher.set(i, j, 1 + 0.003 * p.teacher.at(i, j)); }
  }
  auto const expected = reference(p);
  EXPECT_GT(*std::min_element(expected.thresholds.student, expected.thresholds.student + 5),
            1 - 1e-4);
  EXPECT_EQ(expected.thresholds.known, 5);
  expect_near(p.run(), expected, 0x1p-28, 1e-6);
}

#if !COUPLEFACE_HAS_KERNELS  // a device's, beside the host's: device/ekd_device_test.cpp
TEST(ekd, gradient_with_constant_thresholds) {
  for (index_t const hardest : {0, 25, 2000}) {
    for (bool const bank : {false, true}) {
      SCOPED_TRACE(hardest * 10 + bank);
      auto p =
          bank ? random_bank<double>(34, 70, 7, 9, 6, 51) : random_batch<double>(40, 7, 9, 6, 52);
      ekd_settings settings;
      settings.temperature = 0.25;
      settings.momentum = 0;
      settings.hardest = hardest;
      auto const fixed = p.run().thresholds;
      ASSERT_GE(fixed.known, 2);
      matrix<double> gradient(p.student.rows(), 7, 3);
      p.run(policy(), gradient, fixed, settings);
      settings.positive_weight *= 100;  // so that the allowed error is relative
      settings.negative_weight *= 100;
      p.run(policy(), gradient, fixed, settings);
      expect_gradient(p.student, gradient, [&](matrix<double> const& x) {
        p.student = x;
        return p.run(fixed, settings).loss;
      });
    }
  }
}
#endif

TEST(ekd, gradient_in_float) {
  auto const p = random_bank<float>(40, 300, 65, 20, 12, 61);
  auto q = random_bank<double>(40, 300, 65, 20, 12, 61);
  for (auto const& [to, from] :
       {std::pair(&q.student, &p.student), std::pair(&q.student_bank, &p.student_bank),
        std::pair(&q.teacher, &p.teacher), std::pair(&q.teacher_bank, &p.teacher_bank)}) {
    for (index_t i = 0; i < to->rows(); ++i) {
      for (index_t j = 0; j < to->columns(); ++j) { to->set(i, j, from->at(i, j)); }
    }
  }
  matrix<float> single(40, 65);
  matrix<double> twice(40, 65);
  auto const fixed = q.run().thresholds;
  ekd_settings settings;
  settings.momentum = 0;
  p.run(policy(), single, fixed, settings);
  q.run(policy(), twice, fixed, settings);
  double difference = 0, size = 0;
  for (index_t i = 0; i < 40; ++i) {
    for (index_t j = 0; j < 65; ++j) {
      difference += std::pow(single.at(i, j) - twice.at(i, j), 2);
      size += std::pow(twice.at(i, j), 2);
    }
  }
  EXPECT_GT(size, 0);
  EXPECT_LE(std::sqrt(difference), 1e-4 * std::sqrt(size));
}

template <class S>
void expect_loss_and_zero_gradient(problem<S> const& p, double loss, ekd_thresholds given = {}) {
  matrix<S> gradient(p.student.rows(), p.student.columns());
  EXPECT_EQ(p.run(given).loss, loss);
  EXPECT_EQ(p.run(policy(), gradient, given, {}).loss, loss);
  expect_zero(gradient);
}

TEST(ekd, nothing_to_compare) {
  ekd_thresholds const given{{0.1, 0.3}, {0.0, 0.2}, 2};
  auto none = random_batch<float>(40, 8, 8, 5, 71);
  none.labels = ids(1, 40, std::vector<double>(40, -1));
  expect_loss_and_zero_gradient(none, 0, given);
  expect_loss_and_zero_gradient(random_batch<float>(1, 8, 8, 5, 72), 0, given);
  expect_loss_and_zero_gradient(random_batch<float>(0, 8, 8, 5, 73), 0, given);
  expect_loss_and_zero_gradient(random_batch<float>(3, 0, 0, 1, 74), 0);
  expect_loss_and_zero_gradient(random_bank<float>(5, 0, 8, 8, 5, 75), 0, given);
}

TEST(ekd, one_term_only) {
  ekd_thresholds const given{{0.1, 0.3}, {0.0, 0.2}, 2};
  auto positives = random_batch<double>(40, 8, 8, 1, 81);
  EXPECT_EQ(positives.run().thresholds.known, 0);
  expect_near(positives.run(given), reference(positives, given), 0, 1e-9);
  EXPECT_TRUE(same_bits(positives.run(given).thresholds, given));
  EXPECT_GT(positives.run(given).loss, 0);

  auto negatives = random_batch<double>(40, 8, 8, 1, 82);
  negatives.labels = own_labels(40);
  expect_near(negatives.run(given), reference(negatives, given), 0x1p-28, 1e-6);
  EXPECT_GT(negatives.run(given).loss, 0);
}

TEST(ekd, zero_rows_and_equal_rows) {
  auto p = random_batch<float>(60, 8, 8, 6, 91);
  for (index_t j = 0; j < 8; ++j) {
    for (index_t const i : {3, 4, 50}) { p.student.set(i, j, 0); }
    for (index_t const i : {3, 9}) { p.teacher.set(i, j, 0); }
    for (index_t const i : {20, 21, 22, 23}) { p.student.set(i, j, p.student.at(24, j)); }
  }
  expect_reference(p, 1e-6, 1e-3);
  matrix<float> gradient(60, 8);
  p.run(policy(), gradient, {}, {});
  for (index_t const i : {3, 4, 50}) {
    for (index_t j = 0; j < 8; ++j) { EXPECT_EQ(gradient.at(i, j), 0) << i; }
  }
}

/// Row 3 of a side is bad: in no positive, and perhaps in none of the hardest negatives.
void expect_bad_row_found(problem<float> p, int side, double bad, index_t hardest) {
  ekd_thresholds const given{{0.1, 0.3}, {0.0, 0.2}, 2};
  ekd_settings settings;
  settings.hardest = hardest;
  matrix<float>* const sides[] = {&p.student, &p.teacher, &p.student_bank, &p.teacher_bank};
  ids& labels = side < 2 ? p.labels : p.bank_labels;
  sides[side]->set(3, 5, bad);
  labels.set(0, 3, 100);
  matrix<float> gradient(40, 8);
  for (auto const& found : {p.run(given, settings), p.run(policy(), gradient, given, settings)}) {
    EXPECT_TRUE(std::isnan(found.loss));
    EXPECT_TRUE(same_bits(found.thresholds, given));
  }
  EXPECT_TRUE(std::isnan(gradient.at(0, 0)) && std::isnan(gradient.at(39, 7)));
  // In no pair: as if another row stood there, with gradient 0.
  labels.set(0, 3, -1);
  auto const found = p.run(policy(), gradient, given, settings);
  sides[side]->set(3, 5, 0.5);
  matrix<float> expected(40, 8);
  auto const without = p.run(policy(), expected, given, settings);
  EXPECT_EQ(found.loss, without.loss);
  EXPECT_TRUE(same_bits(found.thresholds, without.thresholds));
  for (index_t i = 0; i < 40; ++i) {
    for (index_t j = 0; j < 8; ++j) {
      EXPECT_EQ(gradient.at(i, j), side < 2 && i == 3 ? 0 : expected.at(i, j)) << i << ' ' << j;
    }
  }
}

TEST(ekd, nan_and_infinity) {
  for (double const bad : {std::nan(""), HUGE_VAL}) {
    for (index_t const hardest : {1, 2000}) {
      for (int const side : {0, 1, 2, 3}) {
        SCOPED_TRACE(side);
        expect_bad_row_found(random_bank<float>(40, 50, 8, 8, 6, 101), side, bad, hardest);
        if (side >= 2) { continue; }
        expect_bad_row_found(random_batch<float>(40, 8, 8, 6, 102), side, bad, hardest);
      }
    }
  }
}

TEST(ekd, labels_of_any_width) {
  auto const p = random_batch<float>(40, 8, 8, 5, 105);
  matrix<std::int64_t> wide(1, 40);
  matrix<std::int8_t> narrow(1, 40);
  for (index_t i = 0; i < 40; ++i) {
    auto const label = p.labels.get(0, i);
    wide.set(0, i, label < 0 ? -1 : double(label) * 0x1p32);  // equal in their lower halves
    narrow.set(0, i, label);
  }
  matrix<float> expected(1, 1), loss(1, 1);
  ekd_thresholds first, second, third;
  ekd_loss(policy(), p.student.view(), p.teacher.view(), p.labels.vector(), first,
           expected.scalar());
  EXPECT_GT(expected.at(0, 0), 0);
  ekd_loss(policy(), p.student.view(), p.teacher.view(), wide.vector(), second, loss.scalar());
  EXPECT_EQ(loss.at(0, 0), expected.at(0, 0));
  ekd_loss(policy(), p.student.view(), p.teacher.view(), narrow.vector(), third, loss.scalar());
  EXPECT_EQ(loss.at(0, 0), expected.at(0, 0));
  EXPECT_TRUE(same_bits(first, second) && same_bits(first, third));
}

#if !COUPLEFACE_HAS_KERNELS  // a device's: device/ekd_device_test.cpp
TEST(ekd, same_bits_for_every_policy_and_thread_count) {
  for (bool const bank : {false, true}) {
    auto const p = bank ? random_bank<float>(200, 1100, 24, 16, 30, 111)
                        : random_batch<float>(500, 24, 16, 30, 112);
    index_t const n = p.student.rows();
    ekd_settings settings;
    settings.hardest = 300;
    matrix<float> expected(n, 24);
    auto const first = p.run(thrust::seq, expected, {}, settings);
    for (int const threads : {1, 2, 3, 8}) {
      with_threads(threads, [&] {
        matrix<float> gradient(n, 24);
        auto const again = p.run(policy(), gradient, {}, settings);
        EXPECT_EQ(again.loss, first.loss);
        EXPECT_TRUE(same_bits(again.thresholds, first.thresholds));
        EXPECT_TRUE(gradient.same_bits(expected));
        EXPECT_EQ(p.run({}, settings).loss, first.loss) << "value only";
      });
    }
  }
}

TEST(ekd, scratch_does_not_grow_with_the_pairs) {
  allocation_count count;
  counting_allocator allocator(count);
  index_t const n = 600, m = 5000, hardest = 100, width = 32;
  ekd_settings settings;
  settings.hardest = hardest;
  std::size_t const counts = 66 << 10, listed = 2 << 20, lines = 20 * 128;
  {
    auto const p = random_batch<float>(n, width, width, 30, 121);
    matrix<float> gradient(n, width);
    p.run(thrust::seq(allocator), gradient, {}, settings);
    std::size_t const padded = 608;
    EXPECT_LE(count.most, padded * (5 * width * 4 + 8) + 16 * ((160 << 10) + counts) + counts +
                              listed + hardest * (16 * 40 + 48) + lines);
    EXPECT_EQ(count.live, 0u);
  }
  count = {};
  auto const p = random_bank<float>(n, m, width, width, 3000, 122);
  matrix<float> gradient(n, width);
  p.run(thrust::seq(allocator), gradient, {}, settings);
  std::size_t const padded = 608;
  EXPECT_GT(count.most, 0u);
  EXPECT_LE(count.most, padded * (5 * width * 4 + 8) + 8 * m + 2 * 1024 * width * 4 +
                            19 * ((32 << 10) + counts) + counts + listed +
                            hardest * (19 * 40 + 24) + lines);
  EXPECT_EQ(count.live, 0u);
}

#endif

template <class Call>
void expect_error(Call call, std::string const& message) {
  try {
    call();
    ADD_FAILURE() << "no error: " << message;
  } catch (std::invalid_argument const& error) { EXPECT_EQ(error.what(), message); }
}

TEST(ekd, errors_write_nothing) {
  auto const good = random_bank<float>(6, 8, 4, 5, 3, 131);
  auto const expect = [&](problem<float> const& p, std::string const& message) {
    expect_error([&] { p.run(); }, "coupleface::ekd_loss: " + message);
  };
  auto p = good;
  p.labels = own_labels(5);
  expect(p, "size of labels is 5, but rows of student is 6");
  p = good;
  p.bank_labels = own_labels(9);
  expect(p, "size of bank_labels is 9, but rows of student_bank is 8");
  p = good;
  p.teacher = random_matrix<float>(7, 5, 1);
  expect(p, "rows of teacher is 7, but rows of student is 6");
  p = good;
  p.teacher_bank = random_matrix<float>(8, 4, 1);
  expect(p, "width of teacher_bank is 4, but width of teacher is 5");
  for (ekd_settings const settings :
       {ekd_settings{0.0}, ekd_settings{std::nan("")}, ekd_settings{0.01, -0.1},
        ekd_settings{0.01, 1.1}, ekd_settings{0.01, 0.01, -1.0},
        ekd_settings{0.01, 0.01, 0.02, -1.0}, ekd_settings{0.01, 0.01, 0.02, 0.01, -1}}) {
    expect_error([&] { good.run({}, settings); },
                 "coupleface::ekd_loss: a setting is out of range");
  }
  ekd_thresholds wrong;
  wrong.known = 7;
  expect_error([&] { good.run(wrong); }, "coupleface::ekd_loss: thresholds.known is out of range");
  matrix<float> gradient(5, 4);
  expect_error([&] { good.run(policy(), gradient, {}, {}); },
               "coupleface::ekd_loss: student_gradient is 5 x 4, but student is 6 x 4");
  EXPECT_TRUE(gradient.untouched());
}

}  // namespace
