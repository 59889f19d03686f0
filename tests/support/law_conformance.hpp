// SPDX-License-Identifier: Apache-2.0
// Test support: what every loss of a student beside a teacher must do, given a plain reference of
// its value.
//
// A case derives from law_case and has
//   static constexpr char const* name                          the function, as errors name it
//   void operator()(policy, student, teacher, loss[, student_gradient]) const       calls it
//   long double value(reference_rows s, reference_rows t) const                     the reference
//   error_bounds bounds(reference_rows s, reference_rows t, double epsilon) const   of the loss in
//                                                                 an accumulator with this epsilon
// and says what it promises by hiding members of law_case. A test then instantiates the suite:
//   INSTANTIATE_TYPED_TEST_SUITE_P(name, law_conformance, testing::Types<cases...>);
#pragma once

#include <coupleface/element.hpp>

#include "counting_allocator.hpp"
#include "reference_pairs.hpp"
#include "scratch_ceiling.hpp"
#include "threads.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace coupleface_test {

struct loss_shape {
  index_t n, student, teacher;  ///< rows, widths
};

/// Shapes around the sizes of vectors, panels and blocks; the last one has several panels in a
/// block.
inline std::vector<loss_shape> loss_shapes() {
  return {{0, 5, 3},    {1, 1, 2},      {2, 2, 1},      {2, 16, 17},  {3, 15, 16},
          {5, 17, 15},  {5, 64, 101},   {31, 31, 33},   {32, 32, 31}, {33, 33, 32},
          {33, 101, 2}, {64, 1, 64},    {65, 64, 15},   {127, 2, 31}, {129, 17, 32},
          {200, 16, 1}, {260, 15, 101}, {33, 130, 257}, {545, 3, 2}};
}

/// What changes no value: lengths of all rows, of a side, or of none.
enum class rescaling { none, sides, rows };

/// What the losses over all pairs of a batch promise.
struct law_case {
  static constexpr bool any_widths = true;     ///< those of student and teacher may differ
  static constexpr bool any_rotation = true;   ///< of a side changes nothing
  static constexpr bool zero_at_equal = true;  ///< sides: loss and gradient
  static constexpr rescaling any_length = rescaling::rows;
  static constexpr index_t needed_rows = 2;  ///< fewer have no pair: loss and gradient are 0
  static constexpr bool accumulates_in_double = false, has_the_hosts_bits_on_devices = false;

  /// The documented ceiling in bytes: two copies of each side and the gradient, 288 or 544 KiB for
  /// each of 16 lanes. Nothing grows with n^2.
  static std::size_t scratch(loss_shape shape, std::size_t size) {
    index_t const elements = shape.n * (2 * (shape.student + shape.teacher) + shape.student);
    return std::size_t(elements) * size + 16u * (size == sizeof(double) ? 544 : 288) * 1024;
  }
};

/// A loss and its gradient, whose rows have padding.
template <class S>
struct loss_result {
  matrix<double> loss{1, 1};
  matrix<S> gradient;

  loss_result(index_t n, index_t width) : gradient(n, width, 3) {}
  double value() const { return loss.at(0, 0); }
  bool same_bits(loss_result const& other) const {
    return loss.same_bits(other.loss) && gradient.same_bits(other.gradient);
  }
};

template <class Case, class S, class T>
loss_result<S> run_loss(Case const& of, matrix<S> const& s, matrix<T> const& t) {
  loss_result<S> result(s.rows(), s.columns());
  of(policy(), s.view(), t.view(), result.loss.scalar(), result.gradient.view());
  return result;
}

template <class Case, class S, class T>
double value_of_loss(Case const& of, matrix<S> const& s, matrix<T> const& t) {
  matrix<double> loss(1, 1);
  of(policy(), s.view(), t.view(), loss.scalar());
  return loss.at(0, 0);
}

template <class T>
matrix<double> in_doubles(matrix<T> const& x) {
  std::vector<double> values;
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { values.push_back(x.at(i, j)); }
  }
  return {x.rows(), x.columns(), values};
}

/// Whether every element was written, and nothing between the rows.
template <class T>
bool written_between_paddings(matrix<T> const& x) {
  std::vector<T> const elements = x.elements();
  T const none = unwritten<T>();
  for (std::size_t at = 0; at < elements.size(); ++at) {
    bool const padding = index_t(at) % x.stride() >= x.columns();
    bool const left = std::memcmp(&elements[at], &none, sizeof none) == 0;
    if (padding != left) { return false; }
  }
  return true;
}

template <class Case>
loss_shape fitted(Case const&, loss_shape shape) {
  return {shape.n, shape.student, Case::any_widths ? shape.teacher : shape.student};
}

/// The epsilon of what a loss of S and T is accumulated in.
template <class Case, class S, class T>
double accumulator_epsilon(Case const&) {
  bool const in_double =
      Case::accumulates_in_double || std::is_same_v<S, double> || std::is_same_v<T, double>;
  return in_double ? std::numeric_limits<double>::epsilon()
                   : double(std::numeric_limits<float>::epsilon());
}

/// Value and gradient of stored elements: the value beside the reference, the gradient beside that
/// of the same values in double.
template <class S, class T, class Case>
void expect_elements(Case const& of, loss_shape shape) {
  SCOPED_TRACE(std::to_string(shape.n) + " x " + std::to_string(shape.student) + " and " +
               std::to_string(shape.teacher));
  auto const s = random_matrix<S>(shape.n, shape.student, 11, 3);
  auto const t = random_matrix<T>(shape.n, shape.teacher, 12, 1);
  auto const found = run_loss(of, s, t);
  auto const s_rows = rows_of(s), t_rows = rows_of(t);
  auto const bounds = of.bounds(s_rows, t_rows, accumulator_epsilon<Case, S, T>(of));
  EXPECT_NEAR(found.value(), double(of.value(s_rows, t_rows)), bounds.value);
  EXPECT_TRUE(written_between_paddings(found.gradient));
  if constexpr (!std::is_same_v<S, double>) {
    auto const wide = run_loss(of, in_doubles(s), in_doubles(t));
    for (index_t i = 0; i < shape.n; ++i) {
      double const allowed = bounds.gradient[static_cast<std::size_t>(i)];
      for (index_t j = 0; j < shape.student; ++j) {
        double const expected = wide.gradient.at(i, j);
        EXPECT_NEAR(found.gradient.at(i, j), expected, allowed + storing_tolerance<S>(expected))
            << i << ", " << j;
      }
    }
  }
}

template <class S, class T, class Case>
void expect_elements_of_all_shapes(Case const& of) {
  for (loss_shape const& shape : loss_shapes()) { expect_elements<S, T>(of, fitted(of, shape)); }
}

/// Derivatives of the reference along directions that lie in one row each. With h = 1e-6 a central
/// difference of a loss of order 1, with rows of order 1, is wrong by about h^2 and 2^-64 / h,
/// 1e-12 and 1e-13, times what the third derivative is.
template <class Case>
class derivatives {
 public:
  static constexpr long double step = 1e-6L, allowed = 1e-10L;

  derivatives(Case const& of, loss_shape shape)
      : case_(of),
        s_(random_matrix<double>(shape.n, shape.student, 21)),
        t_(rows_of(random_matrix<double>(shape.n, shape.teacher, 22))),
        at_(rows_of(s_)),
        found_(run_loss(of, s_, random_matrix<double>(shape.n, shape.teacher, 22))) {}

  void expect_along(index_t i, std::vector<long double> const& direction) {
    long double expected = 0;
    for (index_t j = 0; j < at_.width; ++j) {
      expected += direction[std::size_t(j)] * found_.gradient.at(i, j);
    }
    long double const difference = moved(i, direction, step) - moved(i, direction, -step);
    EXPECT_NEAR(double(difference / (2 * step)), double(expected), double(allowed)) << "row " << i;
  }

  void expect_all_elements() {
    for (index_t i = 0; i < at_.rows; ++i) {
      for (index_t j = 0; j < at_.width; ++j) {
        std::vector<long double> direction(std::size_t(at_.width), 0.0L);
        direction[std::size_t(j)] = 1;
        expect_along(i, direction);
      }
    }
  }

  /// Along one direction of unit length in some rows, the first and the last among them.
  void expect_some_rows() {
    index_t const n = at_.rows;
    auto const unit = unit_rows(rows_of(random_matrix<double>(1, at_.width, 23)));
    for (index_t const i : {index_t(0), n / 3, n / 2, n - 1}) { expect_along(i, unit.x); }
  }

 private:
  long double moved(index_t i, std::vector<long double> const& direction, long double by) const {
    reference_rows x = at_;
    for (index_t j = 0; j < x.width; ++j) { x.at(i, j) += by * direction[std::size_t(j)]; }
    return case_.value(x, t_);
  }

  Case const& case_;
  matrix<double> s_;
  reference_rows t_, at_;
  loss_result<double> found_;
};

template <class Case>
void expect_derivatives(Case const& of) {
  for (loss_shape const shape : {loss_shape{2, 3, 2}, {3, 15, 16}, {5, 17, 2}, {7, 2, 33}}) {
    SCOPED_TRACE(shape.n);
    derivatives(of, fitted(of, shape)).expect_all_elements();
  }
  for (loss_shape const shape :
       {loss_shape{33, 16, 17}, {65, 33, 15}, {129, 17, 16}, {289, 4, 5}}) {
    SCOPED_TRACE(shape.n);
    derivatives(of, fitted(of, shape)).expect_some_rows();
  }
}

/// The loss of the rows that the host holds, by thrust::seq.
template <class Case, class S, class T>
bool has_the_bits_of_one_thread(Case const& of, matrix<S> const& s, matrix<T> const& t,
                                loss_result<S> const& expected) {
  auto const host_s = on_host(s);
  auto const host_t = on_host(t);
  host_matrix<double> loss(1, 1);
  host_matrix<S> gradient(s.rows(), s.columns(), 3);
  of(thrust::seq, host_s.view(), host_t.view(), loss.scalar(), gradient.view());
  return expected.loss.same_bits(loss) && expected.gradient.same_bits(gradient);
}

template <class S, class T, class Case>
void expect_same_bits(Case const& of, loss_shape shape) {
  auto const s = random_matrix<S>(shape.n, shape.student, 31);
  auto const t = random_matrix<T>(shape.n, shape.teacher, 32);
  auto const first = run_loss(of, s, t);
  matrix<double> value_only(1, 1);
  of(policy(), s.view(), t.view(), value_only.scalar());
  EXPECT_TRUE(first.loss.same_bits(value_only));
  EXPECT_TRUE(first.same_bits(run_loss(of, s, t)));
  // The same rows with padding between them.
  auto const apart_s = random_matrix<S>(shape.n, shape.student, 31, 5);
  auto const apart_t = random_matrix<T>(shape.n, shape.teacher, 32, 2);
  EXPECT_TRUE(first.same_bits(run_loss(of, apart_s, apart_t)));
  for (int const threads : {1, 2, 3}) {
    with_threads(threads, [&] {
      EXPECT_TRUE(first.same_bits(run_loss(of, s, t))) << threads << " threads";
    });
  }
  if constexpr (coupleface::detail::is_host_policy_v<decltype(policy())> ||
                Case::has_the_hosts_bits_on_devices) {
    EXPECT_TRUE(has_the_bits_of_one_thread(of, s, t, first));
  }
}

/// A loss of floats is stored as that of doubles, rounded.
template <class Case>
void expect_float_loss(Case const& of) {
  loss_shape const shape = fitted(of, {5, 17, 15});
  auto const s = random_matrix<float>(shape.n, shape.student, 33);
  auto const t = random_matrix<float>(shape.n, shape.teacher, 34);
  matrix<float> loss(1, 1);
  of(policy(), s.view(), t.view(), loss.scalar());
  EXPECT_EQ(loss.get(0, 0), float(value_of_loss(of, s, t)));
}

template <class T, class Case>
void expect_broken_rows_to_break_it(Case const& of) {
  loss_shape const shape = fitted(of, {37, 19, 17});
  double const infinity = std::numeric_limits<double>::infinity();
  for (double const bad : {std::nan(""), infinity, -infinity}) {
    for (index_t const i : {index_t(0), index_t(20), shape.n - 1}) {
      auto const s = random_matrix<T>(shape.n, shape.student, 41);
      auto const t = random_matrix<T>(shape.n, shape.teacher, 42);
      auto broken_s = s;
      auto broken_t = t;
      broken_s.set(i, 3, bad);
      broken_t.set(i, shape.teacher - 1, bad);
      auto const of_student = run_loss(of, broken_s, t), of_teacher = run_loss(of, s, broken_t);
      EXPECT_TRUE(std::isnan(of_student.value())) << bad << " in student row " << i;
      EXPECT_TRUE(std::isnan(of_teacher.value())) << bad << " in teacher row " << i;
      EXPECT_TRUE(std::isnan(of_student.gradient.at(i, 0))) << bad << " in student row " << i;
      EXPECT_TRUE(std::isnan(value_of_loss(of, broken_s, t)));
      EXPECT_TRUE(std::isnan(value_of_loss(of, s, broken_t)));
    }
  }
}

template <class T>
bool is_finite(matrix<T> const& x) {
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) {
      if (!std::isfinite(x.at(i, j))) { return false; }
    }
  }
  return true;
}

/// Defined, finite, and as the reference says.
template <class Case, class S, class T>
loss_result<S> expect_defined(Case const& of, matrix<S> const& s, matrix<T> const& t,
                              char const* what) {
  auto const found = run_loss(of, s, t);
  auto const s_rows = rows_of(s), t_rows = rows_of(t);
  auto const bounds = of.bounds(s_rows, t_rows, accumulator_epsilon<Case, S, T>(of));
  EXPECT_NEAR(found.value(), double(of.value(s_rows, t_rows)), bounds.value) << what;
  EXPECT_TRUE(std::isfinite(found.value())) << what;
  EXPECT_TRUE(is_finite(found.gradient)) << what;
  return found;
}

/// Row 1 of x repeated in the rows from `first` on.
template <class T>
matrix<T> with_repeated_rows(matrix<T> x, index_t first) {
  for (index_t i = first; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { x.set(i, j, x.at(1, j)); }
  }
  return x;
}

template <class T>
matrix<T> with_zero_rows(matrix<T> x, std::vector<index_t> const& rows) {
  for (index_t const i : rows) {
    for (index_t j = 0; j < x.columns(); ++j) { x.set(i, j, 0); }
  }
  return x;
}

template <class T, class Case>
void expect_degenerate_rows_to_be_defined(Case const& of, index_t n) {
  loss_shape const shape = fitted(of, {n, 17, 15});
  auto const s = random_matrix<T>(n, shape.student, 51);
  auto const t = random_matrix<T>(n, shape.teacher, 52);
  auto const some = with_zero_rows(s, {0, 3}), some_t = with_zero_rows(t, {0, 2});
  auto const none = matrix<T>(n, shape.student, std::vector<double>(s.elements().size(), 0.0));
  auto const none_t = matrix<T>(n, shape.teacher, std::vector<double>(t.elements().size(), 0.0));
  auto const pair = with_repeated_rows(s, n - 1), equal = with_repeated_rows(s, 0);
  auto const pair_t = with_repeated_rows(t, n - 1), equal_t = with_repeated_rows(t, 0);
  expect_defined(of, some, t, "zeros in the student");
  expect_defined(of, s, some_t, "zeros in the teacher");
  expect_defined(of, some, some_t, "zeros in both");
  expect_defined(of, none, t, "a student of zeros");
  expect_defined(of, s, none_t, "a teacher of zeros");
  expect_defined(of, none, none_t, "zeros");
  expect_defined(of, pair, t, "two equal rows in the student");
  expect_defined(of, s, pair_t, "two equal rows in the teacher");
  expect_defined(of, pair, pair_t, "two equal rows in both");
  expect_defined(of, equal, t, "a student of equal rows");
  expect_defined(of, s, equal_t, "a teacher of equal rows");
  expect_defined(of, equal, equal_t, "equal rows");
}

template <class T, class Case>
void expect_few_rows_to_be_defined(Case const& of) {
  for (index_t n = 0; n < 3; ++n) {
    for (index_t const width : {0, 1, 5}) {
      auto const s = random_matrix<T>(n, width, 53), t = random_matrix<T>(n, width, 54);
      auto const found = expect_defined(of, s, t, "few rows");
      if (n >= Case::needed_rows) { continue; }
      EXPECT_EQ(found.value(), 0);
      expect_zero(found.gradient);
    }
  }
  auto const s = random_matrix<T>(40, 0, 55);
  expect_defined(of, s, s, "rows without columns");
}

template <class T, class Case>
void expect_scratch(Case const& of, loss_shape shape) {
  auto const s = on_host(random_matrix<T>(shape.n, shape.student, 61));
  auto const t = on_host(random_matrix<T>(shape.n, shape.teacher, 62));
  host_matrix<double> loss(1, 1);
  host_matrix<T> gradient(shape.n, shape.student);
  allocation_count count;
  counting_allocator allocator(count);
  of(thrust::seq(allocator), s.view(), t.view(), loss.scalar(), gradient.view());
  expect_scratch_within(count, Case::scratch(shape, sizeof(coupleface::accumulator_t<T>)));
  EXPECT_LT(count.most, std::size_t(shape.n * shape.n) * sizeof(T)) << "grows with n^2";
}

template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
  } catch (std::invalid_argument const& error) { return error.what(); }
  return "nothing is refused";
}

inline void expect_words(std::string const& message, std::vector<std::string> const& words) {
  for (std::string const& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << word << " is not in: " << message;
  }
}

template <class Case>
void expect_errors(Case const& of) {
  auto const s = random_matrix<float>(5, 7, 71), t = random_matrix<float>(5, 7, 72);
  auto const few = random_matrix<float>(4, 7, 73);
  matrix<double> loss(1, 1);
  matrix<float> gradient(5, 7, 2), narrow(5, 6, 2), low(4, 7, 2);
  using rows = coupleface::matrix_view<float const>;
  auto const refusal = [&](rows student, rows teacher, auto... gradients) {
    return refusal_of([&] { of(policy(), student, teacher, loss.scalar(), gradients...); });
  };
  std::string const function = std::string("coupleface::") + Case::name + ": ";
  expect_words(refusal(s.view(), few.view()), {function, "teacher", "4", "student", "5"});
  expect_words(refusal(few.view(), t.view(), low.view()), {function, "teacher", "5", "4"});
  expect_words(refusal(s.view(), t.view(), narrow.view()),
               {function, "student_gradient is 5 x 6", "student is 5 x 7"});
  expect_words(refusal(s.view(), t.view(), low.view()),
               {function, "student_gradient is 4 x 7", "student is 5 x 7"});
  expect_words(refusal(rows(nullptr, 5, 7), t.view()), {function, "student", "null", "5 x 7"});
  expect_words(refusal(s.view(), rows(nullptr, 5, 7)), {function, "teacher", "null", "5 x 7"});
  expect_words(refusal(s.view(), rows(t.view().data_handle(), 5, 7, 6)),
               {function, "teacher has row stride 6", "7 columns"});
  expect_words(refusal(rows(s.view().data_handle(), -1, 7), t.view()), {function, "-1 x 7"});
  expect_words(refusal_of([&] {
                 of(policy(), s.view(), t.view(), coupleface::scalar_view<double>(nullptr));
               }),
               {function, "loss", "null"});
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && narrow.untouched() && low.untouched());
}

/// Rows in another order, row i of the result is row (7 i + 3) mod n.
inline matrix<double> in_other_order(matrix<double> const& x) {
  matrix<double> y(x.rows(), x.columns());
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { y.set(i, j, x.at((7 * i + 3) % x.rows(), j)); }
  }
  return y;
}

/// Every row mirrored at one plane, and turned by nothing else: x - 2 (x . v) v.
inline matrix<double> mirrored(matrix<double> const& x) {
  auto const rows = rows_of(x),
             plane = unit_rows(rows_of(random_matrix<double>(1, x.columns(), 81)));
  matrix<double> y(x.rows(), x.columns());
  for (index_t i = 0; i < x.rows(); ++i) {
    long double along = 0;
    for (index_t j = 0; j < x.columns(); ++j) { along += rows.at(i, j) * plane.at(0, j); }
    for (index_t j = 0; j < x.columns(); ++j) {
      y.set(i, j, double(rows.at(i, j) - 2 * along * plane.at(0, j)));
    }
  }
  return y;
}

/// Rows times powers of two, which round nothing: one for all, or another for each.
inline matrix<double> rescaled(matrix<double> x, bool by_row) {
  for (index_t i = 0; i < x.rows(); ++i) {
    double const scale = by_row ? std::ldexp(1.0, int(i % 9) - 4) : 0.25;
    for (index_t j = 0; j < x.columns(); ++j) { x.set(i, j, x.at(i, j) * scale); }
  }
  return x;
}

template <class Case>
void expect_invariances(Case const& of) {
  loss_shape const shape = fitted(of, {41, 17, 15});
  auto const s = random_matrix<double>(shape.n, shape.student, 82);
  auto const t = random_matrix<double>(shape.n, shape.teacher, 83);
  double const loss = value_of_loss(of, s, t);
  // Both values have the error of a value. A mirrored row is rounded like one more product.
  double const epsilon = std::numeric_limits<double>::epsilon();
  double const allowed = 2 * of.bounds(rows_of(s), rows_of(t), epsilon).value;
  EXPECT_NEAR(value_of_loss(of, in_other_order(s), in_other_order(t)), loss, allowed);
  if constexpr (Case::any_rotation) {
    EXPECT_NEAR(value_of_loss(of, mirrored(s), t), loss, 2 * allowed);
    EXPECT_NEAR(value_of_loss(of, s, mirrored(t)), loss, 2 * allowed);
  }
  if constexpr (Case::any_length != rescaling::none) {
    bool const by_row = Case::any_length == rescaling::rows;
    EXPECT_NEAR(value_of_loss(of, rescaled(s, by_row), t), loss, allowed);
    EXPECT_NEAR(value_of_loss(of, s, rescaled(t, by_row)), loss, allowed);
  }
}

/// Equal sides go through equal operations: the loss is exactly 0, apart from sums that divide.
template <class T, class Case>
void expect_zero_at_equal(Case const& of) {
  for (index_t const n : {2, 5, 33, 129}) {
    auto const x = random_matrix<T>(n, 17, 91);
    auto const found = run_loss(of, x, x);
    auto const rows = rows_of(x);
    auto const bounds = of.bounds(rows, rows, accumulator_epsilon<Case, T, T>(of));
    EXPECT_NEAR(found.value(), 0, bounds.value);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < 17; ++j) {
        EXPECT_NEAR(found.gradient.at(i, j), 0, bounds.gradient[static_cast<std::size_t>(i)]);
      }
    }
  }
}

template <class Case>
class law_conformance : public testing::Test {};
TYPED_TEST_SUITE_P(law_conformance);

TYPED_TEST_P(law_conformance, doubles_beside_the_reference) {
  expect_elements_of_all_shapes<double, double>(TypeParam{});
}
TYPED_TEST_P(law_conformance, floats_beside_the_reference_and_doubles) {
  expect_elements_of_all_shapes<float, float>(TypeParam{});
}
TYPED_TEST_P(law_conformance, halves_beside_the_reference_and_doubles) {
  expect_elements_of_all_shapes<coupleface::float16, coupleface::float16>(TypeParam{});
  expect_elements_of_all_shapes<coupleface::bfloat16, coupleface::bfloat16>(TypeParam{});
}
TYPED_TEST_P(law_conformance, gradient_beside_central_differences_of_the_reference) {
  expect_derivatives(TypeParam{});
}
TYPED_TEST_P(law_conformance, same_bits_for_any_policy_threads_strides_and_with_the_gradient) {
  TypeParam const of;
  expect_same_bits<float, float>(of, fitted(of, {201, 33, 17}));
  expect_same_bits<double, double>(of, fitted(of, {67, 15, 32}));
  expect_float_loss(of);
}
TYPED_TEST_P(law_conformance, broken_rows_break_the_loss) {
  expect_broken_rows_to_break_it<float>(TypeParam{});
  expect_broken_rows_to_break_it<double>(TypeParam{});
}
TYPED_TEST_P(law_conformance, degenerate_rows_are_defined) {
  for (index_t const n : {5, 40}) {
    expect_degenerate_rows_to_be_defined<float>(TypeParam{}, n);
    expect_degenerate_rows_to_be_defined<double>(TypeParam{}, n);
  }
  expect_few_rows_to_be_defined<float>(TypeParam{});
  expect_few_rows_to_be_defined<double>(TypeParam{});
}
TYPED_TEST_P(law_conformance, scratch_is_as_documented) {
  expect_scratch<float>(TypeParam{}, fitted(TypeParam{}, {1536, 32, 64}));
  expect_scratch<double>(TypeParam{}, fitted(TypeParam{}, {1040, 16, 16}));
}
TYPED_TEST_P(law_conformance, errors_name_what_is_wrong_and_write_nothing) {
  expect_errors(TypeParam{});
}
TYPED_TEST_P(law_conformance, order_rotation_and_length_where_they_do_not_matter) {
  expect_invariances(TypeParam{});
}
TYPED_TEST_P(law_conformance, zero_at_equal_sides) {
  if constexpr (TypeParam::zero_at_equal) {
    expect_zero_at_equal<float>(TypeParam{});
    expect_zero_at_equal<double>(TypeParam{});
  }
}

REGISTER_TYPED_TEST_SUITE_P(law_conformance, doubles_beside_the_reference,
                            floats_beside_the_reference_and_doubles,
                            halves_beside_the_reference_and_doubles,
                            gradient_beside_central_differences_of_the_reference,
                            same_bits_for_any_policy_threads_strides_and_with_the_gradient,
                            broken_rows_break_the_loss, degenerate_rows_are_defined,
                            scratch_is_as_documented, errors_name_what_is_wrong_and_write_nothing,
                            order_rotation_and_length_where_they_do_not_matter,
                            zero_at_equal_sides);

}  // namespace coupleface_test
