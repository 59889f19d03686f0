// SPDX-License-Identifier: Apache-2.0
// coupleface: one side of a search by blocks, and the search's predicate for these blocks.
#pragma once

#include <coupleface/detail/cuda/row_uploads.cuh>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN

struct other_rows;

namespace detail {

/// Applies `keep` to blocks of queries and candidates.
template <class Keep>
struct streamed_keep {
  Keep keep;
  index_t first_query, first_candidate;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return keep(first_query + query, first_candidate + candidate);
  }
};

/// The default predicate needs only one number: the kernels have no register to spare.
template <>
struct streamed_keep<other_rows> {
  COUPLEFACE_HOST_DEVICE streamed_keep(other_rows const&, index_t first_query,
                                       index_t first_candidate)
      : shift(first_query - first_candidate) {}
  index_t shift;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return query + shift != candidate;
  }
};

/// One side's rows: in place if the device can read them there, otherwise `buffers` blocks of them.
template <class Policy, class T>
class streamed_rows {
 public:
  /// Rows start at multiples of sixteen bytes, for vector reads.
  static index_t stride_of(index_t width) {
    index_t const in_vector = vector_elements<T>;
    return rounded_up(width, in_vector);
  }
  static index_t bytes_of(matrix_view<T const> rows, int buffers) {
    return lies_on_host(rows.data_handle())
               ? buffers * stride_of(rows.extent(1)) * index_t(sizeof(T))
               : 0;
  }

  streamed_rows(Policy const& policy, matrix_view<T const> rows, index_t block, int buffers)
      : rows_(rows),
        block_(block),
        on_host_(lies_on_host(rows.data_handle())),
        memory_(policy, on_host_ ? buffers * block * stride_of(rows.extent(1)) : 0) {}

  bool on_host() const { return on_host_; }

  matrix_view<T const> view(int buffer, index_t first, index_t count) const {
    if (!on_host_) { return {rows_.row(first), count, rows_.extent(1), rows_.stride(0)}; }
    return {at(buffer), count, rows_.extent(1), stride_of(rows_.extent(1))};
  }
  template <class Uploads>
  void upload(Uploads& uploads, int lane, int buffer, index_t first, index_t count) const {
    index_t const element = index_t(sizeof(T));
    uploads.begin(lane, at(buffer), stride_of(rows_.extent(1)) * element, rows_.row(first),
                  rows_.stride(0) * element, rows_.extent(1) * element, count);
  }

 private:
  T* at(int buffer) const { return memory_.data() + buffer * block_ * stride_of(rows_.extent(1)); }

  matrix_view<T const> rows_;
  index_t block_;
  bool on_host_;
  scratch<T, Policy> memory_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
