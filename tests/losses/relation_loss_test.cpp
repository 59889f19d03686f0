// SPDX-License-Identifier: Apache-2.0
// relation_loss: conformance over a batch and with banks; every penalty, relation and keep.
#include <coupleface/losses/relation_loss.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::absolute;
using coupleface::cosine;
using coupleface::dead_zone;
using coupleface::euclidean_distance;
using coupleface::every_row;
using coupleface::gaussian_kernel;
using coupleface::hinge;
using coupleface::inner_product;
using coupleface::other_rows;
using coupleface::relation_loss;
using coupleface::smooth_l1;
using coupleface::squared;
using coupleface::taylor_kernel;

/// Lengths that a relation does not see.
template <class Relation>
constexpr rescaling lengths_of() {
  bool const seen =
      std::is_same_v<Relation, inner_product> || std::is_same_v<Relation, euclidean_distance>;
  return seen ? rescaling::none : rescaling::rows;
}

/// `known` is the keep once more, for the host.
template <class Penalty, class Relation, class Keep, class Known = Keep>
struct batch_case : law_case {
  static constexpr char const* name = "relation_loss";
  static constexpr rescaling any_length = lengths_of<Relation>();
  static constexpr index_t needed_rows = std::is_same_v<Keep, every_row> ? 1 : 2;
  Penalty penalty = {};
  Relation relation = {};
  Keep keep = {};
  Known known = keep;

  batch_case() = default;
  batch_case(Penalty p, Relation r, Keep k, Known same)
      : penalty(p), relation(r), keep(k), known(same) {}

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    relation_loss(policy, student, teacher, outputs..., penalty, relation, keep);
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return mean_penalty(penalty, relation, known, s, s, t, t);
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return mean_penalty_bounds(penalty, relation, known, s, s, t, t, epsilon, 2);
  }
};

using batch_cases = testing::Types<batch_case<absolute, cosine, other_rows>,
                                   batch_case<smooth_l1, euclidean_distance, other_rows>,
                                   batch_case<squared, inner_product, every_row>>;
INSTANTIATE_TYPED_TEST_SUITE_P(relation_loss, law_conformance, batch_cases);

/// A bank for rows of a width, the same for equal widths.
inline matrix<float> bank_of(index_t rows, index_t width) {
  return random_matrix<float>(rows, width, 7, 2);
}

template <class Penalty, class Relation, class Keep, class Known = Keep>
struct bank_case : law_case {
  static constexpr char const* name = "relation_loss";
  static constexpr bool any_rotation = false;
  static constexpr rescaling any_length = lengths_of<Relation>();
  static constexpr index_t needed_rows = 1;
  Penalty penalty = {};
  Relation relation = {};
  Keep keep = {};
  Known known = keep;
  index_t rows = 127;

  bank_case() = default;
  bank_case(Penalty p, Relation r, Keep k, Known same, index_t bank_rows)
      : penalty(p), relation(r), keep(k), known(same), rows(bank_rows) {}

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    auto const call = [&](auto const& of_student, auto const& of_teacher) {
      relation_loss(policy, student, teacher, of_student.view(), of_teacher.view(), outputs...,
                    penalty, relation, keep);
    };
    auto const of_student = bank_of(rows, student.extent(1));
    auto const of_teacher = bank_of(rows, teacher.extent(1));
    if constexpr (coupleface::detail::is_host_policy_v<Policy>) {
      call(on_host(of_student), on_host(of_teacher));
    } else {
      call(of_student, of_teacher);
    }
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return mean_penalty(penalty, relation, known, s, rows_of(bank_of(rows, s.width)), t,
                        rows_of(bank_of(rows, t.width)));
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return mean_penalty_bounds(penalty, relation, known, s, rows_of(bank_of(rows, s.width)), t,
                               rows_of(bank_of(rows, t.width)), epsilon, 1);
  }

  /// Two copies of the batch, one of 1,024 rows of the banks, the gradient, 32 KiB for each of 32
  /// lanes.
  static std::size_t scratch(loss_shape shape, std::size_t size) {
    index_t const widths = shape.student + shape.teacher;
    index_t const elements = 2 * shape.n * widths + 1024 * widths + shape.n * shape.student;
    return std::size_t(elements) * size + 32 * 32 * 1024;
  }
};

using bank_cases = testing::Types<bank_case<hinge, cosine, every_row>,
                                  bank_case<squared, euclidean_distance, every_row>>;
INSTANTIATE_TYPED_TEST_SUITE_P(relation_loss_with_bank, law_conformance, bank_cases);

TEST(relation_loss, hand_computed) {
  // Cosines 0.6 of the student, 0 of the teacher; penalty 0.6, slope 1, both orders of one pair.
  matrix<double> const s(2, 2, {3, 4, 2, 0}), t(2, 3, {0, 5, 0, 1, 0, 0});
  matrix<double> loss(1, 1), gradient(2, 2);
  relation_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  EXPECT_NEAR(loss.at(0, 0), 0.6, 2e-16);
  // ((1, 0) - 0.6 (0.6, 0.8)) / 5 and ((0.6, 0.8) - 0.6 (1, 0)) / 2
  EXPECT_NEAR(gradient.at(0, 0), 0.64 / 5, 2e-16);
  EXPECT_NEAR(gradient.at(0, 1), -0.48 / 5, 2e-16);
  EXPECT_NEAR(gradient.at(1, 0), 0, 2e-16);
  EXPECT_NEAR(gradient.at(1, 1), 0.4, 2e-16);
}

TEST(relation_loss, hand_computed_with_a_bank) {
  // Distances 5 and 3 of the student, 1 and 3 of the teacher: (4^2 + 0) / 2.
  matrix<double> const s(1, 2, {3, 4}), t(1, 1, std::vector<double>{2});
  matrix<double> const student_bank(2, 2, {0, 0, 3, 1}), teacher_bank(2, 1, {1, 5});
  matrix<double> loss(1, 1), gradient(1, 2);
  relation_loss(policy(), s.view(), t.view(), student_bank.view(), teacher_bank.view(),
                loss.scalar(), gradient.view(), squared{}, euclidean_distance{});
  EXPECT_NEAR(loss.at(0, 0), 8, 1e-15);
  // 1/2 2 4 (0.6, 0.8)
  EXPECT_NEAR(gradient.at(0, 0), 2.4, 1e-15);
  EXPECT_NEAR(gradient.at(0, 1), 3.2, 1e-15);
}

template <class Penalty, class Relation>
void expect_right(Penalty penalty, Relation relation) {
  batch_case<Penalty, Relation, other_rows> const of(penalty, relation, {}, {});
  expect_elements<double, double>(of, {33, 17, 15});
  expect_elements<float, float>(of, {67, 16, 31});
  derivatives(of, {6, 5, 4}).expect_all_elements();
}

TEST(relation_loss, every_penalty) {
  expect_right(absolute{}, cosine{});
  expect_right(squared{}, cosine{});
  expect_right(hinge{0.1}, cosine{});
  expect_right(smooth_l1{0.3}, cosine{});
  expect_right(dead_zone{0.2}, cosine{});
}

TEST(relation_loss, every_relation) {
  expect_right(smooth_l1{0.3}, inner_product{});
  expect_right(smooth_l1{0.3}, euclidean_distance{});
  expect_right(smooth_l1{0.3}, gaussian_kernel{0.7});
  expect_right(smooth_l1{0.3}, taylor_kernel{3, 0.7});
}

/// A relation as one may write it: the cosine's square.
struct squared_cosine {
  COUPLEFACE_HOST_DEVICE coupleface::penalty_value operator()(double x) const {
    return {x * x, 2 * x};
  }
};

TEST(relation_loss, a_relation_of_ones_own) {
  auto const s = random_matrix<double>(19, 4, 1), t = random_matrix<double>(19, 5, 2);
  matrix<double> loss(1, 1);
  relation_loss(policy(), s.view(), t.view(), loss.scalar(), absolute{}, squared_cosine{});
  auto const of_s = relations_of(cosine{}, rows_of(s), rows_of(s));
  auto const of_t = relations_of(cosine{}, rows_of(t), rows_of(t));
  long double sum = 0;
  for (std::size_t at = 0; at < of_s.x.size(); ++at) {
    sum += std::fabs(of_s.x[at] * of_s.x[at] - of_t.x[at] * of_t.x[at]);
  }
  // The slope of a square is at most 2.
  EXPECT_NEAR(loss.at(0, 0), double(sum / (19 * 18)), tolerance<double>(relation_terms(5), 4));
}

/// Labels of rows, some of them -1.
std::vector<std::int32_t> labels_of(index_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::int32_t> labels;
  for (index_t i = 0; i < count; ++i) {
    labels.push_back(i % 7 == 6 ? -1 : std::int32_t(generator() % 4u));
  }
  return labels;
}

template <class Case>
void expect_right_keep(Case const& of, loss_shape shape) {
  expect_elements<double, double>(of, shape);
  expect_elements<float, float>(of, shape);
  derivatives(of, shape).expect_some_rows();
}

TEST(relation_loss, keeps_of_a_batch) {
  for (index_t const n : {3, 33, 65, 300}) {
    loss_shape const shape{n, 5, 4};
    expect_right_keep(batch_case<smooth_l1, cosine, every_row>{}, shape);
    auto const labels = labels_of(n, 3);
    coupleface::other_labels const differ(view_of(labels), view_of(labels));
    auto const known = [&](index_t i, index_t k) {
      auto const a = labels[std::size_t(i)], b = labels[std::size_t(k)];
      return a >= 0 && b >= 0 && a != b;
    };
    expect_right_keep(
        batch_case<smooth_l1, cosine, decltype(differ), decltype(known)>({}, {}, differ, known),
        shape);
    auto const distances =
        batch_case<smooth_l1, euclidean_distance, decltype(differ), decltype(known)>({}, {}, differ,
                                                                                     known);
    expect_right_keep(distances, shape);
    if (coupleface::detail::is_host_policy_v<decltype(policy())>) {
      auto const near = [](index_t i, index_t k) { return i != k && (i + k) % 3 != 0; };
      expect_right_keep(batch_case<smooth_l1, cosine, decltype(near)>({}, {}, near, near), shape);
    }
  }
}

TEST(relation_loss, keeps_beside_a_bank) {
  for (index_t const n : {3, 33, 70}) {
    loss_shape const shape{n, 5, 4};
    index_t const m = 140;
    auto const labels = labels_of(n, 4), bank_labels = labels_of(m, 5);
    coupleface::other_labels const differ(view_of(labels), view_of(bank_labels));
    auto const known = [&](index_t i, index_t c) {
      auto const a = labels[std::size_t(i)], b = bank_labels[std::size_t(c)];
      return a >= 0 && b >= 0 && a != b;
    };
    expect_right_keep(
        bank_case<smooth_l1, cosine, decltype(differ), decltype(known)>({}, {}, differ, known, m),
        shape);
    coupleface::other_classes const classes(view_of(labels));
    auto const known_class = [&](index_t i, index_t c) {
      return labels[std::size_t(i)] >= 0 && labels[std::size_t(i)] != c;
    };
    expect_right_keep(bank_case<smooth_l1, cosine, decltype(classes), decltype(known_class)>(
                          {}, {}, classes, known_class, m),
                      shape);
    expect_right_keep(bank_case<smooth_l1, cosine, other_rows>({}, {}, {}, {}, m), shape);
    if (coupleface::detail::is_host_policy_v<decltype(policy())>) {
      auto const below = [](index_t i, index_t c) { return i < c && (i + c) % 3 != 0; };
      expect_right_keep(bank_case<smooth_l1, cosine, decltype(below)>({}, {}, below, below, m),
                        shape);
    }
  }
}

TEST(relation_loss, banks_of_every_size) {
  for (index_t const m : {0, 1, 127, 128, 1024, 1025, 1500}) {
    SCOPED_TRACE(m);
    bank_case<smooth_l1, cosine, every_row> const of({}, {}, {}, {}, m);
    for (loss_shape const shape : {loss_shape{3, 5, 5}, {33, 3, 17}, {0, 3, 4}}) {
      expect_elements<float, float>(of, shape);
      expect_elements<double, double>(of, shape);
    }
    derivatives(of, {3, 5, 4}).expect_some_rows();
    expect_same_bits<float, float>(of, {67, 5, 4});
    bank_case<smooth_l1, euclidean_distance, every_row> const distances({}, {}, {}, {}, m);
    expect_elements<float, float>(distances, {33, 3, 17});
    derivatives(distances, {3, 5, 4}).expect_some_rows();
  }
}

TEST(relation_loss, one_bank_for_both_sides) {
  auto const s = random_matrix<float>(9, 6, 1), t = random_matrix<float>(9, 6, 2);
  auto const bank = bank_of(40, 6);
  matrix<double> loss(1, 1);
  matrix<float> gradient(9, 6, 3);
  relation_loss(policy(), s.view(), t.view(), bank.view(), bank.view(), loss.scalar(),
                gradient.view(), smooth_l1{});
  auto const found = run_loss(bank_case<smooth_l1, cosine, every_row>({}, {}, {}, {}, 40), s, t);
  EXPECT_TRUE(found.loss.same_bits(loss) && found.gradient.same_bits(gradient));
}

TEST(relation_loss, no_kept_pair_is_0) {
  auto const s = random_matrix<float>(40, 6, 1), t = random_matrix<float>(40, 6, 2);
  std::vector<std::int32_t> const none(40, -1), same(40, 3);
  for (auto const* labels : {&none, &same}) {
    coupleface::other_labels const differ(view_of(*labels), view_of(*labels));
    matrix<double> loss(1, 1);
    matrix<float> gradient(40, 6);
    relation_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(), absolute{},
                  cosine{}, differ);
    EXPECT_EQ(loss.at(0, 0), 0);
    expect_zero(gradient);
    relation_loss(policy(), s.view(), t.view(), s.view(), t.view(), loss.scalar(), gradient.view(),
                  absolute{}, cosine{}, differ);
    EXPECT_EQ(loss.at(0, 0), 0);
    expect_zero(gradient);
  }
}

TEST(relation_loss, an_infinite_product_is_not_agreement) {
  // The student's product, or the difference from the teacher's, is -infinity, where a hinge is 0.
  double const infinity = std::numeric_limits<double>::infinity();
  matrix<double> const s(2, 2, {infinity, 1, -1, 1}), t(2, 2, {infinity, 1, 1, 1});
  matrix<double> const fine(2, 2, {1, 2, 3, 4});
  batch_case<hinge, inner_product, other_rows> const of;
  EXPECT_TRUE(std::isnan(value_of_loss(of, s, fine)));
  EXPECT_TRUE(std::isnan(value_of_loss(of, fine, t)));
  bank_case<hinge, inner_product, every_row> const with_bank;
  EXPECT_TRUE(std::isnan(value_of_loss(with_bank, s, fine)));
  EXPECT_TRUE(std::isnan(value_of_loss(with_bank, fine, t)));
}

TEST(relation_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3);
  auto const refusal = [&](auto penalty, auto relation) {
    batch_case<decltype(penalty), decltype(relation), other_rows> const of(penalty, relation, {},
                                                                           {});
    return refusal_of([&] { value_of_loss(of, s, s); });
  };
  std::string const penalty = "coupleface::relation_loss: a setting of the penalty is out of range";
  EXPECT_EQ(refusal(hinge{-0.1}, cosine{}), penalty);
  EXPECT_EQ(refusal(hinge{std::nan("")}, cosine{}), penalty);
  EXPECT_EQ(refusal(smooth_l1{0}, cosine{}), penalty);
  EXPECT_EQ(refusal(dead_zone{-1}, cosine{}), penalty);
  std::string const relation =
      "coupleface::relation_loss: a setting of the relation is out of range";
  EXPECT_EQ(refusal(absolute{}, gaussian_kernel{0}), relation);
  EXPECT_EQ(refusal(absolute{}, taylor_kernel{0, 0.4}), relation);
  EXPECT_EQ(refusal(absolute{}, taylor_kernel{9, 0.4}), relation);
}

TEST(relation_loss, banks_and_labels_that_do_not_fit_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3), t = random_matrix<float>(3, 5, 4);
  auto const bank_s = random_matrix<float>(6, 4, 5), bank_t = random_matrix<float>(6, 5, 6);
  auto const few = random_matrix<float>(7, 5, 7);
  matrix<double> loss(1, 1);
  matrix<float> gradient(3, 4);
  auto const refusal = [&](auto const& student_bank, auto const& teacher_bank, auto keep) {
    return refusal_of([&] {
      relation_loss(policy(), s.view(), t.view(), student_bank.view(), teacher_bank.view(),
                    loss.scalar(), gradient.view(), absolute{}, cosine{}, keep);
    });
  };
  std::string const function = "coupleface::relation_loss: ";
  EXPECT_EQ(refusal(bank_t, bank_t, every_row{}),
            function + "width of student_bank is 5, but width of student is 4");
  EXPECT_EQ(refusal(bank_s, bank_s, every_row{}),
            function + "width of teacher_bank is 4, but width of teacher is 5");
  EXPECT_EQ(refusal(bank_s, few, every_row{}),
            function + "rows of teacher_bank is 7, but rows of student_bank is 6");
  std::vector<std::int32_t> const three{0, 1, 2};
  EXPECT_EQ(refusal(bank_s, bank_t, coupleface::other_labels(view_of(three), view_of(three))),
            function + "size of the candidate labels is 3, but rows of candidates is 6");
  EXPECT_TRUE(loss.untouched() && gradient.untouched());
  std::vector<std::int32_t> const two{0, 1};
  EXPECT_EQ(refusal_of([&] {
              relation_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(),
                            absolute{}, cosine{},
                            coupleface::other_labels(view_of(two), view_of(two)));
            }),
            function + "size of the query labels is 2, but rows of queries is 3");
  EXPECT_TRUE(loss.untouched() && gradient.untouched());
}

}  // namespace
