// SPDX-License-Identifier: Apache-2.0
// Losses over pairs, on the host: rows in no pair, and rows whose squares leave the range of float.
#include <coupleface/losses/ekd.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace coupleface_test;
using coupleface::absolute;
using coupleface::matrix_view;
using coupleface::vector_view;

template <class T>
struct result {
  matrix<double> loss{1, 1};
  matrix<T> gradient;
  result(index_t n, index_t width) : gradient(n, width) {}
};

/// Rows 0, 1 and 2 have no label; row 1 of the student is replaced by what must not matter.
template <class T, class Relation>
void expect_unread(Relation relation, double bad) {
  SCOPED_TRACE(bad);
  index_t const n = 45, width = 7;
  std::vector<std::int32_t> labels;
  for (index_t i = 0; i < n; ++i) { labels.push_back(i < 3 ? -1 : std::int32_t(i / 4)); }
  vector_view<std::int32_t const> const ids(labels.data(), n);
  coupleface::other_labels const differ(ids, ids);
  auto const t = random_matrix<T>(n, width, 2);
  auto s = random_matrix<T>(n, width, 1);
  for (index_t j = 0; j < width; ++j) { s.set(1, j, 0); }
  auto broken = s;
  broken.set(1, 4, bad);
  auto const of_batch = [&](matrix<T> const& student, matrix<T> const& teacher) {
    result<T> r(n, width);
    coupleface::relation_loss(thrust::seq, student.view(), teacher.view(), r.loss.scalar(),
                              r.gradient.view(), absolute{}, relation, differ);
    return r;
  };
  auto const with_bank = [&](matrix<T> const& students, matrix<T> const& teachers) {
    result<T> r(n, width);
    coupleface::relation_loss(thrust::seq, t.view(), t.view(), students.view(), teachers.view(),
                              r.loss.scalar(), r.gradient.view(), absolute{}, relation, differ);
    return r;
  };
  auto const expect_near = [](result<T> const& found, result<T> const& expected) {
    EXPECT_NEAR(found.loss.at(0, 0), expected.loss.at(0, 0), 1e-5);
    EXPECT_GT(found.loss.at(0, 0), 0.01);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < width; ++j) {
        EXPECT_NEAR(found.gradient.at(i, j), expected.gradient.at(i, j), 1e-6) << i << ", " << j;
      }
    }
  };
  expect_near(of_batch(broken, t), of_batch(s, t));
  expect_near(of_batch(t, broken), of_batch(t, s));
  expect_near(with_bank(broken, t), with_bank(s, t));
  auto const found = of_batch(broken, t);
  for (index_t j = 0; j < width; ++j) { EXPECT_EQ(found.gradient.at(1, j), 0); }
}

TEST(unusual_rows, a_row_in_no_pair_changes_nothing) {
  for (double const bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    expect_unread<float>(coupleface::cosine{}, bad);
    expect_unread<float>(coupleface::inner_product{}, bad);
    expect_unread<float>(coupleface::euclidean_distance{}, bad);
    expect_unread<double>(coupleface::euclidean_distance{}, bad);
    expect_unread<double>(coupleface::gaussian_kernel{}, bad);
  }
}

TEST(unusual_rows, the_only_row_has_loss_and_gradient_0) {
  matrix<float> const s(1, 2, {std::nan(""), 1}), t(1, 2, {1, 2});
  matrix<double> loss(1, 1);
  matrix<float> gradient(1, 2, 0);
  coupleface::relation_loss(thrust::seq, s.view(), t.view(), loss.scalar(), gradient.view());
  EXPECT_EQ(loss.at(0, 0), 0);
  EXPECT_EQ(gradient.at(0, 0), 0);
  EXPECT_EQ(gradient.at(0, 1), 0);
}

TEST(unusual_rows, ekd_of_a_row_without_label) {
  auto s = random_matrix<float>(40, 6, 1);
  auto const t = random_matrix<float>(40, 6, 2);
  s.set(5, 3, std::nan(""));
  std::vector<std::int32_t> labels;
  for (index_t i = 0; i < 40; ++i) { labels.push_back(i == 5 ? -1 : std::int32_t(i / 4)); }
  coupleface::ekd_thresholds thresholds;
  result<float> r(40, 6);
  coupleface::ekd_loss(thrust::seq, s.view(), t.view(),
                       vector_view<std::int32_t const>(labels.data(), 40), thresholds,
                       r.loss.scalar(), r.gradient.view());
  EXPECT_GT(r.loss.at(0, 0), 0);
  for (index_t i = 0; i < 40; ++i) {
    for (index_t j = 0; j < 6; ++j) { EXPECT_TRUE(std::isfinite(r.gradient.at(i, j))) << i; }
  }
  EXPECT_EQ(r.gradient.at(5, 0), 0);
}

/// Distances of rows times 2^power are distances times 2^power.
void expect_scaled_distances(int power) {
  SCOPED_TRACE(power);
  index_t const n = 45, width = 19;
  auto const t = random_matrix<float>(n, width, 2), s = random_matrix<float>(n, width, 1);
  auto scaled = s;
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < width; ++j) { scaled.set(i, j, std::ldexp(s.at(i, j), power)); }
  }
  result<float> one(n, width), other(n, width);
  coupleface::rkd_distance_loss(thrust::seq, s.view(), t.view(), one.loss.scalar(),
                                one.gradient.view());
  coupleface::rkd_distance_loss(thrust::seq, scaled.view(), t.view(), other.loss.scalar(),
                                other.gradient.view());
  EXPECT_GT(one.loss.at(0, 0), 0.001);
  EXPECT_NEAR(other.loss.at(0, 0), one.loss.at(0, 0), 1e-6 * one.loss.at(0, 0));
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < width; ++j) {
      EXPECT_NEAR(std::ldexp(other.gradient.at(i, j), power), one.gradient.at(i, j), 1e-8);
    }
  }
}

TEST(unusual_rows, distances_of_any_floats) {
  for (int const power : {-100, -85, -70, -50, -45, 45, 50, 63, 70, 100}) {
    expect_scaled_distances(power);
  }
}

TEST(unusual_rows, one_row_far_from_all_others) {
  index_t const n = 40, width = 6;
  auto s = random_matrix<float>(n, width, 1);
  auto const t = random_matrix<float>(n, width, 2);
  for (index_t j = 0; j < width; ++j) { s.set(3, j, 1e30); }
  matrix<double> exact(n, width), of_teacher(n, width);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < width; ++j) {
      exact.set(i, j, s.at(i, j));
      of_teacher.set(i, j, t.at(i, j));
    }
  }
  result<float> found(n, width);
  result<double> expected(n, width);
  coupleface::rkd_distance_loss(thrust::seq, s.view(), t.view(), found.loss.scalar(),
                                found.gradient.view());
  coupleface::rkd_distance_loss(thrust::seq, exact.view(), of_teacher.view(),
                                expected.loss.scalar(), expected.gradient.view());
  EXPECT_NEAR(found.loss.at(0, 0), expected.loss.at(0, 0), 1e-6);
}

TEST(unusual_rows, squares_of_inner_products_beyond_the_range_are_not_zeros) {
  matrix<double> const s(2, 2, {1e100, 2e100, 3e100, -1e100}), t(2, 2, {1, 2, 3, 4});
  matrix<double> loss(1, 1);
  coupleface::similarity_preserving_loss(thrust::seq, s.view(), t.view(), loss.scalar());
  EXPECT_TRUE(std::isnan(loss.at(0, 0)));
}

}  // namespace
