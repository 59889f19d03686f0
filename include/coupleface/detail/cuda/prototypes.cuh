// SPDX-License-Identifier: Apache-2.0
// coupleface: sums of unit vectors by class on a CUDA device: a block per class, a thread per
// column.
//
// One thread adds a column's samples in their order, so the sums have the host's bits.
#pragma once

#include <coupleface/detail/cuda/grouping.cuh>
#include <coupleface/detail/cuda/normalize.cuh>
#include <coupleface/detail/prototypes.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class X>
struct grouped_rows {
  matrix_view<X const> features;
  double const* norms;
  index_t const* begins;
  index_t const* members;

  /// Adds the samples of class c to `sum`; each column is added by one thread of the block.
  COUPLEFACE_HOST_DEVICE void add(index_t c, double* sum) const {
    for (index_t j = thread_in_block(); j < features.extent(1); j += threads_in_block()) {
      double column = sum[j];
      COUPLEFACE_UNROLL_4
      for (index_t at = begins[c]; at < begins[c + 1]; ++at) {
        index_t const i = members[at];
        add_unit_row(features.row(i) + j, unit_scale<X>(norms[i]), 1, &column);
      }
      sum[j] = column;
    }
  }
};

template <class X>
struct class_sums_kernel {
  static constexpr int threads = 128;
  grouped_rows<X> samples;
  matrix_view<double> sums;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t c = block_in_grid(); c < sums.extent(0); c += blocks_in_grid()) {
      samples.add(c, sums.row(c));
    }
  }
};

/// Each block processes its own classes and uses one row of sums.
template <class X, class P>
struct class_means_kernel {
  static constexpr int threads = 128;
  grouped_rows<X> samples;
  matrix_view<double> sums;  ///< [blocks, d]
  matrix_view<P> prototypes;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const width = prototypes.extent(1);
    block_team<vector_elements<double>> const team;
    double* const sum = sums.row(block_in_grid());
    for (index_t c = block_in_grid(); c < prototypes.extent(0); c += blocks_in_grid()) {
      for (index_t j = thread_in_block(); j < width; j += threads) { sum[j] = 0; }
      samples.add(c, sum);
      wait_for_block();
      normalize_row(team, sum, prototypes.row(c), width);
      wait_for_block();
    }
  }
};

/// Owns the grouped samples of all classes, and all norms, in scratch.
template <class Derived, class X, class L>
class grouped_device_samples {
 public:
  grouped_device_samples(Derived const& policy, matrix_view<X const> features,
                         vector_view<L const> labels, index_t classes)
      : begins_(policy, classes + 1),
        members_(policy, features.extent(0)),
        norms_(policy, features.extent(0)),
        features_(features) {
    group_by_label(policy, labels, classes, begins_.data(), members_.data());
    row_norms(policy, features, norms_.data());
  }
  grouped_rows<X> rows() const {
    return {features_, norms_.data(), begins_.data(), members_.data()};
  }

 private:
  scratch<index_t, Derived> begins_;
  scratch<index_t, Derived> members_;
  scratch<double, Derived> norms_;
  matrix_view<X const> features_;
};

template <class Derived, class X, class L>
void add_to_class_sums(cuda_policy<Derived> const& base, matrix_view<X const> features,
                       vector_view<L const> labels, matrix_view<double> sums) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = class_sums_kernel<X>;
  grouped_device_samples<Derived, X, L> const samples(policy, features, labels, sums.extent(0));
  launch(policy, shape_for(sums.extent(0), 1, kernel::threads), kernel{samples.rows(), sums});
}

template <class Derived, class X, class L, class P>
void class_prototypes(cuda_policy<Derived> const& base, matrix_view<X const> features,
                      vector_view<L const> labels, matrix_view<P> prototypes) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = class_means_kernel<X, P>;
  index_t const classes = prototypes.extent(0), width = prototypes.extent(1);
  index_t const blocks = lane_count(classes, 2048);
  grouped_device_samples<Derived, X, L> const samples(policy, features, labels, classes);
  scratch<double, Derived> const memory(policy, blocks * width);
  matrix_view<double> const sums(memory.data(), blocks, width);
  launch(policy, {blocks, kernel::threads}, kernel{samples.rows(), sums, prototypes});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
