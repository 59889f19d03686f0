// SPDX-License-Identifier: Apache-2.0
// rad_loss: conformance, listed and class neighbours, one bank and two, every penalty; value and
// gradient.
#include <coupleface/losses/rad.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/gradient_check.hpp"
#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::class_neighbours;
using coupleface::rad_loss;
using ids = matrix<std::int32_t>;

/// Random neighbours, every fifth entry -1.
ids random_neighbours(index_t n, index_t k, index_t classes, unsigned seed) {
  std::mt19937 generator(seed);
  ids result(n, k, 2);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < k; ++j) {
      bool const none = classes == 0 || generator() % 5 == 0;
      result.set(i, j, none ? -1.0 : double(generator() % static_cast<unsigned>(classes)));
    }
  }
  return result;
}

template <class S, class T, class H, class B, class Penalty>
double reference(matrix<S> const& s, matrix<T> const& t, matrix<H> const& student_bank,
                 matrix<B> const& teacher_bank, ids const& neighbours, Penalty penalty) {
  long double sum = 0;
  index_t pairs = 0;
  for (index_t i = 0; i < s.rows(); ++i) {
    for (index_t k = 0; k < neighbours.columns(); ++k) {
      index_t const c = neighbours.get(i, k);
      if (c < 0) { continue; }
      sum += penalty(double(reference_cosine(s, i, student_bank, c) -
                            reference_cosine(t, i, teacher_bank, c)))
                 .value;
      ++pairs;
    }
  }
  return pairs == 0 ? 0.0 : double(sum / pairs);
}

template <class S, class T, class B, class Penalty = coupleface::hinge>
double loss_of(matrix<S> const& s, matrix<T> const& t, matrix<B> const& bank, ids const& neighbours,
               Penalty penalty = {}) {
  matrix<double> loss(1, 1);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(), penalty);
  return loss.at(0, 0);
}

/// Of a bank for each width, the same four rows for every sample, and none.
template <class Penalty>
struct rad_case : law_case {
  static constexpr char const* name = "rad_loss";
  static constexpr bool any_rotation = false, accumulates_in_double = true;
  static constexpr bool has_the_hosts_bits_on_devices = true;
  static constexpr index_t needed_rows = 1, bank_rows = 9, slots = 5;

  static matrix<float> bank(index_t width) { return random_matrix<float>(bank_rows, width, 7); }
  static ids neighbours(index_t n) {
    std::vector<double> entries;
    for (index_t i = 0; i < n; ++i) {
      for (double const c : {3, -1, 8, 3, 0}) { entries.push_back(c); }
    }
    return {n, slots, entries};
  }

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    auto const h = bank(student.extent(1)), g = bank(teacher.extent(1));
    auto const of = neighbours(std::max(index_t(0), student.extent(0)));
    if constexpr (coupleface::detail::is_host_policy_v<Policy>) {
      auto const host_h = on_host(h), host_g = on_host(g);
      auto const host_of = on_host(of);
      rad_loss(policy, student, teacher, host_h.view(), host_g.view(), host_of.view(), outputs...,
               Penalty{});
    } else {
      rad_loss(policy, student, teacher, h.view(), g.view(), of.view(), outputs..., Penalty{});
    }
  }

  /// Rows 3, 8, 3 and 0 of the bank, so that every pair with one of these counts.
  static reference_rows listed(index_t width) {
    auto const all = rows_of(bank(width));
    reference_rows some(4, width);
    some.smallest = all.smallest;
    index_t at = 0;
    for (index_t const c : {3, 8, 3, 0}) {
      for (index_t j = 0; j < width; ++j) { some.at(at, j) = all.at(c, j); }
      ++at;
    }
    return some;
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return mean_penalty(Penalty{}, coupleface::cosine{}, coupleface::every_row{}, s,
                        listed(s.width), t, listed(t.width));
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return mean_penalty_bounds(Penalty{}, coupleface::cosine{}, coupleface::every_row{}, s,
                               listed(s.width), t, listed(t.width), epsilon, 1);
  }
  /// 8 n bytes and 3 rows of doubles for each of 64 lanes.
  static std::size_t scratch(loss_shape shape, std::size_t) {
    return std::size_t(8 * shape.n + 64 * 3 * 8 * shape.student);
  }
};
#if COUPLEFACE_HAS_KERNELS  // one will do: emulated, a case takes seconds
using rad_cases = testing::Types<rad_case<coupleface::hinge>>;
#else
using rad_cases = testing::Types<rad_case<coupleface::hinge>, rad_case<coupleface::squared>>;
#endif
INSTANTIATE_TYPED_TEST_SUITE_P(rad, law_conformance, rad_cases);

TEST(rad_loss, hand_computed) {
  matrix<float> const s(1, 2, {1, 0});
  matrix<float> const t(1, 2, {0, 3});
  matrix<float> const bank(2, 2, {2, 0, 0, 1});
  ids const neighbours(1, 2, {0, 1});
  // Student: 1 and 0; teacher: 0 and 1. The hinge sees 1 - 0.25 and nothing.
  matrix<float> loss(1, 1), gradient(1, 2);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), coupleface::hinge{0.25});
  EXPECT_EQ(loss.at(0, 0), 0.375);
  // 1/2 (1, 0), along s: nothing is left of it.
  EXPECT_EQ(gradient.at(0, 0), 0);
  EXPECT_EQ(gradient.at(0, 1), 0);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), coupleface::absolute{});
  EXPECT_EQ(loss.at(0, 0), 1);
  EXPECT_EQ(gradient.at(0, 0), 0);
  EXPECT_EQ(gradient.at(0, 1), -0.5);
}

template <class Pair>
class rad_types : public testing::Test {};
using element_pairs =
    testing::Types<std::pair<float, float>, std::pair<double, double>,
                   std::pair<coupleface::float16, float>, std::pair<float, coupleface::bfloat16>>;
TYPED_TEST_SUITE(rad_types, element_pairs);

TYPED_TEST(rad_types, shapes_against_a_plain_loop) {
  using S = typename TypeParam::first_type;
  using B = typename TypeParam::second_type;
  for (auto const& shape : shapes()) {
    index_t const n = shape.first, d = shape.second;
    if (n > 130) { continue; }
    index_t const classes = n + 2;
    auto const s = random_matrix<S>(n, d, 1, 3);
    auto const t = random_matrix<float>(n, d, 2);
    auto const bank = random_matrix<B>(classes, d, 3, 1);
    auto const neighbours = random_neighbours(n, 6, classes, 4);
    auto const expect = [&](auto penalty, double steepest) {
      EXPECT_NEAR(loss_of(s, t, bank, neighbours, penalty),
                  reference(s, t, bank, bank, neighbours, penalty),
                  tolerance<double>(double(d + 6 * n) + 16, 2 * steepest));
    };
    expect(coupleface::hinge{0.03}, 1);
    expect(coupleface::absolute{}, 1);
    expect(coupleface::squared{}, 4);
    expect(coupleface::smooth_l1{0.1}, 1);
    expect(coupleface::dead_zone{0.05}, 1);
  }
}

template <class Penalty>
void expect_right_gradient(Penalty penalty) {
  auto const s = random_matrix<double>(6, 13, 5);
  auto const t = random_matrix<double>(6, 13, 6);
  auto const bank = random_matrix<double>(9, 13, 7);
  auto const neighbours = random_neighbours(6, 5, 9, 8);
  matrix<double> loss(1, 1), gradient(6, 13);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), penalty);
  expect_gradient(s, gradient, [&](matrix<double> const& x) {
    return loss_of(x, t, bank, neighbours, penalty);
  });
}

TEST(rad_loss, gradient_agrees_with_central_differences) {
  expect_right_gradient(coupleface::hinge{0.03});
  expect_right_gradient(coupleface::absolute{});
  expect_right_gradient(coupleface::squared{});
  expect_right_gradient(coupleface::smooth_l1{0.2});
  expect_right_gradient(coupleface::dead_zone{0.05});
}

TEST(rad_loss, two_banks_of_different_widths) {
  auto const s = random_matrix<double>(7, 5, 9);
  auto const t = random_matrix<double>(7, 12, 10);
  auto const student_bank = random_matrix<double>(8, 5, 11);
  auto const teacher_bank = random_matrix<double>(8, 12, 12);
  auto const neighbours = random_neighbours(7, 4, 8, 13);
  auto const value = [&](matrix<double> const& x) {
    matrix<double> loss(1, 1);
    rad_loss(policy(), x.view(), t.view(), student_bank.view(), teacher_bank.view(),
             neighbours.view(), loss.scalar());
    return loss.at(0, 0);
  };
  EXPECT_NEAR(value(s),
              reference(s, t, student_bank, teacher_bank, neighbours, coupleface::hinge{}), 1e-14);
  matrix<double> loss(1, 1), gradient(7, 5);
  rad_loss(policy(), s.view(), t.view(), student_bank.view(), teacher_bank.view(),
           neighbours.view(), loss.scalar(), gradient.view());
  EXPECT_EQ(loss.at(0, 0), value(s));
  expect_gradient(s, gradient, value);
}

TEST(rad_loss, a_table_with_labels_is_the_same_as_its_rows_written_out) {
  index_t const n = 23, classes = 10, k = 4;
  auto const s = random_matrix<float>(n, 9, 14);
  auto const t = random_matrix<float>(n, 9, 15);
  auto const bank = random_matrix<float>(classes, 9, 16);
  auto const table = random_neighbours(classes, k, classes, 17);
  auto const labels = random_labels(n, classes, 18);
  ids listed(n, k);
  for (index_t i = 0; i < n; ++i) {
    index_t const label = labels.get(0, i);
    for (index_t j = 0; j < k; ++j) { listed.set(i, j, label < 0 ? -1 : table.at(label, j)); }
  }
  matrix<double> from_table(1, 1), from_list(1, 1);
  matrix<float> table_gradient(n, 9), list_gradient(n, 9);
  rad_loss(policy(), s.view(), t.view(), bank.view(),
           class_neighbours(labels.vector(), table.view()), from_table.scalar(),
           table_gradient.view());
  rad_loss(policy(), s.view(), t.view(), bank.view(), listed.view(), from_list.scalar(),
           list_gradient.view());
  EXPECT_TRUE(from_table.same_bits(from_list) && table_gradient.same_bits(list_gradient));
  EXPECT_GT(from_list.at(0, 0), 0);
}

TEST(rad_loss, zero_where_the_student_is_the_teacher) {
  auto const t = random_matrix<float>(8, 20, 19);
  auto const bank = random_matrix<float>(12, 20, 20);
  auto const neighbours = random_neighbours(8, 6, 12, 21);
  matrix<float> gradient(8, 20), loss(1, 1);
  rad_loss(policy(), t.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), coupleface::squared{});
  EXPECT_EQ(loss.at(0, 0), 0);
  expect_zero(gradient);
}

TEST(rad_loss, no_pairs_no_loss) {
  auto const s = random_matrix<float>(3, 4, 22);
  auto const bank = random_matrix<float>(5, 4, 23);
  ids const none(3, 2, std::vector<double>(6, -1.0));
  ids const empty(3, 0);
  for (auto const* neighbours : {&none, &empty}) {
    matrix<float> loss(1, 1), gradient(3, 4);
    rad_loss(policy(), s.view(), s.view(), bank.view(), neighbours->view(), loss.scalar(),
             gradient.view());
    EXPECT_EQ(loss.at(0, 0), 0);
    expect_zero(gradient);
  }
  matrix<float> const no_rows(0, 4);
  EXPECT_EQ(loss_of(no_rows, no_rows, bank, ids(0, 2)), 0);
}

TEST(rad_loss, degenerate_rows_have_relation_and_gradient_zero) {
  auto const t = random_matrix<float>(2, 6, 24);
  auto const bank = random_matrix<float>(3, 6, 25);
  ids const neighbours(2, 2, {0, 1, 2, 0});
  for (double const value : {0.0, 1e-43}) {
    matrix<float> const zero(2, 6, std::vector<double>(12, value));
    matrix<float> loss(1, 1), gradient(2, 6);
    rad_loss(policy(), zero.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
             gradient.view(), coupleface::absolute{});
    EXPECT_GT(loss.at(0, 0), 0);
    expect_zero(gradient);
    // A bank of zero rows: both relations are 0.
    matrix<float> const no_bank(3, 6, std::vector<double>(18, value));
    EXPECT_EQ(loss_of(t, t, no_bank, neighbours, coupleface::absolute{}), 0);
    rad_loss(policy(), t.view(), zero.view(), bank.view(), neighbours.view(), loss.scalar(),
             gradient.view(), coupleface::squared{});
    for (index_t i = 0; i < 2; ++i) {
      for (index_t j = 0; j < 6; ++j) { EXPECT_TRUE(std::isfinite(gradient.at(i, j))); }
    }
  }
}

TEST(rad_loss, broken_rows_break_the_loss_if_they_are_reached) {
  double const bad[] = {std::nan(""), std::numeric_limits<double>::infinity()};
  auto const s = random_matrix<float>(3, 8, 26);
  auto const bank = random_matrix<float>(4, 8, 27);
  ids const neighbours(3, 2, {0, 1, 1, 0, 0, 1});
  for (double const value : bad) {
    auto broken = random_matrix<float>(3, 8, 28);
    broken.set(1, 2, value);
    EXPECT_TRUE(std::isnan(loss_of(broken, s, bank, neighbours)));
    EXPECT_TRUE(std::isnan(loss_of(s, broken, bank, neighbours)));
    auto broken_bank = random_matrix<float>(4, 8, 29);
    broken_bank.set(3, 0, value);
    EXPECT_TRUE(std::isfinite(loss_of(s, s, broken_bank, neighbours)));
    broken_bank.set(0, 0, value);
    EXPECT_TRUE(std::isnan(loss_of(s, s, broken_bank, neighbours)));
    matrix<float> loss(1, 1), gradient(3, 8);
    rad_loss(policy(), s.view(), s.view(), broken_bank.view(), neighbours.view(), loss.scalar(),
             gradient.view());
    for (index_t j = 0; j < 8; ++j) { EXPECT_TRUE(std::isnan(gradient.at(0, j))); }
  }
}

TEST(rad_loss, a_broken_row_without_neighbours_gets_no_gradient) {
  matrix<float> const s(2, 2, {std::nan(""), 1, 1, 2});
  auto const bank = random_matrix<float>(2, 2, 48);
  ids const neighbours(2, 1, {-1, 0});
  matrix<float> loss(1, 1), gradient(2, 2);
  rad_loss(policy(), s.view(), bank.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), coupleface::absolute{});
  EXPECT_TRUE(std::isfinite(loss.at(0, 0)));
  for (index_t j = 0; j < 2; ++j) { EXPECT_EQ(gradient.at(0, j), 0); }
}

TEST(rad_loss, a_broken_row_of_a_class_without_neighbours_gets_no_gradient) {
  matrix<float> const s(2, 2, {std::nan(""), 1, 1, 2});
  auto const bank = random_matrix<float>(2, 2, 48);
  ids const labels(1, 2, {0, 1}), table(2, 1, {-1, 0});
  matrix<float> loss(1, 1), gradient(2, 2);
  rad_loss(policy(), s.view(), bank.view(), bank.view(),
           class_neighbours(labels.vector(), table.view()), loss.scalar(), gradient.view(),
           coupleface::absolute{});
  EXPECT_TRUE(std::isfinite(loss.at(0, 0)));
  EXPECT_EQ(gradient.at(0, 0), 0);
  EXPECT_EQ(gradient.at(0, 1), 0);
}

/// As one may write a penalty: it costs something to have a neighbour at all.
struct toll {
  COUPLEFACE_HOST_DEVICE coupleface::penalty_value operator()(double) const { return {1, 0}; }
};

TEST(rad_loss, a_penalty_is_asked_for_the_pairs_that_there_are) {
  auto const s = random_matrix<float>(1, 3, 54), bank = random_matrix<float>(20, 3, 55);
  for (index_t const k : {1, 7, 8, 9, 17}) {
    ids neighbours(1, k);
    for (index_t j = 0; j < k; ++j) { neighbours.set(0, j, double(j)); }
    EXPECT_EQ(loss_of(s, s, bank, neighbours, toll{}), 1) << k;
  }
}

TEST(rad_loss, a_row_has_the_gradient_it_has_alone) {
  // A power of two: the mean over all pairs scales every bit pattern exactly.
  index_t const n = 256, k = 4, width = 19;
  auto const s = random_matrix<float>(n, width, 56), t = random_matrix<float>(n, width, 57);
  auto const bank = random_matrix<float>(11, width, 58);
  ids neighbours(n, k);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < k; ++j) { neighbours.set(i, j, double((3 * i + j) % 11)); }
  }
  matrix<float> loss(1, 1), gradient(n, width), alone(1, width);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), coupleface::absolute{});
  for (index_t i = 0; i < n; i += 17) {
    auto const row = [&](auto const& x) {
      auto const all = x.view();
      return coupleface::make_matrix_view(all.row(i), 1, all.extent(1), all.stride(0));
    };
    rad_loss(policy(), row(s), row(t), bank.view(), row(neighbours), loss.scalar(), alone.view(),
             coupleface::absolute{});
    for (index_t j = 0; j < width; ++j) {
      EXPECT_EQ(gradient.at(i, j) * double(n), alone.at(0, j)) << i << ", " << j;
    }
  }
}

TEST(rad_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(2, 4, 49);
  ids const neighbours(2, 1, {0, 1});
  EXPECT_THROW(loss_of(s, s, s, neighbours, coupleface::hinge{std::nan("")}),
               std::invalid_argument);
  EXPECT_THROW(loss_of(s, s, s, neighbours, coupleface::hinge{-0.1}), std::invalid_argument);
  EXPECT_THROW(loss_of(s, s, s, neighbours, coupleface::smooth_l1{0.0}), std::invalid_argument);
}

TEST(rad_loss, errors_name_what_is_wrong_and_write_nothing) {
  auto const s = random_matrix<float>(3, 4, 30);
  auto const bank = random_matrix<float>(5, 4, 31);
  matrix<float> loss(1, 1), gradient(3, 4);
  auto const message = [&](auto const& neighbours, auto const& from) {
    try {
      rad_loss(policy(), s.view(), s.view(), from.view(), neighbours, loss.scalar(),
               gradient.view());
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  ids beyond(3, 2, {0, 1, 4, 5, 0, 0});
  if (ids_are_checked) {
    EXPECT_EQ(message(beyond.view(), bank),
              "coupleface::rad_loss: neighbours(1, 1) is 5, outside [-1, 5)");
  }
  ids const short_list(2, 2, {0, 1, 0, 0});
  EXPECT_EQ(message(short_list.view(), bank),
            "coupleface::rad_loss: samples of neighbours is 2, but rows of student is 3");
  ids const labels(1, 3, {0, 3, -1});
  ids const table(3, 1, {0, 0, 0});
  ids const few_labels(1, 3, {2, 1, -1});
  ids const bad_table(3, 1, {0, -2, 0});
  if (ids_are_checked) {
    EXPECT_EQ(message(class_neighbours(labels.vector(), table.view()), bank),
              "coupleface::rad_loss: labels(1) is 3, outside [-1, 3)");
    EXPECT_EQ(message(class_neighbours(few_labels.vector(), bad_table.view()), bank),
              "coupleface::rad_loss: table(1, 0) is -2, outside [-1, 5)");
  }
  auto const narrow = random_matrix<float>(5, 3, 32);
  ids const fine(3, 2, {0, 1, 0, 1, 0, 1});
  EXPECT_EQ(message(fine.view(), narrow),
            "coupleface::rad_loss: width of the student's bank is 3, but width of student is 4");
  EXPECT_TRUE(loss.untouched() && gradient.untouched());
}

#if COUPLEFACE_HAS_KERNELS  // elsewhere they are refused
TEST(rad_loss, ids_that_are_not_checked_make_the_loss_nan) {
  auto const s = random_matrix<float>(3, 4, 30);
  auto const bank = random_matrix<float>(5, 4, 31);
  auto const broken = [&](auto const& neighbours) {
    matrix<float> loss(1, 1), gradient(3, 4);
    rad_loss(policy(), s.view(), s.view(), bank.view(), neighbours, loss.scalar(), gradient.view());
    return std::isnan(loss.at(0, 0)) && std::isfinite(gradient.at(0, 0));
  };
  ids const beyond(3, 2, {0, 1, 4, 5, 0, 0}), negative(3, 1, {-1, -2, -1});
  EXPECT_TRUE(broken(beyond.view()) && broken(negative.view()));
  ids const labels(1, 3, {0, 3, -1}), few_labels(1, 3, {2, 1, -1}), none(1, 3, {-1, -7, -1});
  ids const table(3, 1, {0, 0, 0}), bad_table(3, 1, {0, -2, 0});
  EXPECT_TRUE(broken(class_neighbours(labels.vector(), table.view())));
  EXPECT_TRUE(broken(class_neighbours(none.vector(), table.view())));
  EXPECT_TRUE(broken(class_neighbours(few_labels.vector(), bad_table.view())));
}
#endif

TEST(rad_loss, any_width_and_count_has_the_bits_of_the_host) {
  // Beyond what a device's block has room for: rows that are not kept, a direction elsewhere.
  for (auto const& [width, k] : {std::pair<index_t, index_t>{500, 70}, {3001, 9}, {6500, 5}}) {
    auto const s = random_matrix<float>(2, width, 50), t = random_matrix<float>(2, width, 51);
    auto const bank = random_matrix<float>(6, width, 52);
    auto const neighbours = random_neighbours(2, k, 6, 53);
    auto const host_s = on_host(s), host_t = on_host(t), host_bank = on_host(bank);
    auto const host_neighbours = on_host(neighbours);
    matrix<double> loss(1, 1);
    matrix<float> gradient(2, width);
    host_matrix<double> host_loss(1, 1);
    host_matrix<float> host_gradient(2, width);
    rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
             gradient.view(), coupleface::absolute{});
    rad_loss(thrust::seq, host_s.view(), host_t.view(), host_bank.view(), host_neighbours.view(),
             host_loss.scalar(), host_gradient.view(), coupleface::absolute{});
    EXPECT_TRUE(loss.same_bits(host_loss) && gradient.same_bits(host_gradient)) << width;
  }
}

TEST(rad_loss, same_bits_every_time_and_with_or_without_gradient) {
  index_t const n = 131, classes = 60;
  auto const s = random_matrix<float>(n, 45, 33);
  auto const t = random_matrix<float>(n, 45, 34);
  auto const bank = random_matrix<float>(classes, 45, 35);
  auto const neighbours = random_neighbours(n, 20, classes, 36);
  auto const host_s = on_host(s), host_t = on_host(t), host_bank = on_host(bank);
  auto const host_neighbours = on_host(neighbours);
  matrix<double> a(1, 1), value_only(1, 1);
  matrix<float> a_gradient(n, 45);
  host_matrix<double> b(1, 1);
  host_matrix<float> b_gradient(n, 45);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), a.scalar(),
           a_gradient.view());
  rad_loss(thrust::seq, host_s.view(), host_t.view(), host_bank.view(), host_neighbours.view(),
           b.scalar(), b_gradient.view());
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), value_only.scalar());
  EXPECT_TRUE(a.same_bits(b) && a.same_bits(value_only) && a_gradient.same_bits(b_gradient));
}

TEST(rad_loss, scale_and_rotation_do_not_matter) {
  auto const s = random_matrix<double>(6, 2, 37);
  auto const t = random_matrix<double>(6, 2, 38);
  auto const bank = random_matrix<double>(5, 2, 39);
  auto const neighbours = random_neighbours(6, 4, 5, 40);
  auto const turned = [](matrix<double> const& x, double scale) {
    matrix<double> y(x.rows(), 2);
    for (index_t i = 0; i < x.rows(); ++i) {
      y.set(i, 0, scale * (std::cos(0.7) * x.at(i, 0) - std::sin(0.7) * x.at(i, 1)));
      y.set(i, 1, scale * (std::sin(0.7) * x.at(i, 0) + std::cos(0.7) * x.at(i, 1)));
    }
    return y;
  };
  EXPECT_NEAR(loss_of(s, t, bank, neighbours),
              loss_of(turned(s, 3), turned(t, 0.1), turned(bank, 7), neighbours), 1e-14);
}

TEST(rad_loss, active_share_is_the_share_of_pairs_that_push) {
  auto const s = random_matrix<float>(20, 7, 41);
  auto const t = random_matrix<float>(20, 7, 42);
  auto const bank = random_matrix<float>(10, 7, 43);
  auto const neighbours = random_neighbours(20, 5, 10, 44);
  coupleface::hinge const hinge{0.03};
  index_t active = 0, pairs = 0;
  for (index_t i = 0; i < 20; ++i) {
    for (index_t k = 0; k < 5; ++k) {
      index_t const c = neighbours.get(i, k);
      if (c < 0) { continue; }
      ++pairs;
      active += reference_cosine(s, i, bank, c) - reference_cosine(t, i, bank, c) > hinge.q;
    }
  }
  EXPECT_NEAR(loss_of(s, t, bank, neighbours, coupleface::active_share<coupleface::hinge>{hinge}),
              double(active) / double(pairs), 1e-15);
}

TEST(rad_loss, scratch_does_not_grow_with_the_neighbours) {
  auto const s = on_host(random_matrix<float>(100, 16, 45));
  auto const bank = on_host(random_matrix<float>(30, 16, 46));
  host_matrix<float> loss(1, 1), gradient(100, 16);
  std::size_t const rows = 3;  // of doubles, for each of 64 lanes
  for (index_t const k : {1, 50}) {
    auto const neighbours = on_host(random_neighbours(100, k, 30, 47));
    allocation_count count;
    counting_allocator allocator(count);
    rad_loss(thrust::seq(allocator), s.view(), s.view(), bank.view(), neighbours.view(),
             loss.scalar(), gradient.view());
    EXPECT_EQ(count.bytes, 8u * 100 + 8u * 64 * 16 * rows + 64);
    EXPECT_EQ(count.live, 0u);
  }
}

}  // namespace
