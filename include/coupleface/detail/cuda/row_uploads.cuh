// SPDX-License-Identifier: Apache-2.0
// coupleface: asynchronous copies of rows from the host, concurrent with the policy's stream. This
// is the CUDA version; the emulator has its own.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>

#if COUPLEFACE_HAS_CUDA

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// True for host memory, pinned or not.
inline bool lies_on_host(void const* memory) {
  if (memory == nullptr) { return false; }
  cudaPointerAttributes attributes;
  expect_success(cudaPointerGetAttributes(&attributes, memory), "no such memory");
  return attributes.type == cudaMemoryTypeHost || attributes.type == cudaMemoryTypeUnregistered;
}

/// Copies rows from the host to buffers, one lane per buffer, on a stream of its own. If the memory
/// is not pinned, the caller waits while the driver copies.
template <class Derived, int lanes>
class row_uploads {
 public:
  /// All copies wait for the earlier work on the policy's stream.
  explicit row_uploads(cuda_policy<Derived> const& policy) : user_(stream_of(policy)) {
    expect_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
                   "a stream could not be made");
    for (int l = 0; l < lanes; ++l) {
      for (cudaEvent_t* const event : {&arrived_[l], &released_[l]}) {
        expect_success(cudaEventCreateWithFlags(event, cudaEventDisableTiming),
                       "an event could not be made");
      }
      release(l);
    }
  }
  row_uploads(row_uploads const&) = delete;
  ~row_uploads() {
    cudaEventRecord(arrived_[0], stream_);
    cudaStreamWaitEvent(user_, arrived_[0]);
    for (int l = 0; l < lanes; ++l) {
      cudaEventDestroy(arrived_[l]);
      cudaEventDestroy(released_[l]);
    }
    cudaStreamDestroy(stream_);
  }

  /// Starts a copy once the work that used the buffer before its release is finished.
  void begin(int lane, void* to, index_t to_stride, void const* from, index_t from_stride,
             index_t row_bytes, index_t rows) {
    auto const size = [](index_t bytes) { return static_cast<std::size_t>(bytes); };
    expect_success(cudaStreamWaitEvent(stream_, released_[lane]), "streams could not be ordered");
    if (row_bytes > 0 && rows > 0) {
      bool const whole = to_stride == row_bytes && from_stride == row_bytes;
      expect_success(
          whole ? cudaMemcpyAsync(to, from, size(rows * row_bytes), cudaMemcpyHostToDevice, stream_)
                : cudaMemcpy2DAsync(to, size(to_stride), from, size(from_stride), size(row_bytes),
                                    size(rows), cudaMemcpyHostToDevice, stream_),
          "rows could not be copied");
    }
    expect_success(cudaEventRecord(arrived_[lane], stream_), "streams could not be ordered");
  }
  /// Later work on the policy's stream waits for the rows.
  void await(int lane) {
    expect_success(cudaStreamWaitEvent(user_, arrived_[lane]), "streams could not be ordered");
  }
  /// Later work on the policy's stream does not use the rows.
  void release(int lane) {
    expect_success(cudaEventRecord(released_[lane], user_), "streams could not be ordered");
  }

 private:
  cudaStream_t user_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t arrived_[lanes] = {}, released_[lanes] = {};
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
