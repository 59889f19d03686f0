// SPDX-License-Identifier: Apache-2.0
// Templates from media averages, by hand and against plain loops.
#include <coupleface/evaluation/templates.hpp>

#include "support/brute_force.hpp"
#include "support/counting_allocator.hpp"
#include "support/judged_pairs.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

struct entries {
  std::vector<int> rows, templates, media;
};

template <class X, class Y>
void average(matrix<X> const& x, entries const& list, matrix<Y>& out) {
  cf::average_templates(policy(), x.view(), view_of(list.rows), view_of(list.templates),
                        view_of(list.media), out.view());
}

TEST(templates, hand_computed) {
  matrix<float> const x(4, 2, {4, 0, 0, 4, 0, 8, 6, 0});
  // Template 0: a video of (4, 0) and (0, 4), mean (2, 2), and a still (0, 8): sum (2, 10).
  // Template 1: one still that counts once. Template 2: nothing. The last entry is left out.
  entries const list{{0, 1, 2, 3, 2}, {0, 0, 0, 1, -1}, {7, 7, -3, 7, 7}};
  matrix<double> out(3, 2, 1);
  average(x, list, out);
  EXPECT_NEAR(out.at(0, 0), 2 / std::sqrt(104.0), 1e-15);
  EXPECT_NEAR(out.at(0, 1), 10 / std::sqrt(104.0), 1e-15);
  EXPECT_EQ(out.at(1, 0), 1);
  EXPECT_EQ(out.at(1, 1), 0);
  EXPECT_EQ(out.at(2, 0), 0);
  EXPECT_EQ(out.at(2, 1), 0);
}

TEST(templates, equal_plain_loops) {
  for (index_t n : {1, 30, 200}) {
    for (index_t width : {1, 5, 40}) {
      for (int count : {1, 3, 90}) {
        auto const x = random_matrix<float>(n, width, unsigned(n + width), 1);
        std::mt19937 random(unsigned(count) + 1);
        entries list;
        for (index_t e = 0; e < 2 * n; ++e) {
          list.rows.push_back(int(random() % unsigned(n)));
          list.templates.push_back(int(random() % unsigned(count + 1)) - 1);
          list.media.push_back(int(random() % 4u) - 2);
        }
        matrix<float> out(count, width, 2);
        average(x, list, out);
        for (int t = 0; t < count; ++t) {
          std::vector<double> sum(std::size_t(width), 0.0);
          std::map<int, std::vector<int>> by_medium;
          for (std::size_t e = 0; e < list.rows.size(); ++e) {
            if (list.templates[e] == t) { by_medium[list.media[e]].push_back(list.rows[e]); }
          }
          double square = 0;
          for (index_t j = 0; j < width; ++j) {
            for (auto const& [medium, rows] : by_medium) {
              double mean = 0;
              for (int const row : rows) { mean += x.at(row, j); }
              sum[std::size_t(j)] += mean / double(rows.size());
            }
            square += sum[std::size_t(j)] * sum[std::size_t(j)];
          }
          for (index_t j = 0; j < width; ++j) {
            double const expected = square > 0 ? sum[std::size_t(j)] / std::sqrt(square) : 0;
            // One rounding to float of a number up to 1; double's roundings in the norm are
            // smaller.
            EXPECT_NEAR(out.at(t, j), expected, 0x1p-24);
          }
        }
      }
    }
  }
}

TEST(templates, rows_that_are_not_finite_or_cancel) {
  matrix<float> const x(4, 2, {1, 0, -1, 0, no_number, 1, HUGE_VAL, 1});
  entries const list{{0, 1, 2, 3}, {0, 0, 1, 2}, {1, 2, 1, 1}};
  matrix<float> out(3, 2);
  average(x, list, out);
  EXPECT_EQ(out.at(0, 0), 0);
  EXPECT_EQ(out.at(0, 1), 0);
  for (int t : {1, 2}) {
    EXPECT_TRUE(std::isnan(out.at(t, 0))) << t;
    EXPECT_TRUE(std::isnan(out.at(t, 1))) << t;
  }
}

TEST(templates, nothing_at_all) {
  matrix<float> const x(0, 3);
  matrix<float> none(0, 3), out(2, 3);
  average(x, {}, none);
  average(x, {}, out);
  EXPECT_EQ(out.at(1, 2), 0);
}

TEST(templates, same_bits_for_any_number_of_threads_and_scratch) {
  auto const x = random_matrix<float>(300, 20, 3);
  entries list;
  for (int e = 0; e < 500; ++e) {
    list.rows.push_back(e * 7 % 300);
    list.templates.push_back(e % 83);
    list.media.push_back(e % 5);
  }
  matrix<float> expected(83, 20);
  average(x, list, expected);
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] {
      matrix<float> out(83, 20);
      average(x, list, out);
      EXPECT_TRUE(out.same_bits(expected)) << threads;
    });
  }
#if !COUPLEFACE_HAS_KERNELS
  allocation_count count;
  counting_allocator memory(count);
  matrix<float> out(83, 20);
  cf::average_templates(thrust::seq(memory), x.view(), view_of(list.rows), view_of(list.templates),
                        view_of(list.media), out.view());
  EXPECT_TRUE(out.same_bits(expected));
  EXPECT_EQ(count.live, 0u);
  EXPECT_EQ(count.most, std::size_t(8 * (500 + 84) + 16 * 20 * 64));
#endif
}

TEST(templates, errors_leave_the_output_alone) {
  matrix<float> const x(2, 2, {1, 2, 3, 4});
  matrix<float> out(2, 2), wide(2, 3);
  auto const refuse = [&](entries const& list, matrix<float>& result, char const* message) {
    expect_refused([&] { average(x, list, result); }, message);
    EXPECT_TRUE(result.untouched());
  };
  refuse({{0}, {0}, {0}}, wide,
         "coupleface::average_templates: width of templates is 3, but width of x is 2");
  refuse({{0, 1}, {0}, {0, 0}}, out,
         "coupleface::average_templates: size of template_ids is 1, but size of rows is 2");
  refuse({{0, 1}, {0, 1}, {0}}, out,
         "coupleface::average_templates: size of media_ids is 1, but size of rows is 2");
  entries const no_row{{0, 2, 0}, {0, 0, 1}, {0, 0, 0}}, no_template{{0, 1}, {0, 2}, {0, 0}};
  if constexpr (ids_are_checked) {
    refuse(no_row, out, "coupleface::average_templates: rows(1) is 2, but x has 2 rows");
    refuse(no_template, out,
           "coupleface::average_templates: template_ids(1) is 2, outside [-1, 2)");
  } else {  // a device does not read them back
    average(x, no_row, out);
    EXPECT_TRUE(std::isnan(out.at(0, 0)));
    EXPECT_NEAR(out.at(1, 0), 1 / std::sqrt(5.0), 1e-7);
    average(x, no_template, out);
    EXPECT_NEAR(out.at(0, 0), 1 / std::sqrt(5.0), 1e-7);
    EXPECT_EQ(out.at(1, 0), 0);
  }
}

#if COUPLEFACE_HAS_KERNELS
TEST(templates, have_the_host_s_bits) {
  auto const x = rows_with_everything<float>(90, 21, 4);
  auto const host_x = on_host(x);
  std::mt19937_64 random(8);
  std::vector<int> rows, ids;
  std::vector<std::int64_t> media;
  std::int64_t const wide[] = {0, -1, 1, std::int64_t(1) << 32, -(std::int64_t(1) << 40), 7};
  for (int e = 0; e < 700; ++e) {
    rows.push_back(int(random() % 90));
    ids.push_back(int(random() % 41) - 1);
    media.push_back(wide[random() % 6]);
  }
  matrix<float> out(40, 21, 3);
  host_matrix<float> expected(40, 21, 3);
  cf::average_templates(policy(), x.view(), view_of(rows), view_of(ids), view_of(media),
                        out.view());
  cf::average_templates(thrust::seq, host_x.view(), host_view_of(rows), host_view_of(ids),
                        host_view_of(media), expected.view());
  for (index_t t = 0; t < 40; ++t) {
    for (index_t j = 0; j < 21; ++j) {
      EXPECT_TRUE(same_value(out.get(t, j), expected.get(t, j))) << t << " " << j;
    }
  }
}
#endif

}  // namespace
