// SPDX-License-Identifier: Apache-2.0
// Terms, slopes and distances of one panel, by every set of kernels, beside plain loops.
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_panels.hpp>
#include <coupleface/detail/pairs/product_relation.hpp>
#include <coupleface/pair_relation.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using namespace coupleface::detail;
using coupleface::numbers;

/// Terms and slopes that a wrong constant, order or row would change.
struct counted_law : coupleface::pair_law {
  static constexpr int constants = 1;
  double value(double s, double t, numbers<1> const& c) const { return (s - 2 * t) * c[0]; }
  double slope(double s, double t, numbers<1> const& c) const { return (s + t) * c[0]; }
};
struct two_terms {
  static constexpr int count = 2, constants = 1;
  numbers<2> operator()(double s, double t, numbers<1> const& c) const {
    return {{(s - 2 * t) * c[0], s * t + c[0]}};
  }
};

struct even_pairs {
  bool operator()(index_t i, index_t j) const { return (i + j) % 2 == 0 && i != j; }
};

/// One panel of a batch of `rows` rows: rows `row` ... beside rows `column` ....
template <class Acc, class Keep>
struct tried_panel {
  static constexpr index_t panel = panel_width<Acc>;
  pair_mask<Keep> mask;
  index_t row, column, count;
  std::vector<Acc> student, teacher;
  std::vector<double> constants;

  tried_panel(index_t rows, index_t columns, index_t r, index_t c, index_t n)
      : mask{rows, columns, Keep{}}, row(r), column(c), count(n) {
    std::mt19937 generator(unsigned(rows + 7 * r + 31 * c));
    std::normal_distribution<double> normal;
    for (index_t at = 0; at < count * panel; ++at) {
      student.push_back(Acc(normal(generator)));
      teacher.push_back(Acc(normal(generator)));
    }
    for (index_t i = 0; i < padded(); ++i) { constants.push_back(normal(generator)); }
  }
  index_t padded() const { return rounded_up(std::max(mask.rows, mask.columns), panel) + panel; }
  bool counts(index_t l, index_t j) const {
    return row + l < mask.rows && column + j < mask.columns && mask.keep(row + l, column + j);
  }
  double s(index_t l, index_t j) const { return student[std::size_t(j * panel + l)]; }
  double t(index_t l, index_t j) const { return teacher[std::size_t(j * panel + l)]; }
  double of_row(index_t l) const { return constants[std::size_t(row + l)]; }
  double of_column(index_t j) const { return constants[std::size_t(column + j)]; }
  pair_panel<Acc, Keep> at() { return {student.data(), teacher.data(), row, column, count, &mask}; }
};

template <pair_owners Owners, class Acc, class Keep>
void expect_terms(tried_panel<Acc, Keep> x) {
  index_t const padded = x.padded();
  std::vector<double> found(std::size_t(2 * padded), 0.5), expected = found, sizes = found;
  add_pair_terms<Owners>(x.at(), product_of_rows{}, two_terms{},
                         row_numbers{x.constants.data(), padded},
                         row_numbers{found.data(), padded});
  auto const add = [&](index_t owner, double s, double t, double c) {
    auto const terms = two_terms{}(s, t, {{c}});
    for (index_t k = 0; k < 2; ++k) {
      expected[std::size_t(k * padded + owner)] += terms[std::size_t(k)];
      sizes[std::size_t(k * padded + owner)] += std::fabs(terms[std::size_t(k)]);
    }
  };
  for (index_t j = 0; j < x.count; ++j) {
    for (index_t l = 0; l < x.panel; ++l) {
      if (!x.counts(l, j)) { continue; }
      add(x.row + l, x.s(l, j), x.t(l, j), x.of_row(l));
      if (Owners == pair_owners::both) { add(x.column + j, x.s(l, j), x.t(l, j), x.of_column(j)); }
    }
  }
  for (std::size_t at = 0; at < found.size(); ++at) {
    EXPECT_NEAR(found[at], expected[at], tolerance<double>(double(x.count) + 40, sizes[at]))
        << "number " << at / std::size_t(padded) << " of row " << at % std::size_t(padded);
  }
}

template <pair_owners Owners, class Acc, class Keep>
void expect_slopes(tried_panel<Acc, Keep> x) {
  auto const before = x;
  double const scale = 0.125;
  pair_slopes<Owners>(x.at(), product_of_rows{}, slope_terms<counted_law>{{}}, scale,
                      row_numbers{x.constants.data(), x.padded()}, row_numbers{nullptr, 0});
  for (index_t j = 0; j < x.count; ++j) {
    for (index_t l = 0; l < x.panel; ++l) {
      // Where both rows are the student's, both orders of the pair pull at the one relation.
      double const orders =
          before.of_row(l) + (Owners == pair_owners::row ? 0.0 : before.of_column(j));
      double const expected =
          before.counts(l, j) ? (before.s(l, j) + before.t(l, j)) * orders * scale : 0.0;
      EXPECT_NEAR(x.s(l, j), expected, tolerance<Acc>(4, std::fabs(expected)) + 1e-15)
          << l << ", " << j;
      EXPECT_EQ(x.t(l, j), before.t(l, j));
    }
  }
}

template <class Acc, class Keep>
void expect_right(index_t rows, index_t columns, index_t row, index_t column, index_t count) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + " at " +
               std::to_string(row) + ", " + std::to_string(column));
  tried_panel<Acc, Keep> const x(rows, columns, row, column, count);
  expect_terms<pair_owners::row>(x);
  expect_terms<pair_owners::both>(x);
  expect_slopes<pair_owners::row>(x);
  expect_slopes<pair_owners::ordered>(x);
  expect_slopes<pair_owners::both>(x);
}

/// Panels apart from the diagonal, on it and near it, whole, and with rows or columns that there
/// are not.
template <class Acc, class Keep>
void expect_right_panels() {
  constexpr index_t panel = panel_width<Acc>;
  expect_right<Acc, Keep>(4 * panel, 4 * panel, 0, 2 * panel, panel);
  expect_right<Acc, Keep>(4 * panel, 4 * panel, panel, panel, panel);
  expect_right<Acc, Keep>(4 * panel, 4 * panel, panel, 0, panel + 1);
  expect_right<Acc, Keep>(4 * panel, 4 * panel, panel, 2 * panel - 1, 3);
  expect_right<Acc, Keep>(3 * panel - 5, 3 * panel - 5, 2 * panel, 0, 7);
  expect_right<Acc, Keep>(3 * panel - 5, 3 * panel - 5, 0, 2 * panel, panel);
  expect_right<Acc, Keep>(panel, 5, 0, 4, 3);
  expect_right<Acc, Keep>(1, 1, 0, 0, 1);
}

TEST(pair_panels, terms_and_slopes_of_the_pairs_that_count) {
  for_each_kernel_set([] {
    expect_right_panels<float, coupleface::every_row>();
    expect_right_panels<float, coupleface::other_rows>();
    expect_right_panels<float, even_pairs>();
    expect_right_panels<double, coupleface::other_rows>();
    expect_right_panels<double, even_pairs>();
  });
}

TEST(pair_panels, a_pair_that_does_not_count_may_be_nan) {
  for_each_kernel_set([] {
    tried_panel<float, coupleface::other_rows> x(32, 32, 0, 0, 32);
    for (index_t i = 0; i < 32; ++i) { x.student[std::size_t(i * 32 + i)] = std::nanf(""); }
    std::vector<double> sums(std::size_t(2 * x.padded()), 0.0);
    add_pair_terms<pair_owners::row>(x.at(), product_of_rows{}, two_terms{},
                                     row_numbers{x.constants.data(), x.padded()},
                                     row_numbers{sums.data(), x.padded()});
    for (double const sum : sums) { EXPECT_TRUE(std::isfinite(sum)); }
    expect_slopes<pair_owners::ordered>(x);
  });
}

TEST(pair_panels, which_panels_are_whole) {
  pair_mask<coupleface::every_row> const every{64, 64, {}};
  pair_mask<coupleface::other_rows> const other{64, 64, {}};
  pair_mask<even_pairs> const even{64, 64, {}};
  EXPECT_TRUE(every.is_whole(32, 32, 32, 32));
  EXPECT_FALSE(every.is_whole(32, 33, 0, 32));
  EXPECT_FALSE(every.is_whole(32, 32, 40, 25));
  EXPECT_TRUE(other.is_whole(0, 32, 32, 32));
  EXPECT_TRUE(other.is_whole(32, 32, 0, 32));
  EXPECT_FALSE(other.is_whole(32, 32, 0, 33));
  EXPECT_FALSE(other.is_whole(0, 32, 31, 2));
  EXPECT_FALSE(even.is_whole(0, 32, 32, 32));
}

/// Squares and products of rows whose distances are given.
template <class Acc>
void expect_distances() {
  constexpr index_t panel = panel_width<Acc>;
  index_t const count = 5;
  std::vector<double> rows, columns;
  for (index_t i = 0; i < panel; ++i) { rows.push_back(1 + double(i) / 8); }
  for (index_t j = 0; j < count; ++j) { columns.push_back(2 + double(j) / 4); }
  std::vector<Acc> z;
  auto const share = [](index_t l, index_t j) {  // of the sum of squares, one of 16 steps
    return 2.0 * double((5 * l + 3 * j) % 16) / 16;
  };
  for (index_t j = 0; j < count; ++j) {
    for (index_t l = 0; l < panel; ++l) {
      double const sum = rows[std::size_t(l)] + columns[std::size_t(j)];
      z.push_back(Acc(sum * (1 - share(l, j)) / 2));
    }
  }
  z[3] = Acc(std::nan(""));
  EXPECT_TRUE(distances_of_products(z.data(), count, rows.data(), columns.data()));
  for (index_t j = 0; j < count; ++j) {
    for (index_t l = 0; l < panel; ++l) {
      double const found = z[std::size_t(j * panel + l)];
      if (j * panel + l == 3) {
        EXPECT_TRUE(std::isnan(found));
      } else if (share(l, j) < close_share) {
        EXPECT_EQ(found, -1) << l << ", " << j;
      } else {
        double const square = share(l, j) * (rows[std::size_t(l)] + columns[std::size_t(j)]);
        EXPECT_NEAR(found, std::sqrt(square), tolerance<Acc>(16, std::sqrt(square)))
            << l << ", " << j;
      }
    }
  }
}

TEST(pair_panels, distances_of_products_and_which_rows_are_close) {
  for_each_kernel_set([] {
    expect_distances<float>();
    expect_distances<double>();
    // None is close: orthogonal rows.
    std::vector<double> const squares(32, 2.0);
    std::vector<float> z(64, 0.0f);
    EXPECT_FALSE(distances_of_products(z.data(), 2, squares.data(), squares.data()));
    for (float const distance : z) { EXPECT_EQ(distance, 2.0f); }
  });
}

}  // namespace
