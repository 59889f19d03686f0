// SPDX-License-Identifier: Apache-2.0
// Users write `using namespace coupleface` beside CUDA's own types: no name of theirs may be ours.
#include <cuda_fp16.h>

#include <cuda_bf16.h>

#include <coupleface/coupleface.hpp>

using namespace coupleface;  // NOLINT

static_assert(is_element<half>::value && is_element<nv_bfloat16>::value);
static_assert(is_element<float16>::value && is_element<bfloat16>::value);
static_assert(!std::is_same_v<half, float16>);
