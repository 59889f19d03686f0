// SPDX-License-Identifier: Apache-2.0
// ekd_loss on a device, beside the host's in double: one tile of pairs and several, ties at the
// last of the hardest negatives, and everything that is equal. losses/ekd_test.cpp runs here too.
#include <coupleface/losses/ekd.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace coupleface_test;
using coupleface::ekd_loss;
using coupleface::ekd_settings;
using coupleface::ekd_thresholds;
template <template <class> class Array>
using ids = matrix<std::int32_t, Array>;

/// A batch, and a bank unless it has no columns.
template <class S, template <class> class Array>
struct problem {
  matrix<S, Array> student, teacher;
  ids<Array> labels;
  matrix<S, Array> student_bank{0, 0}, teacher_bank{0, 0};
  ids<Array> bank_labels{1, 0};

  template <class Policy, class... Gradient>
  void run(Policy const& on, ekd_thresholds& thresholds, ekd_settings settings,
           coupleface::scalar_view<double> loss, Gradient... gradient) const {
    if (student_bank.columns() > 0) {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), student_bank.view(),
               teacher_bank.view(), bank_labels.vector(), thresholds, loss, gradient..., settings);
    } else {
      ekd_loss(on, student.view(), teacher.view(), labels.vector(), thresholds, loss, gradient...,
               settings);
    }
  }
};
template <class S>
using device_problem = problem<S, device_array>;

template <class S>
device_problem<S> random_batch(index_t n, index_t student_width, index_t teacher_width,
                               index_t classes, unsigned seed) {
  return {random_matrix<S>(n, student_width, seed, 1), random_matrix<S>(n, teacher_width, seed + 1),
          random_labels(n, classes, seed + 2)};
}

template <class S>
device_problem<S> random_bank(index_t n, index_t m, index_t student_width, index_t teacher_width,
                              index_t classes, unsigned seed) {
  auto const p = random_batch<S>(n, student_width, teacher_width, classes, seed);
  return {p.student,
          p.teacher,
          p.labels,
          random_matrix<S>(m, student_width, seed + 3, 2),
          random_matrix<S>(m, teacher_width, seed + 4),
          random_labels(m, classes, seed + 5)};
}

template <class S>
problem<double, host_array> on_host_in_double(device_problem<S> const& p) {
  return {doubles_on_host(p.student),      doubles_on_host(p.teacher),      on_host(p.labels),
          doubles_on_host(p.student_bank), doubles_on_host(p.teacher_bank), on_host(p.bank_labels)};
}

template <template <class> class Array, class S>
struct result {
  ekd_thresholds thresholds;
  matrix<double, Array> loss{1, 1};
  matrix<S, Array> gradient;
};

template <class S>
result<device_array, S> on_device(device_problem<S> const& p, ekd_thresholds given,
                                  ekd_settings settings) {
  result<device_array, S> r{given, {1, 1}, {p.student.rows(), p.student.columns(), 2}};
  p.run(policy(), r.thresholds, settings, r.loss.scalar(), r.gradient.view());
  return r;
}

void expect_equal(ekd_thresholds const& found, ekd_thresholds const& expected) {
  EXPECT_EQ(found.known, expected.known);
  for (int k = 0; k < ekd_thresholds::count; ++k) {
    EXPECT_EQ(found.student[k], expected.student[k]) << k;
    EXPECT_EQ(found.teacher[k], expected.teacher[k]) << k;
  }
}

template <class S>
void expect_the_hosts(device_problem<S> const& p, ekd_thresholds given, ekd_settings settings) {
  SCOPED_TRACE(settings.hardest);
  auto const q = on_host_in_double(p);
  result<host_array, double> expected{given, {1, 1}, {p.student.rows(), p.student.columns()}};
  q.run(thrust::seq, expected.thresholds, settings, expected.loss.scalar(),
        expected.gradient.view());
  auto const found = on_device(p, given, settings);
  expect_equal(found.thresholds, expected.thresholds);
  double const loss = expected.loss.at(0, 0);
  EXPECT_NEAR(found.loss.at(0, 0), loss, 1e-11 * loss);
  double error = 0, largest = 0;
  for (index_t i = 0; i < p.student.rows(); ++i) {
    for (index_t j = 0; j < p.student.columns(); ++j) {
      double const gap = std::fabs(found.gradient.at(i, j) - expected.gradient.at(i, j));
      error = gap <= error ? error : gap;  // NaN stays
      largest = std::max(largest, std::fabs(expected.gradient.at(i, j)));
    }
  }
  EXPECT_LE(error, 1e-11 * largest);
}

template <class S>
void expect_same_bits(device_problem<S> const& p, ekd_thresholds given, ekd_settings settings) {
  auto const found = on_device(p, given, settings);
  auto const again = on_device(p, given, settings);
  EXPECT_TRUE(again.loss.same_bits(found.loss) && again.gradient.same_bits(found.gradient));
  expect_equal(again.thresholds, found.thresholds);
  matrix<double> value(1, 1);
  ekd_thresholds moved = given;
  p.run(policy(), moved, settings, value.scalar());
  EXPECT_TRUE(value.same_bits(found.loss));
  expect_equal(moved, found.thresholds);
}

ekd_settings with_hardest(index_t hardest) {
  ekd_settings settings;
  settings.hardest = hardest;
  settings.momentum = 0.25;
  settings.temperature = 0.1;
  return settings;
}

TEST(device_ekd, one_tile) {
  ekd_thresholds const given{{0.1, 0.3, 0.5}, {0.0, 0.2, 0.6}, 3};
  for (index_t const hardest : {0, 1, 77, 100000}) {
    expect_the_hosts(random_batch<double>(150, 19, 7, 12, 1), given, with_hardest(hardest));
    expect_the_hosts(random_bank<double>(40, 300, 19, 7, 50, 2), {}, with_hardest(hardest));
  }
}

TEST(device_ekd, same_bits_again_and_without_gradient) {
  expect_same_bits(random_batch<float>(150, 19, 7, 12, 3), {}, with_hardest(77));
  expect_same_bits(random_bank<float>(40, 2100, 19, 7, 12, 4), {}, with_hardest(77));
}

/// Student rows along axes, some of them of other lengths or equal to 0: cosines are 0, 1 and -1.
template <class S>
matrix<S> rows_along_axes(index_t n, index_t width, unsigned seed) {
  std::mt19937 generator(seed);
  matrix<S> x(n, width, std::vector<double>(std::size_t(n * width), 0.0));
  for (index_t i = 0; i < n; ++i) {
    double const lengths[] = {1, 2, -1, 0.25, 0};
    x.set(i, index_t(generator() % unsigned(width)), lengths[generator() % 5u]);
  }
  return x;
}

/// The student's cosines tie; the teacher's differ, so that it matters which pairs count.
template <class S>
void expect_ties_to_the_first(device_problem<S> p, std::vector<index_t> const& numbers) {
  p.student = rows_along_axes<S>(p.student.rows(), 5, 31);
  if (p.student_bank.columns() > 0) {
    p.student_bank = rows_along_axes<S>(p.student_bank.rows(), 5, 32);
  }
  for (index_t const hardest : numbers) { expect_the_hosts(p, {}, with_hardest(hardest)); }
}

TEST(device_ekd, ties_go_to_the_smaller_row_and_column) {
  expect_ties_to_the_first(random_batch<double>(150, 5, 7, 30, 21),
                           {1, 2, 20, 500, 5000, 6000, 8000, 9000});
  expect_ties_to_the_first(random_bank<double>(40, 300, 5, 7, 30, 22), {1, 3, 500, 5000, 9000});
  // Rows of both tiles are cut, and one row in the second tile of its columns.
  expect_ties_to_the_first(random_bank<double>(1030, 40, 5, 2, 30, 23), {1000, 2000, 16000, 31000});
  expect_ties_to_the_first(random_bank<double>(3, 2300, 5, 2, 500, 24), {200, 300, 500, 900, 3000});
  expect_ties_to_the_first(random_batch<double>(1030, 5, 2, 40, 25), {100000});
}

TEST(device_ekd, thresholds_of_exact_cosines_are_the_hosts) {
  auto p = random_bank<float>(70, 300, 5, 5, 30, 41);
  p.student = rows_along_axes<float>(70, 5, 42);
  p.teacher = rows_along_axes<float>(70, 5, 43);
  p.student_bank = rows_along_axes<float>(300, 5, 44);
  p.teacher_bank = rows_along_axes<float>(300, 5, 45);
  ekd_thresholds here{{0.5}, {0.25}, 1}, there = here;
  host_matrix<double> loss(1, 1);
  on_host_in_double(p).run(thrust::seq, here, with_hardest(99), loss.scalar());
  matrix<double> device_loss(1, 1);
  p.run(policy(), there, with_hardest(99), device_loss.scalar());
  EXPECT_EQ(there.known, 4);
  expect_equal(there, here);
}

TEST(device_ekd, everything_is_equal) {
  auto p = random_batch<double>(150, 5, 5, 1, 51);
  for (index_t i = 0; i < 150; ++i) {
    p.labels.set(0, i, double(i % 10 == 9 ? -1 : i));
    for (index_t j = 0; j < 5; ++j) {
      p.student.set(i, j, 0.5 * double(j));
      p.teacher.set(i, j, j == 2);
    }
  }
  matrix<double> loss(1, 1);
  ekd_thresholds found;
  p.run(policy(), found, with_hardest(100), loss.scalar());
  EXPECT_EQ(found.known, 3);
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(found.student[k], 1, 0x1p-29);
    EXPECT_EQ(found.teacher[k], 1);
  }
  EXPECT_LT(loss.at(0, 0), 1e-12);
}

TEST(device_ekd, student_and_teacher_agree) {
  auto p = random_batch<float>(90, 9, 9, 7, 61);
  p.teacher = p.student;
  auto const found = on_device(p, {}, {});
  EXPECT_EQ(found.loss.at(0, 0), 0);
  for (index_t i = 0; i < 90; ++i) {
    for (index_t j = 0; j < 9; ++j) { EXPECT_EQ(found.gradient.at(i, j), 0); }
  }
}

TEST(device_ekd, several_tiles) {
  // Of rows, of columns, and of a batch's rows and columns: a million negatives.
  expect_the_hosts(random_bank<double>(1030, 40, 3, 2, 30, 11), {}, with_hardest(300));
  expect_the_hosts(random_bank<double>(40, 2100, 3, 2, 30, 12), {}, with_hardest(300));
  expect_the_hosts(random_batch<double>(2060, 3, 2, 40, 13), {}, with_hardest(3000));
}

#if !COUPLEFACE_HAS_CUDA
TEST(device_ekd, scratch_does_not_grow_with_all_pairs) {
  index_t const n = 2060;
  auto const p = random_batch<float>(n, 3, 2, 40, 71);
  matrix<double> loss(1, 1);
  matrix<float> gradient(n, 3);
  allocation_count count;
  counting_allocator allocator(count);
  ekd_thresholds thresholds;
  p.run(emulated_device{}(allocator), thresholds, {}, loss.scalar(), gradient.view());
  // The tiles and the counts; the rows, the gradient, a label and a sum of each row.
  EXPECT_LE(count.most, std::size_t(2 * 1024 * 2048 * 4 + (66 << 10) + n * (8 * 4 + 16) + 1024));
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
