// SPDX-License-Identifier: Apache-2.0
// coupleface: a softmax over tiles of classes on a CUDA device: the walks of its value and
// gradients. Logits are computed twice, or kept if the caller asks for that; cuBLAS computes the
// products.
#pragma once

#include <coupleface/detail/cuda/losses/softmax_gradients.cuh>
#include <coupleface/detail/cuda/product.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Memory and launches of the forward and the backward pass.
template <class Logits, class Derived, class Acc, class E, class W, class Targets>
class device_softmax {
 public:
  static constexpr bool kept = Logits::kept;
  /// Of logits. Slopes of target classes would lose too much (softmax_operands.hpp).
  static constexpr bool in_bfloat16 = has_bfloat16_products<Logits>;
  static constexpr index_t class_tile = 4096;
  static constexpr index_t row_block = 2048;

  device_softmax(Derived const& policy, matrix_view<E const> embeddings,
                 matrix_view<W const> weights, Targets targets, double scale)
      : policy_(policy),
        embeddings_(embeddings),
        weights_(weights),
        targets_(targets),
        scale_(scale),
        rows_(embeddings.extent(0)),
        width_(embeddings.extent(1)),
        classes_(targets.classes(weights.extent(0))),
        // Never null: products of width 0 get pointers to them.
        units_(policy, rows_ * width_ + 1),
        samples_(policy, rows_),
        unit_weights_(policy, smaller(class_tile, classes_) * width_ + 1),
        logits_(policy, kept ? rows_ * classes_
                             : smaller(row_block, rows_) * smaller(class_tile, classes_)),
        mean_(policy, 1) {}

  template <class Margin, class L>
  void value(Margin const& margin, scalar_view<L> loss) {
    scratch<int, Derived> const counts(policy_, rows_);
    launch_rows<vector_elements<E, right_element<W, Targets>>>(
        policy_, rows_,
        make_samples_body<Acc, E, W, Targets, Margin>{embeddings_, weights_, targets_, margin,
                                                      samples_.data(), counts.data(),
                                                      units_.data()});
    store_inverse_count(policy_, counts.data(), rows_, mean_.data());
    index_t const tiles = rounded_up_quotient(classes_, class_tile);
    scratch<tile_sum, Derived> const sums(policy_, rows_ * tiles);
    for (index_t t = 0; t < tiles; ++t) {
      pack(t);
      for (index_t first = 0; first < rows_; first += row_block) {
        add_sums(t, first, sums.data() + t * rows_ + first);
      }
    }
    scratch<double, Derived> const terms(policy_, rows_);
    launch_indices(policy_, rows_,
                   finish_sample_body{samples_.data(), sums.data(), tiles, rows_, terms.data()});
    store_sum(policy_, terms.data(), rows_, static_cast<double const*>(mean_.data()),
              loss.data_handle());
  }

  template <class G, class WeightGradient>
  void gradients(matrix_view<G> gradient, WeightGradient weight_gradient) {
    constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
    scratch<Acc, Derived> const unit_gradient(policy_, rows_ * width_);
    scratch<Acc, Derived> const weight_slopes(
        policy_, with_weights ? smaller(class_tile, classes_) * width_ : 0);
    launch_indices(policy_, rows_ * width_, zero_body<Acc>{unit_gradient.data()});
    for (index_t t = 0; t * class_tile < classes_; ++t) {
      pack(t);
      if constexpr (with_weights) {
        launch_indices(policy_, count(t) * width_, zero_body<Acc>{weight_slopes.data()});
      }
      for (index_t first = 0; first < rows_; first += row_block) {
        add_slopes(t, first, unit_gradient.data() + first * width_, weight_slopes.data());
      }
      if constexpr (with_weights) { project_weights(t, weight_slopes.data(), weight_gradient); }
    }
    launch_rows<vector_elements<E, Acc>>(policy_, rows_,
                                         project_embeddings_body<Acc, E, W, Targets, G>{
                                             embeddings_, weights_, targets_, samples_.data(),
                                             mean_.data(), unit_gradient.data(), gradient});
  }

 private:
  index_t count(index_t tile) const { return smaller(class_tile, classes_ - tile * class_tile); }
  index_t block(index_t first_row) const { return smaller(row_block, rows_ - first_row); }
  Acc const* units(index_t row) const { return units_.data() + row * width_; }

  void pack(index_t t) {
    launch_rows<vector_elements<W, Acc>>(
        policy_, count(t),
        pack_weights_body<Acc, W, Targets>{weights_, targets_, rows_, t * class_tile,
                                           unit_weights_.data()});
  }

  /// The memory for the products of a block of rows with a tile; kept products are stored tile by
  /// tile.
  logit_tile<Acc, Targets> tile(index_t t, index_t first_row) const {
    index_t const before = kept ? t * class_tile * rows_ + first_row * count(t) : 0;
    return {logits_.data() + before,     count(t), t * class_tile, first_row,
            samples_.data() + first_row, scale_,   targets_};
  }

  /// The same, after computing the products from the packed tile.
  logit_tile<Acc, Targets> multiply(index_t t, index_t first_row) {
    auto const result = tile(t, first_row);
    product<in_bfloat16>(policy_, false, true, block(first_row), count(t), width_, units(first_row),
                         width_, static_cast<Acc const*>(unit_weights_.data()), width_, Acc(0),
                         result.z, count(t));
    return result;
  }

  void add_sums(index_t t, index_t first_row, tile_sum* sums) {
    using kernel = tile_sums_kernel<Acc, Targets>;
    auto const logits = multiply(t, first_row);
    launch(policy_, shape_for(block(first_row), 1, kernel::threads, kernel::shared_bytes),
           kernel{logits, block(first_row), sums});
  }

  void add_slopes(index_t t, index_t first_row, Acc* unit_gradient, Acc* weight_slopes) {
    auto const logits = kept ? tile(t, first_row) : multiply(t, first_row);
    index_t const rows = block(first_row), classes = count(t);
    launch_indices(policy_, rows * classes, slopes_body<Acc, Targets>{logits, mean_.data()});
    auto const* const slopes = static_cast<Acc const*>(logits.z);
    product(policy_, false, false, rows, width_, classes, slopes, classes,
            static_cast<Acc const*>(unit_weights_.data()), width_, Acc(1), unit_gradient, width_);
    if (weight_slopes == nullptr) { return; }
    product(policy_, true, false, classes, width_, rows, slopes, classes, units(first_row), width_,
            Acc(1), weight_slopes, width_);
  }

  template <class H>
  void project_weights(index_t t, Acc const* slopes, matrix_view<H> gradient) {
    launch_rows<vector_elements<W, Acc>>(policy_, count(t),
                                         project_weights_body<Acc, W, Targets, H>{
                                             weights_, targets_, t * class_tile, slopes, gradient});
  }

  Derived const& policy_;
  matrix_view<E const> embeddings_;
  matrix_view<W const> weights_;
  Targets targets_;
  double scale_;
  index_t rows_, width_, classes_;
  scratch<Acc, Derived> units_;
  scratch<softmax_sample, Derived> samples_;
  scratch<Acc, Derived> unit_weights_;
  scratch<Acc, Derived> logits_;
  scratch<double, Derived> mean_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
