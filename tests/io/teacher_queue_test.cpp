// SPDX-License-Identifier: Apache-2.0
// Teacher queues on disk: the state comes back bit for bit, and nothing else is accepted.
#include <coupleface/io/teacher_queue.hpp>

#include "../support/matrix.hpp"

#include <thrust/device_vector.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace {

using namespace coupleface_test;
using coupleface::load_teacher_queue;
using coupleface::save_teacher_queue;
using coupleface::teacher_queue;

std::string temporary(char const* name) { return testing::TempDir() + "coupleface_" + name; }

template <class Queue>
void step(Queue& queue, unsigned seed) {
  auto const batch = random_matrix<float>(4, 8, seed);
  auto const labels = random_labels(4, 6, seed + 100);
  queue.push(policy(), batch.view(), labels.vector());
}

template <class T, class Label, template <class...> class Vector>
void expect_same(teacher_queue<T, Label, Vector> const& a,
                 teacher_queue<T, Label, Vector> const& b) {
  ASSERT_EQ(a.entered(), b.entered());
  std::size_t const rows = std::size_t(a.size());
  EXPECT_EQ(std::memcmp(a.rows().data_handle(), b.rows().data_handle(), rows * 8 * sizeof(T)), 0);
  EXPECT_EQ(std::memcmp(a.labels().data_handle(), b.labels().data_handle(), rows * sizeof(Label)),
            0);
}

template <class T, class Label, template <class...> class Vector = std::vector>
void expect_same_future() {
  std::string const path = temporary("queue.npy");
  teacher_queue<T, Label, Vector> queue(10, 8), resumed(10, 8);
  for (unsigned s = 0; s < 4; ++s) { step(queue, s); }
  save_teacher_queue(path, queue);
  load_teacher_queue(path, resumed);
  expect_same(queue, resumed);
  for (unsigned s = 4; s < 9; ++s) {
    step(queue, s);
    step(resumed, s);
  }
  expect_same(queue, resumed);
  std::remove(path.c_str());
}

TEST(saved_teacher_queue, has_the_same_future) {
  expect_same_future<float, std::int64_t>();
  expect_same_future<double, std::int32_t>();
  expect_same_future<coupleface::float16, std::int64_t>();
  expect_same_future<coupleface::bfloat16, std::int64_t>();
  expect_same_future<float, std::int32_t, thrust::device_vector>();
}

template <class Queue>
std::string refusal(std::string const& path, Queue queue) {
  try {
    load_teacher_queue(path, queue);
  } catch (std::runtime_error const& error) {
    EXPECT_EQ(queue.entered(), 0);
    return error.what();
  }
  return "";
}

TEST(saved_teacher_queue, is_refused_where_it_does_not_fit) {
  std::string const path = temporary("refused_queue.npy");
  teacher_queue<float> queue(10, 8);
  step(queue, 1);
  save_teacher_queue(path, queue);
  EXPECT_EQ(refusal(path, teacher_queue<float>(10, 8)), "");
  EXPECT_EQ(refusal(path, teacher_queue<float>(11, 8)),
            "coupleface: " + path + ": at byte 0: capacity is 10.000000, the queue's is 11.000000");
  EXPECT_EQ(refusal(path, teacher_queue<float>(10, 9)),
            "coupleface: " + path + ": at byte 0: width is 8.000000, the queue's is 9.000000");
  EXPECT_NE(refusal(path, teacher_queue<double>(10, 8)), "");
  EXPECT_NE((refusal(path, teacher_queue<float, std::int32_t>(10, 8))), "");
  std::remove(path.c_str());
}

TEST(saved_teacher_queue, can_stand_after_other_arrays) {
  std::string const path = temporary("several_queues.npy");
  teacher_queue<float> a(3, 8), b(5, 8), a_loaded(3, 8), b_loaded(5, 8);
  step(a, 1), step(b, 2);
  {
    coupleface::npy_writer writer(path);
    save_teacher_queue(writer, a);
    save_teacher_queue(writer, b);
    writer.commit();
  }
  {
    coupleface::npy_reader reader(path);
    load_teacher_queue(reader, a_loaded);
    load_teacher_queue(reader, b_loaded);
    reader.expect_end();
  }
  expect_same(a, a_loaded);
  expect_same(b, b_loaded);
  EXPECT_NE(refusal(path, teacher_queue<float>(3, 8)), "");  // more follows
  std::remove(path.c_str());
}

}  // namespace
