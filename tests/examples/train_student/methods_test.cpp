// SPDX-License-Identifier: Apache-2.0
// The methods of examples/train_student: each trains the student by a term of its own, whose
// gradient is that of its value; stopped runs go on with the same bytes; checkpoints name what
// decides a run and no more.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "class_relations.hpp"
#include "drawn_people.hpp"

namespace ts = train_student;

namespace {

using ts::drawn_people;
using ts::logged;

ts::run_settings settings_of(std::string const& method) {
  auto settings = drawn_people::settings("nearest");
  settings.method = method;
  settings.lambda = 1;
  return settings;
}

class every_method : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(methods, every_method, testing::ValuesIn(face_kit::method_names()),
                         [](auto const& method) { return method.param; });

TEST_P(every_method, trains_two_steps) {
  image_writing::temporary_folder const folder;
  auto settings = settings_of(GetParam());
  settings.epochs = 1;
  ts::train(settings, folder);
  auto const total = logged(folder.string(), "total");
  ASSERT_EQ(total.size(), 2U);
  for (double const loss : total) {
    EXPECT_TRUE(std::isfinite(loss));
    EXPECT_GT(loss, 0);
  }
  if (!settings.uses_relations()) return;
  auto const gradient = logged(folder.string(), "relation_gradient");
  // The queue is empty before the first batch.
  if (GetParam() == "teacher_queue") EXPECT_EQ(gradient[0], 0);
  else EXPECT_GT(gradient[0], 0);
  EXPECT_GT(gradient[1], 0);
}

TEST_P(every_method, stopped_after_every_step_ends_with_the_same_bytes) {
  image_writing::temporary_folder const straight, stopped;
  auto const settings = settings_of(GetParam());
  ts::train(settings, straight);
  ts::impatience const pressing;
  int stops = 0;
  for (bool over = false; !over; ++stops) {
    try {
      ts::train(settings, stopped);
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

/// The losses of a batch of 24 samples of 16 classes, none of them near its teacher.
struct batch_of_methods {
  explicit batch_of_methods(std::string const& method)
      : data(ts::people().data()),
        settings(settings_of(method)),
        losses(ts::make_losses(
            settings,
            settings.uses_bank()
                ? ts::teacher_prototypes(data.teacher, data.train, data.faces->labels, data.classes)
                : ts::matrix<float>(0, data.teacher.cols()))) {
    student = 2 * (data.teacher.topRows(24).array().square().matrix());
    if (settings.mines()) losses->mine_on_schedule(0, 1);
    // An earlier batch, of other images.
    begin(24);
    if (settings.uses_relations()) losses->renew();
    begin(0);
  }

  /// Labels and teacher of the 24 faces from `first`.
  void begin(int first) {
    teacher = data.teacher.middleRows(first, 24);
    labels.assign(data.faces->labels.begin() + first, data.faces->labels.begin() + first + 24);
    begin();
  }
  void begin() {
    losses->begin({ts::view_of(std::as_const(student)), ts::view_of(std::as_const(teacher)),
                   coupleface::make_vector_view(std::as_const(labels).data(), 24)});
  }

  /// The method's own term: the relation, or what a method without one has as its base.
  double term(ts::matrix<float>& gradient) {
    gradient.resize(24, student.cols());
    begin();
    double value = 0, active = 0;
    if (settings.uses_relations()) losses->relation(value, active, ts::view_of(gradient));
    else losses->base(value, ts::view_of(gradient));
    return value;
  }

  ts::training_data const& data;
  ts::run_settings settings;
  std::unique_ptr<ts::step_losses> losses;
  ts::matrix<float> student, teacher;
  std::vector<std::int32_t> labels;
};

TEST_P(every_method, has_the_gradient_of_its_value) {
  if (GetParam() == "supervised") return;
  // Its counts are steep, and each call moves its thresholds: tests/losses/ekd_test.cpp.
  if (GetParam() == "ekd") return;
  batch_of_methods batch(GetParam());
  ts::matrix<float> gradient, other;
  EXPECT_GT(batch.term(gradient), 0);
  float const step = 1.0f / 1024;
  double const largest = gradient.cwiseAbs().maxCoeff();
  ASSERT_GT(largest, 0);
  for (int i = 0; i < 24; i += 5) {
    for (int j = 0; j < batch.student.cols(); j += 4) {
      float& at = batch.student(i, j);
      float const before = at, above = before + step, below = before - step;
      at = above;
      double const high = batch.term(other);
      at = below;
      double const low = batch.term(other);
      at = before;
      // Penalties with corners have a slope that jumps between the two points now and then.
      EXPECT_NEAR(gradient(i, j), (high - low) / (double{above} - double{below}), 0.02 * largest)
          << i << ", " << j;
    }
  }
}

TEST(methods, no_two_have_the_same_term) {
  std::map<double, std::string> seen;
  for (auto const& method : face_kit::method_names()) {
    if (method == "supervised") continue;
    batch_of_methods batch(method);
    ts::matrix<float> gradient;
    batch.term(gradient);
    auto const [other, added] = seen.emplace(gradient.norm(), method);
    EXPECT_TRUE(added) << method << " does what " << other->second << " does";
  }
}

TEST(methods, that_mine_do_so_by_every_strategy) {
  for (auto const& strategy : ts::mining_strategies()) {
    for (char const* method : {"rkd_d_mined", "pkt_mined"}) {
      SCOPED_TRACE(method + (' ' + strategy));
      image_writing::temporary_folder const folder;
      auto settings = drawn_people::settings(strategy);
      settings.method = method;
      settings.epochs = 1;
      ts::train(settings, folder);
      EXPECT_GT(logged(folder.string(), "relation_gradient").at(1), 0);
    }
  }
}

std::string text_of(std::string const& method) {
  ts::run_settings settings;
  settings.method = method;
  settings.epochs = 8;
  return settings.text("data = x\n");
}

std::string common_text(std::string const& method, std::string const& rate) {
  return "program = train_student\ndata = x\nmethod = " + method +
         "\nseed = 1\nside = 32\nwidths = 32,64,128\nblocks = 0,1,1\nembedding = 128\n"
         "epochs = 8\nbatch = 128\nlr = " +
         rate +
         "\nmomentum = 0.90000000000000002\nweight-decay = 0.00050000000000000001\n"
         "schedule = cosine\nwarmup = 0.5\nflip = 0.5\nshift = 1\nmask = 0\n";
}

TEST(methods, checkpoints_of_the_first_four_keep_their_text) {
  EXPECT_EQ(text_of("supervised"),
            common_text("supervised", "0.10000000000000001") +
                "cls-weight = 1\nmargin = 0.29999999999999999\nscale = 32\n");
  std::string const taught = "cls-weight = 0\nfcd-weight = 1\n";
  EXPECT_EQ(text_of("fcd"), common_text("fcd", "1") + taught);
  EXPECT_EQ(text_of("mrd"), common_text("mrd", "1") + taught +
                                "lambda = 10\npenalty = absolute\nk = 100\nrefresh = 1\n"
                                "bank = latest\n");
  EXPECT_EQ(text_of("coupleface"), common_text("coupleface", "1") + taught +
                                       "lambda = 10\npenalty = hinge\nq = 0.029999999999999999\n"
                                       "k = 100\nrefresh = 1\nbank = latest\n");
}

TEST(methods, checkpoints_name_what_decides_the_run_and_no_more) {
  for (auto const& method : face_kit::method_names()) {
    SCOPED_TRACE(method);
    ts::run_settings plain;
    plain.method = method;
    auto const changes = [&](auto const& change) {
      auto other = plain;
      change(other);
      return other.text("") != plain.text("");
    };
    EXPECT_EQ(changes([](auto& s) { s.lambda = 2; }), plain.uses_relations());
    EXPECT_EQ(changes([](auto& s) { s.q = 0.5; }), method == "coupleface");
    EXPECT_EQ(changes([](auto& s) { s.penalty = "squared"; }), method == "coupleface");
    EXPECT_EQ(changes([](auto& s) { s.relation_share = 0.5; }), plain.uses_relations());
    EXPECT_EQ(changes([](auto& s) { s.q_quantile = 0.5; }), method == "coupleface");
    EXPECT_EQ(changes([](auto& s) { s.k = 3; }), plain.mines());
    EXPECT_EQ(changes([](auto& s) { s.mining.strategy = "gap"; }), plain.mines());
    EXPECT_EQ(changes([](auto& s) { s.bank = "frozen"; }), plain.uses_bank());
    EXPECT_EQ(changes([](auto& s) { s.fcd_weight = 2; }), method != "supervised");
  }
}

}  // namespace
