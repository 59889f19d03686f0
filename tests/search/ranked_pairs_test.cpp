// SPDX-License-Identifier: Apache-2.0
// The order of scored pairs: ranked by comparing all with all where that is quicker and no values
// are equal, sorted otherwise. Both must agree with ranks_before.
#include <coupleface/detail/search/ranked_pairs.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

using coupleface::index_t;
using coupleface::detail::most_compared;
using coupleface::detail::ranks_before;
using coupleface::detail::scored_pair;

template <class V>
void expect_ranked(std::vector<scored_pair<V, int>> pairs, index_t k) {
  auto sorted = pairs;
  std::sort(sorted.begin(), sorted.end(), [](auto const& a, auto const& b) {
    return ranks_before(double(a.value), a.candidate, double(b.value), b.candidate);
  });
  std::vector<V> values(std::size_t(k), V(77));
  std::vector<int> indices(std::size_t(k), 77);
  coupleface::detail::write_ranked(pairs.data(), index_t(pairs.size()), values.data(),
                                   indices.data(), k);
  for (std::size_t at = 0; at < std::size_t(k); ++at) {
    bool const present = at < sorted.size();
    ASSERT_EQ(indices[at], present ? sorted[at].candidate : -1) << at << " of " << sorted.size();
    double const wanted =
        present ? double(sorted[at].value) : -std::numeric_limits<double>::infinity();
    if (std::isnan(wanted)) {
      ASSERT_TRUE(std::isnan(double(values[at])));
    } else {
      ASSERT_EQ(double(values[at]), wanted);
    }
  }
}

template <class V>
std::vector<scored_pair<V, int>> drawn(std::size_t count, int kinds, std::mt19937& generator) {
  std::vector<scored_pair<V, int>> pairs;
  std::vector<int> ids(count);
  for (std::size_t p = 0; p < count; ++p) { ids[p] = int(p); }
  std::shuffle(ids.begin(), ids.end(), generator);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int id : ids) {
    double const x =
        kinds == 0 ? uniform(generator) : double(int(generator() % unsigned(kinds))) - 1;
    pairs.push_back({V(x), id});
  }
  return pairs;
}

template <class V>
void expect_every_size() {
  std::mt19937 generator(5);
  for (std::size_t const count :
       {0u, 1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 170u, 511u, 512u, 513u}) {
    for (index_t const k : {1, 2, 16, 100, 600}) {
      for (int const kinds : {0, 1, 3, 1000}) {
        expect_ranked(drawn<V>(count, kinds, generator), k);
      }
    }
  }
  static_assert(most_compared == 512, "the sizes above lie around it");
}

TEST(ranked_pairs, float_values) { expect_every_size<float>(); }
TEST(ranked_pairs, double_values) { expect_every_size<double>(); }
TEST(ranked_pairs, half_values) { expect_every_size<coupleface::float16>(); }

TEST(ranked_pairs, infinities_zeros_and_nan) {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  expect_ranked<float>({{-inf, 3}, {inf, 1}, {0.0f, 2}}, 5);
  expect_ranked<float>({{-0.0f, 3}, {0.0f, 1}, {-inf, 2}}, 5);
  expect_ranked<float>({{nan, 3}, {-inf, 1}, {2.0f, 2}}, 5);
  expect_ranked<float>({{nan, 3}, {nan, 1}, {-inf, 2}}, 2);
  expect_ranked<float>({{nan, 3}}, 2);
}

}  // namespace
