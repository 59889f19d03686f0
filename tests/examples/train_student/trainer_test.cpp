// SPDX-License-Identifier: Apache-2.0
// The training loop of examples/train_student by its results: what the weights of the losses do to
// the network, what changes from one epoch to the next, what a checkpoint is worth.
#include "student.hpp"

#include <gtest/gtest.h>

#include "class_relations.hpp"
#include "drawn_people.hpp"

namespace ts = train_student;

namespace {

using ts::drawn_people;

/// FCD alone, nothing random but the start and the order.
ts::run_settings plain_settings() {
  auto s = drawn_people::settings("nearest");
  s.method = "fcd";
  s.augmentation = {0, 0, 0};
  s.sgd = {0.25, 0.5, 0};
  return s;
}

/// The network after a run; a run without a step leaves it as it started.
std::vector<float> weights_after(ts::run_settings const& settings, bool with_run = true) {
  image_writing::temporary_folder const folder;
  face_kit::training_run<ts::student> trainer(ts::people().data(), settings, folder.string());
  if (with_run) trainer.run();
  std::vector<float> weights;
  trainer.student().network().for_each_parameter([&](ts::parameter<float>& p) {
    weights.insert(weights.end(), p.value.data(), p.value.data() + p.value.size());
  });
  return weights;
}

std::vector<double> column_of(ts::run_settings const& settings, char const* name) {
  image_writing::temporary_folder const folder;
  ts::train(settings, folder);
  return ts::logged(folder.string(), name);
}

TEST(trainer, without_a_relation_weight_every_step_is_that_of_fcd) {
  auto settings = plain_settings();
  auto const fcd = weights_after(settings);
  settings.method = "coupleface";
  settings.lambda = 0;
  EXPECT_EQ(weights_after(settings), fcd);
  settings.lambda = 4;
  EXPECT_NE(weights_after(settings), fcd);
}

TEST(trainer, without_any_weight_nothing_is_learnt) {
  auto settings = plain_settings();
  settings.fcd_weight = 0;
  auto const start = weights_after(settings, false);
  EXPECT_EQ(weights_after(settings), start);
  settings.fcd_weight = 1;
  EXPECT_NE(weights_after(settings), start);
}

TEST(trainer, half_the_weight_at_twice_the_rate_is_the_same) {
  auto settings = plain_settings();
  settings.method = "supervised";
  settings.supervised_rate = 0.125;
  auto const supervised = weights_after(settings);
  settings.method = "fcd";
  settings.fcd_weight = 0;
  settings.cls_weight = 0.5;
  settings.sgd.learning_rate = 0.25;
  EXPECT_EQ(weights_after(settings), supervised);
  settings.method = "coupleface";
  settings.lambda = 0;
  EXPECT_EQ(weights_after(settings), supervised);
}

TEST(trainer, the_total_is_the_weighed_sum) {
  auto settings = plain_settings();
  settings.method = "coupleface";
  settings.fcd_weight = 2;
  settings.lambda = 3;
  settings.cls_weight = 0.5;
  image_writing::temporary_folder const folder;
  ts::train(settings, folder);
  auto const of = [&](char const* name) { return ts::logged(folder.string(), name); };
  auto const total = of("total"), fcd = of("fcd"), relation = of("relation"),
             classification = of("classification");
  ASSERT_EQ(total.size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(total[k], 2 * fcd[k] + 3 * relation[k] + 0.5 * classification[k], 1e-6 * total[k]);
  }
}

TEST(trainer, a_relation_share_weighs_by_the_norms_of_both_gradients) {
  auto settings = plain_settings();
  settings.method = "sp";
  settings.fcd_weight = 2;
  settings.relation_share = 0.25;
  image_writing::temporary_folder const folder;
  ts::train(settings, folder);
  auto const of = [&](char const* name) { return ts::logged(folder.string(), name); };
  auto const lambda = of("lambda"), base = of("fcd_gradient"), relation = of("relation_gradient"),
             total = of("total"), fcd = of("fcd"), sp = of("relation");
  ASSERT_EQ(lambda.size(), 4U);
  double base_sum = 0, relation_sum = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    base_sum += 2 * base[k];
    relation_sum += relation[k];
    EXPECT_NEAR(lambda[k], base_sum / relation_sum / 3, 1e-4 * lambda[k]);
    EXPECT_NEAR(total[k], 2 * fcd[k] + lambda[k] * sp[k], 1e-5 * total[k]);
  }
}

TEST(trainer, a_run_with_a_relation_share_goes_on_with_the_same_bytes) {
  image_writing::temporary_folder const straight, stopped;
  auto settings = plain_settings();
  settings.method = "teacher_queue";  // without a gradient at first
  settings.relation_share = 0.5;
  ts::train(settings, straight);
  auto const lambda = ts::logged(straight.string(), "lambda");
  EXPECT_EQ(lambda.at(0), 0);
  EXPECT_GT(lambda.at(1), 0);
  ts::impatience const pressing;
  for (int k = 0; k < 4; ++k) EXPECT_THROW(ts::train(settings, stopped), ts::interrupted);
  ts::train(settings, stopped);
  for (char const* file : {"/checkpoint.bin", "/steps.csv"})
    EXPECT_TRUE(ts::read_whole_file(straight.string() + file) ==
                ts::read_whole_file(stopped.string() + file))
        << file;
}

TEST(trainer, the_rate_follows_its_schedule_step_by_step) {
  auto settings = plain_settings();
  settings.warmup_epochs = 1;
  settings.epochs = 3;
  settings.sgd.learning_rate = 0.5;
  auto const rates = column_of(settings, "learning_rate");
  // Two steps an epoch: up for two, then half a cosine over the other four.
  std::vector<double> const expected{0.25, 0.5, 0.5, 0.426777, 0.25, 0.073223};
  ASSERT_EQ(rates.size(), expected.size());
  for (std::size_t k = 0; k < rates.size(); ++k) EXPECT_NEAR(rates[k], expected[k], 1e-6) << k;
}

TEST(trainer, every_epoch_has_an_order_of_its_own) {
  auto settings = plain_settings();
  settings.sgd.learning_rate = 0;  // so that a step's loss tells of its batch alone
  auto const fcd = column_of(settings, "fcd");
  ASSERT_EQ(fcd.size(), 4U);
  EXPECT_GT(std::abs(fcd[0] - fcd[2]), 1e-4);
  EXPECT_GT(std::abs(fcd[0] - fcd[1]), 1e-4);
}

TEST(trainer, every_seed_has_an_order_of_its_own) {
  auto settings = plain_settings();
  settings.sgd.learning_rate = 0;
  settings.epochs = 1;
  // The same network for both, so that the order alone can differ.
  auto const weights = weights_after(settings, false);
  auto const first_loss = [&](std::uint64_t seed) {
    image_writing::temporary_folder const folder;
    settings.seed = seed;
    face_kit::training_run<ts::student> trainer(ts::people().data(), settings, folder.string());
    std::ptrdiff_t at = 0;
    trainer.student().network().for_each_parameter([&](ts::parameter<float>& p) {
      std::copy_n(weights.data() + at, p.value.size(), p.value.data());
      at += p.value.size();
    });
    trainer.run();
    return ts::logged(folder.string(), "fcd").at(0);
  };
  double const first = first_loss(1);
  EXPECT_EQ(first_loss(1), first);
  EXPECT_GT(std::abs(first_loss(2) - first), 1e-4);
}

TEST(trainer, every_epoch_augments_anew) {
  auto settings = plain_settings();
  settings.sgd.learning_rate = 0;
  settings.batch = 64;  // all faces: the order hardly tells
  auto const same = column_of(settings, "fcd");
  ASSERT_EQ(same.size(), 2U);
  EXPECT_NEAR(same[0], same[1], 1e-5);
  settings.augmentation = {0.5, 2, 0};
  auto const augmented = column_of(settings, "fcd");
  EXPECT_GT(std::abs(augmented[0] - augmented[1]), 1e-4);
}

TEST(trainer, rows_of_steps_that_the_checkpoint_does_not_know_are_cut_off) {
  image_writing::temporary_folder const straight, stopped;
  auto const settings = plain_settings();
  ts::train(settings, straight);
  {
    ts::impatience const pressing;
    EXPECT_THROW(ts::train(settings, stopped), ts::interrupted);
  }
  std::string const log = stopped.string() + "/steps.csv";
  std::ofstream(log, std::ios::app) << "0,1,0.5,7,7,,,,7,,,7\n";
  ts::train(settings, stopped);
  EXPECT_EQ(ts::read_whole_file(log), ts::read_whole_file(straight.string() + "/steps.csv"));
  std::filesystem::remove(stopped.string() + "/result.json");
  std::filesystem::resize_file(log, 20);
  try {
    ts::train(settings, stopped);
    FAIL();
  } catch (std::runtime_error const& error) {
    EXPECT_NE(std::string(error.what()).find("is shorter than its checkpoint says"),
              std::string::npos);
  }
}

TEST(step_losses, the_bank_is_renewed_with_the_teachers_rows) {
  ts::run_settings settings;
  settings.method = "coupleface";
  settings.k = 1;
  ts::matrix<float> prototypes(2, 2), student(1, 2), teacher(1, 2);
  prototypes << 0.6f, 0.8f, -1, 0;
  student << 1, 0;
  teacher << 0, 1;
  std::int32_t const label = 0;
  auto const losses = ts::make_losses(settings, prototypes);
  losses->mine_on_schedule(0, 1);
  losses->begin({ts::view_of(std::as_const(student)), ts::view_of(std::as_const(teacher)),
                 coupleface::make_vector_view(&label, 1)});
  losses->renew();
  std::stringstream state;
  losses->save(state);
  std::int64_t steps = 0;
  float entries[4] = {};
  ts::read_bytes(state, &steps, sizeof steps);
  ts::read_bytes(state, entries, sizeof entries);
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(std::vector<float>(entries, entries + 4), (std::vector<float>{0, 1, -1, 0}));
}

}  // namespace
