// SPDX-License-Identifier: Apache-2.0
// class_prototypes and prototype_sums: means of unit vectors, whole and in chunks.
#include <coupleface/prototypes.hpp>

#include "support/counting_allocator.hpp"
#include "support/kernel_sets.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::class_prototypes;

TEST(class_prototypes, hand_computed) {
  matrix<float> const x(4, 2, {2, 0, 0, 0.5, 9, 9, -3, 0});
  matrix<std::int32_t> const labels(1, 4, {0, 0, -1, 2});
  matrix<float> prototypes(4, 2);
  class_prototypes(policy(), x.view(), labels.vector(), prototypes.view());
  EXPECT_FLOAT_EQ(prototypes.at(0, 0), float(std::sqrt(0.5)));
  EXPECT_FLOAT_EQ(prototypes.at(0, 1), float(std::sqrt(0.5)));
  for (index_t const empty : {1, 3}) {
    EXPECT_EQ(prototypes.at(empty, 0), 0);
    EXPECT_EQ(prototypes.at(empty, 1), 0);
  }
  EXPECT_EQ(prototypes.at(2, 0), -1);
}

template <class T>
class prototype_types : public testing::Test {};
using element_types = testing::Types<float, double, coupleface::float16, coupleface::bfloat16>;
TYPED_TEST_SUITE(prototype_types, element_types);

TYPED_TEST(prototype_types, shapes_against_a_plain_loop) {
  for (auto const& [n, d] : shapes()) {
    index_t const classes = n / 3 + 1;
    auto const x = random_matrix<TypeParam>(n, d, 1, 2);
    auto const labels = random_labels(n, classes, 2);
    matrix<double> prototypes(classes, d, 1);
    class_prototypes(policy(), x.view(), labels.vector(), prototypes.view());
    for (index_t c = 0; c < classes; ++c) {
      std::vector<long double> mean(static_cast<std::size_t>(d), 0.0L);
      for (index_t i = 0; i < n; ++i) {
        if (labels.get(0, i) != c) { continue; }
        for (index_t j = 0; j < d; ++j) {
          mean[static_cast<std::size_t>(j)] += reference_unit(x, i, j);
        }
      }
      long double square = 0;
      for (long double const m : mean) { square += m * m; }
      // Results are rounded to the accumulator type; the mean may be shorter than its terms.
      double const length = double(std::sqrt(square));
      double const members = double(n);
      for (index_t j = 0; j < d; ++j) {
        double const expected =
            length == 0 ? 0 : double(mean[static_cast<std::size_t>(j)]) / length;
        EXPECT_NEAR(prototypes.at(c, j), expected,
                    tolerance<coupleface::accumulator_t<TypeParam>>(2 * members + 4,
                                                                    1 / std::max(length, 1e-3)));
      }
    }
  }
}

TYPED_TEST(prototype_types, chunks_have_the_bits_of_the_whole) {
  index_t const n = 211, d = 37, classes = 13;
  auto const x = random_matrix<TypeParam>(n, d, 3);
  auto const labels = random_labels(n, classes, 4);
  auto const host_x = on_host(x);
  auto const host_labels = on_host(labels);
  matrix<TypeParam> whole(classes, d), chunked(classes, d);
  host_matrix<TypeParam> sequential(classes, d);
  class_prototypes(policy(), x.view(), labels.vector(), whole.view());
  class_prototypes(thrust::seq, host_x.view(), host_labels.vector(), sequential.view());
  EXPECT_TRUE(whole.same_bits(sequential));
  for (index_t const chunk : {1, 10, 64, 211}) {
    coupleface::prototype_sums<device_vector> sums(classes, d);
    for (index_t first = 0; first < n; first += chunk) {
      index_t const count = std::min(chunk, n - first);
      sums.add(policy(), coupleface::matrix_view<TypeParam const>(x.view().row(first), count, d),
               coupleface::vector_view<std::int32_t const>(labels.vector().data_handle() + first,
                                                           count));
    }
    sums.finish(policy(), chunked.view());
    EXPECT_TRUE(whole.same_bits(chunked)) << "chunks of " << chunk;
  }
}

TEST(class_prototypes, every_set_of_kernels_has_the_same_bits) {
  for (index_t const width : {1, 15, 16, 17, 64, 101}) {
    auto const x = on_host(random_matrix<float>(3, width, 8));
    std::vector<double> a(std::size_t(width), 0.25), b = a;
    auto const row = [&](index_t i) { return (float const*)(x.view().row(i)); };
    double const scale = coupleface::detail::unit_scale<float>(3.1);
    double const one = coupleface::detail::portable::add_row_and_square(row(0), scale, row(1),
                                                                        row(2), width, a.data());
    coupleface_test::for_each_kernel_set([&] {
      b.assign(b.size(), 0.25);
      double const two =
          coupleface::detail::add_row_and_square(row(0), scale, row(1), row(2), width, b.data());
      EXPECT_EQ(one, two);
      EXPECT_EQ(a, b);
    });
  }
}

TEST(class_prototypes, a_units_scale_is_short_enough_for_exact_products) {
  using coupleface::detail::unit_scale;
  for (double const norm : {1.0, 3.1, 1e-37, 4e38, 0.1, 7e19}) {
    double const scale = unit_scale<float>(norm);
    EXPECT_NEAR(scale * norm, 1.0, std::ldexp(1.0, -29)) << norm;
    int exponent = 0;
    double const digits = std::ldexp(std::frexp(scale, &exponent), 29);
    EXPECT_EQ(digits, std::nearbyint(digits)) << norm;
    EXPECT_EQ(unit_scale<double>(norm), 1.0 / norm);
  }
  // Rounded to nearest: the last of the 29 bits of numbers from 1 on is 2^-28.
  EXPECT_EQ(unit_scale<float>(1 / (1 + 0.75 * 0x1p-28)), 1 + 0x1p-28);
  EXPECT_EQ(unit_scale<float>(1 / (1 + 0.25 * 0x1p-28)), 1);
  EXPECT_EQ(unit_scale<float>(0), 0);
  EXPECT_TRUE(std::isnan(unit_scale<float>(std::nan(""))));
}

TEST(class_prototypes, degenerate_and_broken_samples) {
  matrix<float> const x(5, 2, {0, 0, 1, 0, std::nan(""), 1, 1, 0, -1, 0});
  matrix<std::int32_t> const labels(1, 5, {0, 0, 1, 2, 2});
  matrix<float> prototypes(3, 2);
  class_prototypes(policy(), x.view(), labels.vector(), prototypes.view());
  EXPECT_EQ(prototypes.at(0, 0), 1);             // the zero sample adds nothing
  EXPECT_TRUE(std::isnan(prototypes.at(1, 0)));  // a broken sample breaks its class only
  EXPECT_EQ(prototypes.at(2, 0), 0);             // opposite samples cancel
}

TEST(class_prototypes, nothing_at_all) {
  matrix<float> const x(0, 3);
  matrix<std::int32_t> const labels(1, 0);
  matrix<float> prototypes(2, 3), none(0, 3);
  class_prototypes(policy(), x.view(), labels.vector(), prototypes.view());
  EXPECT_EQ(prototypes.at(1, 2), 0);
  class_prototypes(policy(), x.view(), labels.vector(), none.view());
}

TEST(class_prototypes, errors_name_what_is_wrong_and_write_nothing) {
  auto const x = random_matrix<float>(3, 4, 5);
  matrix<float> prototypes(2, 4), narrow(2, 3);
  matrix<std::int32_t> const labels(1, 3, {0, 2, 1});
  if (ids_are_checked) {
    try {
      class_prototypes(policy(), x.view(), labels.vector(), prototypes.view());
      FAIL();
    } catch (std::invalid_argument const& error) {
      EXPECT_STREQ(error.what(), "coupleface::class_prototypes: labels(1) is 2, outside [-1, 2)");
    }
  }
  matrix<std::int32_t> const two(1, 2, {0, 1});
  EXPECT_THROW(class_prototypes(policy(), x.view(), two.vector(), prototypes.view()),
               std::invalid_argument);
  EXPECT_THROW(class_prototypes(policy(), x.view(), labels.vector(), narrow.view()),
               std::invalid_argument);
  EXPECT_TRUE(prototypes.untouched() && narrow.untouched());
  coupleface::prototype_sums<device_vector> sums(2, 4);
  EXPECT_THROW(sums.add(policy(), x.view(), two.vector()), std::invalid_argument);
  if (ids_are_checked) {
    EXPECT_THROW(sums.add(policy(), x.view(), labels.vector()), std::invalid_argument);
  }
  sums.finish(policy(), prototypes.view());
  EXPECT_EQ(prototypes.at(0, 0), 0);  // the failed chunk left no trace
}

#if COUPLEFACE_HAS_KERNELS  // elsewhere they are refused
TEST(class_prototypes, labels_that_are_not_checked_are_left_out) {
  auto const x = random_matrix<float>(3, 4, 5);
  matrix<float> with(2, 4), without(2, 4);
  matrix<std::int32_t> const beyond(1, 3, {0, 2, -5}), none(1, 3, {0, -1, -1});
  class_prototypes(policy(), x.view(), beyond.vector(), with.view());
  class_prototypes(policy(), x.view(), none.vector(), without.view());
  EXPECT_TRUE(with.same_bits(without));
}
#endif

TEST(class_prototypes, documented_scratch) {
  auto const x = on_host(random_matrix<float>(100, 16, 6));
  auto const labels = on_host(random_labels(100, 10, 7));
  host_matrix<float> prototypes(10, 16);
  allocation_count count;
  counting_allocator allocator(count);
  class_prototypes(thrust::seq(allocator), x.view(), labels.vector(), prototypes.view());
  EXPECT_EQ(count.bytes, 8u * 100 + 8u * 11 + 8u * 10 * 16 + 64);
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
