// SPDX-License-Identifier: Apache-2.0
// similarity_preserving_loss: conformance, a case by hand, both relations.
#include <coupleface/losses/similarity_preserving.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

/// Relations of all pairs, rows divided by their norms; rows of zeros stay.
template <class Relation>
struct unit_relations {
  reference_rows relations, units;
  std::vector<long double> norms;

  explicit unit_relations(reference_rows const& x)
      : relations(relations_of(Relation{}, x, x)),
        units(unit_rows(relations)),
        norms(norms_of(relations)) {}
};

/// Errors of a unit row of relations, as 2-norms: twice the share of the row's error, because its
/// norm has that error too.
template <class Relation>
std::vector<double> unit_errors(unit_relations<Relation> const& exact, reference_rows const& x,
                                double epsilon) {
  relation_errors<Relation> const errors(Relation{}, x, x, epsilon);
  std::vector<double> result;
  for (index_t i = 0; i < x.rows; ++i) {
    double square = 0;
    for (index_t k = 0; k < x.rows; ++k) { square += std::pow(errors(i, k).value, 2); }
    double const norm = double(exact.norms[static_cast<std::size_t>(i)]);
    result.push_back(norm == 0 ? 0 : 2 * std::sqrt(square) / norm);
  }
  return result;
}

template <class Relation>
struct similarity_case : law_case {
  static constexpr char const* name = "similarity_preserving_loss";
  static constexpr rescaling any_length =
      std::is_same_v<Relation, coupleface::cosine> ? rescaling::rows : rescaling::sides;
  static constexpr index_t needed_rows = 1;  // a row is related to itself too

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::similarity_preserving_loss(policy, student, teacher, outputs..., Relation{});
  }

  long double value(reference_rows const& s, reference_rows const& t) const {
    unit_relations<Relation> const student(s), teacher(t);
    long double sum = 0;
    for (std::size_t at = 0; at < student.units.x.size(); ++at) {
      long double const gap = student.units.x[at] - teacher.units.x[at];
      sum += gap * gap;
    }
    return s.rows == 0 ? 0 : sum / (s.rows * s.rows);
  }

  /// With a = A_i(s), b = A_i(t), c = 1 - a . b, and r = the norm of row i's relations:
  /// n^2 dL / d R_ik(s) by row i = 2/r (a_k - b_k - c a_k). As vectors over k, a - b has the error
  /// e of both unit rows, c too, and r a share of half of the student's.
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    unit_relations<Relation> const student(s), teacher(t);
    auto const of_student = unit_errors(student, s, epsilon);
    auto const of_teacher = unit_errors(teacher, t, epsilon);
    relation_errors<Relation> const pulls(Relation{}, s, s, epsilon);
    index_t const n = s.rows;
    double const adding = 2 * double(n) + 16, pairs = std::max(1.0, double(n) * double(n));
    reference_rows slopes(n, n);
    std::vector<double> changes;
    error_bounds result;
    double terms = 0;
    for (index_t i = 0; i < n; ++i) {
      double const r = double(student.norms[static_cast<std::size_t>(i)]);
      double const e =
          of_student[static_cast<std::size_t>(i)] + of_teacher[static_cast<std::size_t>(i)];
      double gap = 0, c = 1;
      for (index_t k = 0; k < n; ++k) {
        double const a = double(student.units.at(i, k)), b = double(teacher.units.at(i, k));
        gap += (a - b) * (a - b);
        c -= a * b;
      }
      terms += gap;
      gap = std::sqrt(gap);
      result.value += e * (2 * gap + e);
      for (index_t k = 0; k < n; ++k) {
        double const a = double(student.units.at(i, k)), b = double(teacher.units.at(i, k));
        slopes.at(i, k) = r == 0 ? 0 : 2 / r * (std::fabs(a - b) + c * std::fabs(a));
      }
      double const change = e + (e + tolerance<double>(adding, 1)) + c * e + (gap + c) * e;
      changes.push_back(r == 0 ? 0 : 2 / r * change);
    }
    result.value = (result.value + tolerance<double>(2 * adding, terms + 1)) / pairs;
    for (index_t i = 0; i < n; ++i) {
      double sum = 0;
      for (index_t k = 0; k < n; ++k) {
        relation_error const one = pulls(i, k);
        double const slope = double(slopes.at(i, k) + slopes.at(k, i));
        double const change =
            changes[static_cast<std::size_t>(i)] + changes[static_cast<std::size_t>(k)];
        sum += change * (one.pull + one.pull_error) + slope * one.pull_error +
               adding * epsilon * slope * one.summands;
      }
      result.gradient.push_back(sum / pairs);
    }
    return result;
  }
};

using cases =
    testing::Types<similarity_case<coupleface::inner_product>, similarity_case<coupleface::cosine>>;
INSTANTIATE_TYPED_TEST_SUITE_P(similarity_preserving, law_conformance, cases);

TEST(similarity_preserving_loss, hand_computed) {
  // Gram matrices (9 12; 12 16) and (1 0; 0 4): rows (0.6, 0.8) twice, and (1, 0), (0, 1).
  matrix<double> const s(2, 1, {3, 4}), t(2, 2, {1, 0, 0, 2});
  matrix<double> loss(1, 1), gradient(2, 1);
  coupleface::similarity_preserving_loss(policy(), s.view(), t.view(), loss.scalar(),
                                         gradient.view());
  // 0.16 + 0.64 and 0.36 + 0.04.
  EXPECT_NEAR(loss.at(0, 0), (0.8 + 0.4) / 4, 1e-16);
  // L = 1/2 (1 - x_0/|x|) + 1/2 (1 - x_1/|x|) with x = (3, 4).
  EXPECT_NEAR(gradient.at(0, 0), -0.5 * (1 - 0.36 - 0.48) / 5, 1e-16);
  EXPECT_NEAR(gradient.at(1, 0), -0.5 * (1 - 0.64 - 0.48) / 5, 1e-16);
}

TEST(similarity_preserving_loss, one_row_agrees_with_every_teacher) {
  // The only relation of a row is divided by itself.
  auto const s = random_matrix<double>(1, 6, 1), t = random_matrix<double>(1, 3, 2);
  auto const found = run_loss(similarity_case<coupleface::inner_product>{}, s, t);
  EXPECT_NEAR(found.value(), 0, 1e-30);
  for (index_t j = 0; j < 6; ++j) { EXPECT_NEAR(found.gradient.at(0, j), 0, 1e-15); }
}

TEST(similarity_preserving_loss, a_row_of_zeros_is_pulled_by_the_rows_of_others_only) {
  auto const s = with_zero_rows(random_matrix<double>(6, 5, 3), {2});
  auto const t = random_matrix<double>(6, 5, 4);
  auto const found = run_loss(similarity_case<coupleface::inner_product>{}, s, t);
  unit_relations<coupleface::inner_product> const teacher(rows_of(t));
  auto const of_others = [&](index_t j, long double step) {
    auto x = rows_of(s);
    x.at(2, j) = step;
    unit_relations<coupleface::inner_product> const student(x);
    long double sum = 0;
    for (index_t i = 0; i < 6; ++i) {
      for (index_t k = 0; i != 2 && k < 6; ++k) {
        long double const gap = student.units.at(i, k) - teacher.units.at(i, k);
        sum += gap * gap;
      }
    }
    return sum / 36;
  };
  for (index_t j = 0; j < 5; ++j) {
    long double const derivative = (of_others(j, 1e-6L) - of_others(j, -1e-6L)) / 2e-6L;
    EXPECT_GT(std::fabs(derivative), 1e-4);
    EXPECT_NEAR(found.gradient.at(2, j), double(derivative), 1e-10);
  }
}

}  // namespace
