// SPDX-License-Identifier: Apache-2.0
// coupleface: thresholds and hardest negatives of all pairs, without a list of all scores.
//
// A walk counts the negatives' keys in bins. The next lists those that lie in the bins of the
// thresholds, and the hardest. Each lane has a list of its own, whose size the counts tell.
#pragma once

#include <coupleface/detail/losses/ekd_negatives.hpp>
#include <coupleface/detail/pairs/bank_pairs.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Acc, class Derived, class Walks>
class ekd_ranking {
 public:
  /// More keys than these are counted again in smaller bins, rather than listed.
  static constexpr index_t most_listed = index_t(1) << 19;

  ekd_ranking(Derived const& policy, Walks const& walks, ekd_labels const& labels, Acc* memory,
              index_t hardest)
      : policy_(policy),
        walks_(walks),
        labels_(labels),
        memory_(memory),
        lanes_(walks.lanes()),
        counts_(policy, lanes_ * lane_counts),
        totals_(policy, lane_counts),
        list_ends_(policy, lanes_ * lists),
        lane_shares_(policy, lanes_) {
    count();
    index_t const* const all = totals_.data();
    positives_ = all[2 * slots];
    numbers_ = all[2 * slots + 1] == 0;
    for (index_t s = 0; s < search_[0].bins().others(); ++s) { negatives_ += all[s]; }
    shares_ = ekd_shares(negatives_);
    hardest_ = std::min(hardest, negatives_);
    reserve_hardest();
    if (numbers_) { narrow(); }
  }

  bool numbers() const { return numbers_; }  ///< no cosine that counts is NaN
  index_t positives() const { return positives_; }
  index_t hardest() const { return hardest_; }
  index_t listed_negatives() const { return listed_; }

  /// Updates the thresholds, and lists the hardest() negatives by row, then column. `list` has room
  /// for listed_negatives().
  void find(ekd_thresholds& thresholds, double momentum, ekd_negative<Acc>* list) {
    index_t listed = 0;
    for (int side = 0; side < 2; ++side) { listed += search_[side].exact() ? 0 : held(side); }
    scratch<ekd_key, Derived> const keys(policy_, listed);
    ekd_key* begin[2][lists / 2 + 1];
    reserve_lists(keys.data(), begin);
    if (listed > 0 || hardest_ > 0) { fill_lists(keys.data(), list); }
    move_thresholds(thresholds, shares_.wanted, momentum, [&](int side, int k) {
      auto const& search = search_[side];
      return search.exact() ? search.key(k) : search.key(k, shares_.above[k], begin[side]);
    });
    std::nth_element(list, list + hardest_, list + listed_negatives());
    std::sort(list, list + hardest_,
              [](auto const& a, auto const& b) { return a.i != b.i ? a.i < b.i : a.j < b.j; });
  }

 private:
  /// A lane's part of the list of hardest negatives.
  struct lane_share {
    index_t begin, size, used;
  };
  static constexpr index_t slots = ekd_bins::most_slots, lane_counts = 2 * slots + 2;
  static constexpr int lists = 2 * ekd_thresholds::count;

  index_t held(int side) const { return search_[side].held(); }

  /// visit(panel, lane) for all panels.
  template <class Visit>
  void walk(Visit visit) const {
    walks_.visit_panels(policy_, memory_, nullptr, every_panel{},
                        [=, memory = memory_, size = walks_.lane_size()](ekd_panel<Acc> const& at) {
                          visit(at, (at.student - memory) / size);
                        });
  }

  void count() {
    index_t *const all = counts_.data(), lanes = lanes_;
    for_each_index(policy_, lanes, [=](index_t lane) {
      std::fill(all + lane * lane_counts, all + (lane + 1) * lane_counts, index_t(0));
    });
    walk([=, labels = labels_, student = search_[0].bins(), teacher = search_[1].bins()](
             ekd_panel<Acc> const& at, index_t lane) {
      index_t* const mine = all + lane * lane_counts;
      count_negatives(at, labels, student, teacher,
                      ekd_counts{{mine, mine + slots}, mine + 2 * slots, mine + 2 * slots + 1});
    });
    for_each_index(policy_, lane_counts, [=, sums = totals_.data()](index_t at) {
      index_t sum = 0;
      for (index_t lane = 0; lane < lanes; ++lane) { sum += all[lane * lane_counts + at]; }
      sums[at] = sum;
    });
  }

  void narrow() {
    for (;;) {
      for (int side = 0; side < 2; ++side) {
        search_[side].narrow(totals_.data() + side * slots, shares_.above, shares_.wanted);
      }
      if (search_[0].exact() || held(0) + held(1) <= most_listed) { return; }
      count();
    }
  }

  /// The least key that the first count leaves among the hardest, and each lane's share of them.
  void reserve_hardest() {
    index_t first = search_[0].bins().others(), found = 0;
    index_t const end = first;
    while (found < hardest_) { found += totals_.data()[--first]; }
    least_ = hardest_ == 0 ? ~ekd_key(0) : search_[0].bins().first_of(first);
    for (index_t lane = 0; lane < lanes_; ++lane) {
      index_t const* const mine = counts_.data() + lane * lane_counts;
      index_t size = 0;
      for (index_t slot = first; slot < end; ++slot) { size += mine[slot]; }
      size = std::min(size, hardest_);
      lane_shares_.data()[lane] = {listed_, size, 0};
      listed_ += size;
    }
  }

  /// begin[side][range] ... begin[side][range + 1]: the list of a range, in which lane by lane has
  /// its share.
  void reserve_lists(ekd_key* keys, ekd_key* (&begin)[2][lists / 2 + 1]) const {
    index_t at = 0;
    for (int side = 0; side < 2; ++side) {
      auto const& search = search_[side];
      begin[side][0] = keys + at;
      for (int r = 0; r < search.bins().ranges && !search.exact(); ++r) {
        for (index_t lane = 0; lane < lanes_; ++lane) {
          list_ends_.data()[lane * lists + side * lists / 2 + r] = at;
          at += counts_.data()[lane * lane_counts + side * slots + search.slot(r)];
        }
        begin[side][r + 1] = keys + at;
      }
    }
  }

  void fill_lists(ekd_key* keys, ekd_negative<Acc>* list) const {
    ekd_bins ranges[2] = {search_[0].bins(), search_[1].bins()};
    if (search_[0].exact()) { ranges[0].ranges = ranges[1].ranges = 0; }
    auto const put = [keys](ekd_bins const& bins, ekd_key key, index_t* ends) {
      for (int r = 0; r < bins.ranges; ++r) {
        if (key - bins.first[r] <= bins.span) { keys[ends[r]++] = key; }
      }
    };
    walk([=, labels = labels_, student = ranges[0], teacher = ranges[1], least = least_,
          shares = lane_shares_.data(),
          all_ends = list_ends_.data()](ekd_panel<Acc> const& at, index_t lane) {
      index_t* const ends = all_ends + lane * lists;
      lane_share& share = shares[lane];
      hardest_of_lane<Acc> const hardest{list + share.begin, share.size, &share.used};
      list_negatives(at, labels, student, teacher, least,
                     [&](ekd_negative<Acc> const& pair, ekd_key of_teacher) {
                       put(student, pair.key, ends);
                       put(teacher, of_teacher, ends + lists / 2);
                       if (pair.key >= least) { hardest.add(pair); }
                     });
    });
  }

  Derived const& policy_;
  Walks const& walks_;
  ekd_labels labels_;
  Acc* memory_;
  index_t lanes_;
  scratch<index_t, Derived> counts_, totals_;  ///< of each lane, of all
  scratch<index_t, Derived> list_ends_;
  scratch<lane_share, Derived> lane_shares_;
  ekd_search search_[2];
  ekd_shares shares_{0};
  index_t positives_ = 0, negatives_ = 0, hardest_ = 0, listed_ = 0;
  bool numbers_ = true;
  ekd_key least_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
