// SPDX-License-Identifier: Apache-2.0
// What an exact search holds of a query while screened scores stream by: nothing that may be among
// the K best is dropped, and nothing else stays for long.
#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/keep.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
namespace engine = coupleface::detail;

/// One query, and the exact scores of its candidates; odd ones have NaN, or all of an odd query.
struct listed_scores {
  std::vector<double> exact;
  bool odd = false;
  static constexpr engine::screening screens_by = engine::screening::direct;
  index_t candidates() const { return index_t(exact.size()); }
  double operator()(index_t, index_t candidate) const {
    return exact[static_cast<std::size_t>(candidate)];
  }
  double magnitude() const { return 1; }
  bool odd_query(index_t) const { return odd; }
  bool odd_candidate(index_t candidate) const { return !odd && std::isnan((*this)(0, candidate)); }
};

/// The list of one query, with what it lies in.
class one_list {
 public:
  one_list(std::vector<double> exact, index_t k, index_t room, double error, bool odd = false)
      : values_(std::size_t(k)), indices_(std::size_t(k)), waiting_(std::size_t(room)) {
    lists_ = {{std::move(exact), odd},
              {},
              {values_.data(), 1, k},
              {indices_.data(), 1, k},
              error,
              &threshold_,
              &count_,
              waiting_.data(),
              room};
    lists_.clear(0);
  }
  one_list(one_list const&) = delete;

  void offer(index_t candidate, float screened) {
    lists_.offer(0, candidate, screened, evaluated_);
  }
  void offer_unscreened(bool odd_candidates) {
    lists_.offer_unscreened(0, odd_candidates, evaluated_);
  }
  void shrink() { lists_.shrink(0); }
  void make_exact() { lists_.make_exact(0, evaluated_); }

  bool is_exact() const { return lists_.is_exact(0); }
  float threshold() const { return threshold_; }
  index_t evaluated() const { return evaluated_; }
  /// Candidates that the list still holds, in order of their numbers.
  std::vector<std::int32_t> held() const {
    std::vector<std::int32_t> result;
    for (std::int32_t const id : indices_) {
      if (id >= 0) { result.push_back(id); }
    }
    for (std::int32_t w = 0; w < std::max(count_, 0); ++w) {
      result.push_back(waiting_[std::size_t(w)].candidate);
    }
    std::sort(result.begin(), result.end());
    return result;
  }
  /// The K best, best first.
  std::vector<std::int32_t> best() {
    if (!is_exact()) { make_exact(); }
    lists_.heap(0).finish();
    return indices_;
  }

 private:
  std::vector<float> values_;
  std::vector<std::int32_t> indices_;
  std::vector<engine::screened_pair<std::int32_t>> waiting_;
  float threshold_ = 0;
  std::int32_t count_ = 0;
  index_t evaluated_ = 0;
  engine::candidate_lists<listed_scores, float, std::int32_t, coupleface::every_row> lists_;
};

using ids = std::vector<std::int32_t>;

TEST(candidate_lists, a_screened_score_may_be_wrong_by_the_error_on_both_sides) {
  // Screened, exact: 0.50, 0.40 and 0.31, 0.41.
  one_list near({0.40, 0.41}, 1, 8, 0.1);
  near.offer(0, 0.50f);
  near.offer(1, 0.31f);
  near.shrink();
  EXPECT_EQ(near.best(), ids{1});
  // 0.505 is where the bisection stops between these two: one error below it is not enough.
  one_list far({0.42, 0.425}, 1, 8, 0.1);
  far.offer(0, 0.51f);
  far.offer(1, 0.33f);
  far.shrink();
  EXPECT_EQ(far.held(), (ids{0, 1}));
  EXPECT_EQ(far.best(), ids{1});
}

TEST(candidate_lists, what_k_others_surely_beat_is_dropped) {
  one_list list({0.9, 0.8, 0.1, 0.2}, 2, 8, 0.01);
  for (std::int32_t c = 0; c < 4; ++c) { list.offer(c, float(c < 2 ? 0.9 - 0.1 * c : 0.1 * c)); }
  list.shrink();
  EXPECT_EQ(list.held(), (ids{0, 1}));
  EXPECT_GT(list.threshold(), 0.3f);
  EXPECT_LE(list.threshold(), 0.78f);
  list.offer(2, 0.1f);  // whoever offers it looks at the threshold first
  EXPECT_EQ(list.best(), (ids{0, 1}));
  EXPECT_EQ(list.evaluated(), 3);
}

TEST(candidate_lists, fewer_than_k_drop_nothing) {
  one_list list({0.9, -1}, 3, 8, 0.01);
  list.offer(0, 0.9f);
  list.offer(1, -1.0f);
  list.shrink();
  EXPECT_EQ(list.threshold(), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(list.best(), (ids{0, 1, -1}));
}

TEST(candidate_lists, a_full_list_that_cannot_shrink_becomes_exact) {
  // All within the error of each other: 7 of 8 places stay taken.
  std::vector<double> exact;
  for (int c = 0; c < 20; ++c) { exact.push_back(0.5 + 0.001 * c); }
  one_list list(exact, 1, 8, 0.1);
  for (index_t c = 0; c < 7; ++c) {
    list.offer(c, 0.5f);
    EXPECT_FALSE(list.is_exact());
  }
  list.offer(7, 0.5f);
  // One went into the output, seven are left: no more than 7/8 of the room.
  EXPECT_FALSE(list.is_exact());
  list.offer(8, 0.5f);
  EXPECT_TRUE(list.is_exact());
  EXPECT_EQ(list.evaluated(), 9);
  // Exact by now: 0.508 is beaten by what may be 0.508 - 0.1 on the screen.
  EXPECT_GT(list.threshold(), 0.407f);
  EXPECT_LT(list.threshold(), 0.4081f);
  list.offer(19, 0.5f);
  EXPECT_EQ(list.best(), ids{19});
}

TEST(candidate_lists, odd_pairs_fill_what_the_others_leave) {
  double const nan = std::nan("");
  one_list some({0.5, nan, 0.7, nan}, 3, 8, 0.01);
  some.offer(0, 0.5f);
  some.offer(2, 0.7f);
  some.offer_unscreened(true);
  EXPECT_EQ(some.best(), (ids{2, 0, 1}));
  one_list all({nan, nan, nan}, 2, 8, 0.01, true);
  all.offer_unscreened(false);
  EXPECT_EQ(all.best(), (ids{0, 1}));
  // None matters where the list is full.
  one_list full({0.5, nan}, 1, 8, 0.01);
  full.offer(0, 0.5f);
  full.offer_unscreened(true);
  EXPECT_EQ(full.best(), ids{0});
  EXPECT_EQ(full.evaluated(), 1);
}

}  // namespace
