// SPDX-License-Identifier: Apache-2.0
// A unit for another processor (CMakeLists.txt), whose Eigen neither vectorises nor aligns as the
// other one's does.
#define EIGEN_DONT_VECTORIZE
#define EIGEN_MAX_ALIGN_BYTES 16
#include "public_functions.hpp"

digests other_unit(int kernels) { return digest_public_functions(kernels); }
