// SPDX-License-Identifier: Apache-2.0
// Predicates on pairs: what they keep, what they ask, and two at once.
#include <coupleface/keep.hpp>

#include "support/brute_force.hpp"

namespace {

using namespace coupleface_test;
using ids = matrix<std::int32_t>;

TEST(keep, rows_labels_and_classes) {
  EXPECT_TRUE(coupleface::every_row{}(3, 3));
  EXPECT_TRUE(coupleface::other_rows{}(3, 4) && !coupleface::other_rows{}(3, 3));
  ids const queries(1, 3, {5, 1, -1}), candidates(1, 3, {5, -1, 1});
  coupleface::other_labels const labels(queries.vector(), candidates.vector());
  bool const differ[3][3] = {{false, false, true}, {true, false, false}, {false, false, false}};
  coupleface::not_same_label const not_same(queries.vector(), candidates.vector());
  bool const unlike[3][3] = {{false, true, true}, {true, true, false}, {true, true, true}};
  coupleface::other_classes const classes(queries.vector());
  bool const other[3][3] = {{true, true, true}, {true, false, true}, {false, false, false}};
  for (index_t q = 0; q < 3; ++q) {
    for (index_t c = 0; c < 3; ++c) {
      EXPECT_EQ(labels(q, c), differ[q][c]) << q << ", " << c;
      EXPECT_EQ(not_same(q, c), unlike[q][c]) << q << ", " << c;
      EXPECT_EQ(classes(q, c), other[q][c]) << q << ", " << c;
    }
  }
  EXPECT_FALSE(classes(0, 5));
}

TEST(keep, both_is_and_and_nests) {
  auto const even = [](index_t, index_t c) { return c % 2 == 0; };
  auto const small = [](index_t, index_t c) { return c < 5; };
  coupleface::both const keep(coupleface::other_rows{}, coupleface::both(even, small));
  for (index_t q = 0; q < 8; ++q) {
    for (index_t c = 0; c < 8; ++c) { EXPECT_EQ(keep(q, c), q != c && c % 2 == 0 && c < 5); }
  }
  // The second may rely on the first.
  coupleface::both const guarded([](index_t, index_t c) { return c < 3; },
                                 [](index_t, index_t c) {
                                   EXPECT_LT(c, 3);
                                   return true;
                                 });
  EXPECT_TRUE(guarded(0, 2) && !guarded(0, 3));
}

TEST(keep, both_asks_each_whether_it_fits) {
  ids const three(1, 3, {0, 1, 2}), four(1, 4, {0, 1, 2, 3});
  coupleface::other_labels const labels(three.vector(), four.vector());
  coupleface::other_classes const classes(three.vector());
  coupleface::both(labels, classes).expect_fits("mine", 3, 4);
  coupleface::both(coupleface::every_row{}, [](index_t, index_t) {
    return true;
  }).expect_fits("mine", 9, 9);
  std::string const queries =
      "coupleface::mine: size of the query labels is 3, but rows of queries is 5";
  std::string const candidates =
      "coupleface::mine: size of the candidate labels is 4, but rows of candidates is 5";
  expect_refused([&] { coupleface::both(labels, classes).expect_fits("mine", 3, 5); }, candidates);
  coupleface::not_same_label const not_same(three.vector(), four.vector());
  expect_refused([&] { coupleface::both(classes, not_same).expect_fits("mine", 3, 5); },
                 candidates);
  expect_refused([&] { coupleface::both(classes, labels).expect_fits("mine", 3, 5); }, candidates);
  expect_refused(
      [&] { coupleface::both(coupleface::other_rows{}, classes).expect_fits("mine", 5, 4); },
      queries);
}

}  // namespace
