// SPDX-License-Identifier: Apache-2.0
// Packed rows, and whether the bound of the screen holds for what a search compares.
#include <coupleface/detail/mining/gap.hpp>
#include <coupleface/detail/search/packed_rows.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/unit_row.hpp>
#include <coupleface/detail/search/whole_row.hpp>
#include <coupleface/mining/gap.hpp>

#include "../support/pair_search.hpp"

namespace {

using namespace coupleface_test;
using coupleface::bfloat16;
using engine::panel_word;
using engine::screen_element;

std::vector<float> some_row(index_t width, unsigned seed) {
  auto const x = random_matrix<float>(1, width, seed);
  std::vector<float> row;
  for (index_t j = 0; j < width; ++j) { row.push_back(x.get(0, j)); }
  return row;
}

TEST(packed_rows, hold_the_floats) {
  for (index_t const width : {0, 1, 2, 3, 16, 17, 63}) {
    auto row = some_row(width, unsigned(width) + 1);
    if (width > 2) { row[1] = std::nanf(""), row[2] = -0.0f; }
    index_t const stride = 5;
    std::vector<panel_word> words(std::size_t(width * stride + 1), 0xdeadbeefu);
    engine::pack_row(screen_element::float32, row.data(), width, words.data(), stride);
    for (index_t w = 0; w < index_t(words.size()); ++w) {
      if (w % stride == 0 && w / stride < width) {
        ASSERT_EQ(std::memcmp(&words[std::size_t(w)], &row[std::size_t(w / stride)], 4), 0);
      } else {
        ASSERT_EQ(words[std::size_t(w)], 0xdeadbeefu) << "written between the words of a row";
      }
    }
  }
}

/// The whole numbers of a packed row, and the unit behind them.
std::pair<std::vector<std::int32_t>, float> whole_numbers(std::vector<float> const& row) {
  index_t const width = index_t(row.size()), pairs = (width + 1) / 2, stride = 3;
  std::vector<panel_word> words(std::size_t((pairs + 1) * stride), 0xdeadbeefu);
  engine::pack_row(screen_element::int16_pair, row.data(), width, words.data(), stride);
  std::vector<std::int32_t> numbers;
  for (index_t w = 0; w < index_t(words.size()); ++w) {
    if (w % stride != 0) {
      EXPECT_EQ(words[std::size_t(w)], 0xdeadbeefu) << "written between the words of a row";
    } else if (w / stride < pairs) {
      numbers.push_back(engine::low_whole(words[std::size_t(w)]));
      numbers.push_back(engine::high_whole(words[std::size_t(w)]));
    }
  }
  return {numbers, engine::word_float(words[std::size_t(pairs * stride)])};
}

TEST(packed_rows, hold_the_nearest_multiples_of_a_unit) {
  for (index_t const width : {1, 2, 3, 16, 17, 63, 64, 65, 128, 511, 512, 5000}) {
    for (int const kind : {0, 1, 2}) {
      auto row = some_row(width, unsigned(width) + 1);
      if (kind == 1) { row[std::size_t(width / 2)] = -1000; }                 // one large element
      if (kind == 2) { std::fill(row.begin(), row.end(), kind * 0x1p-60f); }  // all as large
      auto const [numbers, unit] = whole_numbers(row);
      double square = 0;
      for (std::size_t j = 0; j < numbers.size(); ++j) {
        double const x = j < row.size() ? double(row[j]) : 0.0;
        ASSERT_LE(std::fabs(x - double(unit) * numbers[j]), 0.51 * unit) << width << ", " << j;
        ASSERT_LE(std::abs(numbers[j]), 32767);
        square += double(numbers[j]) * numbers[j];
      }
      ASSERT_LT(square, 0x1p31) << width;
      auto const largest = *std::max_element(
          numbers.begin(), numbers.end(), [](int a, int b) { return std::abs(a) < std::abs(b); });
      ASSERT_TRUE(std::abs(largest) > 32764 || square > 0.94 * 0x1p31)
          << "room is left: " << square;
    }
  }
}

TEST(packed_rows, rows_without_whole_numbers) {
  for (float const odd : {std::nanf("0x5555"), std::numeric_limits<float>::infinity()}) {
    auto row = some_row(70, 3);
    row[66] = odd;
    auto const [numbers, unit] = whole_numbers(row);
    EXPECT_TRUE(std::isnan(unit));
    for (auto const number : numbers) { ASSERT_EQ(number, 0); }
  }
  for (float const tiny : {0.0f, -0.0f, 1e-35f}) {
    auto const [numbers, unit] = whole_numbers(std::vector<float>(70, tiny));
    EXPECT_EQ(unit, 0);
    for (auto const number : numbers) { ASSERT_EQ(number, 0); }
  }
  EXPECT_EQ(whole_numbers({}), (std::pair<std::vector<std::int32_t>, float>({}, 0.0f)));
}

TEST(packed_rows, panels_are_filled_up_with_zeros) {
  index_t const width = 7, count = 33;
  auto const x = random_matrix<float>(50, width, 3);
  for (auto const& [name, kernels] : screens()) {
    index_t const words = kernels.words(width);
    std::vector<panel_word> panels(std::size_t(2 * engine::right_rows * words), 1u);
    std::vector<float> temporary(std::size_t(2 * width));
    engine::pack_panels(
        thrust::seq, kernels,
        [&](index_t i, float* out) { std::copy_n(x.view().row(i), width, out); }, 9, count, width,
        engine::right_rows, 2, temporary.data(), panels.data());
    for (index_t i = 0; i < 2 * engine::right_rows; ++i) {
      std::vector<panel_word> expected(std::size_t(words), 0u);
      if (i < count) {
        engine::pack_row(kernels, x.view().row(9 + i), width, {}, 1, expected.data(), nullptr);
      }
      for (index_t w = 0; w < words; ++w) {
        index_t const at = i / engine::right_rows * engine::right_rows * words +
                           w * engine::right_rows + i % engine::right_rows;
        ASSERT_EQ(panels[std::size_t(at)], expected[std::size_t(w)]) << name << ", row " << i;
      }
    }
  }
}

TEST(packed_rows, panels_of_another_size_hold_the_same_words) {
  index_t const width = 7, rows = 100;
  auto const x = random_matrix<float>(rows, width, 4);
  auto const row = [&](index_t i, float* out) { std::copy_n(x.view().row(i), width, out); };
  for (auto const& [name, kernels] : screens()) {
    index_t const words = kernels.words(width);
    std::vector<float> temporary(std::size_t(2 * width));
    std::vector<panel_word> wide(std::size_t(4 * engine::right_rows * words));
    engine::pack_panels(thrust::seq, kernels, row, 0, rows, width, engine::right_rows, 2,
                        temporary.data(), wide.data());
    for (index_t const first : {0, 5, 28, 90}) {
      index_t const count = std::min<index_t>(37, rows - first);
      std::vector<panel_word> expected(std::size_t(3 * engine::left_rows * words), 1u);
      std::vector<panel_word> found = expected;
      engine::pack_panels(
          thrust::seq, kernels, [&](index_t i, float* out) { row(i, out); }, first, count, width,
          engine::left_rows, 2, temporary.data(), expected.data());
      engine::repack_panels(thrust::seq, kernels, wide.data(), engine::right_rows, first, count,
                            words, engine::left_rows, found.data());
      EXPECT_EQ(found, expected) << name << ", from " << first;
    }
  }
}

TEST(packed_rows, residual_is_the_length_of_what_packing_moved) {
  EXPECT_EQ(engine::packing_residual(screen_element::float32, some_row(9, 1).data(), 9), 0);
  for (index_t const width : {0, 1, 2, 33, 64, 100, 512}) {
    auto const row = some_row(width, 4);
    auto const [numbers, unit] = whole_numbers(row);
    long double square = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      long double const gap = (long double)row[j] - (long double)unit * numbers[j];
      square += gap * gap;
    }
    double const found = engine::packing_residual(screen_element::int16_pair, row.data(), width);
    EXPECT_GE(found * 1.01, double(std::sqrt(square)));
    EXPECT_LE(found, double(std::sqrt(square)) * 1.01);
    EXPECT_EQ(found == 0, width == 0);
  }
  float const odd[2] = {std::nanf(""), 1.001f}, tiny[2] = {3e-35f, 4e-35f};
  EXPECT_EQ(engine::packing_residual(screen_element::int16_pair, odd, 2), 0);
  EXPECT_NEAR(engine::packing_residual(screen_element::int16_pair, tiny, 2), 5e-35, 1e-41);
}

/// Products of the coarse screen are upper bounds of all scores, stored too, and no larger than the
/// slack allows; refined ones are within the 16-bit screen's error.
template <class Score>
void expect_upper_bounds(std::string const& name, engine::screen_kernels const& kernels,
                         Score const& score, double error) {
  index_t const width = score.packed_width(), words = kernels.words(width);
  index_t const row_words = kernels.row_words(width);
  std::vector<float> temporary(std::size_t(std::max<index_t>(1, width)));
  engine::int8_bound const bound{score.magnitude(), error};
  double const magnitude = score.magnitude();
  // A row moves by at most half of a 127th of its largest element in each of its elements.
  double const moved = magnitude * (0.51 / 127 * std::sqrt(double(width)) + 1e-6);
  double const most = 2.05 * moved * (magnitude + moved) + error + 1e-5 * magnitude * magnitude;
  auto const pack = [&](auto const& write, index_t first, index_t rows, int panel_rows,
                        std::vector<panel_word>& panel, std::vector<panel_word>& fine) {
    panel.assign(std::size_t(words * panel_rows), 7);
    fine.assign(std::size_t(row_words * panel_rows + 1), 7);
    engine::pack_panels(thrust::seq, kernels, write, first, rows, width, panel_rows, 1,
                        temporary.data(), panel.data(), bound, fine.data());
    ASSERT_EQ(fine[std::size_t(row_words * rows)], 7u) << name << ": written past the rows";
  };
  for (index_t i = 0; i < score.queries(); i += engine::left_rows) {
    index_t const rows = std::min<index_t>(engine::left_rows, score.queries() - i);
    std::vector<panel_word> left, left_fine;
    pack([&](index_t q, float* out) { score.write_query(q, out); }, i, rows, engine::left_rows,
         left, left_fine);
    for (index_t j = 0; j < score.candidates(); j += engine::right_rows) {
      index_t const columns = std::min<index_t>(engine::right_rows, score.candidates() - j);
      std::vector<panel_word> right, right_fine;
      pack([&](index_t c, float* out) { score.write_candidate(c, out); }, j, columns,
           engine::right_rows, right, right_fine);
      float bounds[engine::left_rows * engine::right_rows];
      kernels.product(words, left.data(), right.data(), bounds);
      std::vector<float> products(bounds, bounds + engine::left_rows * engine::right_rows);
      engine::product_hits hits{};
      for (std::int32_t e = 0; e < engine::product_hits::most; ++e) {  // each by one side or both
        bool const last = e + 1 == engine::product_hits::most;
        if (e % 3 != 1 && !last) { hits.by_row[hits.rows++] = e; }
        if (e % 3 != 0 || last) { hits.by_column[hits.columns++] = e; }
      }
      kernels.refine(
          {left_fine.data(), right_fine.data(), left.data() + (words - 1) * engine::left_rows,
           right.data() + (words - 1) * engine::right_rows, row_words, int(rows), int(columns)},
          hits, products.data());
      for (index_t r = 0; r < engine::left_rows; ++r) {
        for (index_t c = 0; c < engine::right_rows; ++c) {
          std::size_t const e = std::size_t(r * engine::right_rows + c);
          if (r >= rows || c >= columns) {
            ASSERT_EQ(products[e], -std::numeric_limits<float>::infinity());
            continue;
          }
          double const exact = score(i + r, j + c), upper = bounds[e], refined = products[e];
          ASSERT_EQ(std::isnan(upper), std::isnan(exact)) << name << ", " << i + r << ", " << j + c;
          ASSERT_EQ(std::isnan(refined), std::isnan(exact));
          if (std::isnan(upper)) { continue; }
          ASSERT_GE(upper, exact) << name << ", " << i + r << ", " << j + c;
          ASSERT_GE(upper, refined) << name << ", " << i + r << ", " << j + c;
          ASSERT_LE(upper - exact, 2 * most) << name << ", " << i + r << ", " << j + c;
          ASSERT_LE(std::fabs(refined - exact), error) << name << ", " << i + r << ", " << j + c;
        }
      }
    }
  }
}

/// |product - score| and |product - stored score| stay under the bound for all pairs, and some
/// product uses at least `used` of it, so that the check shows something.
template <class Score>
void expect_error_bounds(Score const& score, double used) {
  index_t const width = score.packed_width();
  for (auto const& [name, kernels] : screens()) {
    index_t const words = kernels.words(width);
    std::vector<float> temporary(std::size_t(4 * std::max<index_t>(1, width)));
    auto const found = engine::survey_rows(thrust::seq, kernels, score, 4, temporary.data());
    double const error =
        engine::screen_error(width, score.magnitude(), found.largest_residual, kernels.sum_unit());
    if (kernels.element == screen_element::int8_quad) {
      if constexpr (engine::has_coarse_screen<Score>) {
        expect_upper_bounds(name, kernels, score, error);
      }
      continue;
    }
    double worst = 0;
    for (index_t i = 0; i < score.queries(); i += engine::left_rows) {
      for (index_t j = 0; j < score.candidates(); j += engine::right_rows) {
        index_t const rows = std::min<index_t>(engine::left_rows, score.queries() - i);
        index_t const columns = std::min<index_t>(engine::right_rows, score.candidates() - j);
        std::vector<panel_word> left(std::size_t(words * engine::left_rows));
        std::vector<panel_word> right(std::size_t(words * engine::right_rows));
        engine::pack_panels(
            thrust::seq, kernels, [&](index_t q, float* out) { score.write_query(q, out); }, i,
            rows, width, engine::left_rows, 1, temporary.data(), left.data());
        engine::pack_panels(
            thrust::seq, kernels, [&](index_t c, float* out) { score.write_candidate(c, out); }, j,
            columns, width, engine::right_rows, 1, temporary.data(), right.data());
        float out[engine::left_rows * engine::right_rows];
        kernels.product(words, left.data(), right.data(), out);
        for (index_t r = 0; r < rows; ++r) {
          for (index_t c = 0; c < columns; ++c) {
            double product = out[r * engine::right_rows + c];
            if (Score::absolute) { product = std::fabs(product); }
            double const exact = score(i + r, j + c), stored = float(exact);
            ASSERT_EQ(std::isnan(product), score.odd_query(i + r) || score.odd_candidate(j + c));
            ASSERT_EQ(std::isnan(product), std::isnan(exact));
            if (std::isnan(product)) { continue; }
            ASSERT_LE(std::fabs(product - exact), error) << name << ", " << i + r << ", " << j + c;
            ASSERT_LE(std::fabs(product - stored), error) << name << ", " << i + r << ", " << j + c;
            worst = std::max(worst, std::fabs(product - exact));
          }
        }
      }
    }
    EXPECT_GE(worst, used * error) << name << ": a bound of " << error << " for " << worst;
    double const magnitude = score.magnitude();
    EXPECT_LE(error, kernels.element == screen_element::float32
                         ? 4e-7 * double(width) + 1e-5
                         : 3.2e-5 * std::sqrt(double(width)) * magnitude * magnitude + 1e-5)
        << name;
  }
}

TEST(packed_rows, the_float_below_a_number_is_below_it) {
  // Floats themselves, and doubles whose nearest float is above or below.
  for (double const x :
       {1.0, -1.0, 0.1, -0.1, 0.3, -0.3, 0x1p-149, -0x1p-149, 1e-60, -1e-60, 0.0}) {
    EXPECT_LT(engine::next_below(x), x) << x;
    EXPECT_GT(engine::next_above(x), x) << x;
    double const room = 2 * std::max(0x1p-149, std::fabs(x) * 0x1p-23);
    EXPECT_GE(engine::next_below(x), x - room) << x;
    EXPECT_LE(engine::next_above(x), x + room) << x;
  }
  float const infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(engine::next_below(-infinity), -infinity);
  EXPECT_EQ(engine::next_below(infinity), std::numeric_limits<float>::max());
  EXPECT_TRUE(std::isnan(engine::next_below(std::nan(""))));
}

TEST(packed_rows, error_bound_counts_every_product_and_sum) {
  // d products, d - 1 sums and the scaling of unit rows; whole numbers are summed exactly.
  EXPECT_GE(engine::screen_error(512, 1, 0, engine::float_unit), 516 * engine::float_unit);
  EXPECT_GE(engine::screen_error(2048, 1, 0, engine::float_unit), 2052 * engine::float_unit);
  EXPECT_LE(engine::screen_error(512, 1, 0, 0), 32 * engine::float_unit);
  // Rows that were moved: |u v - a b| <= E (2 M + E).
  EXPECT_GE(engine::screen_error(2, 1, 0.01, 0), 0.0201);
  EXPECT_GE(engine::screen_error(2, 3, 0.01, 0), 0.0601);
}

template <class Q>
void expect_cosine_error(matrix<Q> const& queries, matrix<Q> const& candidates, double used) {
  coupleface::matrix_view<Q const> const q = queries.view(), c = candidates.view();
  std::vector<double> q_norms(std::size_t(q.extent(0))), c_norms(std::size_t(c.extent(0)));
  for (index_t i = 0; i < q.extent(0); ++i) {
    q_norms[std::size_t(i)] = engine::row_norm(q.row(i), q.extent(1));
  }
  for (index_t j = 0; j < c.extent(0); ++j) {
    c_norms[std::size_t(j)] = engine::row_norm(c.row(j), c.extent(1));
  }
  using score_type = engine::relation_score<Q, Q, coupleface::cosine>;
  expect_error_bounds(score_type{q, c, q_norms.data(), c_norms.data(), {}}, used);
}

TEST(packed_rows, error_bounds_random_rows) {
  for (index_t const width : {1, 2, 3, 17, 64, 511}) {
    expect_cosine_error(random_matrix<float>(30, width, 5), random_matrix<float>(70, width, 6),
                        width == 1 ? 0 : 0.001);
  }
  expect_cosine_error(random_matrix<float>(5, 0, 5), random_matrix<float>(7, 0, 6), 0);
  expect_cosine_error(random_matrix<double>(30, 33, 5), random_matrix<double>(70, 33, 6), 0.001);
  expect_cosine_error(random_matrix<coupleface::float16>(30, 33, 5),
                      random_matrix<coupleface::float16>(70, 33, 6), 0.001);
}

TEST(packed_rows, error_bounds_sparse_uncentred_and_parallel_rows) {
  index_t const width = 96;
  std::mt19937 generator(7);
  matrix<float> sparse(80, width), uncentred(80, width), same(80, width);
  auto const noise = random_matrix<float>(80, width, 8);
  for (index_t i = 0; i < 80; ++i) {
    for (index_t j = 0; j < width; ++j) {
      sparse.set(i, j, generator() % 24u == 0 ? noise.at(i, j) : 0.0);
      uncentred.set(i, j, 4 + noise.at(i, j));  // all cosines near 0.95
      same.set(i, j, noise.at(0, j) * (i % 2 == 0 ? 1.0 : -1.0) * double(i + 1));
    }
  }
  expect_cosine_error(sparse, sparse, 0.001);
  expect_cosine_error(uncentred, uncentred, 0.001);
  expect_cosine_error(same, same, 0.0001);
  // Rows of equal elements that round the same way: every rounding adds up.
  matrix<float> constant(40, 512);
  for (index_t i = 0; i < 40; ++i) {
    for (index_t j = 0; j < 512; ++j) { constant.set(i, j, 1 + 0.001 * double(i)); }
  }
  for (index_t i = 0; i < 40; ++i) { constant.set(i, i, 30.0 + double(i)); }
  expect_cosine_error(constant, constant, 0.01);
}

TEST(packed_rows, error_bounds_short_long_and_odd_rows) {
  expect_cosine_error(rows_with_everything<float>(100, 19, 9),
                      rows_with_everything<float>(90, 19, 8), 0.001);
  auto floats = random_matrix<float>(60, 24, 10);
  auto doubles = random_matrix<double>(60, 24, 11);
  for (index_t i = 0; i < 60; ++i) {
    for (index_t j = 0; j < 24; ++j) {
      floats.set(i, j, floats.at(i, j) * std::pow(10.0, double(i % 74 - 40)));
      doubles.set(i, j, doubles.at(i, j) * std::pow(10.0, double(i % 60 * 10 - 300)));
    }
  }
  for (index_t j = 0; j < 24; ++j) {
    doubles.set(7, j, 1e-310 * double(j + 1));
    floats.set(7, j, 1e-42 * double(j + 1));
    floats.set(8, j, j == 3 ? 1e30 : 1e-14 * double(j + 1));  // elements that leave float's range
  }
  expect_cosine_error(floats, floats, 0.001);
  expect_cosine_error(doubles, doubles, 0.001);
}

template <class Gap>
void expect_gap_error() {
  auto const student = rows_with_everything<float>(60, 21, 12);
  auto const teacher = rows_with_everything<double>(60, 34, 13);
  coupleface::matrix_view<float const> const s = student.view();
  coupleface::matrix_view<double const> const t = teacher.view();
  std::vector<double> s_norms, t_norms;
  for (index_t i = 0; i < 60; ++i) {
    s_norms.push_back(engine::row_norm(s.row(i), 21));
    t_norms.push_back(engine::row_norm(t.row(i), 34));
  }
  expect_error_bounds(
      engine::gap_score<float, float, double, double, Gap>{
          s, s, t, t, s_norms.data(), s_norms.data(), t_norms.data(), t_norms.data(), Gap{}},
      0.001);
}

TEST(packed_rows, error_bounds_gaps) {
  expect_gap_error<coupleface::violation>();
  expect_gap_error<coupleface::absolute_gap>();
}

TEST(packed_rows, survey_finds_the_largest_residual_and_odd_rows_wherever_they_are) {
  auto const kernels = engine::portable_screen(screen_element::int16_pair);
  for (index_t const at : {0, 5, 18}) {
    matrix<float> x(19, 4), y(3, 4, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
    for (index_t i = 0; i < 19; ++i) {
      for (index_t j = 0; j < 4; ++j) { x.set(i, j, i % 4 == j); }  // packed all but exactly
    }
    auto const survey = [&](matrix<float> const& queries, matrix<float> const& candidates) {
      std::vector<double> q, c;
      for (index_t i = 0; i < queries.rows(); ++i) {
        q.push_back(engine::row_norm(queries.view().row(i), 4));
      }
      for (index_t i = 0; i < candidates.rows(); ++i) {
        c.push_back(engine::row_norm(candidates.view().row(i), 4));
      }
      engine::relation_score<float, float, coupleface::cosine> const score{
          queries.view(), candidates.view(), q.data(), c.data(), {}};
      std::vector<float> temporary(std::size_t(8 * 4));
      return engine::survey_rows(thrust::seq, kernels, score, 8, temporary.data());
    };
    EXPECT_LT(survey(x, y).largest_residual, 1e-8);
    x.set(at, at % 4 == 0 ? 1 : 0, 0.7);
    EXPECT_GT(survey(x, y).largest_residual, 1e-6);
    EXPECT_EQ(survey(x, y).largest_residual, survey(y, x).largest_residual);
    x.set(at, 0, std::nan(""));
    EXPECT_TRUE(survey(y, x).odd_candidates);
    EXPECT_FALSE(survey(x, y).odd_candidates);
    EXPECT_LT(survey(x, y).largest_residual, 1e-8);
  }
}

}  // namespace
