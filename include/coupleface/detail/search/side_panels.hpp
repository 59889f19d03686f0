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
        temporary_(policy, plan.lanes * plan.width) {}

  survey survey_all() const {
    return survey_rows(policy_, kernels_, score_, plan_.lanes, temporary_.data());
  }

  /// Packs all candidates once, if they fit.
  void pack_what_stays() {
    if (plan_.right_stays) {
      pack(candidate_rows(), 0, plan_.candidates, right_rows, right_.data());
    }
  }

  /// The panels of a block of queries.
  panel_word const* left(index_t block) {
    if (block != packed_left_) { pack_left(block); }
    packed_left_ = block;
    return left_.data();
  }
  void forget_left() { packed_left_ = -1; }

  /// The panels of a block of candidates, valid until the next call.
  panel_word const* right(index_t block) {
    if (plan_.right_stays) { return right_.data() + plan_.right.begin(block) * plan_.words; }
    index_t const first = plan_.right.begin(block);
    pack(candidate_rows(), first, plan_.right.end(block) - first, right_rows, right_.data());
    return right_.data();
  }

  /// Packs listed candidates into `apart`, or into the buffer for blocks of candidates if that is
  /// not in use yet.
  panel_word const* pack_listed(index_t const* ids, index_t count, panel_word* apart) {
    panel_word* const panels = plan_.right_stays ? apart : right_.data();
    auto const unit_row = [ids, score = score_](index_t s, float* out) {
      score.write_candidate(ids[s], out);
    };
    pack(unit_row, 0, count, right_rows, panels);
    return panels;
  }

 private:
  auto query_rows() const {
    return [score = score_](index_t i, float* out) { score.write_query(i, out); };
  }
  auto candidate_rows() const {
    return [score = score_](index_t j, float* out) { score.write_candidate(j, out); };
  }

  template <class UnitRow>
  void pack(UnitRow const& unit_row, index_t first, index_t count, int panel_rows,
            panel_word* panels) {
    pack_panels(policy_, kernels_, unit_row, first, count, plan_.width, panel_rows, plan_.lanes,
                temporary_.data(), panels);
  }

  void pack_left(index_t block) {
    index_t const first = plan_.left.begin(block), count = plan_.left.end(block) - first;
    if (plan_.right_stays && plan_.symmetric && Score::packs_alike) {
      repack_panels(policy_, right_.data(), right_rows, first, count, plan_.words, left_rows,
                    left_.data());
    } else {
      pack(query_rows(), first, count, left_rows, left_.data());
    }
  }

  Policy const& policy_;
  screen_kernels const& kernels_;
  search_plan const& plan_;
  Score const& score_;
  scratch<panel_word, Policy> left_, right_;
  scratch<float, Policy> temporary_;
  index_t packed_left_ = -1;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
