// SPDX-License-Identifier: Apache-2.0
// pair_loss with a law of one's own: over a batch, with a bank, over listed pairs.
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/rad.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace {

using namespace coupleface_test;
using coupleface::numbers;
using coupleface::pair_loss;

/// (s a b - t d)^2 with a = 1/(1 + mean of s^2 over the row's pairs), d the same of t, and b of s
/// over all pairs: its slopes need sums over slopes of both kinds.
struct tempered_law : coupleface::pair_law {
  static constexpr int sums = 3, constants = 6, back_sums = 2;
  double weight = 1;
  bool valid() const { return weight > 0; }

  COUPLEFACE_HOST_DEVICE numbers<3> statistics(double s, double t) const {
    return {{s * s, t * t, 1}};
  }
  /// a, b, d, 1 / pairs of the row, 1 / all pairs, and room for finish_back().
  COUPLEFACE_HOST_DEVICE numbers<6> finish(numbers<3> const& row, numbers<3> const& all) const {
    double const of_row = row[2] == 0 ? 0.0 : 1 / row[2], of_all = all[2] == 0 ? 0.0 : 1 / all[2];
    return {{1 / (1 + row[0] * of_row), 1 / (1 + all[0] * of_all), 1 / (1 + row[1] * of_row),
             of_row, of_all, 0}};
  }
  COUPLEFACE_HOST_DEVICE double gap(double s, double t, numbers<6> const& c) const {
    return s * c[0] * c[1] - t * c[2];
  }
  COUPLEFACE_HOST_DEVICE double value(double s, double t, numbers<6> const& c) const {
    return weight * gap(s, t, c) * gap(s, t, c);
  }
  COUPLEFACE_HOST_DEVICE numbers<2> back(double s, double t, numbers<6> const& c) const {
    double const x = 2 * gap(s, t, c) * s;
    return {{x, x * c[0]}};
  }
  /// Of the derivatives through a and b, what multiplies s.
  COUPLEFACE_HOST_DEVICE numbers<6> finish_back(numbers<6> const& c, numbers<2> const& row,
                                                numbers<2> const& all) const {
    double const through_a = c[0] * c[0] * c[1] * row[0] * c[3];
    double const through_b = c[1] * c[1] * all[1] * c[4];
    return {{c[0], c[1], c[2], c[3], c[4], -2 * (through_a + through_b)}};
  }
  COUPLEFACE_HOST_DEVICE double slope(double s, double t, numbers<6> const& c) const {
    return weight * (2 * gap(s, t, c) * c[0] * c[1] + c[5] * s);
  }
};

using pair_list = std::vector<std::pair<index_t, index_t>>;

pair_list all_pairs(index_t n, index_t m, bool with_itself) {
  pair_list pairs;
  for (index_t i = 0; i < n; ++i) {
    for (index_t k = 0; k < m; ++k) {
      if (with_itself || i != k) { pairs.emplace_back(i, k); }
    }
  }
  return pairs;
}

/// The loss over pairs of rows s_i, h_k and t_i, g_k, by cosines.
long double value_over(pair_list const& pairs, reference_rows const& s, reference_rows const& h,
                       reference_rows const& t, reference_rows const& g) {
  auto const of_s = relations_of(coupleface::cosine{}, s, h);
  auto const of_t = relations_of(coupleface::cosine{}, t, g);
  std::vector<long double> s_squares(std::size_t(s.rows), 0), t_squares = s_squares;
  std::vector<long double> counts = s_squares;
  long double all = 0, sum = 0;
  for (auto const& [i, k] : pairs) {
    long double const x = of_s.at(i, k), y = of_t.at(i, k);
    s_squares[std::size_t(i)] += x * x;
    t_squares[std::size_t(i)] += y * y;
    counts[std::size_t(i)] += 1;
    all += x * x;
  }
  for (auto const& [i, k] : pairs) {
    std::size_t const row = std::size_t(i);
    long double const a = 1 / (1 + s_squares[row] / counts[row]);
    long double const d = 1 / (1 + t_squares[row] / counts[row]);
    long double const gap = of_s.at(i, k) * a / (1 + all / pairs.size()) - of_t.at(i, k) * d;
    sum += gap * gap;
  }
  return pairs.empty() ? 0 : sum / pairs.size();
}

/// Cosines with errors of e change a and b by 2 e each, s a b by 5 e, t d by 3 e, a gap by 8 e; a
/// gap is at most 2. The sums over slopes are at most 4 pairs, with errors of 20 e and 28 e pairs;
/// a slope is at most 20, and changes by less than 300 e.
error_bounds bounds_over(pair_list const& pairs, reference_rows const& s, reference_rows const& h,
                         reference_rows const& t, double epsilon, bool both_are_students) {
  relation_errors<coupleface::cosine> const errors({}, s, h, epsilon);
  double const e = relation_terms(std::max(s.width, t.width)) * epsilon;
  double const adding = double(s.rows + h.rows) + 16;
  double const count = std::max(1.0, double(pairs.size()));
  error_bounds result;
  result.value = 4 * 8 * e + 64 * e * e + tolerance<double>(2 * adding, 4);
  std::vector<double> sums(std::size_t(s.rows), 0.0);
  for (auto const& [i, k] : pairs) {
    relation_error const one = errors(i, k);
    sums[std::size_t(i)] += 300 * e * (one.pull + one.pull_error) + 20 * one.pull_error +
                            adding * epsilon * 20 * one.summands;
  }
  for (double const sum : sums) {
    result.gradient.push_back((both_are_students ? 2 : 1) * sum / count);
  }
  return result;
}

/// At equal sides the loss is not 0: b is of all pairs of the student.
struct batch_case : law_case {
  static constexpr char const* name = "pair_loss";
  static constexpr bool zero_at_equal = false;

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    pair_loss(policy, student, teacher, outputs..., tempered_law{});
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return value_over(all_pairs(s.rows, s.rows, false), s, s, t, t);
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return bounds_over(all_pairs(s.rows, s.rows, false), s, s, t, epsilon, true);
  }
};

matrix<float> bank_of(index_t rows, index_t width) { return random_matrix<float>(rows, width, 7); }

/// call(student's bank, teacher's bank) in the policy's memory.
template <class Policy, class Call>
void with_banks(index_t rows, index_t student_width, index_t teacher_width, Call call) {
  auto const of_student = bank_of(rows, student_width), of_teacher = bank_of(rows, teacher_width);
  if constexpr (coupleface::detail::is_host_policy_v<Policy>) {
    call(on_host(of_student), on_host(of_teacher));
  } else {
    call(of_student, of_teacher);
  }
}

struct bank_case : law_case {
  static constexpr char const* name = "pair_loss";
  static constexpr bool zero_at_equal = false, any_rotation = false;
  static constexpr index_t needed_rows = 1, rows = 130;

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    with_banks<Policy>(
        rows, student.extent(1), teacher.extent(1), [&](auto const& h, auto const& g) {
          pair_loss(policy, student, teacher, h.view(), g.view(), outputs..., tempered_law{});
        });
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return value_over(all_pairs(s.rows, rows, true), s, rows_of(bank_of(rows, s.width)), t,
                      rows_of(bank_of(rows, t.width)));
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return bounds_over(all_pairs(s.rows, rows, true), s, rows_of(bank_of(rows, s.width)), t,
                       epsilon, false);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(pair_loss, law_conformance, testing::Types<batch_case>);
INSTANTIATE_TYPED_TEST_SUITE_P(pair_loss_with_bank, law_conformance, testing::Types<bank_case>);

TEST(pair_loss, hand_computed) {
  // Cosines 1/2 and 1: a = b = 1/(1 + 1/4), d = 1/2, gap 0.5 0.64 - 0.5.
  double const root = std::sqrt(0.75);
  matrix<double> const s(2, 2, {0.5, root, 2, 0}), t(2, 2, {1, 1, 1, 1});
  matrix<double> loss(1, 1), gradient(2, 2);
  pair_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(), tempered_law{});
  EXPECT_NEAR(loss.at(0, 0), 0.18 * 0.18, 1e-16);
  // Both rows depend on the one cosine c: L = (c / (1 + c^2)^2 - 1/2)^2.
  double const slope = 2 * -0.18 * (0.64 - 4 * 0.25 * 0.512);
  EXPECT_NEAR(gradient.at(0, 0), slope * 0.75, 1e-15);
  EXPECT_NEAR(gradient.at(0, 1), slope * -0.5 * root, 1e-15);
  EXPECT_NEAR(gradient.at(1, 0), 0, 1e-15);
  EXPECT_NEAR(gradient.at(1, 1), slope * root / 2, 1e-15);
}

TEST(pair_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3);
  auto const bank = bank_of(9, 4);
  matrix<double> loss(1, 1);
  tempered_law law;
  law.weight = 0;
  std::string const expected = "coupleface::pair_loss: a setting of the law is out of range";
  EXPECT_EQ(refusal_of([&] { pair_loss(policy(), s.view(), s.view(), loss.scalar(), law); }),
            expected);
  EXPECT_EQ(refusal_of([&] {
              pair_loss(policy(), s.view(), s.view(), bank.view(), bank.view(), loss.scalar(), law);
            }),
            expected);
  EXPECT_TRUE(loss.untouched());
}

/// Of a bank of 9 rows, the same five for every sample: one twice, and none.
constexpr index_t listed_rows = 9, slots = 5;
constexpr double listed[slots] = {3, -1, 8, 3, 0};

matrix<std::int32_t> listed_neighbours(index_t n) {
  std::vector<double> ids;
  for (index_t i = 0; i < n; ++i) { ids.insert(ids.end(), listed, listed + slots); }
  return {n, slots, ids};
}

pair_list listed_pairs(index_t n) {
  pair_list pairs;
  for (index_t i = 0; i < n; ++i) {
    for (double const k : listed) {
      if (k >= 0) { pairs.emplace_back(i, index_t(k)); }
    }
  }
  return pairs;
}

struct listed_case : law_case {
  static constexpr char const* name = "pair_loss";
  static constexpr bool zero_at_equal = false, any_rotation = false, accumulates_in_double = true;
  static constexpr index_t needed_rows = 1;

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    auto const ids = listed_neighbours(std::max(index_t(0), student.extent(0)));
    auto const host_ids = on_host(ids);
    with_banks<Policy>(
        listed_rows, student.extent(1), teacher.extent(1), [&](auto const& h, auto const& g) {
          auto const of =
              coupleface::detail::is_host_policy_v<Policy> ? host_ids.view() : ids.view();
          pair_loss(policy, student, teacher, h.view(), g.view(), of, outputs..., tempered_law{});
        });
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return value_over(listed_pairs(s.rows), s, rows_of(bank_of(listed_rows, s.width)), t,
                      rows_of(bank_of(listed_rows, t.width)));
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return bounds_over(listed_pairs(s.rows), s, rows_of(bank_of(listed_rows, s.width)), t, epsilon,
                       false);
  }
  /// 16 n K bytes, a row for each of 64 lanes, 8 n for each of 9 numbers.
  static std::size_t scratch(loss_shape shape, std::size_t) {
    return std::size_t(16 * shape.n * slots + 64 * 8 * shape.student + 9 * 8 * shape.n + 64);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(pair_loss_of_list, law_conformance, testing::Types<listed_case>);

template <class Penalty>
void expect_bits_of_rad(Penalty penalty) {
  index_t const n = 37;
  auto const s = random_matrix<float>(n, 19, 1), t = random_matrix<float>(n, 12, 2);
  auto const h = bank_of(listed_rows, 19), g = bank_of(listed_rows, 12);
  auto const ids = listed_neighbours(n);
  matrix<double> loss(1, 1), of_rad(1, 1);
  matrix<float> gradient(n, 19), gradient_of_rad(n, 19);
  pair_loss(policy(), s.view(), t.view(), h.view(), g.view(), ids.view(), loss.scalar(),
            gradient.view(), coupleface::difference_law<Penalty>(penalty));
  coupleface::rad_loss(policy(), s.view(), t.view(), h.view(), g.view(), ids.view(),
                       of_rad.scalar(), gradient_of_rad.view(), penalty);
  EXPECT_TRUE(loss.same_bits(of_rad));
  EXPECT_TRUE(gradient.same_bits(gradient_of_rad));
}

TEST(pair_loss, a_penalty_over_listed_pairs_has_the_bits_of_rad) {
  expect_bits_of_rad(coupleface::hinge{});
  expect_bits_of_rad(coupleface::squared{});
}

TEST(pair_loss, settings_over_listed_pairs_are_refused_too) {
  auto const s = random_matrix<float>(3, 4, 3);
  auto const ids = listed_neighbours(3);
  auto const bank = bank_of(listed_rows, 4);
  matrix<double> loss(1, 1);
  tempered_law law;
  law.weight = 0;
  EXPECT_EQ(refusal_of([&] {
              pair_loss(policy(), s.view(), s.view(), bank.view(), bank.view(), ids.view(),
                        loss.scalar(), law);
            }),
            "coupleface::pair_loss: a setting of the law is out of range");
  EXPECT_TRUE(loss.untouched());
}

TEST(pair_loss, a_table_with_labels_is_the_same_as_its_rows_written_out) {
  index_t const n = 23, classes = 10, k = 4;
  auto const s = random_matrix<float>(n, 9, 14), t = random_matrix<float>(n, 6, 15);
  auto const h = bank_of(listed_rows, 9), g = bank_of(listed_rows, 6);
  auto const labels = random_labels(n, classes, 16);
  matrix<std::int32_t> table(classes, k), ids(n, k);
  for (index_t c = 0; c < classes; ++c) {
    for (index_t j = 0; j < k; ++j) { table.set(c, j, double((5 * c + 2 * j) % 10) - 1); }
  }
  for (index_t i = 0; i < n; ++i) {
    index_t const label = labels.get(0, i);
    for (index_t j = 0; j < k; ++j) { ids.set(i, j, label < 0 ? -1 : table.at(label, j)); }
  }
  loss_result<float> of_table(n, 9), of_list(n, 9);
  auto const run = [&](auto neighbours, loss_result<float>& out) {
    pair_loss(policy(), s.view(), t.view(), h.view(), g.view(), neighbours, out.loss.scalar(),
              out.gradient.view(), tempered_law{});
  };
  run(coupleface::class_neighbours(labels.vector(), table.view()), of_table);
  run(ids.view(), of_list);
  EXPECT_TRUE(of_table.same_bits(of_list));
  EXPECT_GT(of_list.value(), 0);
}

/// A hinge takes -infinity for agreement.
template <class Relation>
loss_result<float> hinge_over_list(matrix<float> const& s, matrix<float> const& t,
                                   matrix<float> const& bank, matrix<std::int32_t> const& ids,
                                   Relation relation) {
  loss_result<float> result(s.rows(), s.columns());
  pair_loss(policy(), s.view(), t.view(), bank.view(), bank.view(), ids.view(),
            result.loss.scalar(), result.gradient.view(),
            coupleface::difference_law<coupleface::hinge>({}), relation);
  return result;
}

template <class Relation>
void expect_broken_rows_to_break_the_list(Relation relation) {
  auto const s = random_matrix<float>(3, 8, 26), bank = random_matrix<float>(4, 8, 27);
  matrix<std::int32_t> const ids(3, 2, {0, 1, -1, 0, -1, -1});
  double const infinity = std::numeric_limits<double>::infinity();
  for (double const bad : {std::nan(""), infinity, -infinity}) {
    auto const broken = [&](matrix<float> x, index_t i) {
      x.set(i, 2, bad);
      return x;
    };
    for (index_t const i : {0, 1}) {
      auto const found = hinge_over_list(broken(s, i), s, bank, ids, relation);
      EXPECT_TRUE(std::isnan(found.value()) && std::isnan(found.gradient.at(i, 0))) << bad;
      EXPECT_TRUE(std::isnan(hinge_over_list(s, broken(s, i), bank, ids, relation).value())) << bad;
      EXPECT_TRUE(std::isnan(hinge_over_list(s, s, broken(bank, i), ids, relation).value())) << bad;
    }
    // Nothing reaches these: sample 2 has no neighbours, and no sample has row 3.
    auto const found = hinge_over_list(broken(s, 2), broken(s, 2), broken(bank, 3), ids, relation);
    EXPECT_TRUE(std::isfinite(found.value()) && is_finite(found.gradient)) << bad;
    for (index_t j = 0; j < 8; ++j) { EXPECT_EQ(found.gradient.at(2, j), 0); }
  }
}

TEST(pair_loss, broken_rows_break_the_loss_if_a_neighbour_reaches_them) {
  expect_broken_rows_to_break_the_list(coupleface::cosine{});
  expect_broken_rows_to_break_the_list(coupleface::inner_product{});
  expect_broken_rows_to_break_the_list(coupleface::euclidean_distance{});
}

TEST(pair_loss, no_neighbours_no_loss) {
  auto const s = random_matrix<float>(3, 4, 22), bank = random_matrix<float>(5, 4, 23);
  matrix<std::int32_t> const none(3, 2, std::vector<double>(6, -1.0)), empty(3, 0);
  for (auto const* ids : {&none, &empty}) {
    loss_result<float> found(3, 4);
    pair_loss(policy(), s.view(), s.view(), bank.view(), bank.view(), ids->view(),
              found.loss.scalar(), found.gradient.view(), tempered_law{});
    EXPECT_EQ(found.value(), 0);
    expect_zero(found.gradient);
  }
}

TEST(pair_loss, neighbours_out_of_range_are_refused_or_make_the_loss_nan) {
  auto const s = random_matrix<float>(2, 4, 3);
  auto const bank = bank_of(5, 4);
  matrix<double> loss(1, 1);
  matrix<float> gradient(2, 4);
  auto const refusal = [&](auto ids) {
    return refusal_of([&] {
      pair_loss(policy(), s.view(), s.view(), bank.view(), bank.view(), ids, loss.scalar(),
                gradient.view(), coupleface::difference_law<coupleface::hinge>({}));
    });
  };
  using table = matrix<std::int32_t>;
  table const few(1, 2, {0, 1});
  EXPECT_EQ(refusal(few.view()),
            "coupleface::pair_loss: samples of neighbours is 1, but rows of student is 2");
  EXPECT_TRUE(loss.untouched() && gradient.untouched());

  table const beyond(2, 2, {0, 1, 2, 5}), negative(2, 1, {-1, -2}), labels(1, 2, {1, 2}),
      none(1, 2, {-1, -7}), rows(2, 1, {0, 3});
  auto const expect = [&](auto ids, std::string const& expected) {
    auto const found = refusal(ids);
    if (ids_are_checked) {
      EXPECT_EQ(found, "coupleface::pair_loss: " + expected);
      EXPECT_TRUE(loss.untouched() && gradient.untouched());
    } else {
      EXPECT_TRUE(std::isnan(loss.at(0, 0)) && is_finite(gradient)) << expected;
    }
  };
  using coupleface::class_neighbours;
  expect(beyond.view(), "neighbours(1, 1) is 5, outside [-1, 5)");
  expect(negative.view(), "neighbours(1, 0) is -2, outside [-1, 5)");
  expect(class_neighbours(labels.vector(), rows.view()), "labels(1) is 2, outside [-1, 2)");
  expect(class_neighbours(none.vector(), rows.view()), "labels(1) is -7, outside [-1, 2)");
}

}  // namespace
