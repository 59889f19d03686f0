// SPDX-License-Identifier: Apache-2.0
#include "public_functions.hpp"

digests first_unit(int kernels) { return digest_public_functions(kernels); }
