// SPDX-License-Identifier: Apache-2.0
// What selecting and sorting on a device go by agrees with the host's order.
#include <coupleface/detail/grouping.hpp>
#include <coupleface/top_k.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
namespace detail = coupleface::detail;

template <class T>
class order_key_types : public testing::Test {};
using element_types = testing::Types<float, double, coupleface::float16, coupleface::bfloat16>;
TYPED_TEST_SUITE(order_key_types, element_types);

TYPED_TEST(order_key_types, larger_where_a_value_ranks_before) {
  double const inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  std::vector<double> values{inf, 60000, 2, 1.5, 1, 6e-5, 6e-8, 1e-42, 5e-324, 0.0, nan, -nan};
  for (std::size_t i = values.size(); i-- > 0;) { values.push_back(-values[i]); }
  for (double const a_value : values) {
    for (double const b_value : values) {
      auto const a = from_double<TypeParam>(a_value), b = from_double<TypeParam>(b_value);
      double const x = detail::load(a), y = detail::load(b);
      // With the columns in either order: a value that ranks before does so for both.
      bool const before = detail::ranks_before(x, 1, y, 0),
                 behind = detail::ranks_before(y, 1, x, 0);
      EXPECT_EQ(detail::order_key(a) > detail::order_key(b), before) << x << " and " << y;
      EXPECT_EQ(detail::order_key(a) == detail::order_key(b), !before && !behind);
    }
  }
}

TEST(label_bits, tell_all_classes_and_none_apart) {
  for (index_t const classes : {0, 1, 2, 3, 4, 255, 256, 85742}) {
    int const bits = detail::label_bits(classes);
    EXPECT_GT(index_t(1) << bits, classes);
    EXPECT_TRUE(bits == 1 || index_t(1) << (bits - 1) <= classes);
  }
  EXPECT_EQ(detail::label_bits(0xfffffffe), 32);
}

TEST(group_by_label, has_the_groups_of_the_host_and_leaves_out_what_is_no_class) {
  for (index_t const n : {0, 1, 100, 700}) {
    index_t const classes = 13;
    auto labels = random_labels(n, classes, 1);
    auto const host_labels = on_host(labels);
    std::vector<index_t> begins(14), members(static_cast<std::size_t>(n));
    detail::group_by_label(host_labels.vector(), classes, begins.data(), members.data());
    for (index_t i = 6; i < n; i += 7) { labels.set(0, i, i % 2 ? 13 : -8); }  // were -1
    matrix<index_t> found_begins(1, 14), found_members(1, n);
    matrix<std::int32_t> const& read = labels;
    detail::group_by_label(policy(), read.vector(), classes, found_begins.vector().data_handle(),
                           found_members.vector().data_handle());
    for (index_t c = 0; c <= classes; ++c) {
      EXPECT_EQ(found_begins.get(0, c), begins[static_cast<std::size_t>(c)]);
    }
    for (index_t i = 0; i < begins[13]; ++i) {
      EXPECT_EQ(found_members.get(0, i), members[static_cast<std::size_t>(i)]);
    }
  }
}

}  // namespace
