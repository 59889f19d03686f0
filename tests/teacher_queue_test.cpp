// SPDX-License-Identifier: Apache-2.0
// teacher_queue: what is in it, in which order, and what does not enter.
#include <coupleface/losses/teacher_queue.hpp>
#include <coupleface/teacher_queue.hpp>

#include "support/kernel_sets.hpp"
#include "support/reference.hpp"
#include "support/threads.hpp"

#include <deque>

namespace {

using namespace coupleface_test;
using coupleface::teacher_queue;

TEST(teacher_queue, fills_then_replaces_the_oldest) {
  teacher_queue<float> queue(3, 2);
  EXPECT_EQ(queue.size(), 0);
  EXPECT_EQ(queue.rows().extent(0), 0);
  matrix<float> const first(2, 2, {3, 4, 0, 2}), second(2, 2, {-1, 0, 0, -5});
  matrix<std::int32_t> const labels(1, 2, std::vector<double>{7, 8});
  queue.push(policy(), first.view(), labels.vector());
  EXPECT_EQ(queue.size(), 2);
  EXPECT_FLOAT_EQ(queue.rows()(0, 0), 0.6f);
  EXPECT_FLOAT_EQ(queue.rows()(0, 1), 0.8f);
  EXPECT_EQ(queue.labels()(1), 8);
  queue.push(policy(), second.view());
  EXPECT_EQ(queue.size(), 3);
  EXPECT_EQ(queue.entered(), 4);
  // The fourth row is in the first one's place.
  EXPECT_EQ(queue.rows()(0, 1), -1);
  EXPECT_EQ(queue.labels()(0), -1);
  EXPECT_EQ(queue.labels()(1), 8);
  EXPECT_EQ(queue.rows()(2, 0), -1);
}

TEST(teacher_queue, holds_what_a_plain_queue_holds) {
  index_t const capacity = 10, width = 5;
  teacher_queue<double, std::int32_t> queue(capacity, width);
  std::deque<std::pair<std::vector<double>, std::int32_t>> plain;
  for (unsigned step = 0; step < 9; ++step) {
    index_t const n = index_t(step * 7 % 25);  // some larger than the queue
    auto batch = random_matrix<float>(n, width, step);
    auto const labels = random_labels<std::int64_t>(n, 4, step + 50);
    if (n > 2) {
      for (index_t j = 0; j < width; ++j) { batch.set(1, j, 0); }
    }
    queue.push(policy(), batch.view(), labels.vector());
    for (index_t i = 0; i < n; ++i) {
      if (n > 2 && i == 1) { continue; }
      std::vector<double> row;
      for (index_t j = 0; j < width; ++j) { row.push_back(double(reference_unit(batch, i, j))); }
      plain.push_back({row, std::int32_t(labels.get(0, i))});
      if (index_t(plain.size()) > capacity) { plain.pop_front(); }
    }
    ASSERT_EQ(queue.size(), index_t(plain.size()));
    index_t const oldest = queue.size() == capacity ? queue.entered() % capacity : 0;
    for (index_t k = 0; k < queue.size(); ++k) {
      auto const& expected = plain[std::size_t(k)];
      index_t const slot = (oldest + k) % capacity;
      EXPECT_EQ(queue.labels()(slot), expected.second) << step << ", " << k;
      for (index_t j = 0; j < width; ++j) {
        EXPECT_NEAR(queue.rows()(slot, j), expected.first[std::size_t(j)], 1e-15);
      }
    }
  }
}

TEST(teacher_queue, broken_rows_enter_and_leave) {
  teacher_queue<float> queue(2, 3);
  auto batch = random_matrix<float>(1, 3, 1);
  batch.set(0, 1, std::nan(""));
  queue.push(policy(), batch.view());
  EXPECT_TRUE(std::isnan(queue.rows()(0, 0)));
  auto const good = random_matrix<float>(2, 3, 2);
  queue.push(policy(), good.view());
  for (index_t j = 0; j < 3; ++j) { EXPECT_TRUE(std::isfinite(queue.rows()(0, j))); }
}

TEST(teacher_queue, same_bits_by_any_policy) {
  auto const batch = random_matrix<float>(300, 33, 3);
  auto const host_batch = on_host(batch);
  teacher_queue<coupleface::float16> queue(200, 33), other(200, 33);
  queue.push(policy(), batch.view());
  other.push(thrust::seq, host_batch.view());
  EXPECT_EQ(std::memcmp(queue.rows().data_handle(), other.rows().data_handle(), 200 * 33 * 2), 0);
}

TEST(teacher_queue, errors_leave_it_alone) {
  EXPECT_THROW((teacher_queue<float>(0, 4)), std::invalid_argument);
  EXPECT_THROW((teacher_queue<float>(4, -1)), std::invalid_argument);
  teacher_queue<float> queue(4, 3);
  auto const batch = random_matrix<float>(2, 3, 1), wide = random_matrix<float>(2, 4, 1);
  matrix<std::int32_t> const labels(1, 3, std::vector<double>{1, 2, 3});
  try {
    queue.push(policy(), wide.view());
    ADD_FAILURE();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::teacher_queue::push: width of teacher is 4, but width of the queue "
                 "is 3");
  }
  EXPECT_THROW(queue.push(policy(), batch.view(), labels.vector()), std::invalid_argument);
  EXPECT_EQ(queue.size(), 0);
}

TEST(teacher_queue, is_what_the_loss_reads) {
  teacher_queue<float> queue(50, 8);
  auto const s = random_matrix<float>(5, 8, 4), t = random_matrix<float>(5, 8, 5);
  matrix<std::int32_t> const labels(1, 5, std::vector<double>{0, 1, 2, 3, -1});
  matrix<double> loss(1, 1);
  auto const step = [&] {
    coupleface::teacher_queue_loss(policy(), s.view(), t.view(), queue.rows(), loss.scalar(), 0.1,
                                   coupleface::not_same_label(labels.vector(), queue.labels()));
    queue.push(policy(), t.view(), labels.vector());
    return loss.at(0, 0);
  };
  EXPECT_EQ(step(), 0);  // nothing has entered yet
  double const second = step(), third = step();
  EXPECT_GT(second, 0);
  EXPECT_GT(third, second);
}

}  // namespace
