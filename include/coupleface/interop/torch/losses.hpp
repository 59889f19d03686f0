// SPDX-License-Identifier: Apache-2.0
// coupleface: the losses on libtorch's tensors, with gradients for automatic differentiation.
//
// All losses accept any strides (a layout that a view cannot express is copied once) and Float,
// Double, Half or BFloat16. With two-byte student embeddings the other arguments may also be Float.
// Labels and tables are Long. The loss is a scalar tensor, Double for Double and Float otherwise.
// Gradients are computed with the value, in Float or Double, multiplied by the loss's gradient and
// then rounded to the tensor's type. Differentiating twice is an error. Teachers and banks get no
// gradient.
#pragma once

#include <coupleface/interop/torch/angular.hpp>
#include <coupleface/interop/torch/correlation_congruence.hpp>
#include <coupleface/interop/torch/cross_relation.hpp>
#include <coupleface/interop/torch/ekd.hpp>
#include <coupleface/interop/torch/fcd.hpp>
#include <coupleface/interop/torch/feature.hpp>
#include <coupleface/interop/torch/margin_softmax.hpp>
#include <coupleface/interop/torch/pkt.hpp>
#include <coupleface/interop/torch/rad.hpp>
#include <coupleface/interop/torch/relation_loss.hpp>
#include <coupleface/interop/torch/rkd.hpp>
#include <coupleface/interop/torch/similarity_preserving.hpp>
#include <coupleface/interop/torch/teacher_queue.hpp>
