// coupleface: the matrix products of tiles. The one core header that includes Eigen.
//
// Always single-threaded: the policy has already divided the work, and Eigen would start OpenMP
// threads of its own inside TBB tasks. Results are used where a rounding bound covers them.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#if COUPLEFACE_HAS_CUDA && !defined(EIGEN_NO_CUDA)
#define EIGEN_NO_CUDA
#endif
#include <Eigen/Core>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// c (columns x rows, column-major) += alpha * lhs * rhs, as Eigen's kernel wants it.
template <int LhsOrder, int RhsOrder, class T>
void accumulate_product(index_t rows, index_t columns, index_t depth, T const* lhs,
                        index_t lhs_stride, T const* rhs, index_t rhs_stride, T* c,
                        index_t c_stride) {
  if (rows == 0 || columns == 0 || depth == 0) { return; }
  using blocking_type = Eigen::internal::gemm_blocking_space<Eigen::ColMajor, T, T, Eigen::Dynamic,
                                                             Eigen::Dynamic, Eigen::Dynamic>;
  using product =
      Eigen::internal::general_matrix_matrix_product<Eigen::Index, T, LhsOrder, false, T, RhsOrder,
                                                     false, Eigen::ColMajor, 1>;
  blocking_type blocking(rows, columns, depth, 1, true);
  product::run(rows, columns, depth, lhs, lhs_stride, rhs, rhs_stride, c, 1, c_stride, T(1),
               blocking, nullptr);
}

/// c [m, n] = a [m, d] b [n, d]^T, row-major; c's rows lie c_stride apart, the others are packed.
template <class T>
void product_abt(T const* a, index_t m, T const* b, index_t n, index_t d, T* c, index_t c_stride) {
  for (index_t i = 0; i < m; ++i) { std::fill(c + i * c_stride, c + i * c_stride + n, T(0)); }
  accumulate_product<Eigen::RowMajor, Eigen::ColMajor>(n, m, d, b, d, a, d, c, c_stride);
}

/// c [m, d] += a [m, n] b [n, d], row-major; a's rows lie a_stride apart, the others are packed.
template <class T>
void product_ab(T const* a, index_t a_stride, index_t m, T const* b, index_t n, index_t d, T* c) {
  accumulate_product<Eigen::ColMajor, Eigen::ColMajor>(d, m, n, b, d, a, a_stride, c, d);
}

/// c [n, d] += a [m, n]^T b [m, d], row-major; a's rows lie a_stride apart, the others are packed.
template <class T>
void product_atb(T const* a, index_t a_stride, index_t m, T const* b, index_t n, index_t d, T* c) {
  accumulate_product<Eigen::ColMajor, Eigen::RowMajor>(d, n, m, b, d, a, a_stride, c, d);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
