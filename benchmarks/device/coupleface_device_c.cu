// SPDX-License-Identifier: Apache-2.0
#include "coupleface_device_c.hpp"

#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/mining/nearest.hpp>

#include <thrust/execution_policy.h>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <exception>
#include <stdexcept>
#include <string>

#define COUPLEFACE_C_API extern "C" __attribute__((visibility("default")))

namespace {

using coupleface::make_matrix_view;
using coupleface::make_scalar_view;
using coupleface::make_vector_view;

std::string& last_error() {
  static thread_local std::string message;
  return message;
}

/// No exception may reach the caller: a status does.
template <class Function>
int guarded(Function f) {
  try {
    f();
    return 0;
  } catch (std::exception const& error) {
    last_error() = error.what();
    return 1;
  }
}

void expect(cudaError_t error) {
  if (error != cudaSuccess) { throw std::runtime_error(cudaGetErrorString(error)); }
}
void expect(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) { throw std::runtime_error(cublasGetStatusString(status)); }
}

cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }
auto policy_of(void* stream) { return thrust::cuda::par_nosync.on(stream_of(stream)); }

/// A block a row of ids; every thread reads sixteen bytes of a row at a time, of several rows.
__global__ void __launch_bounds__(256)
    gather_rows(float4 const* rows, int64_t quarters, int32_t const* ids, int64_t k, float* sums) {
  int32_t const* const own = ids + blockIdx.x * k;
  int const threads_of_row = 32;
  float sum = 0;
#pragma unroll 4
  for (int64_t r = threadIdx.x / threads_of_row; r < k; r += 256 / threads_of_row) {
    float4 const* const row = rows + own[r] * quarters;
#pragma unroll 4
    for (int64_t j = threadIdx.x % threads_of_row; j < quarters; j += threads_of_row) {
      float4 const x = row[j];
      sum += (x.x + x.y) + (x.z + x.w);
    }
  }
  for (int away = 16; away > 0; away /= 2) { sum += __shfl_xor_sync(0xffffffffu, sum, away); }
  if (threadIdx.x % threads_of_row == 0) { atomicAdd(sums + blockIdx.x, sum); }
}

/// For products of the floors alone; one a thread, with the workspace of cuBLAS's own.
cublasHandle_t handle_on(void* stream) {
  static thread_local cublasHandle_t handle = nullptr;
  if (handle == nullptr) { expect(cublasCreate(&handle)); }
  expect(cublasSetStream(handle, stream_of(stream)));
  return handle;
}

void product(void* stream, cudaDataType_t type, void const* a, void const* b, void* c, int64_t m,
             int64_t n, int64_t k) {
  float const one = 1, zero = 0;
  // cuBLAS counts by columns: what it calls c is ours turned.
  expect(cublasGemmEx(handle_on(stream), CUBLAS_OP_T, CUBLAS_OP_N, int(n), int(m), int(k), &one, b,
                      type, int(k), a, type, int(k), &zero, c, type, int(n), CUBLAS_COMPUTE_32F,
                      CUBLAS_GEMM_DEFAULT));
}

}  // namespace

COUPLEFACE_C_API char const* coupleface_device_last_error() { return last_error().c_str(); }

COUPLEFACE_C_API int coupleface_device_keep_memory() {
  return guarded([] {
    int device = 0;
    expect(cudaGetDevice(&device));
    cudaMemPool_t pool = nullptr;
    expect(cudaDeviceGetDefaultMemPool(&pool, device));
    uint64_t everything = UINT64_MAX;
    expect(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &everything));
  });
}

COUPLEFACE_C_API int coupleface_device_nearest(void* stream, float const* x, int64_t n, int64_t d,
                                               int64_t k, float* values, int32_t* indices) {
  return guarded([=] {
    auto const rows = make_matrix_view(x, n, d);
    coupleface::mine_nearest(policy_of(stream), rows, rows, make_matrix_view(values, n, k),
                             make_matrix_view(indices, n, k));
  });
}

COUPLEFACE_C_API int coupleface_device_rad(void* stream, float const* student, float const* teacher,
                                           int64_t n, int64_t d, float const* bank, int64_t classes,
                                           int32_t const* neighbours, int64_t k, double q,
                                           float* loss, float* gradient) {
  return guarded([=] {
    coupleface::rad_loss(policy_of(stream), make_matrix_view(student, n, d),
                         make_matrix_view(teacher, n, d), make_matrix_view(bank, classes, d),
                         make_matrix_view(neighbours, n, k), make_scalar_view(loss),
                         make_matrix_view(gradient, n, d), coupleface::hinge{q});
  });
}

COUPLEFACE_C_API int coupleface_device_fcd(void* stream, float const* student, float const* teacher,
                                           int64_t n, int64_t d, float* loss, float* gradient) {
  return guarded([=] {
    coupleface::fcd_loss(policy_of(stream), make_matrix_view(student, n, d),
                         make_matrix_view(teacher, n, d), make_scalar_view(loss),
                         make_matrix_view(gradient, n, d));
  });
}

COUPLEFACE_C_API int coupleface_device_margin_softmax(void* stream, float const* embeddings,
                                                      int64_t n, int64_t d, float const* weights,
                                                      int64_t classes, int32_t const* labels,
                                                      double margin, double scale, float* loss,
                                                      float* gradient, float* weight_gradient) {
  return guarded([=] {
    coupleface::margin_softmax_loss(
        policy_of(stream), make_matrix_view(embeddings, n, d),
        make_matrix_view(weights, classes, d), make_vector_view(labels, n), make_scalar_view(loss),
        make_matrix_view(gradient, n, d), make_matrix_view(weight_gradient, classes, d),
        coupleface::arc_margin(margin, scale));
  });
}

COUPLEFACE_C_API int limits_device_flush(void* stream, void* memory, int64_t bytes) {
  return guarded([=] { expect(cudaMemsetAsync(memory, 1, size_t(bytes), stream_of(stream))); });
}

COUPLEFACE_C_API int limits_device_copy(void* stream, void const* from, void* to, int64_t bytes) {
  return guarded([=] {
    expect(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyDeviceToDevice, stream_of(stream)));
  });
}

COUPLEFACE_C_API int limits_device_gather(void* stream, float const* rows, int64_t d,
                                          int32_t const* ids, int64_t n, int64_t k, float* sums) {
  return guarded([=] {
    if (d % 4 != 0) { throw std::invalid_argument("limits_device_gather: d is no multiple of 4"); }
    expect(cudaMemsetAsync(sums, 0, sizeof(float) * size_t(n), stream_of(stream)));
    gather_rows<<<unsigned(n), 256, 0, stream_of(stream)>>>(reinterpret_cast<float4 const*>(rows),
                                                            d / 4, ids, k, sums);
    expect(cudaGetLastError());
  });
}

COUPLEFACE_C_API int limits_device_product_bfloat16(void* stream, void const* a, void const* b,
                                                    void* c, int64_t m, int64_t n, int64_t k) {
  return guarded([=] { product(stream, CUDA_R_16BF, a, b, c, m, n, k); });
}

COUPLEFACE_C_API int limits_device_product_float(void* stream, float const* a, float const* b,
                                                 float* c, int64_t m, int64_t n, int64_t k) {
  return guarded([=] { product(stream, CUDA_R_32F, a, b, c, m, n, k); });
}
