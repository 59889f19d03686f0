// coupleface: sums of unit vectors by class, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/vectors.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// sum += x / ||x||. The unit element is rounded to the accumulator type first: the sum is that of
/// normalize_rows' own output, and no compiler can fuse the two steps in one place and not in
/// another.
template <class X>
COUPLEFACE_HOST_DEVICE inline void add_unit_row(X const* x, double inverse, index_t width,
                                                double* sum) {
  for (index_t j = 0; j < width; ++j) {
    if constexpr (std::is_same_v<X, double>) {
      sum[j] = std::fma(x[j], inverse, sum[j]);
    } else {
      sum[j] += double(static_cast<float>(load(x[j]) * inverse));
    }
  }
}

/// The samples of every class: what both forms of class sums walk through.
template <class Derived, class X, class L>
class grouped_samples {
 public:
  grouped_samples(Derived const& policy, matrix_view<X const> features, vector_view<L const> labels,
                  index_t classes)
      : features_(features), begins_(policy, classes + 1), members_(policy, features.extent(0)) {
    group_by_label(labels, classes, begins_.data(), members_.data());
  }

  /// A copyable walk for use inside a policy's functor: adds the samples of class c to `sum`.
  auto adder() const {
    return [features = features_, begins = begins_.data(), members = members_.data(),
            classes = begins_.size() - 1](index_t c, double* sum) {
      index_t const width = features.extent(1);
      for (index_t at = begins[c]; at < begins[c + 1]; ++at) {
        // The samples of a class may lie anywhere; each is read from memory once, ahead of its use.
        if (at + 2 < begins[classes]) { prefetch_row(features.row(members[at + 2]), width); }
        auto const* const x = features.row(members[at]);
        add_unit_row(x, inverse_norm<X>(row_norm(x, width)), width, sum);
      }
    };
  }

 private:
  matrix_view<X const> features_;
  scratch<index_t, Derived> begins_;
  scratch<index_t, Derived> members_;
};

template <class Derived, class X, class L>
void add_to_class_sums(host_policy<Derived> const& base, matrix_view<X const> features,
                       vector_view<L const> labels, matrix_view<double> sums) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_ids("prototype_sums::add", "labels", labels, sums.extent(0));
  grouped_samples<Derived, X, L> const samples(policy, features, labels, sums.extent(0));
  auto const add = samples.adder();
  for_each_index(policy, sums.extent(0), [=](index_t c) { add(c, sums.row(c)); });
}

template <class Derived, class X, class L, class P>
void class_prototypes(host_policy<Derived> const& base, matrix_view<X const> features,
                      vector_view<L const> labels, matrix_view<P> prototypes) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const classes = prototypes.extent(0);
  index_t const width = prototypes.extent(1);
  expect_ids("class_prototypes", "labels", labels, classes);
  grouped_samples<Derived, X, L> const samples(policy, features, labels, classes);
  index_t const lanes = lane_count(classes);
  scratch<double, Derived> const sums(policy, lanes * width);
  double* const sum_data = sums.data();
  auto const add = samples.adder();
  for_each_index(policy, lanes, [=](index_t lane) {
    double* const sum = sum_data + lane * width;
    for (index_t c = lane_begin(lane, lanes, classes); c < lane_begin(lane + 1, lanes, classes);
         ++c) {
      std::fill(sum, sum + width, 0.0);
      add(c, sum);
      normalize_row(sum, prototypes.row(c), width);
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
