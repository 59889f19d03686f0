// SPDX-License-Identifier: Apache-2.0
// The library's functions on a CUDA device, and the device's limits, behind a C interface: for
// device_bench.cpp and, through ctypes, for compare_device.py. Every array lies on the device,
// row-major without gaps, float; work is enqueued on the stream and not waited for. A function ends
// with 0, or with 1 and a message.
#pragma once

#include <cstdint>

extern "C" {

char const* coupleface_device_last_error();

/// Has the device keep the scratch that it frees, as every trainer should: otherwise a wait gives
/// it back to the system.
int coupleface_device_keep_memory();

/// The k nearest other rows of every row of x [n, d].
int coupleface_device_nearest(void* stream, float const* x, std::int64_t n, std::int64_t d,
                              std::int64_t k, float* values, std::int32_t* indices);
int coupleface_device_rad(void* stream, float const* student, float const* teacher, std::int64_t n,
                          std::int64_t d, float const* bank, std::int64_t classes,
                          std::int32_t const* neighbours, std::int64_t k, double q, float* loss,
                          float* gradient);
int coupleface_device_fcd(void* stream, float const* student, float const* teacher, std::int64_t n,
                          std::int64_t d, float* loss, float* gradient);
/// ArcFace.
int coupleface_device_margin_softmax(void* stream, float const* embeddings, std::int64_t n,
                                     std::int64_t d, float const* weights, std::int64_t classes,
                                     std::int32_t const* labels, double margin, double scale,
                                     float* loss, float* gradient, float* weight_gradient);

/// Writes `bytes` of memory, so that nothing else is left in the cache.
int limits_device_flush(void* stream, void* memory, std::int64_t bytes);
int limits_device_copy(void* stream, void const* from, void* to, std::int64_t bytes);
/// Reads the rows that [n, k] ids name, and writes n sums.
int limits_device_gather(void* stream, float const* rows, std::int64_t d, std::int32_t const* ids,
                         std::int64_t n, std::int64_t k, float* sums);
/// c [m, n] = a [m, k] b [n, k] turned, by cuBLAS; elements of all three: bfloat16 or float.
int limits_device_product_bfloat16(void* stream, void const* a, void const* b, void* c,
                                   std::int64_t m, std::int64_t n, std::int64_t k);
int limits_device_product_float(void* stream, float const* a, float const* b, float* c,
                                std::int64_t m, std::int64_t n, std::int64_t k);

}  // extern "C"
