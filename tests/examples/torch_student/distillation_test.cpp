// SPDX-License-Identifier: Apache-2.0
// The losses of examples/torch_student: every method's term reaches the embeddings, a share weighs
// it, and losses that go on from saved state have the same bits.
#include "distillation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "face_kit/run/state_stream.hpp"

namespace {

using namespace torch_student;

constexpr std::int64_t classes = 8, batch = 12, width = 16;

torch::Tensor unit_rows(std::int64_t rows) {
  return torch::nn::functional::normalize(torch::randn({rows, width}));
}

/// A teacher of 24 faces of 8 people.
struct few_faces {
  few_faces() {
    torch::manual_seed(1);
    teacher = unit_rows(24);
    labels = torch::arange(24, torch::kLong).remainder(classes);
  }
  torch::Tensor teacher, labels;
};

run_settings settings_of(std::string const& method) {
  run_settings settings;
  settings.method = method;
  settings.embedding = width;
  settings.k = 4;
  settings.lambda = method_of(method).lambda;
  return settings;
}

struct step_result {
  double total, relation, lambda;
  torch::Tensor gradient;
};

step_result step(distillation& losses, few_faces const& faces, std::uint64_t seed) {
  torch::manual_seed(seed);
  auto const rows = torch::randperm(24).slice(0, 0, batch);
  auto const teacher = faces.teacher.index_select(0, rows);
  auto const labels = faces.labels.index_select(0, rows);
  auto const student = torch::randn({batch, width}).requires_grad_(true);
  auto const terms = losses.loss(student, teacher, labels);
  terms.total.backward();
  losses.renew(teacher, labels);
  return {terms.total.item<double>(), terms.relation.defined() ? terms.relation.item<double>() : 0,
          terms.lambda, student.grad()};
}

class every_torch_method : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(methods, every_torch_method, testing::ValuesIn(method_names()),
                         [](auto const& method) { return method.param; });

TEST_P(every_torch_method, goes_on_from_saved_state_with_the_same_bits) {
  few_faces const faces;
  auto settings = settings_of(GetParam());
  if (settings.uses_relations()) settings.relation_share = 0.25;
  auto const make = [&] {
    torch::manual_seed(2);
    return distillation(faces.teacher, faces.labels, classes, settings);
  };
  auto here = make(), there = make();
  step(here, faces, 3);
  std::stringstream state;
  here.visit_state([&](void* data, std::size_t size) { write_bytes(state, data, size); });
  there.visit_state([&](void* data, std::size_t size) { read_bytes(state, data, size); });
  auto const expected = step(here, faces, 4), found = step(there, faces, 4);
  EXPECT_TRUE(std::isfinite(expected.total));
  EXPECT_GT(expected.gradient.norm().item<double>(), 0);
  EXPECT_EQ(found.total, expected.total);
  EXPECT_TRUE(torch::equal(found.gradient, expected.gradient));
  if (settings.uses_relations()) {
    EXPECT_GT(expected.relation, 0);
    EXPECT_GT(expected.lambda, 0);
    EXPECT_EQ(found.lambda, expected.lambda);
  }
}

TEST(distillation, no_two_methods_have_the_same_gradient) {
  few_faces const faces;
  std::map<double, std::string> seen;
  for (auto const& method : method_names()) {
    distillation losses(faces.teacher, faces.labels, classes, settings_of(method));
    step(losses, faces, 3);
    auto const norm = step(losses, faces, 4).gradient.to(torch::kDouble).norm().item<double>();
    auto const [other, added] = seen.emplace(norm, method);
    EXPECT_TRUE(added) << method << " does what " << other->second << " does";
  }
}

TEST(distillation, a_relation_share_is_that_of_the_gradients) {
  few_faces const faces;
  auto const gradient_of = [&](double fcd_weight, double lambda, std::optional<double> share) {
    auto settings = settings_of("cc");
    settings.fcd_weight = fcd_weight;
    settings.lambda = lambda;
    settings.relation_share = share;
    distillation losses(faces.teacher, faces.labels, classes, settings);
    return step(losses, faces, 3);
  };
  auto const base = gradient_of(2, 0, {}).gradient, relation = gradient_of(0, 1, {}).gradient;
  auto const shared = gradient_of(2, 0, 0.2);
  auto const norm = [](torch::Tensor const& t) { return t.norm().item<double>(); };
  EXPECT_NEAR(shared.lambda * norm(relation), 0.25 * norm(base), 1e-5 * norm(base));
  EXPECT_LT(norm(shared.gradient - base - shared.lambda * relation), 1e-5 * norm(base));
}

TEST(distillation, half_precision_gets_a_gradient_of_its_own_type) {
  few_faces const faces;
  distillation losses(faces.teacher, faces.labels, classes, settings_of("pkt"));
  auto const student = torch::randn({24, width}).to(torch::kHalf).requires_grad_(true);
  losses.loss(student, faces.teacher, faces.labels).total.backward();
  EXPECT_EQ(student.grad().scalar_type(), torch::kHalf);
}

}  // namespace
