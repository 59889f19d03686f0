// SPDX-License-Identifier: Apache-2.0
// Every host policy, with an allocator and without, is accepted and gives the same bits.
#include <coupleface/losses/fcd.hpp>

#include "support/counting_allocator.hpp"
#include "support/matrix.hpp"

#include <gtest/gtest.h>

#include <thrust/system/cpp/execution_policy.h>

namespace {

using namespace coupleface_test;

class policies : public testing::Test {
 protected:
  template <class Policy>
  void expect_same_bits(Policy const& policy) {
    static_assert(coupleface::detail::is_host_policy_v<Policy>);
    matrix<double> loss(1, 1);
    matrix<float> gradient(77, 19);
    coupleface::fcd_loss(policy, student.view(), teacher.view(), loss.scalar(), gradient.view());
    EXPECT_TRUE(loss.same_bits(expected_loss) && gradient.same_bits(expected_gradient));
  }

  void SetUp() override {
    coupleface::fcd_loss(thrust::seq, student.view(), teacher.view(), expected_loss.scalar(),
                         expected_gradient.view());
  }

  matrix<float> student = random_matrix<float>(77, 19, 1),
                teacher = random_matrix<float>(77, 19, 2);
  matrix<double> expected_loss{1, 1};
  matrix<float> expected_gradient{77, 19};
  allocation_count count;
  counting_allocator allocator{count};
};

TEST_F(policies, of_the_host) {
  expect_same_bits(thrust::host);
  expect_same_bits(thrust::device);
  expect_same_bits(thrust::cpp::par);
  expect_same_bits(thrust::cpp::tag{});
}

TEST_F(policies, with_an_allocator) {
  expect_same_bits(thrust::seq(allocator));
  expect_same_bits(thrust::cpp::par(allocator));
  expect_same_bits(thrust::device(allocator));
  EXPECT_EQ(count.bytes, 3u * 8 * 77);
  EXPECT_EQ(count.live, 0u);
}

TEST_F(policies, what_is_none) {
  static_assert(!coupleface::detail::is_thrust_policy_v<int>);
  static_assert(!coupleface::detail::is_thrust_policy_v<matrix<float>>);
  static_assert(coupleface::detail::is_thrust_policy_v<decltype(thrust::seq)>);
}

struct failing_allocator {
  using value_type = char;
  char* allocate(std::ptrdiff_t) { throw std::bad_alloc(); }
  void deallocate(char*, std::size_t) {}
};

TEST_F(policies, whose_allocator_fails_pass_that_on_and_write_nothing) {
  failing_allocator none;
  matrix<double> loss(1, 1);
  matrix<float> gradient(77, 19);
  EXPECT_ANY_THROW(coupleface::fcd_loss(thrust::seq(none), student.view(), teacher.view(),
                                        loss.scalar(), gradient.view()));
  EXPECT_TRUE(loss.untouched() && gradient.untouched());
}

}  // namespace
