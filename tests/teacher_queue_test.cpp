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

/// In the memory of the policy under test.
template <class T, class Label = std::int64_t>
using teacher_queue = coupleface::teacher_queue<T, Label, device_vector>;

template <class Queue>
auto rows_of(Queue const& queue) {
  return on_host(queue.rows());
}
template <class Queue>
std::int64_t label_of(Queue const& queue, index_t slot) {
  using label = std::remove_const_t<typename decltype(queue.labels())::element_type>;
  coupleface::matrix_view<label const> const labels(queue.labels().data_handle(), 1, queue.size());
  return on_host(labels).get(0, slot);
}

TEST(teacher_queue, fills_then_replaces_the_oldest) {
  teacher_queue<float> queue(3, 2);
  EXPECT_EQ(queue.size(), 0);
  EXPECT_EQ(queue.rows().extent(0), 0);
  matrix<float> const first(2, 2, {3, 4, 0, 2}), second(2, 2, {-1, 0, 0, -5});
  matrix<std::int32_t> const labels(1, 2, std::vector<double>{7, 8});
  queue.push(policy(), first.view(), labels.vector());
  EXPECT_EQ(queue.size(), 2);
  EXPECT_FLOAT_EQ(rows_of(queue).get(0, 0), 0.6f);
  EXPECT_FLOAT_EQ(rows_of(queue).get(0, 1), 0.8f);
  EXPECT_EQ(label_of(queue, 1), 8);
  queue.push(policy(), second.view());
  EXPECT_EQ(queue.size(), 3);
  EXPECT_EQ(queue.entered(), 4);
  // The fourth row is in the first one's place.
  EXPECT_EQ(rows_of(queue).get(0, 1), -1);
  EXPECT_EQ(label_of(queue, 0), -1);
  EXPECT_EQ(label_of(queue, 1), 8);
  EXPECT_EQ(rows_of(queue).get(2, 0), -1);
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
    auto const rows = rows_of(queue);
    for (index_t k = 0; k < queue.size(); ++k) {
      auto const& expected = plain[std::size_t(k)];
      index_t const slot = (oldest + k) % capacity;
      EXPECT_EQ(label_of(queue, slot), expected.second) << step << ", " << k;
      for (index_t j = 0; j < width; ++j) {
        EXPECT_NEAR(rows.at(slot, j), expected.first[std::size_t(j)], 1e-15);
      }
    }
  }
}

TEST(teacher_queue, broken_rows_enter_and_leave) {
  teacher_queue<float> queue(2, 3);
  auto batch = random_matrix<float>(1, 3, 1);
  batch.set(0, 1, std::nan(""));
  queue.push(policy(), batch.view());
  EXPECT_TRUE(std::isnan(rows_of(queue).at(0, 0)));
  auto const good = random_matrix<float>(2, 3, 2);
  queue.push(policy(), good.view());
  for (index_t j = 0; j < 3; ++j) { EXPECT_TRUE(std::isfinite(rows_of(queue).at(0, j))); }
}

TEST(teacher_queue, same_bits_by_any_policy) {
  // More rows than a device's block has threads, one in ten of norm 0; some push the first ones
  // out.
  auto batch = random_matrix<float>(600, 33, 3);
  for (index_t i = 3; i < 600; i += 10) {
    for (index_t j = 0; j < 33; ++j) { batch.set(i, j, 0); }
  }
  auto const labels = random_labels<std::int64_t>(600, 50, 4);
  auto const host_batch = on_host(batch);
  auto const host_labels = on_host(labels);
  for (index_t const capacity : {200, 700}) {
    teacher_queue<coupleface::float16> queue(capacity, 33);
    coupleface::teacher_queue<coupleface::float16> other(capacity, 33);
    for (int step = 0; step < 2; ++step) {
      queue.push(policy(), batch.view(), labels.vector());
      other.push(thrust::seq, host_batch.view(), host_labels.vector());
    }
    EXPECT_EQ(queue.entered(), 1080);
    EXPECT_EQ(queue.entered(), other.entered());
    ASSERT_EQ(queue.size(), other.size());
    auto const rows = rows_of(queue);
    auto const size = std::size_t(queue.size());
    EXPECT_EQ(std::memcmp(rows.elements().data(), other.rows().data_handle(), size * 33 * 2), 0);
    for (index_t slot = 0; slot < queue.size(); ++slot) {
      ASSERT_EQ(label_of(queue, slot), other.labels()(slot)) << slot;
    }
  }
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
