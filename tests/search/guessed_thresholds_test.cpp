// SPDX-License-Identifier: Apache-2.0
// Thresholds guessed from a sample: how they are chosen, and that wrong ones change no result.
#include <coupleface/detail/search/guessed_thresholds.hpp>

#include "../support/pair_search.hpp"

#include <atomic>
#include <set>

namespace {

using namespace coupleface_test;

/// P(X >= rank) of a Poisson variable, by logarithms so that no mean underflows.
double poisson_tail(double mean, index_t rank) {
  double below = 0;
  for (index_t r = 0; r < rank; ++r) {
    below += std::exp(double(r) * std::log(mean) - mean - std::lgamma(double(r) + 1));
  }
  return 1 - below;
}

TEST(guessed_thresholds, safe_rank_is_the_smallest_of_a_small_tail) {
  for (double const mean : {1e-5, 0.01, 0.1, 0.25, 1.0, 2.5, 10.0, 25.0, 90.0, 400.0}) {
    index_t const rank = engine::safe_rank(mean);
    ASSERT_GE(rank, 1);
    EXPECT_LT(poisson_tail(mean, rank), 1.0 / 2000) << mean;
    EXPECT_GE(poisson_tail(mean, rank - 1), 1.0 / 2000) << mean;
  }
}

TEST(guessed_thresholds, a_plan_ends_and_fits_for_any_number_of_slots) {
  for (index_t const m : {0, 1, 5119, 5120, 20000, 40000, 1000000}) {
    for (index_t const k : {1, 10, 400, 1000, 5000, 28000, 30000, 39999, 900000}) {
      auto const plan = engine::plan_guess(k, m, 3584);
      ASSERT_TRUE(plan.size >= 0 && plan.size <= std::min<index_t>(3584, m / 40));
      ASSERT_TRUE(plan.size == 0 || (plan.rank >= 1 && plan.rank <= plan.size));
    }
  }
  EXPECT_EQ(engine::plan_guess(400, 5119, 3584).size, 0);
  EXPECT_GT(engine::plan_guess(400, 5200, 3584).size, 0);
}

TEST(guessed_thresholds, sampled_candidates_are_distinct_and_in_range) {
  for (index_t const m : {1, 40, 5120, 5163, 85742, 1000000007}) {
    for (index_t const size : {index_t(1), std::min<index_t>(m, 131), std::min<index_t>(m, 3584)}) {
      index_t last = -1;
      for (index_t s = 0; s < size; ++s) {
        index_t const c = engine::sampled_candidate(s, size, m);
        ASSERT_TRUE(c > last && c < m) << s << " of " << size << " of " << m;
        last = c;
      }
    }
  }
}

TEST(guessed_thresholds, ranked_score_is_reached_by_so_many) {
  std::vector<float> const scores = {0.5f, -1, 1, 0.25f, 0.25f, std::nanf(""), -HUGE_VALF};
  auto const ranked = [&](index_t rank) {
    return engine::ranked_score(scores.data(), 7, rank, 1.01f);
  };
  EXPECT_NEAR(ranked(1), 1, 1e-4);
  EXPECT_NEAR(ranked(2), 0.5, 1e-4);
  EXPECT_NEAR(ranked(4), 0.25, 1e-4);
  EXPECT_NEAR(ranked(5), -1, 1e-4);
  EXPECT_EQ(ranked(6), -HUGE_VALF);
  for (index_t rank = 1; rank <= 5; ++rank) {
    index_t reached = 0;
    for (float const x : scores) { reached += x >= ranked(rank); }
    EXPECT_GE(reached, rank);
  }
}

index_t const rows = 5200, slots = 400;

std::set<index_t> sample() {
  auto const plan = engine::plan_guess(slots, rows, engine::most_parts * engine::part_rows);
  std::set<index_t> result;
  for (index_t s = 0; s < plan.size; ++s) {
    result.insert(engine::sampled_candidate(s, plan.size, rows));
  }
  return result;
}

/// Those of this processor; the portable ones would only take longer.
std::vector<named_screen> quick_screens() {
  return {{"float", engine::native_screen(engine::screen_element::float32)},
          {"int16", engine::native_screen(engine::screen_element::int16_pair)}};
}

struct outcome {
  pair_table<float, std::int32_t> table;
  index_t guesses = 0;   ///< finite ones before the end
  index_t given_up = 0;  ///< of those, how many the end took back
  index_t evaluated = 0;
};

outcome search(matrix<float> const& x, any_pair const& keep, engine::screen_kernels kernels) {
  coupleface::matrix_view<float const> const view = x.view();
  auto const device = policy();
  using policy_type = std::decay_t<decltype(device)>;
  engine::row_norm_pair<policy_type, float, float> const norms(device, view, view);
  using score_type = engine::relation_score<float, float, coupleface::cosine>;
  score_type const score{view, view, norms.queries(), norms.candidates(), {}};
  outcome result{pair_table<float, std::int32_t>(rows, slots)};
  engine::pair_search<policy_type, score_type, float, std::int32_t, any_pair> search(
      device, score, keep, result.table.values.view(), result.table.indices.view(), kernels);
  auto const guesses = [&] {  // the state's last array
    std::vector<float> last;
    search.visit_state([&](void* data, std::size_t bytes) {
      last.assign(static_cast<float*>(data), static_cast<float*>(data) + bytes / sizeof(float));
    });
    return last;
  };
  while (search.step() < search.steps()) { search.advance(); }
  auto const before = guesses();
  result.evaluated = search.finish();
  auto const after = guesses();
  EXPECT_EQ(index_t(before.size()), rows);
  for (std::size_t q = 0; q < before.size(); ++q) {
    result.guesses += !std::isinf(before[q]);
    result.given_up += !std::isinf(before[q]) && std::isinf(after[q]);
  }
  return result;
}

void expect_brute_force(matrix<float> const& x, outcome const& found, any_pair const& keep,
                        std::vector<index_t> const& some, std::string const& name) {
  auto const scores = [&](index_t i, float* out) {
    matrix<float> row(1, rows);
    relation_matrix(policy(), one_row(x, i), x.view(), row.view(), coupleface::cosine{});
    for (index_t j = 0; j < rows; ++j) { out[j] = row.get(0, j); }
  };
  expect_best<float, std::int32_t>(found.table, some, rows, scores, keep, name);
}

/// Unit rows beside a coordinate of their own.
matrix<float> rows_with_a_direction(index_t width, unsigned seed) {
  auto x = random_matrix<float>(rows, width + 1, seed);
  for (index_t i = 0; i < rows; ++i) {
    double square = 0;
    for (index_t j = 1; j <= width; ++j) { square += x.at(i, j) * x.at(i, j); }
    for (index_t j = 1; j <= width; ++j) { x.set(i, j, x.at(i, j) / std::sqrt(square)); }
    x.set(i, 0, 0);
  }
  return x;
}

TEST(guessed_thresholds, right_ones_save_work) {
  auto const x = random_matrix<float>(rows, 12, 1);
  std::atomic<index_t> asked{0};
  auto const keep = [&](index_t q, index_t c) {
    ++asked;
    return q != c;
  };
  auto const found = search(x, keep, engine::native_screen(engine::screen_element::float32));
  EXPECT_EQ(found.guesses, rows);
  EXPECT_EQ(found.given_up, 0);
  EXPECT_LT(asked, rows * rows / 3);
  EXPECT_LT(found.evaluated, rows * slots * 3 / 2);
  expect_brute_force(x, found, keep, rows_around_parts(rows), "float");
}

TEST(guessed_thresholds, wrong_for_all_rows_the_search_is_repeated) {
  auto const sampled = sample();
  auto x = rows_with_a_direction(31, 2);
  for (index_t i = 0; i < rows; ++i) { x.set(i, 0, 1); }
  for (index_t const c : sampled) {  // similar to everything, everything else is far
    for (index_t j = 1; j < 32; ++j) { x.set(c, j, 0); }
  }
  any_pair const keep;
  for (auto const& [name, kernels] : quick_screens()) {
    auto const found = search(x, keep, kernels);
    EXPECT_EQ(found.guesses, rows) << name;
    EXPECT_EQ(found.given_up, rows) << name << ": no guess was found wrong";
    EXPECT_LT(found.evaluated, rows * rows / 2) << name << ": each row was filled for itself";
    auto some = rows_around_parts(rows);
    some.insert(some.end(), sampled.begin(), sampled.end());
    expect_brute_force(x, found, keep, some, name);
  }
}

index_t const lonely[] = {0, 17, 2600, 3583, 5199};

bool is_lonely(index_t q) { return std::count(std::begin(lonely), std::end(lonely), q) > 0; }

TEST(guessed_thresholds, wrong_for_a_few_these_are_filled_exactly) {
  auto const sampled = sample();
  auto x = rows_with_a_direction(15, 3);
  for (index_t i = 0; i < rows; ++i) { x.set(i, 0, sampled.count(i) > 0 ? 0.1 : -0.1); }
  for (index_t const q : lonely) {
    ASSERT_EQ(sampled.count(q), 0u);
    x.set(q, 0, 10);  // only the sampled rows are on its side
  }
  any_pair const keep;
  for (auto const& [name, kernels] : quick_screens()) {
    auto const found = search(x, keep, kernels);
    EXPECT_EQ(found.guesses, rows) << name;
    EXPECT_EQ(found.given_up, 0) << name << ": the whole search was repeated";
    EXPECT_GE(found.evaluated, 5 * (rows - 1)) << name;
    auto some = rows_around_parts(rows);
    some.insert(some.end(), std::begin(lonely), std::end(lonely));
    expect_brute_force(x, found, keep, some, name);
  }
}

TEST(guessed_thresholds, few_kept_candidates_and_rows_that_are_not_finite) {
  // A guess is made for a row that keeps fewer candidates than slots; no candidate may come twice.
  auto const sampled = sample();
  auto x = random_matrix<float>(rows, 6, 4);
  index_t const odd = 1234;
  ASSERT_EQ(sampled.count(odd), 0u);
  x.set(odd, 2, std::nan(""));
  auto const keep = [&](index_t q, index_t c) {
    return q != c && (!is_lonely(q) || sampled.count(c) > 0 || c == odd);
  };
  for (auto const& [name, kernels] : quick_screens()) {
    auto const found = search(x, keep, kernels);
    EXPECT_EQ(found.guesses, rows - 1) << name;
    auto some = rows_around_parts(rows);
    some.insert(some.end(), std::begin(lonely), std::end(lonely));
    some.push_back(odd);
    expect_brute_force(x, found, keep, some, name);
  }
}

}  // namespace
