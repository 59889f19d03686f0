// SPDX-License-Identifier: Apache-2.0
// A unit under flags of its own (CMakeLists.txt). The macro `coupleface` gives its copy of the
// library another name, so that the linker cannot take another unit's functions for it.
#include "public_functions.hpp"

digests COUPLEFACE_UNIT(int kernels) { return digest_public_functions(kernels); }
