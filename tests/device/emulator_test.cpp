// SPDX-License-Identifier: Apache-2.0
// The emulator of a device reports what would hang or go astray, and the device's memory is out of
// the host's reach.
#include <coupleface/detail/scratch.hpp>
#include <coupleface/normalize.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#if COUPLEFACE_HAS_KERNELS && !COUPLEFACE_HAS_CUDA
namespace {

using namespace coupleface_test;
namespace detail = coupleface::detail;

template <class Body>
struct kernel {
  static constexpr int threads = 64;
  Body body;
  void operator()() const { body(); }
};

template <class Body>
void run(detail::launch_shape shape, Body body) {
  detail::launch(policy(), shape, kernel<Body>{body});
}

template <class Body>
void expect_refused(Body body, std::string const& message) {
  try {
    run({1, 64}, body);
    ADD_FAILURE() << "not refused: " << message;
  } catch (std::logic_error const& error) { EXPECT_EQ(error.what(), message); }
}

TEST(emulator, every_thread_of_every_block_runs_once_and_sees_its_place) {
  matrix<std::int32_t> seen(3, 64, std::vector<double>(3 * 64, 0.0));
  auto const view = seen.view();
  run({3, 64}, [=] { view(detail::block_in_grid(), detail::thread_in_block()) += 1; });
  for (index_t b = 0; b < 3; ++b) {
    for (index_t t = 0; t < 64; ++t) { EXPECT_EQ(seen.get(b, t), 1); }
  }
}

TEST(emulator, values_are_exchanged_within_masks_that_wait_apart) {
  matrix<double> got(1, 64);
  auto const view = got.view();
  run({1, 64}, [=] {
    int const t = detail::thread_in_block();
    unsigned const mask = 0xfu << (t % 32 / 4 * 4);
    double value = t;
    // The fours go round a different number of times.
    for (int turn = 0; turn <= t / 4; ++turn) { value = detail::exchange(mask, value, 1); }
    view(0, t) = value;
  });
  for (index_t t = 0; t < 64; ++t) { EXPECT_EQ(got.get(0, t), t / 4 % 2 ? t : (t ^ 1)); }
}

TEST(emulator, shared_memory_and_votes) {
  matrix<std::int32_t> got(1, 64);
  auto const view = got.view();
  run({2, 64, 64 * 4}, [=] {
    auto* const shared = reinterpret_cast<std::int32_t*>(detail::shared_memory());
    int const t = detail::thread_in_block();
    bool const fresh = shared[t] == -1;
    detail::wait_for_block();
    shared[t] = t;
    unsigned const odd = detail::votes(t % 2 == 1);
    detail::wait_for_block();
    view(0, t) = fresh && odd == 0xaaaaaaaau ? shared[63 - t] : -1;
  });
  for (index_t t = 0; t < 64; ++t) { EXPECT_EQ(got.get(0, t), 63 - t); }
}

TEST(emulator, a_missing_wait_is_seen_in_one_of_two_blocks) {
  matrix<std::int32_t> got(2, 64);
  auto const view = got.view();
  run({2, 64, 64 * 4}, [=] {
    auto* const shared = reinterpret_cast<std::int32_t*>(detail::shared_memory());
    int const t = detail::thread_in_block();
    shared[t] = t;
    view(detail::block_in_grid(), t) = shared[t == 0 ? 63 : t - 1];  // and no wait before it
  });
  int right = 0;
  for (index_t b = 0; b < 2; ++b) { right += got.get(b, 30) == 29; }
  EXPECT_EQ(right, 1);
}

TEST(emulator, reports_waiting_in_vain) {
  auto const t = [] { return detail::thread_in_block(); };
  expect_refused(
      [=] {
        if (t() != 5) { detail::wait_for_block(); }
      },
      "emulator: a thread has ended that others wait for");
  expect_refused([=] { t() % 2 ? detail::wait_for_block() : detail::wait_for(0xffffffffu); },
                 "emulator: deadlock: all threads wait");
  expect_refused([] { detail::exchange(2u, 1.0, 1); }, "emulator: a thread outside its own mask");
  expect_refused([=] { detail::exchange(1u << t() % 32, 1.0, 1); },
                 "emulator: a value from outside");
  EXPECT_THROW(run({1, 65}, [] {}), std::logic_error);
  EXPECT_THROW(run({1, 64, 49 * 1024}, [] {}), std::logic_error);
  run({1, 64}, [] { detail::wait_for_block(); });  // and goes on afterwards
}

TEST(emulator_death, the_host_cannot_reach_device_memory) {
  auto x = random_matrix<float>(2, 2, 1);
  auto const view = x.view();
  EXPECT_DEATH(
      {
        float volatile const read = view(1, 1);
        (void)read;
      },
      "");
  EXPECT_DEATH(coupleface::normalize_rows(thrust::seq, view, view), "");
}

TEST(emulator_death, writing_behind_memory_is_seen) {
  EXPECT_DEATH(
      {
        matrix<std::int32_t> x(1, 3);
        auto const view = x.view();
        run({1, 1}, [=] { view(0, 3) = 0; });
      },
      "emulator: write past the end of 12 bytes");
}

TEST(emulator, scratch_is_given_back) {
  std::size_t const before = device_heap::here().live();
  {
    emulated_device const device;
    detail::scratch<double, emulated_device> const memory(device, 100);
    EXPECT_EQ(device_heap::here().live(), before + 1);
    EXPECT_NE(memory.data(), nullptr);
    detail::scratch<double, emulated_device> const none(device, 0);
    EXPECT_EQ(none.data(), nullptr);
  }
  EXPECT_EQ(device_heap::here().live(), before);
}

}  // namespace
#endif
