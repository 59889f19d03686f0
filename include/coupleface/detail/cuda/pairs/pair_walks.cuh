// SPDX-License-Identifier: Apache-2.0
// coupleface: the walks of a law over all pairs on a CUDA device: products of tiles by cuBLAS, then
// a block per row that evaluates the law.
//
// A row's block takes both orders of its pairs, so that nothing is added atomically. The number of
// pairs stays on the device.
#pragma once

#include <coupleface/detail/cuda/pairs/tile_walk.cuh>
#include <coupleface/detail/pairs/pair_walks.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Memory and launches of the walks over all pairs. Student and Teacher: device_side.
template <class Derived, class Student, class Teacher, class Relation, class Law, class Keep>
class device_pairs {
 public:
  using accumulator = typename Student::accumulator;
  using walk_type = tile_walk<Derived, Student, Teacher, Keep>;
  using tile_type = typename walk_type::tile_type;
  static constexpr int sum_count = Law::sums > 1 + Law::back_sums ? Law::sums : 1 + Law::back_sums;

  device_pairs(Derived const& policy, Student const& student, Teacher const& teacher,
               Relation relation, Law law, pair_mask<Keep> mask)
      : policy_(policy),
        student_(student),
        relation_(relation),
        law_(law),
        mask_(mask),
        walk_(policy, student, teacher, mask),
        constants_(policy, mask.rows * Law::constants),
        sums_(policy, mask.rows * sum_count),
        totals_(policy, sum_count),
        mean_(policy, 1) {}

  template <class L>
  void value(scalar_view<L> loss) {
    find_statistics();
    begin_value();
    walk_.for_each_tile([&](tile_type const& tile) { add_terms(tile, value_terms<Law>{law_}); });
    finish_value(loss);
  }

  template <class L, class G>
  void value_and_gradient(scalar_view<L> loss, matrix_view<G> gradient) {
    constexpr bool pulls = Relation::pulls_itself;
    index_t const n = mask_.rows, width = student_.width();
    scratch<accumulator, Derived> const prepared_gradient(policy_, n * width);
    scratch<double, Derived> const own(policy_, pulls ? n : 0);
    clear(prepared_gradient.data(), n * width);
    clear(own.data(), own.size());
    if constexpr (Law::back_sums > 0) {
      value(loss);
      finish<Law::back_sums>(sums(1), finish_back_of<Law>{law_});
      walk_.for_each_tile(
          [&](tile_type const& tile) { add_gradient(tile, own.data(), prepared_gradient.data()); });
    } else {
      find_statistics();
      begin_value();
      walk_.for_each_tile([&](tile_type const& tile) {
        add_terms(tile, value_terms<Law>{law_});
        add_gradient(tile, own.data(), prepared_gradient.data());
      });
      finish_value(loss);
    }
    store_gradient(prepared_gradient.data(), own.data(), gradient);
  }

 private:
  accumulator* of_student() const { return walk_.of_student(); }
  accumulator* of_teacher() const { return walk_.of_teacher(); }
  row_numbers constants() const { return {constants_.data(), mask_.rows}; }
  row_numbers sums(int first) const {
    return {sums_.data() + index_t(first) * mask_.rows, mask_.rows};
  }
  template <class T>
  void clear(T* elements, index_t count) const {
    launch_indices(policy_, count, zero_body<T>{elements});
  }

  template <class Terms>
  void add_terms(tile_type const& tile, Terms terms) const {
    using kernel = pair_terms_kernel<accumulator, tile_type, Relation, Terms>;
    launch(policy_, shape_for(tile.rows, 1, kernel::threads, block_sums_bytes(Terms::count)),
           kernel{tile, of_student(), of_teacher(), relation_, terms, constants(), sums(0)});
  }

  /// Writes over the tile's relations.
  void add_gradient(tile_type const& tile, double* own, accumulator* gradient) const {
    using kernel = pair_slopes_kernel<accumulator, tile_type, Relation, Law>;
    launch(
        policy_, shape_for(tile.rows, 1, kernel::threads, block_sums_bytes(1)),
        kernel{tile, of_student(), of_teacher(), relation_, law_, mean_.data(), constants(), own});
    index_t const width = student_.width();
    product(policy_, false, false, tile.rows, width, tile.columns,
            static_cast<accumulator const*>(of_student()), tile.columns,
            student_.others_from(tile.column), width, accumulator(1), gradient + tile.row * width,
            width);
    if constexpr (Relation::pulls_itself) {
      add_close_pulls(tile, student_.batch(), student_.others(), gradient);
    }
  }

  template <class S, class H>
  void add_close_pulls(tile_type const& tile, matrix_view<S const> rows,
                       matrix_view<H const> others, accumulator* gradient) const {
    using kernel = close_pulls_kernel<accumulator, tile_type, S, H>;
    launch(policy_, shape_for(tile.rows, 1, kernel::threads, kernel::shared_bytes),
           kernel{tile, rows, others, of_teacher(), gradient});
  }

  void find_statistics() {
    clear(constants_.data(), constants_.size());
    if constexpr (Law::sums > 0) {
      clear(sums_.data(), sums_.size());
      walk_.for_each_tile(
          [&](tile_type const& tile) { add_terms(tile, statistic_terms<Law>{law_}); });
      finish<Law::sums>(sums(0), finish_of<Law>{law_});
    }
  }
  void begin_value() const {
    clear(sums_.data(), sums_.size());
    scratch<int, Derived> const counts(policy_, mask_.rows);
    using kernel = count_pairs_kernel<Keep>;
    launch(policy_, shape_for(mask_.rows, 1, kernel::threads, block_sums_bytes(1)),
           kernel{mask_, counts.data()});
    store_inverse_count(policy_, counts.data(), mask_.rows, mean_.data());
  }
  template <class L>
  void finish_value(scalar_view<L> loss) const {
    store_sum(policy_, sums_.data(), mask_.rows, static_cast<double const*>(mean_.data()),
              loss.data_handle());
  }

  template <int Count, class Finish>
  void finish(row_numbers sums, Finish finish) const {
    finish_device_rows<Count, Law::constants>(policy_, sums, totals_.data(), constants(), finish);
  }

  template <class G>
  void store_gradient(accumulator const* prepared_gradient, double const* own,
                      matrix_view<G> gradient) const {
    auto const student = student_.batch();
    auto const kept = student_.is_kept();
    using S = typename decltype(student)::value_type;
    using body =
        store_pair_gradient_body<Relation, accumulator, S, G, std::decay_t<decltype(kept)>>;
    launch_rows<vector_elements<S, accumulator>>(
        policy_, mask_.rows,
        body{student, student_.rows_from(0), prepared_gradient, own, gradient, kept});
  }

  Derived const& policy_;
  Student const& student_;
  Relation relation_;
  Law law_;
  pair_mask<Keep> mask_;
  walk_type walk_;
  scratch<double, Derived> constants_, sums_, totals_, mean_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
