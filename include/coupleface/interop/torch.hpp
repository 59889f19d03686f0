// coupleface: libtorch's tensors: losses that automatic differentiation knows, feature banks and
// mining. Opt in by including it; libtorch 1.13 or newer.
//
// Functions have their usual names and take tensors for views. The policy is for CPU tensors, as
// ever; CUDA tensors are served on libtorch's current stream, by units that nvcc compiles. In other
// units they get an error that says so.
#pragma once

#include <coupleface/interop/torch/feature_bank.hpp>
#include <coupleface/interop/torch/losses.hpp>
#include <coupleface/interop/torch/mining.hpp>
#include <coupleface/interop/torch/tensors.hpp>
