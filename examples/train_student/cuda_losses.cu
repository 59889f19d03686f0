// SPDX-License-Identifier: Apache-2.0
// The losses on a CUDA device: the only source file of the example that nvcc compiles.
#include <coupleface/config.hpp>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "face_kit/distillation/relation_terms_at.hpp"
#include "step_losses_at.hpp"

namespace train_student {

namespace {

void expect(cudaError_t error, char const* what) {
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("device: ") + what + ": " + cudaGetErrorString(error));
}

/// On the default stream: a copy waits for the kernels before it.
struct cuda_copies {
  static void to_host(void* to, void const* from, std::size_t bytes) {
    if (bytes == 0) return;
    expect(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "a result could not be copied");
  }
  static void from_host(void* to, void const* from, std::size_t bytes) {
    if (bytes == 0) return;
    expect(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "a batch could not be copied");
  }
};

template <class... T>
using device_vector = thrust::device_vector<T...>;
using cuda_place =
    device_place<std::decay_t<decltype(thrust::cuda::par_nosync)>, device_vector, cuda_copies>;

}  // namespace

void expect_cuda_device() {
  int count = 0;
  expect(cudaGetDeviceCount(&count), "no CUDA device");
  if (count == 0) throw std::runtime_error("device: no CUDA device");
}

std::unique_ptr<step_losses> make_cuda_losses(loss_settings const& settings,
                                              coupleface::matrix_view<float const> prototypes) {
  expect_cuda_device();
  // The pool keeps scratch: every copy synchronises, which would return it to the system.
  int device = 0;
  cudaMemPool_t pool = nullptr;
  std::uint64_t everything = UINT64_MAX;
  expect(cudaGetDevice(&device), "the current device is unknown");
  expect(cudaDeviceGetDefaultMemPool(&pool, device), "no pool of memory");
  expect(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &everything),
         "no pool of memory");
  std::unique_ptr<face_kit::relation_terms> terms;
  if (settings.uses_relations() && !settings.uses_penalty()) {
    using policy = std::decay_t<decltype(thrust::cuda::par_nosync)>;
    terms = face_kit::make_device_terms<policy, device_vector>(
        settings.method, prototypes.extent(0), prototypes.extent(1));
  }
  return std::make_unique<step_losses_at<cuda_place>>(settings, prototypes, std::move(terms));
}

}  // namespace train_student
