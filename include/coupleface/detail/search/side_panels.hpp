// SPDX-License-Identifier: Apache-2.0
// coupleface: the packed rows of both sides of a search, one block at a time.
#pragma once

#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/packed_rows.hpp>
#include <coupleface/detail/search/search_plan.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Policy, class Score>
class side_panels {
 public:
  side_panels(Policy const& policy, screen_kernels const& kernels, search_plan const& plan,
              Score const& score)
      : policy_(policy),
        kernels_(kernels),
        plan_(plan),
        score_(score),
        left_(policy, plan.left.block_rows() * plan.words),
        right_(policy, plan.right_rows_packed() * plan.words),
        left_fine_(policy, shares_fine() ? 0 : plan.left.block_rows() * plan.row_words),
        right_fine_(policy, plan.right_rows_packed() * plan.row_words),
        temporary_(policy, plan.lanes * plan.width) {}

  survey survey_all() const {
    return survey_rows(policy_, kernels_, score_, plan_.lanes, temporary_.data());
  }

  /// Packs all candidates once, if they fit.
  void pack_what_stays(int8_bound const& bound) {
    bound_ = bound;
    if (plan_.right_stays) {
      pack(candidate_rows(), 0, plan_.candidates, right_rows, right_.data(), right_fine());
    }
  }

  /// A block of queries.
  packed_block left(index_t block) {
    if (block != packed_left_) { pack_left(block); }
    packed_left_ = block;
    if (!shares_fine()) { return {left_.data(), fine_or_null(left_fine_)}; }
    return {left_.data(), right_fine_.data() + plan_.left.begin(block) * plan_.row_words};
  }
  void forget_left() { packed_left_ = -1; }

  /// A block of candidates, valid until the next call.
  packed_block right(index_t block) {
    index_t const first = plan_.right.begin(block);
    if (plan_.right_stays) {
      panel_word const* const fine = right_fine();
      return {right_.data() + first * plan_.words,
              fine == nullptr ? nullptr : fine + first * plan_.row_words};
    }
    pack(candidate_rows(), first, plan_.right.end(block) - first, right_rows, right_.data(),
         right_fine());
    return {right_.data(), right_fine()};
  }

  /// Packs listed candidates into `apart`, or into the buffer for blocks of candidates if that is
  /// not in use yet.
  panel_word const* pack_listed(index_t const* ids, index_t count, panel_word* apart) {
    panel_word* const panels = plan_.right_stays ? apart : right_.data();
    auto const unit_row = [ids, score = score_](index_t s, float* out) {
      score.write_candidate(ids[s], out);
    };
    pack(unit_row, 0, count, right_rows, panels, nullptr);
    return panels;
  }

 private:
  using fine_memory = line_scratch<panel_word, Policy>;

  /// Queries that are the candidates, all of which stay packed, have their own words there.
  bool shares_fine() const { return plan_.row_words > 0 && plan_.right_stays && repacks(); }
  bool repacks() const { return plan_.right_stays && plan_.symmetric && Score::packs_alike; }
  panel_word* fine_or_null(fine_memory const& fine) const {
    return plan_.row_words > 0 ? fine.data() : nullptr;
  }
  panel_word* right_fine() const { return fine_or_null(right_fine_); }

  auto query_rows() const {
    return [score = score_](index_t i, float* out) { score.write_query(i, out); };
  }
  auto candidate_rows() const {
    return [score = score_](index_t j, float* out) { score.write_candidate(j, out); };
  }

  template <class UnitRow>
  void pack(UnitRow const& unit_row, index_t first, index_t count, int panel_rows,
            panel_word* panels, panel_word* fine) {
    pack_panels(policy_, kernels_, unit_row, first, count, plan_.width, panel_rows, plan_.lanes,
                temporary_.data(), panels, bound_, fine);
  }

  void pack_left(index_t block) {
    index_t const first = plan_.left.begin(block), count = plan_.left.end(block) - first;
    if (repacks()) {
      repack_panels(policy_, kernels_, right_.data(), right_rows, first, count, plan_.words,
                    left_rows, left_.data());
    } else {
      pack(query_rows(), first, count, left_rows, left_.data(), fine_or_null(left_fine_));
    }
  }

  Policy const& policy_;
  screen_kernels const& kernels_;
  search_plan const& plan_;
  Score const& score_;
  scratch<panel_word, Policy> left_, right_;
  fine_memory left_fine_, right_fine_;
  scratch<float, Policy> temporary_;
  int8_bound bound_;
  index_t packed_left_ = -1;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
