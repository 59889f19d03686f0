// SPDX-License-Identifier: Apache-2.0
// coupleface: class prototypes: one unit vector for each class, the mean direction of its samples.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/prototypes.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Normalised mean of the unit embeddings of every class.
///
/// mu_c = m / ||m||, m = sum of x_i / ||x_i|| over the samples of class c. A class without samples,
/// or whose unit vectors cancel to the last bit, gets a zero row, which has relation 0 with
/// everything. To exclude such classes from mining, use other_labels with the label -1 for them and
/// c for the others. A sample of norm 0 adds nothing. A NaN or infinite sample makes its class NaN.
/// On CUDA a sample with a label out of range is skipped.
///
/// @param policy any Thrust execution policy
/// @param features [n, d] embeddings of any length
/// @param labels [n] class of each, -1 = ignored
/// @param prototypes [C, d] result, overwritten
/// @throws std::invalid_argument if shapes do not fit or, on the host, a label is outside [-1, C);
///   before anything is written
/// @complexity O(n d + C d)
/// @scratch 8 n + 8 (C + 1) bytes, and a row of doubles for each of at most 64 lanes; on CUDA
///   32 n + 8 (C + 1), 8 d for each of at most 2048 blocks, and what CUB's sort takes
/// @determinism samples are added in order, in double: bit-identical for any policy, thread count
///   and division into chunks (prototype_sums)
/// Source: reconstructed.
template <class Policy, class X, class L, class P>
void class_prototypes(Policy const& policy, matrix_view<X> features, vector_view<L> labels,
                      matrix_view<P> prototypes) {
  detail::device_call<Policy> const call("class_prototypes");
  COUPLEFACE_EXPECT_POLICY("class_prototypes", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("class_prototypes", "features", X);
  COUPLEFACE_EXPECT_IDS("class_prototypes", "labels", L);
  COUPLEFACE_EXPECT_ELEMENTS("class_prototypes", "prototypes", P);
  COUPLEFACE_EXPECT_OUTPUT("class_prototypes", "prototypes", P);
  detail::expect_view("class_prototypes", "features", features);
  detail::expect_view("class_prototypes", "labels", labels);
  detail::expect_view("class_prototypes", "prototypes", prototypes);
  detail::expect_equal("class_prototypes", "size of labels", labels.extent(0), "rows of features",
                       features.extent(0));
  detail::expect_equal("class_prototypes", "width of prototypes", prototypes.extent(1),
                       "width of features", features.extent(1));
  detail::class_prototypes(policy, matrix_view<X const>(features), vector_view<L const>(labels),
                           prototypes);
}

/// @brief Class prototypes of data in chunks, with the same bits as class_prototypes of the whole
/// data for any division into chunks.
///
/// Holds sums [C, d] of unit vectors in double.
template <template <class...> class Vector = std::vector>
class prototype_sums {
 public:
  /// @param classes C, @param width d
  prototype_sums(index_t classes, index_t width)
      : classes_(classes), width_(width), sums_(checked_size(classes, width), 0.0) {}

  index_t classes() const { return classes_; }
  index_t width() const { return width_; }

  /// @brief Adds the next chunk of samples.
  /// @param features [n, d], @param labels [n], -1 = ignored
  /// @throws std::invalid_argument as class_prototypes; the sums are then unchanged
  /// @complexity O(n d + C) @scratch 8 n + 8 (C + 1) bytes
  template <class Policy, class X, class L>
  void add(Policy const& policy, matrix_view<X> features, vector_view<L> labels) {
    detail::device_call<Policy> const call("prototype_sums::add");
    COUPLEFACE_EXPECT_POLICY("prototype_sums::add", Policy);
    COUPLEFACE_EXPECT_ELEMENTS("prototype_sums::add", "features", X);
    COUPLEFACE_EXPECT_IDS("prototype_sums::add", "labels", L);
    detail::expect_view("prototype_sums::add", "features", features);
    detail::expect_view("prototype_sums::add", "labels", labels);
    detail::expect_equal("prototype_sums::add", "size of labels", labels.extent(0),
                         "rows of features", features.extent(0));
    detail::expect_equal("prototype_sums::add", "width of features", features.extent(1),
                         "width of the sums", width_);
    detail::add_to_class_sums(policy, matrix_view<X const>(features), vector_view<L const>(labels),
                              view());
  }

  /// @brief Writes the prototypes of all samples added so far, [C, d].
  /// @throws std::invalid_argument if the shapes differ @complexity O(C d) @scratch none
  template <class Policy, class P>
  void finish(Policy const& policy, matrix_view<P> prototypes) const {
    detail::device_call<Policy> const call("prototype_sums::finish");
    COUPLEFACE_EXPECT_POLICY("prototype_sums::finish", Policy);
    COUPLEFACE_EXPECT_ELEMENTS("prototype_sums::finish", "prototypes", P);
    COUPLEFACE_EXPECT_OUTPUT("prototype_sums::finish", "prototypes", P);
    matrix_view<double const> const sums(detail::raw(sums_), classes_, width_);
    detail::expect_same_shape("prototype_sums::finish", "prototypes", prototypes, "sums", sums);
    detail::normalize_rows(policy, sums, prototypes);
  }

 private:
  static std::size_t checked_size(index_t classes, index_t width) {
    detail::expect(classes >= 0 && width >= 0, "prototype_sums", "a size is negative");
    detail::expect(width == 0 || classes <= (index_t(1) << 60) / width, "prototype_sums",
                   "classes times width is too large");
    return static_cast<std::size_t>(classes * width);
  }
  matrix_view<double> view() { return {detail::raw(sums_), classes_, width_}; }

  index_t classes_;
  index_t width_;
  Vector<double> sums_;
};

COUPLEFACE_NAMESPACE_END
