// SPDX-License-Identifier: Apache-2.0
// check_finite and check_labels: silent on good input, and say exactly what is wrong.
#include <coupleface/check.hpp>

#include "support/matrix.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::check_finite;
using coupleface::check_labels;

TEST(check_finite, names_the_first_broken_element_and_counts_rows) {
  auto x = random_matrix<float>(40, 9, 1, 3);
  EXPECT_NO_THROW(check_finite(policy(), x.view()));
  x.set(31, 2, std::nan(""));
  x.set(7, 8, -std::numeric_limits<double>::infinity());
  x.set(7, 4, std::numeric_limits<double>::infinity());
  try {
    check_finite(policy(), x.view(), "student");
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::check_finite: student(7, 4) is inf; 2 of 40 rows are not finite");
  }
}

TEST(check_finite, every_type_and_no_rows) {
  for (double const bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    auto half = random_matrix<coupleface::float16>(3, 4, 2);
    auto wide = random_matrix<double>(3, 4, 3);
    EXPECT_NO_THROW(check_finite(policy(), half.view()));
    EXPECT_NO_THROW(check_finite(policy(), wide.view()));
    half.set(2, 3, bad);
    wide.set(0, 0, bad);
    EXPECT_THROW(check_finite(policy(), half.view()), std::invalid_argument);
    EXPECT_THROW(check_finite(policy(), wide.view()), std::invalid_argument);
  }
  EXPECT_NO_THROW(check_finite(policy(), matrix<float>(0, 4).view()));
}

TEST(check_labels, names_the_first_label_out_of_range) {
  matrix<std::int32_t> const labels(1, 4, {0, -1, 4, -2});
  EXPECT_NO_THROW(check_labels(
      policy(), coupleface::vector_view<std::int32_t const>(labels.vector().data_handle(), 3), 5));
  try {
    check_labels(policy(), labels.vector(), 4, "batch");
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::check_labels: batch(2) is 4, outside [-1, 4)");
  }
  EXPECT_THROW(check_labels(policy(), labels.vector(), 5), std::invalid_argument);
}

}  // namespace
