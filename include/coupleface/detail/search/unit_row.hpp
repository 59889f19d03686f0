// SPDX-License-Identifier: Apache-2.0
// coupleface: rows divided by their norms, as input to the screen's packing.
#pragma once

#include <coupleface/detail/row.hpp>

#include <algorithm>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A row divided by its norm, element by element, in float. A row that is not finite becomes NaN,
/// which reaches no threshold; a row without a direction becomes `degenerate`, 0 or NaN.
template <class T>
class unit_row {
 public:
  COUPLEFACE_HOST_DEVICE unit_row(T const* x, double norm, float degenerate)
      : x_(is_finite(norm) && !is_degenerate<T>(norm) ? x : nullptr),
        inverse_(1.0 / norm),
        instead_(is_finite(norm) ? degenerate : float(not_a_number)) {}
  COUPLEFACE_HOST_DEVICE float operator()(index_t j) const {
    return x_ != nullptr ? static_cast<float>(load(x_[j]) * inverse_) : instead_;
  }
  COUPLEFACE_HOST_DEVICE bool has_direction() const { return x_ != nullptr; }
  COUPLEFACE_HOST_DEVICE double inverse() const { return inverse_; }
  COUPLEFACE_HOST_DEVICE float instead() const { return instead_; }

 private:
  T const* x_;
  double inverse_;
  float instead_;  ///< value of every element if there is no direction
};

template <class T>
void write_unit_row(T const* x, double norm, index_t width, float degenerate, float* unit) {
  unit_row<T> const row(x, norm, degenerate);
  if (!row.has_direction()) {
    std::fill(unit, unit + width, row.instead());
    return;
  }
  transform(unit, width, scaled_by{row.inverse()}, x);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
