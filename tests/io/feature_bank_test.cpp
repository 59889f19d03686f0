// SPDX-License-Identifier: Apache-2.0
// Feature banks on disk: the state comes back bit for bit, and nothing else is accepted.
#include <coupleface/io/feature_bank.hpp>

#include "../support/matrix.hpp"

#include <thrust/device_vector.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace coupleface_test;
using coupleface::feature_bank;
using coupleface::load_feature_bank;
using coupleface::save_feature_bank;

std::string temporary(char const* name) { return testing::TempDir() + "coupleface_" + name; }

template <class Bank>
void step(Bank& bank, unsigned seed) {
  auto const labels = random_labels(9, 6, seed);
  auto const teacher = random_matrix<float>(9, 8, seed + 1000);
  auto const student = random_matrix<float>(9, 3, seed + 2000);
  bank.update(policy(), labels.vector(), teacher.view(), student.view());
}

template <class Bank>
void expect_same_state(Bank const& a, Bank const& b) {
  EXPECT_EQ(a.steps(), b.steps());
  for (index_t c = 0; c < a.classes(); ++c) {
    EXPECT_EQ(std::memcmp(a.teacher().row(c), b.teacher().row(c), 8 * sizeof(*a.teacher().row(c))),
              0);
    EXPECT_EQ(std::memcmp(a.student().row(c), b.student().row(c), 3 * sizeof(*a.student().row(c))),
              0);
  }
}

template <class T, template <class...> class Vector = std::vector, class Update>
void expect_same_future(Update update) {
  auto const teacher = random_matrix<float>(6, 8, 1);
  auto const student = random_matrix<float>(6, 3, 2);
  feature_bank<T, Update, Vector> bank(policy(), teacher.view(), student.view(), update);
  feature_bank<T, Update, Vector> resumed(policy(), teacher.view(), student.view(), update);
  std::string const path = temporary("bank.npy");
  for (unsigned s = 0; s < 7; ++s) { step(bank, s); }
  save_feature_bank(path, bank);
  load_feature_bank(path, resumed);
  expect_same_state(bank, resumed);
  for (unsigned s = 7; s < 20; ++s) {
    step(bank, s);
    step(resumed, s);
  }
  expect_same_state(bank, resumed);
  std::remove(path.c_str());
}

TEST(saved_feature_bank, has_the_same_future) {
  expect_same_future<float>(coupleface::frozen_prototypes{});
  expect_same_future<float>(coupleface::latest_sample{});
  expect_same_future<double>(coupleface::moving_average{0.8});
  expect_same_future<float>(coupleface::recent_ring{3, 4});
  expect_same_future<coupleface::float16>(coupleface::recent_ring{3, 4});
  expect_same_future<coupleface::bfloat16>(coupleface::latest_sample{});
  expect_same_future<float, thrust::device_vector>(coupleface::recent_ring{3, 4});
}

TEST(saved_feature_bank, is_refused_where_it_does_not_fit_and_leaves_the_bank_alone) {
  using ring_bank = feature_bank<float, coupleface::recent_ring>;
  auto const teacher = random_matrix<float>(6, 8, 3);
  auto const student = random_matrix<float>(6, 3, 4);
  ring_bank bank(policy(), teacher.view(), student.view(), {2, 5});
  step(bank, 1);
  std::string const path = temporary("refused_bank.npy");
  save_feature_bank(path, bank);

  ring_bank other_ring(policy(), teacher.view(), student.view(), {3, 5});
  try {
    load_feature_bank(path, other_ring);
    FAIL();
  } catch (std::runtime_error const& error) {
    EXPECT_EQ(error.what(), "coupleface: " + path +
                                ": at byte 0: first setting of the rule is 2.000000, the bank's "
                                "is 3.000000");
  }
  feature_bank<float, coupleface::latest_sample> other_rule(policy(), teacher.view(),
                                                            student.view());
  EXPECT_THROW(load_feature_bank(path, other_rule), std::runtime_error);
  feature_bank<double, coupleface::recent_ring> other_type(policy(), teacher.view(), student.view(),
                                                           {2, 5});
  EXPECT_THROW(load_feature_bank(path, other_type), std::runtime_error);

  // Every truncation is noticed, and a failed load changes nothing.
  ring_bank untouched(policy(), teacher.view(), student.view(), {2, 5});
  ring_bank target(policy(), teacher.view(), student.view(), {2, 5});
  std::ifstream in(path, std::ios::binary);
  std::string const bytes(std::istreambuf_iterator<char>(in), {});
  std::string const cut = temporary("cut_bank.npy");
  for (std::size_t size = 0; size < bytes.size(); size += 61) {
    std::ofstream(cut, std::ios::binary) << bytes.substr(0, size);
    EXPECT_THROW(load_feature_bank(cut, target), std::runtime_error) << size;
  }
  std::ofstream(cut, std::ios::binary) << bytes << "more";
  EXPECT_THROW(load_feature_bank(cut, target), std::runtime_error);
  expect_same_state(untouched, target);
  EXPECT_THROW(load_feature_bank(temporary("absent.npy"), target), std::runtime_error);
  std::remove(path.c_str());
  std::remove(cut.c_str());
}

template <class Update>
void expect_other_setting_refused(Update update, Update other, char const* message) {
  auto const teacher = random_matrix<float>(6, 8, 7);
  auto const student = random_matrix<float>(6, 3, 8);
  feature_bank<float, Update> bank(policy(), teacher.view(), student.view(), update);
  feature_bank<float, Update> another(policy(), teacher.view(), student.view(), other);
  std::string const path = temporary("setting_of_bank.npy");
  save_feature_bank(path, bank);
  try {
    load_feature_bank(path, another);
    ADD_FAILURE();
  } catch (std::runtime_error const& error) {
    EXPECT_EQ(error.what(), "coupleface: " + path + ": at byte 0: " + message);
  }
  std::remove(path.c_str());
}

TEST(saved_feature_bank, every_setting_is_compared) {
  expect_other_setting_refused(coupleface::moving_average{0.5}, coupleface::moving_average{0.25},
                               "first setting of the rule is 0.500000, the bank's is 0.250000");
  expect_other_setting_refused(coupleface::recent_ring{2, 5}, coupleface::recent_ring{4, 5},
                               "first setting of the rule is 2.000000, the bank's is 4.000000");
  expect_other_setting_refused(coupleface::recent_ring{2, 5}, coupleface::recent_ring{2, 6},
                               "second setting of the rule is 5.000000, the bank's is 6.000000");
}

TEST(saved_feature_bank, is_refused_where_its_ring_cannot_be_of_that_step) {
  using ring_bank = feature_bank<float, coupleface::recent_ring>;
  auto const teacher = random_matrix<float>(6, 8, 5);
  auto const student = random_matrix<float>(6, 3, 6);
  std::string const path = temporary("impossible_bank.npy");
  auto const loads = [&](char const* array, std::int64_t value) {
    ring_bank bank(policy(), teacher.view(), student.view(), {2, 5});
    step(bank, 1);
    bank.visit_state([&](char const* name, auto& state) {
      if constexpr (!std::is_arithmetic_v<std::decay_t<decltype(state)>>) {
        using element = typename std::decay_t<decltype(state)>::value_type;
        if (std::string(name) == array) { state.back() = static_cast<element>(value); }
      }
    });
    save_feature_bank(path, bank);
    ring_bank loaded(policy(), teacher.view(), student.view(), {2, 5});
    try {
      load_feature_bank(path, loaded);
    } catch (std::runtime_error const& error) { return std::string(error.what()); }
    return std::string();
  };
  // After one update: written at step 0 or not at all, to go on at slot 0 or 1.
  EXPECT_EQ(loads("ages", 0) + loads("ages", -1) + loads("next_slots", 0) + loads("next_slots", 1),
            "");
  EXPECT_EQ(loads("ages", 1), "coupleface: " + path + ": ages holds 1 after 1 updates");
  EXPECT_NE(loads("ages", -2), "");
  EXPECT_NE(loads("next_slots", 2), "");
  EXPECT_NE(loads("next_slots", -1), "");
  std::remove(path.c_str());
}

}  // namespace
