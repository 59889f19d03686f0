// SPDX-License-Identifier: Apache-2.0
// The mining strategies of examples/train_student: each trains the student on pairs of its own
// choice, runs stopped after every step end with the bytes of one that was not, and settings are
// known again.
#include "class_relations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "drawn_people.hpp"

namespace ts = train_student;

namespace {

using ts::drawn_people;
using ts::impatience;
using ts::logged;
using ts::people;
using ts::train;

class every_strategy : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(mining, every_strategy, testing::ValuesIn(ts::mining_strategies()),
                         [](auto const& strategy) { return strategy.param; });

TEST_P(every_strategy, trains_two_steps) {
  image_writing::temporary_folder const folder;
  auto settings = drawn_people::settings(GetParam());
  settings.epochs = 1;
  train(settings, folder);
  auto const total = logged(folder.string(), "total");
  auto const relation = logged(folder.string(), "relation");
  auto const gradient = logged(folder.string(), "relation_gradient");
  ASSERT_EQ(total.size(), 2U);
  for (std::size_t step = 0; step < 2; ++step) {
    EXPECT_TRUE(std::isfinite(total[step]));
    // The student is untrained: with some classes it is farther off than q allows.
    EXPECT_GT(relation[step], 0);
    EXPECT_GT(gradient[step], 0);
  }
}

TEST_P(every_strategy, stopped_after_every_step_ends_with_the_same_bytes) {
  image_writing::temporary_folder const straight, stopped;
  auto const settings = drawn_people::settings(GetParam());
  train(settings, straight);
  impatience const pressing;
  int stops = 0;
  for (bool over = false; !over; ++stops) {
    try {
      train(settings, stopped);
      over = true;
    } catch (ts::interrupted const&) {}
  }
  EXPECT_EQ(stops, 5);  // four steps, then only the result is left to write
  for (char const* file : {"/checkpoint.bin", "/steps.csv", "/scores.npy"}) {
    EXPECT_TRUE(ts::read_whole_file(straight.string() + file) ==
                ts::read_whole_file(stopped.string() + file))
        << file;
  }
}

TEST(mining, no_two_strategies_choose_the_same_pairs) {
  std::map<double, std::string> seen;
  for (auto const& strategy : ts::mining_strategies()) {
    image_writing::temporary_folder const folder;
    auto settings = drawn_people::settings(strategy);
    settings.epochs = 1;
    train(settings, folder);
    auto const [other, added] = seen.emplace(logged(folder.string(), "relation")[0], strategy);
    EXPECT_TRUE(added) << strategy << " does what " << other->second << " does";
  }
}

TEST(mining, random_tables_change_with_the_seed_alone) {
  auto const& data = people().data();
  auto const prototypes =
      ts::teacher_prototypes(data.teacher, data.train, data.faces->labels, data.classes);
  for (char const* strategy : {"random", "mixed", "nearest"}) {
    ts::mining_settings settings;
    settings.strategy = strategy;
    auto const mined = [&](std::uint64_t seed) {
      return ts::mine_classes(settings, ts::view_of(prototypes), 5, seed).classes;
    };
    EXPECT_EQ(mined(1), mined(1)) << strategy;
    EXPECT_EQ(mined(1) != mined(2), settings.strategy != "nearest") << strategy;
  }
}

TEST(mining, random_classes_are_drawn_anew_each_epoch) {
  // The bank stays the same, so that only another seed can make another table of it.
  for (char const* strategy : {"random", "nearest"}) {
    std::vector<double> relation[2];
    for (int refresh : {0, 1}) {
      image_writing::temporary_folder const folder;
      auto settings = drawn_people::settings(strategy);
      settings.bank = "frozen";
      settings.refresh = refresh;
      train(settings, folder);
      relation[refresh] = logged(folder.string(), "relation");
      ASSERT_EQ(relation[refresh].size(), 4U);
    }
    EXPECT_EQ(relation[0][1], relation[1][1]) << strategy;
    EXPECT_EQ(relation[0][2] != relation[1][2], strategy == std::string("random")) << strategy;
  }
}

TEST(mining, a_batch_is_never_compared_with_its_own_classes) {
  auto const& data = people().data();
  auto const prototypes =
      ts::teacher_prototypes(data.teacher, data.train, data.faces->labels, data.classes);
  ts::matrix<float> const student = data.teacher.topRows(24).array().square().matrix(),
                          teacher = data.teacher.topRows(24);
  std::vector<std::int32_t> const labels(data.faces->labels.begin(),
                                         data.faces->labels.begin() + 24);
  ts::labelled_batch const batch{ts::view_of(student), ts::view_of(teacher),
                                 coupleface::make_vector_view(labels.data(), 24)};
  int const k = 23;  // more than there are classes of others, in the bank and in the batch
  ts::relation_table table;
  for (auto const& strategy : ts::strategies_by_batch) {
    SCOPED_TRACE(strategy);
    auto settings = drawn_people::settings(strategy).mining;
    settings.pool = k;
    ts::mine_batch(settings, batch, ts::view_of(prototypes), k, table);
    ASSERT_EQ(table.classes.rows(), 24);
    ASSERT_EQ(table.classes.cols(), k);
    for (int i = 0; i < 24; ++i) {
      std::set<std::int32_t> mined;
      for (int j = 0; j < k && table.classes(i, j) >= 0; ++j) {
        auto const c = table.classes(i, j);
        EXPECT_NE(strategy == "in_batch" ? labels[static_cast<std::size_t>(c)] : c,
                  labels[static_cast<std::size_t>(i)]);
        EXPECT_TRUE(mined.insert(c).second);
      }
      std::size_t const others = strategy == "in_batch" ? 20 : 15;
      if (strategy == "relative_margin") EXPECT_LE(mined.size(), others);
      else EXPECT_EQ(mined.size(), others);
    }
  }
}

TEST(mining, settings_tell_what_decides_the_run_and_no_more) {
  auto const text = [](std::string const& strategy, ts::mining_settings mining, int k = 100) {
    ts::run_settings settings;
    settings.k = k;
    settings.mining = mining;
    settings.mining.strategy = strategy;
    return settings.text("");
  };
  ts::mining_settings other;
  other.skip = 3;
  other.highest = 0.3;
  other.hard = 7;
  other.pool = 500;
  other.margin = 0.2;
  // The text of checkpoints from before there was a choice.
  EXPECT_EQ(text("nearest", {}).find("mining"), std::string::npos);
  EXPECT_EQ(text("nearest", {}), text("nearest", other));
  std::set<std::string> const with_settings{"rank_window", "similarity_window", "mixed",
                                            "teacher_order", "relative_margin"};
  std::set<std::string> texts;
  for (auto const& strategy : ts::mining_strategies()) {
    EXPECT_TRUE(texts.insert(text(strategy, {})).second) << strategy;
    EXPECT_EQ(text(strategy, {}) != text(strategy, other), with_settings.count(strategy) == 1)
        << strategy;
  }
  ts::mining_settings half;
  half.hard = 50;
  EXPECT_EQ(text("mixed", {}), text("mixed", half));
}

TEST(mining, settings_that_do_not_fit_are_named) {
  auto const message = [](ts::mining_settings const& settings) -> std::string {
    try {
      settings.expect_valid(10);
    } catch (std::invalid_argument const& error) { return error.what(); }
    return "";
  };
  ts::mining_settings s;
  s.hard = 11;
  s.pool = 9;
  s.lowest = 0.6;
  s.skip = -1;
  s.margin = -0.1;
  std::map<std::string, std::string> const expected{
      {"nearest", ""},
      {"bank", ""},
      {"mixed", "mining-hard: is more than k"},
      {"teacher_order", "mining-pool: is less than k"},
      {"similarity_window", "mining-lowest: is above mining-highest"},
      {"rank_window", "mining-skip: is negative"},
      {"relative_margin", "mining-margin: is negative"}};
  for (auto const& [strategy, text] : expected) {
    s.strategy = strategy;
    EXPECT_EQ(message(s), text);
  }
  s.strategy = "farthest";
  EXPECT_EQ(message(s).find("mining: 'farthest' is not one of nearest, random, "), 0U)
      << message(s);
}

TEST(relation_spread, counts_a_prototype_of_zeros_as_unrelated) {
  ts::matrix<float> teacher(3, 2);
  teacher << 1, 0, 0, 0, 0.6f, 0.8f;
  ts::run_settings settings;
  settings.k = 1;
  testing::internal::CaptureStderr();
  ts::report_relation_spread(teacher, {0, 1, 2}, {0, 1, 2}, 3, settings);
  // The six ordered pairs: 0.6 twice, else 0. The nearest of each: 0.6, 0, 0.6.
  std::string const told = testing::internal::GetCapturedStderr();
  EXPECT_EQ(told.find("relations of the teacher's classes: mean 0.200 over all pairs, 0.400 to the "
                      "nearest class, "),
            0U)
      << told;
}

}  // namespace
