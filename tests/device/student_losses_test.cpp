// SPDX-License-Identifier: Apache-2.0
// The losses of examples/train_student where it asks for a device: the host's values, gradients and
// saved states, for every bank and every strategy of mining.
#include "../../examples/train_student/step_losses_at.hpp"

#include "face_kit/distillation/relation_terms_at.hpp"
#include "support/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace {

namespace ts = train_student;
using namespace coupleface_test;

struct test_copies {
  static void to_host(void* to, void const* from, std::size_t bytes) {
    if (bytes > 0) { copy_device(to, from, bytes); }
  }
  static void from_host(void* to, void const* from, std::size_t bytes) { to_host(to, from, bytes); }
};

using host = ts::step_losses_at<ts::host_place<std::decay_t<decltype(thrust::seq)>>>;
using device = ts::step_losses_at<
    ts::device_place<std::decay_t<decltype(policy())>, device_vector, test_copies>>;

constexpr index_t classes = 24, batch = 19, width = 12;

struct results {
  double fcd = 0, relation = 0, active = 0, classification = 0;
  host_matrix<float> fcd_gradient{batch, width}, relation_gradient{batch, width},
      softmax_gradient{batch, width}, weight_gradient{classes, width};
};

results step(ts::step_losses& losses, unsigned seed) {
  auto const student = on_host(random_matrix<float>(batch, width, seed));
  auto const teacher = on_host(random_matrix<float>(batch, width, seed + 1));
  auto const labels = on_host(random_labels(batch, classes, seed + 2));
  auto const weights = on_host(random_matrix<float>(classes, width, seed + 3));
  results r;
  losses.mine_on_schedule(int(seed), seed);
  losses.begin({student.view(), teacher.view(), labels.vector()});
  losses.base(r.fcd, r.fcd_gradient.view());
  losses.relation(r.relation, r.active, r.relation_gradient.view());
  losses.classification(weights.view(), r.classification, r.softmax_gradient.view(),
                        r.weight_gradient.view());
  losses.renew();
  return r;
}

/// Cosines are sums of float products, off by (width + 8) u on either side; the margin's slope is
/// below 2 here, and the loss moves by at most twice what the logits do.
double softmax_bound(ts::loss_settings const& s) {
  return 2 * 2 * 2 * s.scale * double(width + 8) * std::ldexp(1.0, -24);
}

std::string saved(ts::step_losses& losses) {
  std::ostringstream out;
  losses.save(out);
  return out.str();
}

ts::loss_settings settings_of(std::string const& bank, std::string const& strategy) {
  ts::loss_settings s;
  s.k = 5;
  s.bank = bank;
  s.bank_depth = 2;
  s.mining.strategy = strategy;
  s.mining.skip = 1;
  s.penalty = bank == "ema" ? "smooth_l1" : "hinge";
  return s;
}

void expect_same(ts::loss_settings const& s) {
  SCOPED_TRACE(s.bank + ", " + s.mining.strategy);
  auto const prototypes = on_host(random_matrix<float>(classes, width, 1));
  host here(s, prototypes.view());
  device there(s, prototypes.view());
  for (unsigned i = 0; i < 3; ++i) {
    if (i == 2) {  // a run that was stopped and goes on
      std::istringstream in(saved(there));
      there.load(in);
    }
    auto const expected = step(here, 10 * i), found = step(there, 10 * i);
    EXPECT_GT(expected.relation, 0);
    EXPECT_EQ(found.fcd, expected.fcd);
    EXPECT_EQ(found.relation, expected.relation);
    EXPECT_EQ(found.active, expected.active);
    EXPECT_TRUE(found.fcd_gradient.same_bits(expected.fcd_gradient));
    EXPECT_TRUE(found.relation_gradient.same_bits(expected.relation_gradient));
    EXPECT_NEAR(found.classification, expected.classification, softmax_bound(s));
    EXPECT_EQ(saved(there), saved(here));
  }
}

TEST(student_losses, every_strategy_of_mining) {
  for (auto const& strategy : ts::mining_strategies()) {
    expect_same(settings_of("latest", strategy));
  }
}

TEST(student_losses, every_bank) {
  for (char const* bank : {"frozen", "latest", "ema", "ring"}) {
    expect_same(settings_of(bank, "nearest"));
  }
}

/// A term by its name on a batch, here and there.
void expect_same_term(ts::loss_settings const& s) {
  SCOPED_TRACE(s.method + ", " + s.mining.strategy);
  using here_policy = std::decay_t<decltype(thrust::seq)>;
  using there_policy = std::decay_t<decltype(policy())>;
  auto const student = on_host(random_matrix<float>(batch, width, 1));
  auto const teacher = on_host(random_matrix<float>(batch, width, 2));
  auto const labels = on_host(random_labels(batch, classes, 3));
  auto const prototypes = on_host(random_matrix<float>(s.mines() ? classes : 0, width, 4));
  host here(s, prototypes.view(),
            std::make_unique<face_kit::common_terms<here_policy, std::vector>>(s.method));
  device there(s, prototypes.view(),
               std::make_unique<face_kit::common_terms<there_policy, device_vector>>(s.method));
  results r[2];
  ts::step_losses* const places[] = {&here, &there};
  for (int i : {0, 1}) {
    if (s.mines()) { places[i]->mine_on_schedule(0, 5); }
    places[i]->begin({student.view(), teacher.view(), labels.vector()});
    places[i]->relation(r[i].relation, r[i].active, r[i].relation_gradient.view());
  }
  // Over all pairs, products are of floats on either side, in another order; a contrast divides by
  // 0.1. Over mined pairs, sums are in double and in one order; a gradient is stored in float.
  double const product = 4 * double(width + 8) * std::ldexp(1.0, -24);
  double const bound = s.mines() ? 1e-12 : s.method == "cross_contrast" ? 10 * product : product;
  double const stored = s.mines() ? std::ldexp(1.0, -23) : 0;
  EXPECT_GT(r[0].relation, 0);
  EXPECT_NEAR(r[1].relation, r[0].relation, bound);
  EXPECT_TRUE(std::isnan(r[1].active));
  for (index_t i = 0; i < batch; ++i) {
    for (index_t j = 0; j < width; ++j) {
      double const expected = r[0].relation_gradient.view()(i, j);
      EXPECT_NEAR(r[1].relation_gradient.view()(i, j), expected,
                  bound + stored * std::fabs(expected));
    }
  }
}

TEST(student_losses, relation_terms_that_devices_have) {
  int over_batch = 0, mined = 0;
  for (auto const& method : face_kit::distillation_methods) {
    auto s = settings_of("latest", "nearest");
    s.method = method.name;
    if (!method.on_device || s.uses_penalty()) { continue; }
    if (method.pairs == face_kit::relation_pairs::batch) {
      expect_same_term(s);
      ++over_batch;
    }
    if (method.pairs != face_kit::relation_pairs::mined) { continue; }
    ++mined;
    // By class, by sample, and of the batch's samples.
    for (char const* strategy : {"nearest", "bank", "in_batch"}) {
      s.mining.strategy = strategy;
      expect_same_term(s);
    }
  }
  EXPECT_GE(over_batch, 7);
  EXPECT_EQ(mined, 4);
}

TEST(student_losses, a_queue_and_its_state) {
  using here_policy = std::decay_t<decltype(thrust::seq)>;
  using there_policy = std::decay_t<decltype(policy())>;
  ts::loss_settings s;
  s.method = "teacher_queue";
  host here(s, {nullptr, 0, width},
            std::make_unique<face_kit::host_terms<here_policy>>(s.method, classes, width));
  device there(s, {nullptr, 0, width},
               face_kit::make_device_terms<there_policy, device_vector>(s.method, classes, width));
  ts::step_losses* const places[] = {&here, &there};
  for (unsigned i = 0; i < 3; ++i) {
    auto const student = on_host(random_matrix<float>(batch, width, 10 * i));
    auto const teacher = on_host(random_matrix<float>(batch, width, 10 * i + 1));
    auto const labels = on_host(random_labels(batch, classes, 10 * i + 2));
    if (i == 2) {  // a run that was stopped and goes on
      std::istringstream in(saved(there));
      there.load(in);
    }
    results r[2];
    for (int place : {0, 1}) {
      places[place]->begin({student.view(), teacher.view(), labels.vector()});
      places[place]->relation(r[place].relation, r[place].active,
                              r[place].relation_gradient.view());
      places[place]->renew();
    }
    EXPECT_EQ(r[0].relation > 0, i > 0);  // nothing is in the queue before the first batch
    double const bound = 10 * 4 * double(width + 8) * std::ldexp(1.0, -24);
    EXPECT_NEAR(r[1].relation, r[0].relation, bound);
    for (index_t k = 0; k < batch; ++k) {
      for (index_t j = 0; j < width; ++j) {
        EXPECT_NEAR(r[1].relation_gradient.at(k, j), r[0].relation_gradient.at(k, j), bound);
      }
    }
    EXPECT_EQ(saved(there), saved(here));
  }
}

TEST(student_losses, ekd_with_the_bank_and_its_thresholds) {
  using here_policy = std::decay_t<decltype(thrust::seq)>;
  using there_policy = std::decay_t<decltype(policy())>;
  auto const prototypes = on_host(random_matrix<float>(classes, width, 1));
  auto s = settings_of("latest", "nearest");
  s.method = "ekd";
  host here(s, prototypes.view(),
            std::make_unique<face_kit::host_terms<here_policy>>(s.method, classes, width));
  device there(s, prototypes.view(),
               face_kit::make_device_terms<there_policy, device_vector>(s.method, classes, width));
  for (unsigned i = 0; i < 3; ++i) {
    if (i == 2) {
      std::istringstream in(saved(there));
      there.load(in);
    }
    auto const expected = step(here, 10 * i), found = step(there, 10 * i);
    // A cosine is off by (width + 8) u. Of two thresholds, at a temperature of 1 / 100, a soft
    // count has a slope below 50, which changes by less than 2,000 times the cosine's error, and a
    // gap is below 2. The weights are 0.02 and 0.01.
    double const cosine = double(width + 8) * std::ldexp(1.0, -24), gap = 2 * 50 * cosine;
    double const bound = 0.03 * 2 * 2 * gap;
    EXPECT_GT(expected.relation, 10 * bound);
    EXPECT_NEAR(found.relation, expected.relation, bound);
    // A row has one in 17 of the positives, and of the negatives; norms are above 2.
    double const of_gradient = 0.03 / 17 * 2 * (gap * 50 + 2 * 2000 * cosine) / 2;
    double largest = 0;
    for (index_t k = 0; k < batch; ++k) {
      for (index_t j = 0; j < width; ++j) {
        double const of_host = expected.relation_gradient.view()(k, j);
        EXPECT_NEAR(found.relation_gradient.view()(k, j), of_host, of_gradient);
        largest = std::max(largest, std::fabs(of_host));
      }
    }
    EXPECT_GT(largest, 10 * of_gradient);
    EXPECT_EQ(saved(there).size(), saved(here).size());
  }
}

TEST(student_losses, supervision_alone_has_neither_teacher_nor_bank) {
  auto s = settings_of("latest", "nearest");
  s.method = "supervised";
  auto const student = on_host(random_matrix<float>(batch, width, 1));
  auto const labels = on_host(random_labels(batch, classes, 2));
  auto const weights = on_host(random_matrix<float>(classes, width, 3));
  double values[2] = {};
  host here(s, {nullptr, 0, width});
  device there(s, {nullptr, 0, width});
  ts::step_losses* const places[] = {&here, &there};
  for (int i : {0, 1}) {
    results r;
    places[i]->begin({student.view(), {}, labels.vector()});
    places[i]->classification(weights.view(), values[i], r.softmax_gradient.view(),
                              r.weight_gradient.view());
  }
  EXPECT_GT(values[0], 0);
  EXPECT_NEAR(values[1], values[0], softmax_bound(s));
}

TEST(student_losses, state_goes_from_one_place_to_the_other) {
  auto const s = settings_of("ring", "nearest");
  auto const prototypes = on_host(random_matrix<float>(classes, width, 1));
  host here(s, prototypes.view());
  step(here, 0);
  device there(s, prototypes.view());
  std::istringstream in(saved(here)), cut(saved(here).substr(0, 100));
  there.load(in);
  EXPECT_EQ(saved(there), saved(here));
  EXPECT_THROW(there.load(cut), std::runtime_error);
}

}  // namespace
