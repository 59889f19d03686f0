// coupleface: the losses on libtorch's tensors, with gradients for automatic differentiation.
//
// All of them: any strides (what a view cannot show is copied once); Float, Double, Half or
// BFloat16, where what stands beside two-byte student embeddings may also be Float; labels and
// tables are Long. The loss is a scalar tensor, Double for Double and Float otherwise. Gradients
// are computed with the value, in Float or Double, multiplied by the loss's gradient and then
// rounded to the tensor's type. Differentiating twice is an error. Teachers and banks get none.
#pragma once

#include <coupleface/interop/torch/fcd.hpp>
#include <coupleface/interop/torch/margin_softmax.hpp>
#include <coupleface/interop/torch/rad.hpp>
