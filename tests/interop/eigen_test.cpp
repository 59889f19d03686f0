// SPDX-License-Identifier: Apache-2.0
// Eigen's matrices as views and back: addresses, strides and constness; nothing is copied.
#include <coupleface/interop/eigen.hpp>

#include <coupleface/normalize.hpp>
#include <coupleface/relation.hpp>

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace cf = coupleface;

namespace {

template <class T>
using rows_of = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

template <class View, class Expected>
constexpr bool is_view_v = std::is_same_v<View, Expected>;

template <class T, class M>
void expect_view_of(cf::matrix_view<T> view, M const& m) {
  ASSERT_EQ(view.extent(0), m.rows());
  ASSERT_EQ(view.extent(1), m.cols());
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index j = 0; j < m.cols(); ++j) { ASSERT_EQ(&view(i, j), &m.coeffRef(i, j)); }
  }
}

TEST(eigen, a_matrix_and_what_may_be_written) {
  rows_of<float> m = rows_of<float>::Random(4, 3);
  rows_of<float> const& constant = m;
  static_assert(is_view_v<decltype(cf::view_of(m)), cf::matrix_view<float>>);
  static_assert(is_view_v<decltype(cf::view_of(constant)), cf::matrix_view<float const>>);
  expect_view_of(cf::view_of(m), m);
  expect_view_of(cf::view_of(constant), m);
  cf::view_of(m)(3, 2) = 7;
  EXPECT_EQ(m(3, 2), 7);
  Eigen::Matrix<double, 2, 5, Eigen::RowMajor> fixed;
  expect_view_of(cf::view_of(fixed), fixed);
  Eigen::Array<int, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> array(2, 2);
  expect_view_of(cf::view_of(array), array);
}

TEST(eigen, blocks_keep_the_row_stride) {
  rows_of<float> m = rows_of<float>::Random(6, 8);
  rows_of<float> const& constant = m;
  auto block = m.block(1, 2, 4, 5);
  expect_view_of(cf::view_of(block), block);
  EXPECT_EQ(cf::view_of(block).stride(0), 8);
  auto const top = m.topRows(2);
  expect_view_of(cf::view_of(m.topRows(2)), top);  // a block may be unnamed
  static_assert(is_view_v<decltype(cf::view_of(m.topRows(2))), cf::matrix_view<float>>);
  static_assert(
      is_view_v<decltype(cf::view_of(constant.topRows(2))), cf::matrix_view<float const>>);
  EXPECT_EQ(cf::view_of(m.middleCols(3, 0)).extent(1), 0);
}

TEST(eigen, maps_and_references) {
  std::vector<float> data(60);
  Eigen::Map<rows_of<float>> plain(data.data(), 6, 10);
  expect_view_of(cf::view_of(plain), plain);
  Eigen::Map<rows_of<float> const, 0, Eigen::OuterStride<>> spaced(data.data(), 6, 7,
                                                                   Eigen::OuterStride<>(10));
  static_assert(is_view_v<decltype(cf::view_of(spaced)), cf::matrix_view<float const>>);
  EXPECT_EQ(cf::view_of(spaced).data_handle(), data.data());
  EXPECT_EQ(cf::view_of(spaced).stride(0), 10);
  Eigen::Ref<rows_of<float>> reference(plain);
  expect_view_of(cf::view_of(reference), reference);
  Eigen::Ref<rows_of<float> const> const constant(plain);
  static_assert(is_view_v<decltype(cf::view_of(constant)), cf::matrix_view<float const>>);
  EXPECT_EQ(cf::view_of(constant).data_handle(), data.data());
}

TEST(eigen, vectors) {
  Eigen::VectorXf column(5);
  Eigen::RowVectorXd const row = Eigen::RowVectorXd::Zero(4);
  static_assert(is_view_v<decltype(cf::view_of(column)), cf::vector_view<float>>);
  static_assert(is_view_v<decltype(cf::view_of(row)), cf::vector_view<double const>>);
  EXPECT_EQ(cf::view_of(column).data_handle(), column.data());
  EXPECT_EQ(cf::view_of(column).extent(0), 5);
  EXPECT_EQ(cf::view_of(row).extent(0), 4);
  rows_of<float> m = rows_of<float>::Random(3, 4);
  EXPECT_EQ(cf::view_of(m.row(1)).data_handle(), m.data() + 4);
  EXPECT_EQ(cf::view_of(m.row(1)).extent(0), 4);
  EXPECT_EQ(cf::view_of(column.tail(2)).data_handle(), column.data() + 3);
  Eigen::MatrixXf column_major(3, 4);  // its columns are vectors without gaps
  EXPECT_EQ(cf::view_of(column_major.col(2)).data_handle(), column_major.data() + 6);
  Eigen::Matrix<int, Eigen::Dynamic, 1> labels(3);
  static_assert(is_view_v<decltype(cf::view_of(labels)), cf::vector_view<int>>);
}

TEST(eigen, inner_strides_known_at_run_time) {
  rows_of<float> m = rows_of<float>::Random(3, 4);
  auto const message_of = [](auto call) -> std::string {
    try {
      call();
    } catch (std::invalid_argument const& error) { return error.what(); }
    return "(nothing was thrown)";
  };
  EXPECT_EQ(message_of([&] { cf::view_of(m.col(1)); }),
            "coupleface::view_of: inner stride is 4, but a view's is 1");
  Eigen::Map<rows_of<float>, 0, strides> const every_second(m.data(), 3, 2, strides(4, 2));
  EXPECT_NE(message_of([&] { cf::view_of(every_second); }).find("inner stride is 2"),
            std::string::npos);
  Eigen::Map<rows_of<float>, 0, strides> const gapless(m.data(), 3, 2, strides(4, 1));
  EXPECT_EQ(cf::view_of(gapless).stride(0), 4);
  Eigen::Map<rows_of<float>, 0, strides> const one_column(m.data(), 3, 1, strides(4, 2));
  EXPECT_EQ(cf::view_of(one_column).stride(0), 4);
}

TEST(eigen, views_as_maps) {
  std::vector<float> data(20, 0.f);
  auto const view = cf::make_matrix_view(data.data(), 4, 3, 5);
  auto map = cf::as_eigen(view);
  expect_view_of(view, map);
  map.setOnes();
  map.row(3) *= 2;
  EXPECT_EQ(data[2], 1);
  EXPECT_EQ(data[3], 0);  // between the rows nothing is touched
  EXPECT_EQ(data[15], 2);
  cf::matrix_view<float const> const constant = view;
  static_assert(std::is_same_v<decltype(cf::as_eigen(constant).data()), float const*>);
  EXPECT_EQ(cf::as_eigen(constant).sum(), 15);
  auto vector = cf::as_eigen(cf::make_vector_view(data.data(), 4));
  vector(1) = 9;
  EXPECT_EQ(data[1], 9);
  cf::vector_view<float const> const constant_vector(data.data(), 4);
  EXPECT_EQ(cf::as_eigen(constant_vector).maxCoeff(), 9);
  EXPECT_EQ(cf::as_eigen(cf::matrix_view<float>()).size(), 0);
  auto const there_and_back = cf::view_of(cf::as_eigen(view));
  EXPECT_EQ(there_and_back.data_handle(), view.data_handle());
  EXPECT_EQ(there_and_back.stride(0), 5);
}

TEST(eigen, half_elements) {
  static_assert(cf::is_element<Eigen::half>::value && cf::is_element<Eigen::bfloat16>::value);
  rows_of<Eigen::half> x(2, 2), y(2, 2);
  x << Eigen::half(3), Eigen::half(4), Eigen::half(0), Eigen::half(0);
  y.setConstant(Eigen::half(NAN));
  cf::normalize_rows(thrust::device, cf::view_of(x), cf::view_of(y));
  EXPECT_EQ(float(y(0, 0)), float(Eigen::half(0.6f)));
  EXPECT_EQ(float(y(0, 1)), float(Eigen::half(0.8f)));
  EXPECT_EQ(float(y(1, 0)), 0);
  EXPECT_EQ(cf::as_eigen(cf::view_of(x)).cast<float>().sum(), 7);
}

TEST(eigen, the_library_on_blocks_agrees_with_eigen) {
  rows_of<double> const a = rows_of<double>::Random(9, 20), b = rows_of<double>::Random(7, 20);
  rows_of<double> relations = rows_of<double>::Constant(7, 7, NAN);
  cf::relation_matrix(thrust::device, cf::view_of(a.block(2, 1, 5, 17)),
                      cf::view_of(b.leftCols(17)), cf::view_of(relations.topRows(5)));
  rows_of<double> const expected = a.block(2, 1, 5, 17).rowwise().normalized() *
                                   b.leftCols(17).rowwise().normalized().transpose();
  // Two sums of 17 products of unit rows and two normalisations, in any order.
  EXPECT_LE((relations.topRows(5) - expected).cwiseAbs().maxCoeff(), 4 * 20 * 0x1p-52);
  EXPECT_TRUE(relations.bottomRows(2).array().isNaN().all());
}

}  // namespace
