// SPDX-License-Identifier: Apache-2.0
// coupleface: libtorch's tensors: losses with automatic differentiation, feature banks and mining.
// Opt-in: no other header includes it. libtorch 1.13 or newer.
//
// Functions have their usual names and take tensors in place of views. The policy is for CPU
// tensors. CUDA tensors are processed on libtorch's current stream, in units that nvcc compiles;
// other units throw.
#pragma once

#include <coupleface/interop/torch/feature_bank.hpp>
#include <coupleface/interop/torch/losses.hpp>
#include <coupleface/interop/torch/mining.hpp>
#include <coupleface/interop/torch/tensors.hpp>
