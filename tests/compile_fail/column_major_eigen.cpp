// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::view_of: column-major
#include <coupleface/interop/eigen.hpp>

#include <Eigen/Core>

#ifdef COUPLEFACE_WITH_ERROR
constexpr int order = Eigen::ColMajor;
#else
constexpr int order = Eigen::RowMajor;
#endif

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, order>;

auto call(matrix& x) { return coupleface::view_of(x); }
