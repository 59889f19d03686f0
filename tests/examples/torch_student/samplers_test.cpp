// SPDX-License-Identifier: Apache-2.0
// The orders of examples/torch_student: every image once, or every person as often as the others.
#include "samplers.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using torch_student::balanced_order;
using torch_student::plain_order;
using torch_student::random_stream;

TEST(samplers, the_plain_order_has_every_image_once_and_changes_with_its_key) {
  std::vector<int> rows(50);
  std::iota(rows.begin(), rows.end(), 100);
  auto order = plain_order(rows, random_stream({1, 2, 3}));
  EXPECT_EQ(order, plain_order(rows, random_stream({1, 2, 3})));
  EXPECT_NE(order, plain_order(rows, random_stream({1, 2, 4})));
  EXPECT_NE(order, rows);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, rows);
}

TEST(samplers, the_balanced_order_has_everybody_equally_often) {
  // Person 0 has one image, person 1 three, person 2 eight; row 12 is nobody's who trains.
  std::vector<std::int32_t> const labels{0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3};
  std::vector<int> rows(12);
  std::iota(rows.begin(), rows.end(), 0);
  auto const order = balanced_order(rows, labels, 2, random_stream({5}));
  ASSERT_EQ(order.size(), rows.size());
  EXPECT_EQ(order, balanced_order(rows, labels, 2, random_stream({5})));
  EXPECT_NE(order, balanced_order(rows, labels, 2, random_stream({6})));
  std::vector<int> often(3);
  for (std::size_t k = 0; k < order.size(); k += 2) {
    ASSERT_LT(order[k], 12);
    int const person = labels[std::size_t(order[k])];
    EXPECT_EQ(labels[std::size_t(order[k + 1])], person);  // two of a person side by side
    EXPECT_EQ(order[k] == order[k + 1], person == 0);      // and two different ones if there are
    ++often[std::size_t(person)];
  }
  EXPECT_EQ(often, (std::vector<int>{2, 2, 2}));
}

}  // namespace
