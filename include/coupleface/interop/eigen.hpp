// SPDX-License-Identifier: Apache-2.0
// coupleface: Eigen's matrices as views, and views as Eigen's maps. Nothing is copied.
#pragma once

#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

#if COUPLEFACE_HAS_CUDA && !defined(EIGEN_NO_CUDA)
#define EIGEN_NO_CUDA
#endif
#include <Eigen/Core>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T>
std::true_type is_eigen_dense(Eigen::DenseBase<T> const*);
std::false_type is_eigen_dense(void const*);

// Owns its elements, or may (a Ref to const keeps a copy where the layouts differ).
template <class T>
std::true_type owns_elements(Eigen::PlainObjectBase<T> const*);
template <class T, int Options, class Stride>
std::true_type owns_elements(Eigen::Ref<T const, Options, Stride> const*);
std::false_type owns_elements(void const*);

/// What view_of asks of an argument `M&&`.
template <class M>
struct eigen_layout {
  using D = std::decay_t<M>;
  static constexpr bool stored = (int(D::Flags) & int(Eigen::DirectAccessBit)) != 0;
  static constexpr bool kept =
      std::is_lvalue_reference_v<M> || !decltype(owns_elements(std::declval<D*>()))::value;
  static constexpr bool rows = D::IsVectorAtCompileTime || D::IsRowMajor;
  static constexpr int inner = Eigen::internal::inner_stride_at_compile_time<D>::ret;
  static constexpr bool gapless = !stored || inner == 1 || inner == Eigen::Dynamic;
};

}  // namespace detail

/// @brief View of an Eigen matrix [rows, columns], or of a vector [size], which keeps the
/// ownership.
///
/// Takes Matrix, Array, Map, Ref and blocks of them; the view's elements are const where Eigen's
/// are. A vector at compile time becomes a vector_view, anything else a matrix_view whose row
/// stride is the outer stride. Elements that Eigen knows and the library does not (int, ...) are
/// accepted here. Do not pass a block of a temporary: it cannot be distinguished from a block of a
/// matrix.
///
/// @param m row-major if it can have several columns; inner stride 1
/// @return matrix_view or vector_view, valid as long as the elements of `m`
/// @throws std::invalid_argument if an inner stride known only at run time is not 1
/// @complexity O(1)
/// Source: ours.
template <class M, class = std::enable_if_t<
                       decltype(detail::is_eigen_dense(std::declval<std::decay_t<M>*>()))::value>>
auto view_of(M&& m) {
  using layout = detail::eigen_layout<M>;
  static_assert(layout::stored,
                "coupleface::view_of: an expression has no elements in memory; evaluate it into a"
                " named matrix first");
  static_assert(layout::kept,
                "coupleface::view_of: the elements die with this temporary; give it a name first");
  static_assert(layout::rows,
                "coupleface::view_of: column-major; rows are embeddings here, so use"
                " Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>");
  static_assert(layout::gapless,
                "coupleface::view_of: inner stride is not 1; copy the elements into a matrix");
  if constexpr (layout::stored && layout::kept && layout::rows && layout::gapless) {
    index_t const run = layout::D::IsVectorAtCompileTime ? m.size() : m.cols();
    if (run > 1) {
      detail::expect_equal("view_of", "inner stride", m.innerStride(), "a view's", 1);
    }
    if constexpr (layout::D::IsVectorAtCompileTime) {
      return make_vector_view(m.data(), index_t(m.size()));
    } else {
      return make_matrix_view(m.data(), index_t(m.rows()), index_t(m.cols()),
                              index_t(m.outerStride()));
    }
  }
}

/// @brief An Eigen map of a view's elements in host memory; writes change them unless they are
/// const.
///
/// Eigen's own computations with it (sums, products) do not have this library's guarantees about
/// bits.
///
/// @param x [n, d] or [n]; to compute, elements must be ones that Eigen knows (float, Eigen::half)
/// @complexity O(1)
/// Source: ours.
template <class T>
auto as_eigen(matrix_view<T> x) {
  using matrix =
      Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using mapped = std::conditional_t<std::is_const_v<T>, matrix const, matrix>;
  return Eigen::Map<mapped, Eigen::Unaligned, Eigen::OuterStride<>>(
      x.data_handle(), x.extent(0), x.extent(1), Eigen::OuterStride<>(x.stride(0)));
}

/// @brief The same of a vector, as a column.
template <class T>
auto as_eigen(vector_view<T> x) {
  using vector = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>;
  using mapped = std::conditional_t<std::is_const_v<T>, vector const, vector>;
  return Eigen::Map<mapped>(x.data_handle(), x.extent(0));
}

COUPLEFACE_NAMESPACE_END
