// SPDX-License-Identifier: Apache-2.0
// pkt_loss: conformance, a case by hand, opposite rows, settings.
#include <coupleface/losses/pkt.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

/// (1 + cos) / 2 + epsilon of all pairs, 0 on the diagonal, and the sums of the rows.
struct similarities {
  reference_rows of_pairs;
  std::vector<long double> of_rows = {};

  similarities(reference_rows const& x, double epsilon)
      : of_pairs(relations_of(coupleface::cosine{}, x, x)) {
    for (index_t i = 0; i < x.rows; ++i) {
      long double sum = 0;
      for (index_t k = 0; k < x.rows; ++k) {
        long double& similarity = of_pairs.at(i, k);
        similarity = i == k ? 0 : (1 + similarity) / 2 + epsilon;
        sum += similarity;
      }
      of_rows.push_back(sum);
    }
  }
  long double probability(index_t i, index_t k) const {
    return of_pairs.at(i, k) / of_rows[static_cast<std::size_t>(i)];
  }
};

/// With an epsilon of 1/16, roundings of cosines are small beside every similarity.
struct pkt_case : law_case {
  static constexpr char const* name = "pkt_loss";
  double epsilon = 0.0625;

  coupleface::pkt_law law() const {
    coupleface::pkt_law result;
    result.epsilon = epsilon;
    return result;
  }
  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::pkt_loss(policy, student, teacher, outputs..., law());
  }

  long double value(reference_rows const& s, reference_rows const& t) const {
    similarities const student(s, epsilon), teacher(t, epsilon);
    long double sum = 0;
    for (index_t i = 0; i < s.rows; ++i) {
      for (index_t k = 0; k < s.rows; ++k) {
        if (i == k) { continue; }
        long double const p = teacher.probability(i, k);
        sum += p * std::log(p / student.probability(i, k));
      }
    }
    return s.rows < 2 ? 0 : sum / (s.rows * (s.rows - 1));
  }

  /// A cosine's error changes a similarity K by a share of at most error / (2 epsilon), a
  /// probability K / sum by twice that, and 1 / K and 1 / sum as much as K and the sum. Shares are
  /// below 1/1000, so that second orders are less than the half that is added here.
  double share(index_t width, double roundoff) const {
    return 1.5 * 2 * relation_terms(width) * roundoff / (2 * epsilon);
  }

  error_bounds bounds(reference_rows const& s, reference_rows const& t, double roundoff) const {
    similarities const student(s, epsilon), teacher(t, epsilon);
    index_t const n = s.rows;
    double const of_student = share(s.width, roundoff), of_teacher = share(t.width, roundoff);
    double const adding = 2 * double(n) + 16, pairs = n < 2 ? 1 : double(n) * double(n - 1);
    error_bounds result;
    double terms = 0;
    reference_rows slopes(n, n);  // |dL / d cos(s_i, s_k)| n (n - 1), by the probabilities of row i
    for (index_t i = 0; i < n; ++i) {
      for (index_t k = 0; k < n; ++k) {
        if (i == k) { continue; }
        double const p = double(teacher.probability(i, k));
        double const logarithm = std::fabs(std::log(p / double(student.probability(i, k))));
        result.value += p * ((logarithm + 1) * of_teacher + of_student);
        terms += p * (logarithm + 1);
        slopes.at(i, k) =
            (1 / student.of_rows[static_cast<std::size_t>(i)] + p / student.of_pairs.at(i, k)) / 2;
      }
    }
    result.value = (result.value + tolerance<double>(2 * adding, terms)) / pairs;
    for (index_t i = 0; i < n; ++i) {
      double const norm = double(s.norm(i));
      double sum = 0;
      for (index_t k = 0; k < n; ++k) {
        sum += double(slopes.at(i, k) + slopes.at(k, i)) *
               (of_student + of_teacher + relation_terms(s.width) * roundoff + adding * roundoff);
      }
      result.gradient.push_back(norm == 0 ? 0 : sum / (pairs * norm));
    }
    return result;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(pkt, law_conformance, testing::Types<pkt_case>);

TEST(pkt_loss, hand_computed) {
  // Cosines of rows 0 and 1, 0 and 2, 1 and 2. Student: 0, 0, -1; teacher: 0, -1, 0.
  matrix<double> const s(3, 2, {2, 0, 0, 1, 0, -3}), t(3, 2, {1, 0, 0, 1, -1, 0});
  matrix<double> loss(1, 1), gradient(3, 2);
  coupleface::pkt_law law;
  law.epsilon = 0.5;
  coupleface::pkt_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(), law);
  // Similarities 1, 1, 1/2 and 1, 1/2, 1. Row 0: (2/3, 1/3) beside (1/2, 1/2); row 1: (1/2, 1/2)
  // beside (2/3, 1/3); row 2: (1/3, 2/3) beside (2/3, 1/3).
  double const of_row_0 = 2.0 / 3 * std::log(4.0 / 3) + 1.0 / 3 * std::log(2.0 / 3);
  double const of_row_1 = 0.5 * std::log(0.75) + 0.5 * std::log(1.5);
  double const of_row_2 = 1.0 / 3 * std::log(0.5) + 2.0 / 3 * std::log(2.0);
  EXPECT_NEAR(loss.at(0, 0), (of_row_0 + of_row_1 + of_row_2) / 6, 1e-16);
  // dL / d cosine, by both rows of a pair: 1/6 1/2 (1/sum - p / K).
  double const pair_01 = (1.0 / 2 - 2.0 / 3 + 2.0 / 3 - 1.0 / 2) / 12;
  double const pair_02 = (1.0 / 2 - 1.0 / 3 + 2.0 / 3 - 1.0 / 3) / 12;
  // Of opposite rows the cosine has no derivative. Row 0 meets (0, 1) and (0, -1).
  EXPECT_NEAR(gradient.at(0, 0), 0, 1e-16);
  EXPECT_NEAR(gradient.at(0, 1), (pair_01 - pair_02) / 2, 1e-16);
  EXPECT_NEAR(gradient.at(1, 0), pair_01, 1e-16);
  EXPECT_NEAR(gradient.at(1, 1), 0, 1e-16);
  EXPECT_NEAR(gradient.at(2, 0), pair_02 / 3, 1e-16);
  EXPECT_NEAR(gradient.at(2, 1), 0, 1e-16);
}

TEST(pkt_loss, default_epsilon_beside_the_reference) {
  pkt_case of;
  of.epsilon = coupleface::pkt_law{}.epsilon;
  EXPECT_EQ(of.epsilon, 1e-7);
  for (loss_shape const shape : {loss_shape{5, 17, 15}, {33, 31, 64}, {129, 64, 33}}) {
    auto const s = random_matrix<double>(shape.n, shape.student, 1);
    auto const t = random_matrix<double>(shape.n, shape.teacher, 2);
    // Random rows of 15 or more elements are not opposite: similarities are above 1/100.
    of.epsilon = 0.01;
    double const allowed = of.bounds(rows_of(s), rows_of(t), 0x1p-52).value;
    of.epsilon = 1e-7;
    EXPECT_NEAR(value_of_loss(of, s, t), double(of.value(rows_of(s), rows_of(t))), allowed);
    derivatives(of, shape).expect_some_rows();
  }
}

TEST(pkt_loss, opposite_rows_are_finite) {
  matrix<float> const s(2, 3, {1, 2, 3, -2, -4, -6}), t(2, 3, {1, 2, 3, 3, 2, 1});
  pkt_case of;
  of.epsilon = 1e-7;
  for (auto const* student : {&s, &t}) {
    for (auto const* teacher : {&s, &t}) {
      auto const found = run_loss(of, *student, *teacher);
      // Two rows: each has one probability, which is 1.
      EXPECT_NEAR(found.value(), 0, 1e-15);
      EXPECT_TRUE(is_finite(found.gradient));
    }
  }
}

TEST(pkt_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3);
  for (double const epsilon : {0.0, -1e-7, std::nan("")}) {
    pkt_case of;
    of.epsilon = epsilon;
    EXPECT_EQ(refusal_of([&] { value_of_loss(of, s, s); }),
              "coupleface::pkt_loss: a setting of the law is out of range");
  }
}

}  // namespace
