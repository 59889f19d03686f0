// SPDX-License-Identifier: Apache-2.0
// rad_loss: every element of value and gradient against a plain loop, for every element type and
// widths around every vector.
#include <coupleface/losses/rad.hpp>

#include "../support/reference.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using namespace coupleface_test;
using coupleface::bfloat16;
using coupleface::float16;
using coupleface::rad_loss;
using ids = matrix<std::int32_t>;

constexpr index_t classes = 23, slots = 24;

/// Valid neighbours of the samples: around the groups of 4 and batches of 8 in which rows are
/// gathered. A row without neighbours is among them.
std::vector<index_t> const counts = {17, 1, 3, 0, 4, 5, 7, 8, 9, 12, 20};

/// That many neighbours a row, the empty slots between them.
ids some_neighbours(unsigned seed) {
  std::mt19937 generator(seed);
  index_t const n = index_t(counts.size());
  std::vector<double> entries(std::size_t(n * slots), -1.0);
  for (index_t i = 0; i < n; ++i) {
    std::vector<index_t> places(std::size_t(slots), 0);
    std::iota(places.begin(), places.end(), index_t(0));
    std::shuffle(places.begin(), places.end(), generator);
    for (index_t k = 0; k < counts[std::size_t(i)]; ++k) {
      entries[std::size_t(i * slots + places[std::size_t(k)])] = double(generator() % classes);
    }
  }
  return {n, slots, entries, 3};
}

struct expected_rad {
  long double loss = 0;
  std::vector<long double> gradient;  ///< [n, d]
  std::vector<long double> sizes;     ///< of what is summed to a row's elements
};

/// Adds sample i: its penalties, and g = sum slope unit bank row, projected.
template <class Rows, class Penalty>
void add_sample(Rows const& rows, host_matrix<std::int32_t> const& neighbours, index_t i,
                Penalty penalty, long double mean, expected_rad& expected) {
  index_t const d = rows.width;
  std::vector<long double> g(std::size_t(d), 0.0L);
  long double size = 0;
  for (index_t k = 0; k < slots; ++k) {
    index_t const c = neighbours.get(i, k);
    if (c < 0) { continue; }
    auto const gap = reference_product(rows.student, i, rows.student_bank, c, d) -
                     reference_product(rows.teacher, i, rows.teacher_bank, c, rows.teacher_width);
    auto const p = penalty(double(gap));
    expected.loss += mean * (long double)(p.value);
    size += std::fabs(p.slope) + 2;  // a gap's error times the largest second derivative
    for (index_t j = 0; j < d; ++j) {
      g[std::size_t(j)] += (long double)(p.slope) * rows.student_bank[std::size_t(c * d + j)];
    }
  }
  long double const along = reference_product(g, 0, rows.student, i, d);
  long double const factor = mean / rows.norms[std::size_t(i)];
  for (index_t j = 0; j < d; ++j) {
    long double const unit = rows.student[std::size_t(i * d + j)];
    expected.gradient.push_back(factor * (g[std::size_t(j)] - along * unit));
  }
  expected.sizes.push_back(factor * size);
}

struct unit_rows {
  index_t width, teacher_width;
  std::vector<long double> student, teacher, student_bank, teacher_bank, norms;
};

template <class S, class T, class H, class B, class Penalty>
expected_rad reference(matrix<S> const& student, matrix<T> const& teacher,
                       matrix<H> const& student_bank, matrix<B> const& teacher_bank,
                       ids const& neighbours, Penalty penalty) {
  auto const s = on_host(student);
  unit_rows rows{s.columns(),
                 teacher.columns(),
                 reference_units(s),
                 reference_units(on_host(teacher)),
                 reference_units(on_host(student_bank)),
                 reference_units(on_host(teacher_bank)),
                 {}};
  for (index_t i = 0; i < s.rows(); ++i) { rows.norms.push_back(reference_norm(s, i)); }
  index_t const pairs = std::accumulate(counts.begin(), counts.end(), index_t(0));
  auto const entries = on_host(neighbours);
  expected_rad expected;
  for (index_t i = 0; i < s.rows(); ++i) {
    add_sample(rows, entries, i, penalty, 1.0L / (long double)(pairs), expected);
  }
  return expected;
}

/// Relations are sums of d products in 16 lanes, in double whatever the elements are; a gradient
/// adds a row's terms, and is rounded once to its type.
template <class G>
void expect_as_expected(expected_rad const& expected, matrix<double> const& loss,
                        matrix<G> const& device_gradient, index_t d, index_t widest) {
  double const terms = 2 * (double(widest) / 16 + 12) + double(slots);
  auto const gradient = on_host(device_gradient);
  double const pairs = double(slots * gradient.rows());
  EXPECT_NEAR(loss.at(0, 0), double(expected.loss),
              tolerance<double>(terms, 4) + tolerance<double>(pairs, double(expected.loss)))
      << d;
  for (index_t i = 0; i < gradient.rows(); ++i) {
    for (index_t j = 0; j < d; ++j) {
      double const value = double(expected.gradient[std::size_t(i * d + j)]);
      ASSERT_NEAR(gradient.at(i, j), value,
                  storing_tolerance<G>(value) +
                      tolerance<double>(terms, double(expected.sizes[std::size_t(i)])))
          << "(" << i << ", " << j << "), width " << d;
    }
  }
}

template <class S, class T, class H, class B, class G>
struct element_types {
  using s = S;
  using t = T;
  using h = H;
  using b = B;
  using g = G;
};

template <class Types>
class rad_elements : public testing::Test {};
using all_types = testing::Types<element_types<float, float, float, float, float>,
                                 element_types<float, float, float, float, double>,
                                 element_types<double, double, double, double, double>,
                                 element_types<float16, float16, float16, float16, float16>,
                                 element_types<bfloat16, bfloat16, bfloat16, bfloat16, bfloat16>,
                                 element_types<float16, float, bfloat16, float, float>,
                                 element_types<float, double, float, float16, float16>,
                                 element_types<double, float, float16, double, float>>;
TYPED_TEST_SUITE(rad_elements, all_types);

template <class Types, class Penalty>
void expect_one_bank(index_t d, Penalty penalty) {
  index_t const n = index_t(counts.size());
  auto const s = random_matrix<typename Types::s>(n, d, 1, 1);
  auto const t = random_matrix<typename Types::t>(n, d, 2, 2);
  auto const bank = random_matrix<typename Types::h>(classes, d, 3, 1);
  auto const neighbours = some_neighbours(4);
  matrix<double> loss(1, 1);
  matrix<typename Types::g> gradient(n, d, 3);
  rad_loss(policy(), s.view(), t.view(), bank.view(), neighbours.view(), loss.scalar(),
           gradient.view(), penalty);
  expect_as_expected(reference(s, t, bank, bank, neighbours, penalty), loss, gradient, d, d);
}

TYPED_TEST(rad_elements, one_bank) {
  for (index_t const d : widths()) {
    expect_one_bank<TypeParam>(d, coupleface::squared{});
    expect_one_bank<TypeParam>(d, coupleface::hinge{0.03});
  }
}

TYPED_TEST(rad_elements, two_banks) {
  index_t const n = index_t(counts.size());
  coupleface::squared const penalty;
  for (index_t const d : widths()) {
    index_t const teacher_d = d + 5;
    auto const s = random_matrix<typename TypeParam::s>(n, d, 5, 1);
    auto const t = random_matrix<typename TypeParam::t>(n, teacher_d, 6);
    auto const student_bank = random_matrix<typename TypeParam::h>(classes, d, 7, 2);
    auto const teacher_bank = random_matrix<typename TypeParam::b>(classes, teacher_d, 8, 1);
    auto const neighbours = some_neighbours(9);
    matrix<double> loss(1, 1);
    matrix<typename TypeParam::g> gradient(n, d);
    rad_loss(policy(), s.view(), t.view(), student_bank.view(), teacher_bank.view(),
             neighbours.view(), loss.scalar(), gradient.view(), penalty);
    expect_as_expected(reference(s, t, student_bank, teacher_bank, neighbours, penalty), loss,
                       gradient, d, teacher_d);
  }
}

}  // namespace
