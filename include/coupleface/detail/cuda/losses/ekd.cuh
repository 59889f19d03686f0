// SPDX-License-Identifier: Apache-2.0
// coupleface: evaluation-oriented knowledge distillation on a CUDA device.
//
// Products of tiles by cuBLAS; the cosines of positives and hardest negatives become slopes in
// their tile, others 0, and further products add the gradients. Nothing is listed, and only
// integers are added atomically.
#pragma once

#include <coupleface/detail/cuda/losses/ekd_ranking.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/losses/ekd.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class N>
struct widen_label_body {
  vector_view<N> labels;
  index_t* wide;
  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const { wide[i] = index_t(labels(i)); }
};

/// Labels of one type, so that kernels are compiled for it alone.
template <class Derived>
class wide_labels {
 public:
  template <class N>
  wide_labels(Derived const& policy, vector_view<N> labels) : memory_(policy, labels.extent(0)) {
    launch_indices(policy, memory_.size(), widen_label_body<N>{labels, memory_.data()});
  }
  index_t const* data() const { return memory_.data(); }

 private:
  scratch<index_t, Derived> memory_;
};

template <class T>
struct store_everywhere_body {
  matrix_view<T> to;
  T value;
  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    to(at / to.extent(1), at % to.extent(1)) = value;
  }
};
template <class Derived, class T>
void store_everywhere(Derived const& policy, matrix_view<T> to, double value) {
  launch_indices(policy, to.extent(0) * to.extent(1),
                 store_everywhere_body<T>{to, store<T>(value)});
}
template <class Derived>
void store_everywhere(Derived const&, no_gradient, double) {}

/// A batch's pair (i, j), i < j, pulls both rows.
template <class Derived, class Side, class Tile, class Acc>
void add_ekd_gradient(Derived const& policy, Side const& student, Tile const& tile,
                      Acc const* slopes, Acc* g) {
  index_t const width = student.width();
  product(policy, false, false, tile.rows, width, tile.columns, slopes, tile.columns,
          student.others_from(tile.column), width, Acc(1), g + tile.row * width, width);
  if constexpr (Side::in_batch) {
    product(policy, true, false, tile.columns, width, tile.rows, slopes, tile.columns,
            student.rows_from(tile.row), width, Acc(1), g + tile.column * width, width);
  }
}

/// The last walk: the loss and, if g is not null, its derivative with respect to unit rows.
template <class Derived, class Side, class Walk, class L>
void evaluate_ekd_tiles(Derived const& policy, Side const& student, Walk& walk,
                        device_ekd_ranking<Derived, Walk> const& ranking,
                        ekd_law<double> const& law, ekd_settings const& settings,
                        scalar_view<L> loss, typename Side::accumulator* g) {
  using acc = typename Side::accumulator;
  using tile_type = typename Walk::tile_type;
  using kernel = ekd_slopes_kernel<acc, tile_type>;
  index_t const n = student.batch().extent(0);
  scratch<double, Derived> const sums(policy, n);
  scratch<index_t, Derived> const left(policy, 1);
  launch_indices(policy, n, zero_body<double>{sums.data()});
  launch_indices(policy, 1,
                 store_everywhere_body<index_t>{{left.data(), 1, 1}, ranking.which().in_cut});
  auto const share = [](double weight, index_t pairs) {
    return pairs == 0 ? 0.0 : weight / double(pairs);
  };
  kernel slopes{{},
                nullptr,
                nullptr,
                law,
                share(settings.positive_weight, ranking.positives()),
                share(settings.negative_weight, ranking.hardest()),
                ranking.which(),
                left.data(),
                sums.data()};
  walk.for_each_tile_if(has_ekd_pairs{}, [&](tile_type const& tile) {
    slopes.tile = tile;
    slopes.student = walk.of_student();
    slopes.teacher = walk.of_teacher();
    launch(policy, shape_for(tile.rows, 1, kernel::threads, block_sums_bytes(1)), slopes);
    if (g != nullptr) { add_ekd_gradient(policy, student, tile, slopes.student, g); }
  });
  store_sum(policy, sums.data(), n, 1.0, loss.data_handle());
}

template <class Derived, class Student, class Teacher, class L, class Gradient>
void run_device_ekd(Derived const& policy, Student const& student, Teacher const& teacher,
                    pair_mask<ekd_labels> mask, ekd_thresholds& thresholds, scalar_view<L> loss,
                    Gradient gradient, ekd_settings const& settings) {
  using acc = typename Student::accumulator;
  using walk_type = tile_walk<Derived, Student, Teacher, ekd_labels>;
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  walk_type walk(policy, student, teacher, mask);
  device_ekd_ranking<Derived, walk_type> const ranking(policy, walk, mask.rows, settings.hardest);
  if (!ranking.numbers()) {
    store_everywhere(policy, matrix_view<L>(loss.data_handle(), 1, 1), not_a_number);
    store_everywhere(policy, gradient, not_a_number);
    return;
  }
  ekd_thresholds updated = thresholds;
  ranking.move(updated, settings.momentum);
  ekd_law<double> const law(updated, settings.temperature);
  scratch<acc, Derived> const g(policy, with_gradient ? mask.rows * student.width() : 0);
  launch_indices(policy, g.size(), zero_body<acc>{g.data()});
  evaluate_ekd_tiles(policy, student, walk, ranking, law, settings, loss, g.data());
  if constexpr (with_gradient) {
    auto const rows = student.batch();
    using S = typename decltype(rows)::value_type;
    auto const kept = student.is_kept();
    using body = store_pair_gradient_body<ekd_relation, acc, S, typename Gradient::element_type,
                                          std::decay_t<decltype(kept)>>;
    launch_rows<vector_elements<S, acc>>(
        policy, mask.rows, body{rows, student.rows_from(0), g.data(), nullptr, gradient, kept});
  }
  thresholds = updated;
}

template <class Derived, class S, class T, class N, class L, class Gradient>
void ekd_of_batch(cuda_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
                  vector_view<N> labels, ekd_thresholds& thresholds, scalar_view<L> loss,
                  Gradient gradient, ekd_settings const& settings) {
  check_ekd(student, teacher, labels, thresholds, loss, gradient, settings);
  auto const& policy = static_cast<Derived const&>(base);
  using acc = pair_accumulator<S, T>;
  constexpr prepared how = prepared::unit;
  using A = std::remove_const_t<S>;
  using B = std::remove_const_t<T>;
  wide_labels<Derived> const of_rows(policy, labels);
  index_t const n = student.extent(0);
  ekd_labels const of{of_rows.data(), of_rows.data(), true};
  pair_mask<ekd_keep> const kept{n, n, {of}};
  device_side<how, acc, true, A, A, ekd_keep, Derived> const of_student(policy, student, student,
                                                                        kept, 0);
  device_side<how, acc, true, B, B, ekd_keep, Derived> const of_teacher(policy, teacher, teacher,
                                                                        kept, 0);
  run_device_ekd(policy, of_student, of_teacher, pair_mask<ekd_labels>{n, n, of}, thresholds, loss,
                 gradient, settings);
}

template <class Derived, class S, class T, class N, class H, class B, class M, class L,
          class Gradient>
void ekd_with_bank(cuda_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
                   vector_view<N> labels, matrix_view<H> student_bank, matrix_view<B> teacher_bank,
                   vector_view<M> bank_labels, ekd_thresholds& thresholds, scalar_view<L> loss,
                   Gradient gradient, ekd_settings const& settings) {
  check_ekd(student, teacher, labels, thresholds, loss, gradient, settings);
  check_ekd_banks(student, teacher, student_bank, teacher_bank, bank_labels);
  auto const& policy = static_cast<Derived const&>(base);
  using acc = pair_accumulator<S, T>;
  constexpr prepared how = prepared::unit;
  index_t const n = student.extent(0), m = student_bank.extent(0);
  index_t const block = smaller(law_tile_columns, m);
  wide_labels<Derived> const of_rows(policy, labels), of_columns(policy, bank_labels);
  ekd_labels const of{of_rows.data(), of_columns.data(), false};
  pair_mask<ekd_keep> const kept{n, m, {of}};
  device_side<how, acc, false, std::remove_const_t<S>, std::remove_const_t<H>, ekd_keep,
              Derived> const of_student(policy, student, student_bank, kept, block);
  device_side<how, acc, false, std::remove_const_t<T>, std::remove_const_t<B>, ekd_keep,
              Derived> const of_teacher(policy, teacher, teacher_bank, kept, block);
  run_device_ekd(policy, of_student, of_teacher, pair_mask<ekd_labels>{n, m, of}, thresholds, loss,
                 gradient, settings);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
