// SPDX-License-Identifier: Apache-2.0
// coupleface: evaluation-oriented knowledge distillation, host side.
#pragma once

#include <coupleface/detail/losses/ekd_negatives.hpp>
#include <coupleface/detail/losses/ekd_ranking.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A copy of labels, padded with -1 to whole panels.
template <class Derived>
class padded_labels {
 public:
  template <class N>
  padded_labels(Derived const& policy, vector_view<N> labels, index_t panel)
      : memory_(policy, rounded_up(labels.extent(0), panel)) {
    for_each_index(policy, memory_.size(), [=, to = memory_.data()](index_t i) {
      to[i] = i < labels.extent(0) ? index_t(labels(i)) : index_t(-1);
    });
  }
  index_t const* data() const { return memory_.data(); }

 private:
  scratch<index_t, Derived> memory_;
};

/// The sum of (r_s - r_t)^2 over all positives; with a gradient, gradient += scale * its derivative
/// with respect to unit rows.
template <class Acc, class Derived, class Walks>
double add_positives(Derived const& policy, Walks const& walks, Acc* memory,
                     ekd_labels const& labels, ekd_law<Acc> const& law, double scale,
                     Acc* gradient) {
  index_t const lanes = walks.lanes(), size = walks.lane_size();
  scratch<double, Derived> const lane_sums(policy, lanes);
  double* const sums = lane_sums.data();
  std::fill(sums, sums + lanes, 0.0);
  walks.visit_panels(
      policy, memory, gradient,
      [=](index_t row, index_t row_end, index_t column, index_t column_end) {
        return has_positives<Acc>(labels, row, row_end, column, column_end);
      },
      [=](ekd_panel<Acc> const& at) {
        sums[(at.student - memory) / size] += positive_slopes(at, labels, law, Acc(2 * scale));
      });
  double total = 0;
  for (index_t lane = 0; lane < lanes; ++lane) { total += sums[lane]; }
  return total;
}

template <class Derived, class G>
void fill_gradient(Derived const& policy, matrix_view<G> gradient, double value) {
  for_each_index(policy, gradient.extent(0), [=](index_t i) {
    std::fill(gradient.row(i), gradient.row(i) + gradient.extent(1), store<G>(value));
  });
}
template <class Derived>
void fill_gradient(Derived const&, no_gradient, double) {}

using ekd_relation = kernel_of_cosine<cosine_itself>;

/// The loss and, if g is not null, its derivative with respect to unit rows, added to g.
template <class Acc, class Derived, class Walks, class E>
double evaluate_ekd(Derived const& policy, Walks const& walks, ekd_labels const& labels,
                    matrix_view<E const> others, ekd_settings const& settings,
                    ekd_thresholds& thresholds, Acc* g, index_t gradient_width) {
  line_scratch<Acc, Derived> const memory(policy, walks.lanes() * walks.lane_size());
  ekd_ranking<Acc, Derived, Walks> ranking(policy, walks, labels, memory.data(), settings.hardest);
  if (!ranking.numbers()) { return not_a_number; }
  scratch<ekd_negative<Acc>, Derived> const list(policy, ranking.listed_negatives());
  ranking.find(thresholds, settings.momentum, list.data());

  ekd_law<Acc> const law(thresholds, settings.temperature);
  index_t const positives = ranking.positives(), negatives = ranking.hardest();
  double loss = 0;
  if (positives > 0) {
    double const scale = settings.positive_weight / double(positives);
    double const sum = add_positives(policy, walks, memory.data(), labels, law, scale, g);
    loss = rounded_product(scale, sum);
  }
  if (negatives > 0) {
    double const scale = settings.negative_weight / double(negatives);
    index_t const count = labels.one_batch ? 2 * negatives : negatives;
    scratch<ekd_pull<Acc>, Derived> const pull_list(policy, count);
    auto* const pulls = pull_list.data();
    loss += rounded_product(scale, negative_pulls(list.data(), negatives, law, scale, pulls));
    if (g == nullptr) { return loss; }
    for (index_t p = negatives; p < count; ++p) {
      auto const& pull = pulls[p - negatives];
      pulls[p] = {pull.slope, pull.j, pull.i};
    }
    if (labels.one_batch) { std::sort(pulls, pulls + count); }
    add_pulls(policy, pulls, count, walks.rows(), others, g, gradient_width);
  }
  return loss;
}

template <class Derived, class Walks, class S, class Acc, class E, class L, class Gradient>
void run_ekd(Derived const& policy, Walks const& walks, matrix_view<S const> student,
             packed_side<Acc> const& packed, ekd_labels const& labels, matrix_view<E const> others,
             ekd_settings const& settings, ekd_thresholds& thresholds, scalar_view<L> loss,
             Gradient gradient) {
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  index_t const padded = rounded_up(student.extent(0), panel_width<Acc>);
  index_t const size = with_gradient ? padded * packed.padded_width() : 0;
  line_scratch<Acc, Derived> const prepared_gradient(policy, size);
  Acc* const g = with_gradient ? prepared_gradient.data() : nullptr;
  for_each_index(policy, with_gradient ? padded : 0, [=, width = packed.padded_width()](index_t i) {
    std::fill(g + i * width, g + (i + 1) * width, Acc(0));
  });
  ekd_thresholds updated = thresholds;
  double const value =
      evaluate_ekd(policy, walks, labels, others, settings, updated, g, packed.padded_width());
  *loss.data_handle() = L(value);
  if (is_nan(value)) {
    fill_gradient(policy, gradient, value);
    return;
  }
  thresholds = updated;
  if constexpr (with_gradient) {
    pair_mask<ekd_keep> const mask{student.extent(0), others.extent(0), {labels}};
    store_gradient<ekd_relation>(policy, student, packed, row_numbers{}, g, gradient,
                                 is_row_kept<ekd_keep>{mask});
  }
}

template <class S, class T, class N, class L, class Gradient>
void check_ekd(matrix_view<S> student, matrix_view<T> teacher, vector_view<N> labels,
               ekd_thresholds const& thresholds, scalar_view<L> loss, Gradient gradient,
               ekd_settings const& settings) {
  check_pairs("ekd_loss", student, teacher, loss, gradient);
  expect_view("ekd_loss", "labels", labels);
  expect_equal("ekd_loss", "size of labels", labels.extent(0), "rows of student",
               student.extent(0));
  expect_valid("ekd_loss", "a setting is out of range", settings);
  expect_valid("ekd_loss", "thresholds.known is out of range", thresholds);
}

template <class S, class T, class H, class B, class M>
void check_ekd_banks(matrix_view<S> student, matrix_view<T> teacher, matrix_view<H> student_bank,
                     matrix_view<B> teacher_bank, vector_view<M> bank_labels) {
  check_banks("ekd_loss", student, teacher, student_bank, teacher_bank);
  expect_view("ekd_loss", "bank_labels", bank_labels);
  expect_equal("ekd_loss", "size of bank_labels", bank_labels.extent(0), "rows of student_bank",
               student_bank.extent(0));
}

template <class Derived, class S, class T, class N, class L, class Gradient>
void ekd_of_batch(host_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
                  vector_view<N> labels, ekd_thresholds& thresholds, scalar_view<L> loss,
                  Gradient gradient, ekd_settings const& settings) {
  check_ekd(student, teacher, labels, thresholds, loss, gradient, settings);
  auto const& policy = static_cast<Derived const&>(base);
  matrix_view<S const> const rows = student;
  index_t const n = rows.extent(0);
  padded_labels<Derived> const of_rows(policy, labels, panel_width<pair_accumulator<S, T>>);
  ekd_labels const of{of_rows.data(), of_rows.data(), true};
  with_batch_pairs(policy, rows, matrix_view<T const>(teacher), ekd_relation({}),
                   pair_mask<ekd_keep>{n, n, {of}}, [&](auto const& walks, auto const& packed) {
                     run_ekd(policy, walks, rows, packed, of, rows, settings, thresholds, loss,
                             gradient);
                   });
}

template <class Derived, class S, class T, class N, class H, class B, class M, class L,
          class Gradient>
void ekd_with_bank(host_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
                   vector_view<N> labels, matrix_view<H> student_bank, matrix_view<B> teacher_bank,
                   vector_view<M> bank_labels, ekd_thresholds& thresholds, scalar_view<L> loss,
                   Gradient gradient, ekd_settings const& settings) {
  check_ekd(student, teacher, labels, thresholds, loss, gradient, settings);
  check_ekd_banks(student, teacher, student_bank, teacher_bank, bank_labels);
  auto const& policy = static_cast<Derived const&>(base);
  matrix_view<S const> const rows = student;
  matrix_view<H const> const bank = student_bank;
  padded_labels<Derived> const of_rows(policy, labels, panel_width<pair_accumulator<S, T>>);
  padded_labels<Derived> const of_columns(policy, bank_labels, 1);
  ekd_labels const of{of_rows.data(), of_columns.data(), false};
  with_bank_pairs(
      policy, rows, matrix_view<T const>(teacher), bank, matrix_view<B const>(teacher_bank),
      ekd_relation({}), pair_mask<ekd_keep>{rows.extent(0), bank.extent(0), {of}},
      [&](auto const& walks, auto const& packed) {
        run_ekd(policy, walks, rows, packed, of, bank, settings, thresholds, loss, gradient);
      });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/ekd.cuh>
#endif
