// SPDX-License-Identifier: Apache-2.0
// coupleface: the CUDA features that kernels and launches use. Together with atomics.cuh,
// product.cuh, row_uploads.cuh, sort.cuh and tensor_core.cuh this is all that an emulator must
// replace.
#pragma once

#include <coupleface/detail/cuda/device_call.cuh>
#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#if !COUPLEFACE_HAS_CUDA
#include COUPLEFACE_EMULATOR
#else

#include <thrust/detail/execute_with_allocator_fwd.h>
#include <thrust/system/cuda/detail/execution_policy.h>
#include <thrust/system/cuda/detail/util.h>
#include <thrust/system/cuda/error.h>
#include <thrust/system_error.h>

#include <cuda_runtime.h>

#include <string>

#define COUPLEFACE_UNROLL _Pragma("unroll")
#define COUPLEFACE_UNROLL_2 _Pragma("unroll 2")
#define COUPLEFACE_UNROLL_4 _Pragma("unroll 4")

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived>
using cuda_policy = thrust::cuda_cub::execution_policy<Derived>;

/// Throws an error with the failed step, the public function, and CUDA's name and description.
inline void expect_success(cudaError_t error, char const* what) {
  if (error != cudaSuccess) {
    throw thrust::system_error(error, thrust::cuda_category(),
                               std::string("coupleface: ") + function_at_work + ": " + what);
  }
}

template <class Derived>
cudaStream_t stream_of(cuda_policy<Derived> const& policy) {
  return thrust::cuda_cub::stream(const_cast<cuda_policy<Derived>&>(policy));
}

// Every kernel is a functor; its members are what it reads and writes.
template <class Body>
__global__ void __launch_bounds__(Body::threads, 1) run_kernel(Body const __grid_constant__ body) {
  body();
}

/// Enqueues a kernel on the policy's stream without waiting.
template <class Derived, class Body>
void launch(cuda_policy<Derived> const& policy, launch_shape shape, Body const& body) {
  if (shape.blocks == 0) { return; }
  // cudaLaunchKernel, because clang-format does not know <<<...>>>.
  void* arguments[] = {const_cast<Body*>(&body)};
  expect_success(cudaLaunchKernel(reinterpret_cast<void const*>(&run_kernel<Body>),
                                  dim3(static_cast<unsigned>(shape.blocks)),
                                  dim3(static_cast<unsigned>(shape.threads)), arguments,
                                  static_cast<std::size_t>(shape.shared_bytes), stream_of(policy)),
                 "a kernel could not be launched");
}

/// Stream-ordered memory: neither call waits, and both may be captured.
template <class Derived>
void* take_memory(cuda_policy<Derived> const& policy, std::size_t bytes) {
  void* memory = nullptr;
  cudaError_t const error = cudaMallocAsync(&memory, bytes, stream_of(policy));
  if (error != cudaSuccess) { cudaGetLastError(); }
  expect_success(error, "scratch could not be allocated");
  return memory;
}
template <class Derived>
void give_memory(cuda_policy<Derived> const& policy, void* memory) {
  cudaFreeAsync(memory, stream_of(policy));
}

/// Copies to the host and waits, for functions that return an answer to the host.
template <class T, class Derived>
void read_back(cuda_policy<Derived> const& policy, T const* from, index_t count, T* to) {
  expect_success(cudaMemcpyAsync(to, from, sizeof(T) * static_cast<std::size_t>(count),
                                 cudaMemcpyDeviceToHost, stream_of(policy)),
                 "a result could not be read back");
  expect_success(cudaStreamSynchronize(stream_of(policy)), "a kernel failed");
}

/// Copies from the host and waits.
template <class T, class Derived>
void write_back(cuda_policy<Derived> const& policy, T const* from, index_t count, T* to) {
  expect_success(cudaMemcpyAsync(to, from, sizeof(T) * static_cast<std::size_t>(count),
                                 cudaMemcpyHostToDevice, stream_of(policy)),
                 "a result could not be written");
  expect_success(cudaStreamSynchronize(stream_of(policy)), "a kernel failed");
}

// The rest is for kernels. These functions are host and device functions because code written for a
// team is; the host never calls them.
COUPLEFACE_HOST_DEVICE inline int thread_in_block() {
#if defined(__CUDA_ARCH__)
  return static_cast<int>(threadIdx.x);
#else
  return 0;
#endif
}
COUPLEFACE_HOST_DEVICE inline int threads_in_block() {
#if defined(__CUDA_ARCH__)
  return static_cast<int>(blockDim.x);
#else
  return 1;
#endif
}
COUPLEFACE_HOST_DEVICE inline index_t block_in_grid() {
#if defined(__CUDA_ARCH__)
  return static_cast<index_t>(blockIdx.x);
#else
  return 0;
#endif
}
COUPLEFACE_HOST_DEVICE inline index_t blocks_in_grid() {
#if defined(__CUDA_ARCH__)
  return static_cast<index_t>(gridDim.x);
#else
  return 1;
#endif
}

/// Waits for all threads of the block; their writes are then visible to all.
COUPLEFACE_HOST_DEVICE inline void wait_for_block() {
#if defined(__CUDA_ARCH__)
  __syncthreads();
#endif
}

/// The same for the threads of a warp in `mask`.
COUPLEFACE_HOST_DEVICE inline void wait_for(unsigned mask) {
  (void)mask;
#if defined(__CUDA_ARCH__)
  __syncwarp(mask);
#endif
}

/// The value of the thread whose lane number is this one's XOR `difference`.
COUPLEFACE_HOST_DEVICE inline double exchange(unsigned mask, double value, int difference) {
  (void)mask, (void)difference;
#if defined(__CUDA_ARCH__)
  return __shfl_xor_sync(mask, value, difference);
#else
  return value;
#endif
}

/// The mask of the warp's threads for which `yes` is true. All threads of the warp must call it.
COUPLEFACE_HOST_DEVICE inline unsigned votes(bool yes) {
  (void)yes;
#if defined(__CUDA_ARCH__)
  return __ballot_sync(0xffffffffu, yes);
#else
  return 0;
#endif
}

COUPLEFACE_HOST_DEVICE inline int count_bits(unsigned bits) {
#if defined(__CUDA_ARCH__)
  return __popc(bits);
#else
  return __builtin_popcount(bits);
#endif
}

/// Returns the previous value. For counts only: floating-point sums have a fixed order.
COUPLEFACE_HOST_DEVICE inline int add_atomically(int* counter, int amount) {
#if defined(__CUDA_ARCH__)
  return atomicAdd(counter, amount);
#else
  return *counter + amount;
#endif
}

/// The block's shared memory, aligned to sixteen bytes.
COUPLEFACE_HOST_DEVICE inline unsigned char* shared_memory() {
#if defined(__CUDA_ARCH__)
  extern __shared__ __align__(16) unsigned char coupleface_shared_memory[];
  return coupleface_shared_memory;
#else
  return nullptr;
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
#endif
