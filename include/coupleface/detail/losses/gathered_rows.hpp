// SPDX-License-Identifier: Apache-2.0
// coupleface: adds multiples of scattered bank rows to a sum, several rows at a time.
#pragma once

#include <coupleface/detail/losses/rad_rows.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows processed together.
inline constexpr int gathered_batch = 8;

/// Bank rows still to be added to a gradient, in order, with their scales. Several are added at a
/// time, so that the sum is loaded and stored once for all of them.
template <class H>
class pending_rows {
 public:
  explicit pending_rows(index_t width) : width_(width) {}

  /// Without a branch on `takes_part`, which would be unpredictable.
  void append(H const* x, double scale, bool takes_part) {
    rows_[count_] = x;
    scales_[count_] = scale;
    count_ += int(takes_part);
  }

  /// sum [d] += the rows times their scales, in whole groups; keeps the remainder for the next
  /// call.
  void add_groups(double* sum) {
    int done = 0;
    for (; done + group <= count_; done += group) {
      add_scaled_rows<group>(rows_ + done, scales_ + done, width_, sum);
    }
    for (int r = done; r < count_; ++r) {
      rows_[r - done] = rows_[r];
      scales_[r - done] = scales_[r];
    }
    count_ -= done;
  }

  /// Adds the remainder too.
  void add_rest(double* sum) {
    for (int r = 0; r < count_; ++r) { add_scaled_rows<1>(rows_ + r, scales_ + r, width_, sum); }
    count_ = 0;
  }

 private:
  static constexpr int group = 4;

  index_t width_;
  int count_ = 0;
  H const* rows_[group + gathered_batch];
  double scales_[group + gathered_batch];
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
