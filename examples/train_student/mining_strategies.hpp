// SPDX-License-Identifier: Apache-2.0
// Every mining strategy of the library, selected by name. Some produce a table of classes, which is
// mined now and then; the others mine neighbours within the batch in every step.
#pragma once

#include <coupleface/mining/from_bank.hpp>
#include <coupleface/mining/gap.hpp>
#include <coupleface/mining/in_batch.hpp>
#include <coupleface/mining/mixed.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/random.hpp>
#include <coupleface/mining/rank_window.hpp>
#include <coupleface/mining/relative_margin.hpp>
#include <coupleface/mining/similarity_window.hpp>
#include <coupleface/mining/teacher_order.hpp>
#include <cstdint>

#include "mining_settings.hpp"
#include "step_losses.hpp"

namespace train_student {

/// The class table [C, k] of a strategy, from one embedding per class; -1 in empty slots. Random
/// strategies use `seed`.
template <class Policy>
void mine_classes(Policy const& policy, mining_settings const& s,
                  coupleface::matrix_view<float const> bank, std::uint64_t seed,
                  coupleface::matrix_view<float> values,
                  coupleface::matrix_view<std::int32_t> classes) {
  if (s.strategy == "random") {
    coupleface::mine_random(policy, bank, bank, seed, values, classes);
  } else if (s.strategy == "rank_window") {
    coupleface::mine_rank_window(policy, bank, bank, s.skip, values, classes);
  } else if (s.strategy == "similarity_window") {
    coupleface::mine_similarity_window(
        policy, bank, bank, coupleface::similarity_window{s.lowest, s.highest}, values, classes);
  } else if (s.strategy == "mixed") {
    coupleface::mine_mixed(policy, bank, bank, s.hard_of(static_cast<int>(values.extent(1))), seed,
                           values, classes);
  } else {
    coupleface::mine_nearest(policy, bank, bank, values, classes);
  }
}

/// The neighbours of every sample: rows of the bank, or of the batch itself for `in_batch`.
template <class Policy>
void mine_batch(Policy const& policy, mining_settings const& s, labelled_batch const& batch,
                coupleface::matrix_view<float const> bank, coupleface::matrix_view<float> values,
                coupleface::matrix_view<std::int32_t> classes) {
  coupleface::other_classes const keep(batch.labels);
  if (s.strategy == "in_batch") {
    coupleface::mine_in_batch(policy, batch.teacher, batch.labels, values, classes);
  } else if (s.strategy == "bank") {
    coupleface::mine_from_bank(policy, batch.teacher, batch.labels, bank, values, classes);
  } else if (s.strategy == "gap") {
    coupleface::mine_gap(policy, batch.student, bank, batch.teacher, bank, values, classes,
                         coupleface::violation{}, keep);
  } else if (s.strategy == "absolute_gap") {
    coupleface::mine_gap(policy, batch.student, bank, batch.teacher, bank, values, classes,
                         coupleface::absolute_gap{}, keep);
  } else if (s.strategy == "teacher_order") {
    coupleface::mine_teacher_order(policy, batch.student, bank, batch.teacher, bank,
                                   s.pool_of(static_cast<int>(values.extent(1))), values, classes,
                                   keep);
  } else {
    coupleface::mine_relative_margin(policy, batch.teacher, bank, batch.labels, s.margin, values,
                                     classes, coupleface::cosine{}, keep);
  }
}

}  // namespace train_student
