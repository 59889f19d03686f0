// SPDX-License-Identifier: Apache-2.0
// coupleface: the operations of evaluation-oriented distillation on one panel of pairs.
#pragma once

#include <coupleface/detail/exponential.hpp>
#include <coupleface/detail/losses/ekd_ranks.hpp>
#include <coupleface/detail/pairs/pair_panels.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Labels of both sides; those of the rows are padded with -1 to whole panels.
struct ekd_labels {
  index_t const* rows;
  index_t const* columns;
  bool one_batch;  ///< both sides are one batch: pairs i < j count, each once

  /// 1 for a negative, -1 for a positive, 0 for what is no pair.
  COUPLEFACE_HOST_DEVICE int sign(index_t i, index_t j) const {
    index_t const own = rows[i], other = columns[j];
    if (own < 0 || other < 0 || (one_batch && i >= j)) { return 0; }
    return own == other ? -1 : 1;
  }
};

/// Which pairs count. The walks visit all, and ask for rows in no pair only.
struct ekd_keep {
  ekd_labels labels;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t j) const {
    return labels.rows[i] >= 0 && labels.columns[j] >= 0 && !(labels.one_batch && i == j);
  }
};
template <class Acc>
using ekd_panel = pair_panel<Acc, ekd_keep>;

/// Soft counts of the thresholds that a cosine exceeds.
template <class Acc>
struct ekd_law {
  Acc student[ekd_thresholds::count], teacher[ekd_thresholds::count];
  int known;
  Acc rate;  ///< 1 / temperature

  ekd_law(ekd_thresholds const& of, double temperature)
      : known(of.known), rate(Acc(1 / temperature)) {
    for (int k = 0; k < ekd_thresholds::count; ++k) {
      student[k] = Acc(of.student[k]);
      teacher[k] = Acc(of.teacher[k]);
    }
  }
};

/// What one lane has counted: pairs of each slot for the student, then for the teacher.
struct ekd_counts {
  index_t* of[2];
  index_t* positives;
  index_t* not_numbers;
};

/// A negative, and its cosines. Harder ones come first: larger key, then smaller (i, j).
template <class Acc>
struct ekd_negative {
  ekd_key key;
  Acc student, teacher;
  index_t i, j;

  friend bool operator<(ekd_negative const& a, ekd_negative const& b) {
    if (a.key != b.key) { return a.key > b.key; }
    return a.i != b.i ? a.i < b.i : a.j < b.j;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/losses/ekd_panels.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Counts the panel's negatives in the bins of both sides.
template <class Acc>
void count_negatives(ekd_panel<Acc> const& at, ekd_labels const& labels, ekd_bins const& student,
                     ekd_bins const& teacher, ekd_counts const& counts) {
  COUPLEFACE_RETURN_KERNEL(count_negatives(at, labels, student, teacher, counts));
}

/// take(negative, teacher's key) for the negatives that lie in a range of a side, or of which the
/// student's key is `least` or more.
template <class Acc, class Take>
void list_negatives(ekd_panel<Acc> const& at, ekd_labels const& labels, ekd_bins const& student,
                    ekd_bins const& teacher, ekd_key least, Take const& take) {
  COUPLEFACE_RETURN_KERNEL(list_negatives(at, labels, student, teacher, least, take));
}

template <class Acc>
bool has_positives(ekd_labels const& labels, index_t row, index_t row_end, index_t column,
                   index_t column_end) {
  COUPLEFACE_RETURN_KERNEL(has_positives<Acc>(labels, row, row_end, column, column_end));
}

/// The sum of (r_s - r_t)^2 over the panel's positives. The student's cosines become scale times
/// the derivatives of all positives' terms, in both orders within one block of a batch.
template <class Acc>
double positive_slopes(ekd_panel<Acc> const& at, ekd_labels const& labels, ekd_law<Acc> const& law,
                       Acc scale) {
  COUPLEFACE_RETURN_KERNEL(positive_slopes(at, labels, law, scale));
}

/// gap = r_s - r_t of `panel_width` pairs, and its derivative with respect to s.
template <class Acc>
void rank_gaps(Acc const* s, Acc const* t, ekd_law<Acc> const& law, Acc* gap, Acc* slope) {
  COUPLEFACE_RETURN_KERNEL(rank_gaps(s, t, law, gap, slope));
}

/// out += scale * x / || x ||
template <class Acc, class E>
void pull_to_unit_row(Acc scale, double inverse, E const* x, index_t width, Acc* out) {
  COUPLEFACE_RETURN_KERNEL(pull_to_unit_row(scale, inverse, x, width, out));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
