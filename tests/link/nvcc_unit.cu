// SPDX-License-Identifier: Apache-2.0
// The same by nvcc, which also shows that it takes every header.
#include "public_functions.hpp"

digests other_unit(int kernels) { return digest_public_functions(kernels); }
