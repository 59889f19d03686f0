// SPDX-License-Identifier: Apache-2.0
// What a run computes about classes before it starts: prototypes of the teacher's embeddings and
// their spread; and the losses that start from them. All on the host's OpenMP threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "mining_settings.hpp"
#include "network_views.hpp"
#include "settings.hpp"
#include "step_losses.hpp"

namespace train_student {

/// Rows are classes, or the samples of a batch.
struct relation_table {
  matrix<float> values;          // [rows, k], -1 in empty slots
  matrix<std::int32_t> classes;  // [rows, k], -1 where there are too few

  void resize(coupleface::index_t rows, int k) {
    values.resize(rows, k);
    classes.resize(rows, k);
  }
};

relation_table mine_classes(mining_settings const& s, coupleface::matrix_view<float const> bank,
                            int k, std::uint64_t seed);

void mine_batch(mining_settings const& s, labelled_batch const& batch,
                coupleface::matrix_view<float const> bank, int k, relation_table& table);

/// [classes, d]: unit mean of the teacher's embeddings of each class.
matrix<float> teacher_prototypes(matrix<float> const& teacher, std::vector<int> const& train,
                                 std::vector<std::int32_t> const& labels, int classes);

/// Prints how much more similar related classes are than others, and warns if q would forgive most
/// gaps.
void report_relation_spread(matrix<float> const& teacher, std::vector<int> const& train,
                            std::vector<std::int32_t> const& labels, int classes,
                            run_settings const& s);

/// Creates the losses where the settings say. The bank starts from the prototypes.
std::unique_ptr<step_losses> make_losses(run_settings const& settings,
                                         matrix<float> const& prototypes);

}  // namespace train_student
