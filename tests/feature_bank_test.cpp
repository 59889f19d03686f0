// SPDX-License-Identifier: Apache-2.0
// feature_bank: every update rule against a plain re-enactment, ageing, both halves, repeatability.
#include <coupleface/feature_bank.hpp>

#include "support/counting_allocator.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace {

using namespace coupleface_test;
using labels_type = matrix<std::int32_t>;

/// In the memory of the policy under test.
template <class T, class Update = coupleface::latest_sample>
using feature_bank = coupleface::feature_bank<T, Update, device_vector>;

std::vector<double> unit(std::vector<double> x) {
  double square = 0;
  for (double const v : x) { square += v * v; }
  for (double& v : x) { v = square == 0 ? 0 : v / std::sqrt(square); }
  return x;
}

std::vector<double> unit_row(matrix<float> const& x, index_t i) {
  std::vector<double> row;
  for (index_t j = 0; j < x.columns(); ++j) { row.push_back(x.at(i, j)); }
  return unit(row);
}

template <class Bank>
void expect_entry(Bank const& bank, index_t c, std::vector<double> const& expected) {
  auto const entries = on_host(bank.teacher());
  for (index_t j = 0; j < index_t(expected.size()); ++j) {
    EXPECT_NEAR(entries.at(c, j), expected[static_cast<std::size_t>(j)], tolerance<float>(16, 1))
        << "class " << c;
  }
}

TEST(feature_bank, starts_from_the_normalised_prototypes_and_frozen_ones_stay) {
  auto const prototypes = random_matrix<float>(5, 8, 1);
  auto const batch = random_matrix<float>(3, 8, 2);
  labels_type const labels(1, 3, {0, 4, 0});
  feature_bank<float, coupleface::frozen_prototypes> bank(policy(), prototypes.view());
  EXPECT_EQ(bank.classes(), 5);
  bank.update(policy(), labels.vector(), batch.view());
  for (index_t c = 0; c < 5; ++c) { expect_entry(bank, c, unit_row(prototypes, c)); }
  EXPECT_EQ(bank.steps(), 1);
}

TEST(feature_bank, latest_sample_is_the_last_of_its_class_in_the_batch) {
  auto const prototypes = random_matrix<float>(4, 8, 3);
  auto const batch = random_matrix<float>(5, 8, 4);
  labels_type const labels(1, 5, {2, 0, 2, -1, 0});
  feature_bank<float> bank(policy(), prototypes.view());
  bank.update(policy(), labels.vector(), batch.view());
  expect_entry(bank, 0, unit_row(batch, 4));
  expect_entry(bank, 1, unit_row(prototypes, 1));
  expect_entry(bank, 2, unit_row(batch, 2));
}

TEST(feature_bank, moving_average_goes_sample_by_sample) {
  auto const prototypes = random_matrix<float>(3, 6, 5);
  auto const batch = random_matrix<float>(4, 6, 6);
  labels_type const labels(1, 4, {1, 1, 2, 1});
  feature_bank<float, coupleface::moving_average> bank(policy(), prototypes.view(), {0.7});
  bank.update(policy(), labels.vector(), batch.view());
  auto expected = unit_row(prototypes, 1);
  for (index_t const i : {0, 1, 3}) {
    auto const t = unit_row(batch, i);
    for (std::size_t j = 0; j < 6; ++j) { expected[j] = 0.7 * expected[j] + 0.3 * t[j]; }
    expected = unit(expected);
  }
  expect_entry(bank, 1, expected);
  expect_entry(bank, 0, unit_row(prototypes, 0));
}

TEST(feature_bank, ring_against_a_deque_with_ageing) {
  index_t const classes = 4, width = 5;
  coupleface::recent_ring const ring{3, 2};
  auto const prototypes = random_matrix<float>(classes, width, 7);
  feature_bank<float, coupleface::recent_ring> bank(policy(), prototypes.view(), ring);
  struct entry {
    index_t step;
    std::vector<double> value;
  };
  std::vector<std::deque<entry>> expected(4);
  std::mt19937 generator(8);
  bool went_back = false;
  for (index_t step = 0; step < 40; ++step) {
    index_t const n = index_t(generator() % 4u);
    auto const batch = random_matrix<float>(n, width, 100 + unsigned(step));
    labels_type labels(1, n);
    for (auto& ring_entries : expected) {
      while (!ring_entries.empty() && step - ring_entries.front().step > ring.age_limit) {
        ring_entries.pop_front();
      }
    }
    for (index_t i = 0; i < n; ++i) {
      auto const c = generator() % 4u;
      labels.set(0, i, double(c));
      expected[c].push_back({step, unit_row(batch, i)});
      if (index_t(expected[c].size()) > ring.capacity) { expected[c].pop_front(); }
    }
    bank.update(policy(), labels.vector(), batch.view());
    for (index_t c = 0; c < classes; ++c) {
      auto const& entries = expected[static_cast<std::size_t>(c)];
      std::vector<double> mean(5, 0.0);
      for (auto const& e : entries) {
        for (std::size_t j = 0; j < 5; ++j) { mean[j] += e.value[j]; }
      }
      went_back |= entries.empty() && step > 5;
      expect_entry(bank, c, entries.empty() ? unit_row(prototypes, c) : unit(mean));
    }
  }
  EXPECT_TRUE(went_back) << "no ring ran empty: ageing was not tested";
}

TEST(feature_bank, ring_keeps_the_latest_of_many_samples_at_once) {
  matrix<float> const prototypes(1, 6, {1, 1, 1, 1, 1, 1});
  matrix<float> identity(6, 6, std::vector<double>(36, 0.0));
  for (index_t i = 0; i < 6; ++i) { identity.set(i, i, 1); }
  auto const rows = [&](index_t first, index_t count) {
    return coupleface::matrix_view<float const>(identity.view().row(first), count, 6);
  };
  labels_type const labels(1, 6, std::vector<double>(6, 0.0));
  auto const some = [&](index_t count) {
    return coupleface::vector_view<std::int32_t const>(labels.vector().data_handle(), count);
  };
  using ring_bank = feature_bank<float, coupleface::recent_ring>;
  ring_bank one_batch(policy(), prototypes.view(), {2, 1000});
  one_batch.update(policy(), some(4), rows(0, 4));
  expect_entry(one_batch, 0, unit({0, 0, 1, 1, 0, 0}));
  ring_bank three_batches(policy(), prototypes.view(), {3, 1000});
  for (index_t first = 0; first < 6; first += 2) {
    three_batches.update(policy(), some(2), rows(first, 2));
  }
  expect_entry(three_batches, 0, unit({0, 0, 0, 1, 1, 1}));
}

template <class Update>
void expect_zero_samples_change_nothing(Update update) {
  auto const prototypes = random_matrix<float>(1, 4, 50);
  auto const batch = random_matrix<float>(1, 4, 51);
  matrix<float> const zero(1, 4, std::vector<double>(4, 0.0));
  labels_type const label(1, 1, std::vector<double>{0.0});
  feature_bank<float, Update> bank(policy(), prototypes.view(), update);
  feature_bank<float, Update> with_zero(policy(), prototypes.view(), update);
  bank.update(policy(), label.vector(), batch.view());
  with_zero.update(policy(), label.vector(), batch.view());
  with_zero.update(policy(), label.vector(), zero.view());
  EXPECT_TRUE(on_host(bank.teacher()).same_bits(on_host(with_zero.teacher())));
  matrix<float> const broken(1, 4, {1, std::nan(""), 1, 1});
  with_zero.update(policy(), label.vector(), broken.view());
  EXPECT_TRUE(std::isnan(on_host(with_zero.teacher()).at(0, 0)));
}

TEST(feature_bank, zero_samples_change_nothing_and_broken_ones_show) {
  expect_zero_samples_change_nothing(coupleface::latest_sample{});
  expect_zero_samples_change_nothing(coupleface::moving_average{0.5});
  expect_zero_samples_change_nothing(coupleface::recent_ring{3, 10});
}

template <class Update>
void expect_last_entry(Update update, std::vector<double> const& batch_values,
                       std::vector<double> const& expected) {
  matrix<float> const prototype(1, 2, {1, 0});
  matrix<float> const batch(index_t(batch_values.size()) / 2, 2, batch_values);
  labels_type const labels(1, batch.rows(),
                           std::vector<double>(static_cast<std::size_t>(batch.rows()), 0.0));
  feature_bank<float, Update> bank(policy(), prototype.view(), update);
  bank.update(policy(), labels.vector(), batch.view());
  expect_entry(bank, 0, expected);
}

TEST(feature_bank, a_zero_sample_is_passed_over_wherever_it_stands) {
  expect_last_entry(coupleface::latest_sample{}, {3, 4, 0, 0}, {0.6, 0.8});
  expect_last_entry(coupleface::latest_sample{}, {0, 0, 3, 4}, {0.6, 0.8});
  expect_last_entry(coupleface::recent_ring{1, 10}, {3, 4, 0, 0}, {0.6, 0.8});
  expect_last_entry(coupleface::recent_ring{1, 10}, {0, 0, 3, 4}, {0.6, 0.8});
  expect_last_entry(coupleface::moving_average{0}, {0, 0}, {1, 0});
  expect_last_entry(coupleface::moving_average{0}, {0, 0, 3, 4}, {0.6, 0.8});
  expect_last_entry(coupleface::moving_average{0}, {3, 4, 0, 0}, {0.6, 0.8});
}

template <class Update>
void expect_both_halves_move(Update update) {
  auto const teacher = random_matrix<float>(6, 9, 9);
  auto const student = random_matrix<float>(6, 4, 10);
  feature_bank<float, Update> bank(policy(), teacher.view(), student.view(), update);
  auto const host_teacher = on_host(teacher), host_student = on_host(student);
  coupleface::feature_bank<float, Update> teacher_only(thrust::seq, host_teacher.view(), update);
  coupleface::feature_bank<float, Update> student_only(thrust::seq, host_student.view(), update);
  for (unsigned step = 0; step < 5; ++step) {
    auto const labels = random_labels(8, 6, 11 + step);
    auto const teacher_batch = random_matrix<float>(8, 9, 20 + step);
    auto const student_batch = random_matrix<float>(8, 4, 30 + step);
    bank.update(policy(), labels.vector(), teacher_batch.view(), student_batch.view());
    auto const host_labels = on_host(labels);
    auto const host_teachers = on_host(teacher_batch), host_students = on_host(student_batch);
    teacher_only.update(thrust::seq, host_labels.vector(), host_teachers.view());
    student_only.update(thrust::seq, host_labels.vector(), host_students.view());
  }
  auto const rows = [](coupleface::matrix_view<float const> view) {
    return host_matrix<float>(
        view.extent(0), view.extent(1), view.extent(1),
        std::vector<float>(view.data_handle(), view.row(view.extent(0) - 1) + view.extent(1)));
  };
  EXPECT_TRUE(on_host(bank.teacher()).same_bits(rows(teacher_only.teacher())));
  EXPECT_TRUE(on_host(bank.student()).same_bits(rows(student_only.teacher())));
}

TEST(feature_bank, two_halves_move_as_two_banks_whatever_the_policy) {
  expect_both_halves_move(coupleface::frozen_prototypes{});
  expect_both_halves_move(coupleface::latest_sample{});
  expect_both_halves_move(coupleface::moving_average{0.5});
  expect_both_halves_move(coupleface::recent_ring{2, 3});
}

TEST(feature_bank, stores_sixteen_bits) {
  auto const prototypes = random_matrix<float>(3, 8, 12);
  feature_bank<coupleface::bfloat16> const bank(policy(), prototypes.view());
  auto const expected = unit_row(prototypes, 2);
  for (index_t j = 0; j < 8; ++j) {
    EXPECT_NEAR(on_host(bank.teacher()).at(2, j), expected[static_cast<std::size_t>(j)], 0x1p-8);
  }
}

TEST(feature_bank, empty_classes_and_broken_samples) {
  matrix<float> const prototypes(2, 2, {0, 0, 1, 0});
  feature_bank<float> bank(policy(), prototypes.view());
  EXPECT_EQ(on_host(bank.teacher()).at(0, 0), 0);
  matrix<float> const broken(1, 2, {std::nan(""), 1});
  labels_type const label(1, 1, std::vector<double>{1});
  bank.update(policy(), label.vector(), broken.view());
  EXPECT_TRUE(std::isnan(on_host(bank.teacher()).at(1, 0)));
  EXPECT_EQ(on_host(bank.teacher()).at(0, 1), 0);
}

TEST(feature_bank, errors_name_what_is_wrong_and_change_nothing) {
  auto const prototypes = random_matrix<float>(3, 4, 13);
  auto const batch = random_matrix<float>(2, 4, 14);
  feature_bank<float> bank(policy(), prototypes.view());
  labels_type const beyond(1, 2, {0, 3});
  if (ids_are_checked) {
    try {
      bank.update(policy(), beyond.vector(), batch.view());
      FAIL();
    } catch (std::invalid_argument const& error) {
      EXPECT_STREQ(error.what(),
                   "coupleface::feature_bank::update: labels(1) is 3, outside [-1, 3)");
    }
  }
  labels_type const one(1, 1, std::vector<double>{0});
  EXPECT_THROW(bank.update(policy(), one.vector(), batch.view()), std::invalid_argument);
  auto const narrow = random_matrix<float>(2, 3, 15);
  labels_type const two(1, 2, {0, 1});
  EXPECT_THROW(bank.update(policy(), two.vector(), narrow.view()), std::invalid_argument);
  EXPECT_EQ(bank.steps(), 0);
  expect_entry(bank, 0, unit_row(prototypes, 0));
  using average_bank = feature_bank<float, coupleface::moving_average>;
  EXPECT_THROW(average_bank(policy(), prototypes.view(), {1.5}), std::invalid_argument);
  using ring_bank = feature_bank<float, coupleface::recent_ring>;
  EXPECT_THROW(ring_bank(policy(), prototypes.view(), {0, 5}), std::invalid_argument);
  auto const student = random_matrix<float>(2, 4, 16);
  EXPECT_THROW(feature_bank<float>(policy(), prototypes.view(), student.view()),
               std::invalid_argument);
  feature_bank<float> two_halves(policy(), prototypes.view(), prototypes.view());
  EXPECT_THROW(two_halves.update(policy(), two.vector(), batch.view()), std::invalid_argument);
}

#if COUPLEFACE_HAS_KERNELS  // elsewhere they are refused
TEST(feature_bank, labels_that_are_not_checked_are_left_out) {
  auto const prototypes = random_matrix<float>(3, 4, 13);
  auto const batch = random_matrix<float>(2, 4, 14);
  labels_type const beyond(1, 2, {-9, 3});
  feature_bank<float> bank(policy(), prototypes.view());
  auto const before = on_host(bank.teacher());
  bank.update(policy(), beyond.vector(), batch.view());
  EXPECT_TRUE(on_host(bank.teacher()).same_bits(before));
}
#endif

TEST(feature_bank, documented_scratch) {
  auto const prototypes = on_host(random_matrix<float>(30, 4, 17));
  auto const batch = on_host(random_matrix<float>(12, 4, 18));
  auto const labels = on_host(random_labels(12, 30, 19));
  coupleface::feature_bank<float> bank(thrust::seq, prototypes.view());
  allocation_count count;
  counting_allocator allocator(count);
  bank.update(thrust::seq(allocator), labels.vector(), batch.view());
  EXPECT_EQ(count.bytes, 8u * (12 + 31));
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
