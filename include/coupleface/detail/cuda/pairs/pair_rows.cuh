// SPDX-License-Identifier: Apache-2.0
// coupleface: one side of all pairs on a CUDA device: rows prepared for products, and relations of
// a tile of pairs.
#pragma once

#include <coupleface/detail/cuda/pairs/pair_slopes.cuh>
#include <coupleface/detail/cuda/product.cuh>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The mean of some rows, evenly spread: centred rows need a point amid them, no more.
template <class E>
struct mean_row_body {
  static constexpr index_t most_rows = 256;
  matrix_view<E const> x;
  double* mean;

  COUPLEFACE_HOST_DEVICE void operator()(index_t j) const {
    index_t const step = rounded_up_quotient(x.extent(0), most_rows);
    double sum = 0;
    index_t count = 0;
    for (index_t i = 0; i < x.extent(0); i += step) {
      double const element = load(x(i, j));
      // A row that is not finite must not change the pairs of others.
      sum += is_finite(element) ? element : 0.0;
      count += is_finite(element);
    }
    mean[j] = count == 0 ? 0.0 : sum / double(count);
  }
};

/// Kept tells whether a row is in some pair. One that is not must not change others by 0 x NaN.
template <prepared How, class Acc, class E, class Kept>
struct prepare_row_body {
  matrix_view<E const> x;
  index_t first;
  double const* mean;
  Acc* rows;
  double* squares;
  Kept kept;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const width = x.extent(1);
    E const* const row = x.row(first + i);
    Acc* const out = rows + i * width;
    if constexpr (How == prepared::unit) {
      normalize_row(team, row, out, width);
    } else {
      double const* const centre = mean;
      team.columns(width, [=](index_t j) {
        double const element = load(row[j]), middle = centre == nullptr ? 0.0 : centre[j];
        // NaN for infinity too: an infinite relation would make the loss infinite.
        out[j] = store<Acc>(is_finite(element) ? element - middle : not_a_number);
      });
    }
    double square = team.dot(out, out, width);
    if (is_nan(square) && !kept(first + i)) {
      team.columns(width, [=](index_t j) { out[j] = Acc(0); });
      square = 0;
    }
    if (How == prepared::centred && team.leads()) { squares[i] = square; }
  }
};

/// Rows of the batch, of elements A, and the others, of elements B: the batch's again, or a bank's,
/// of which a block is prepared at a time.
template <prepared How, class Acc, bool InBatch, class A, class B, class Keep, class Derived>
class device_side {
 public:
  static constexpr bool centred = How == prepared::centred, in_batch = InBatch;
  using accumulator = Acc;

  device_side(Derived const& policy, matrix_view<A const> batch, matrix_view<B const> others,
              pair_mask<Keep> mask, index_t most_columns)
      : policy_(policy),
        batch_(batch),
        others_(others),
        mask_(mask),
        mean_(policy, centred ? width() : 0),
        // Never null: products of width 0 get pointers to it.
        rows_(policy, batch.extent(0) * width() + 1),
        squares_(policy, centred ? batch.extent(0) : 0),
        block_(policy, InBatch ? 0 : most_columns * width() + 1),
        block_squares_(policy, centred && !InBatch ? most_columns : 0) {
    launch_indices(policy_, mean_.size(), mean_row_body<A>{batch_, mean_.data()});
    prepare(batch_, 0, batch_.extent(0), is_kept(), rows_.data(), squares_.data());
  }

  index_t width() const { return batch_.extent(1); }
  matrix_view<A const> batch() const { return batch_; }
  matrix_view<B const> others() const { return others_; }
  is_in_some_pair<true, Keep> is_kept() const { return {mask_}; }
  Acc const* rows_from(index_t first) const { return rows_.data() + first * width(); }
  /// Others from a tile's first on.
  Acc const* others_from(index_t column) const {
    return InBatch ? rows_from(column) : block_.data();
  }

  /// z [rows, columns] = relations of a tile's pairs, or products. The tile's block must be
  /// prepared.
  template <class Tile>
  void relate(Tile const& tile, Acc* z) const {
    product(policy_, false, true, tile.rows, tile.columns, width(), rows_from(tile.row), width(),
            others_from(tile.column), width(), Acc(0), z, tile.columns);
    if constexpr (centred) {
      using kernel = distances_kernel<Acc, Tile, A, B>;
      double const* const squares = squares_.data();
      launch(policy_, shape_for(tile.rows, 1, kernel::threads),
             kernel{tile, batch_, others_, squares + tile.row,
                    InBatch ? squares + tile.column : block_squares_.data(), z});
    }
  }

  void prepare_block(index_t first, index_t count) const {
    if constexpr (!InBatch) {
      prepare(others_, first, count, is_in_some_pair<false, Keep>{mask_}, block_.data(),
              block_squares_.data());
    }
  }

 private:
  template <class E, class Kept>
  void prepare(matrix_view<E const> x, index_t first, index_t count, Kept kept, Acc* rows,
               double* squares) const {
    launch_rows<vector_elements<E, Acc>>(
        policy_, count,
        prepare_row_body<How, Acc, E, Kept>{x, first, mean_.data(), rows, squares, kept});
  }

  Derived const& policy_;
  matrix_view<A const> batch_;
  matrix_view<B const> others_;
  pair_mask<Keep> mask_;
  scratch<double, Derived> mean_;
  scratch<Acc, Derived> rows_;
  scratch<double, Derived> squares_;
  scratch<Acc, Derived> block_;
  scratch<double, Derived> block_squares_;
};

/// The gradient with respect to a row from that with respect to its prepared form.
template <class Relation, class Acc, class S, class G, class Kept>
struct store_pair_gradient_body {
  matrix_view<S const> student;
  Acc const* prepared_rows;
  Acc const* prepared_gradient;
  double const* own;
  matrix_view<G> gradient;
  Kept kept;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const width = student.extent(1);
    S const* const s = student.row(i);
    Acc const *const g = prepared_gradient + i * width, *const row = prepared_rows + i * width;
    G* const out = gradient.row(i);
    if constexpr (Relation::how == prepared::unit) {
      double norm = row_norm(team, s, width);
      if (!is_finite(norm) && !kept(i)) { norm = 0; }
      project_gradient(team, s, norm, g, 1.0, out, width);
    } else {
      double const pull = Relation::pulls_itself ? own[i] : 0.0;
      team.columns(width, [=](index_t j) {
        out[j] = store<G>(double(g[j]) + (Relation::pulls_itself ? pull * double(row[j]) : 0.0));
      });
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
