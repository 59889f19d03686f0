// SPDX-License-Identifier: Apache-2.0
/// @file
/// @brief Which of the host's kernels this process uses.
#pragma once

#include <coupleface/detail/simd/target.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The name of the set of kernels that all host functions use: "portable", "avx2" (AVX2 and
/// FMA), "avx512" (F, BW, DQ and VL), "avx512_vnni" or "avx512_bf16" (both) on x86-64, "neon"
/// or "neon_dotprod" on ARM64.
///
/// It is the best set that the processor supports, whatever flags the unit was compiled with,
/// unless the environment variable COUPLEFACE_KERNELS names another. The environment is read once,
/// by the first call of any host function. Results whose bits are promised are the same for every
/// set; margin softmax differs within its error bounds. Units compiled by nvcc have the portable
/// set and do not read the variable.
///
/// @throws std::invalid_argument if COUPLEFACE_KERNELS names a set that is unknown or that this
/// machine does not support. Every host function that has something to compute throws the same.
inline char const* kernels() { return detail::kernel_set_names[int(detail::kernels_in_use())]; }

COUPLEFACE_NAMESPACE_END
