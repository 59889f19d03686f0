// SPDX-License-Identifier: Apache-2.0
// A device knows which public function is at work, for the messages of what fails.
#include <coupleface/mining/nearest.hpp>

#include "../support/matrix.hpp"

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace coupleface_test;
namespace detail = coupleface::detail;

std::string at_work() { return detail::function_at_work; }

TEST(device_call, names_the_innermost_function_and_then_the_outer_one_again) {
  using policy = coupleface_test::emulated_device;
  EXPECT_EQ(at_work(), "a device call");
  {
    detail::device_call<policy> const outer("outer");
    EXPECT_EQ(at_work(), "outer");
    {
      detail::device_call<policy> const inner("inner");
      EXPECT_EQ(at_work(), "inner");
    }
    EXPECT_EQ(at_work(), "outer");
  }
  EXPECT_EQ(at_work(), "a device call");
}

TEST(device_call, says_nothing_of_host_policies) {
  detail::device_call<decltype(thrust::seq)> const call("on the host");
  EXPECT_EQ(at_work(), "a device call");
}

std::string seen;

/// Kernels of the emulator are functions of the host.
struct all_that_see_who_works {
  bool operator()(index_t, index_t) const {
    seen = at_work();
    return true;
  }
};

TEST(device_call, a_kernel_runs_within_its_public_function) {
  auto const rows = random_matrix<float>(5, 8, 1);
  matrix<float> values(5, 2, 1);
  matrix<std::int32_t> indices(5, 2, 2);
  seen.clear();
  coupleface::mine_nearest(policy(), rows.view(), rows.view(), values.view(), indices.view(),
                           coupleface::cosine{}, all_that_see_who_works{});
  EXPECT_EQ(seen, "mine_nearest");
  EXPECT_EQ(at_work(), "a device call");
}

TEST(device_call, a_search_in_steps_names_each) {
  auto const rows = random_matrix<float>(5, 8, 1);
  matrix<float> values(5, 2, 1);
  matrix<std::int32_t> indices(5, 2, 2);
  coupleface::nearest_search search(policy(), rows.view(), rows.view(), values.view(),
                                    indices.view(), coupleface::cosine{}, all_that_see_who_works{});
  EXPECT_EQ(at_work(), "a device call");
  seen.clear();
  while (search.step() < search.steps()) { search.advance(); }
  EXPECT_EQ(seen, "nearest_search::advance");
  search.finish();
  EXPECT_EQ(at_work(), "a device call");
}

}  // namespace
