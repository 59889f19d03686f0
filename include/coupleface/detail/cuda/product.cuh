// SPDX-License-Identifier: Apache-2.0
// coupleface: matrix products on a CUDA device by cuBLAS. This is the only header that uses cuBLAS;
// programs that call functions built on it link coupleface::cuda.
#pragma once

#include <coupleface/detail/cuda/scratch.cuh>

#if COUPLEFACE_HAS_CUDA

#include <cublas_v2.h>

#include <cstdint>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The size NVIDIA recommends for Hopper. Without a workspace cuBLAS would allocate memory itself,
/// which is not allowed during a stream capture.
inline constexpr index_t product_workspace_bytes = index_t(32) << 20;
inline constexpr index_t workspace_alignment = 256;  ///< which cuBLAS requires

inline void expect_success(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw thrust::system_error(cudaErrorUnknown, thrust::cuda_category(),
                               std::string("coupleface: ") + function_at_work +
                                   ": cuBLAS: " + cublasGetStatusName(status) + ": " +
                                   cublasGetStatusString(status));
  }
}

/// One handle per device and thread, created at the first product: run a product once before a
/// capture.
class product_handles {
 public:
  static cublasHandle_t here() {
    static thread_local product_handles handles;
    int device = 0;
    expect_success(cudaGetDevice(&device), "the current device is unknown");
    auto const place = static_cast<std::size_t>(device);
    if (handles.handles_.size() <= place) { handles.handles_.resize(place + 1, nullptr); }
    if (handles.handles_[place] == nullptr) {
      expect_success(cublasCreate(&handles.handles_[place]));
    }
    return handles.handles_[place];
  }
  product_handles() = default;
  product_handles(product_handles const&) = delete;
  ~product_handles() {
    for (cublasHandle_t const handle : handles_) {
      if (handle != nullptr) { cublasDestroy(handle); }
    }
  }

 private:
  std::vector<cublasHandle_t> handles_;
};

/// c [m, n] = a [m, k] b [k, n] + beta c, all row-major with strides. If a is transposed it is
/// given as [k, m], b as [n, k]. In bfloat16: tensor cores round float elements to it; sums stay
/// in float.
template <bool in_bfloat16 = false, class T, class Derived>
void product(cuda_policy<Derived> const& base, bool a_turned, bool b_turned, index_t m, index_t n,
             index_t k, T const* a, index_t a_stride, T const* b, index_t b_stride, T beta, T* c,
             index_t c_stride) {
  if (m == 0 || n == 0) { return; }
  auto const& policy = static_cast<Derived const&>(base);
  // A caller's allocator may not give the 256-byte alignment that cuBLAS requires.
  scratch<unsigned char, Derived> const workspace(policy,
                                                  product_workspace_bytes + workspace_alignment);
  auto const past = index_t(reinterpret_cast<std::uintptr_t>(workspace.data()) %
                            std::uintptr_t(workspace_alignment));
  cublasHandle_t const handle = product_handles::here();
  expect_success(cublasSetStream(handle, stream_of(base)));
  expect_success(cublasSetWorkspace(handle,
                                    workspace.data() + (past == 0 ? 0 : workspace_alignment - past),
                                    product_workspace_bytes));
  auto const at_least_one = [](index_t stride) { return stride < 1 ? 1 : stride; };
  // cuBLAS is column-major: it computes our c transposed, from our a and b transposed.
  auto const multiply = [&](auto gemm) {
    T const one = 1;
    expect_success(gemm(handle, b_turned ? CUBLAS_OP_T : CUBLAS_OP_N,
                        a_turned ? CUBLAS_OP_T : CUBLAS_OP_N, n, m, k, &one, b,
                        at_least_one(b_stride), a, at_least_one(a_stride), &beta, c,
                        at_least_one(c_stride)));
  };
  if constexpr (in_bfloat16) {
    multiply([](cublasHandle_t on, cublasOperation_t left, cublasOperation_t right, index_t rows,
                index_t columns, index_t depth, float const* alpha, float const* x,
                index_t x_stride, float const* y, index_t y_stride, float const* add, float* z,
                index_t z_stride) {
      return cublasGemmEx_64(on, left, right, rows, columns, depth, alpha, x, CUDA_R_32F, x_stride,
                             y, CUDA_R_32F, y_stride, add, z, CUDA_R_32F, z_stride,
                             CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_GEMM_DEFAULT);
    });
  } else if constexpr (std::is_same_v<T, double>) {
    multiply(cublasDgemm_64);
  } else {
    multiply(cublasSgemm_64);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
