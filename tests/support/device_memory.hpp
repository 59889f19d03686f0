// SPDX-License-Identifier: Apache-2.0
// Test support: arrays in the memory of the policy under test. On a device, real or emulated, the
// host can only copy them.
#pragma once

#include <coupleface/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#if COUPLEFACE_HAS_CUDA
#include <cuda_runtime.h>
#elif COUPLEFACE_HAS_KERNELS
#include <sys/mman.h>
#endif
#if COUPLEFACE_HAS_KERNELS
#include <thrust/device_vector.h>
#endif

namespace coupleface_test {

/// Container for the state of a bank or of sums, in the memory of the policy under test.
#if COUPLEFACE_HAS_KERNELS
template <class... T>
using device_vector = thrust::device_vector<T...>;
#else
template <class... T>
using device_vector = std::vector<T...>;
#endif

/// An array in host memory.
template <class T>
class host_array {
 public:
  explicit host_array(std::vector<T> const& values) : values_(values) {}
  T* data() const { return const_cast<T*>(values_.data()); }
  T get(std::size_t i) const { return values_[i]; }
  void set(std::size_t i, T x) { values_[i] = x; }
  std::vector<T> to_host() const { return values_; }

 private:
  std::vector<T> values_;
};

#if !COUPLEFACE_HAS_KERNELS

template <class T>
using device_array = host_array<T>;

#else

#if COUPLEFACE_HAS_CUDA

inline void expect_cuda(cudaError_t error) {
  if (error != cudaSuccess) { throw std::runtime_error(cudaGetErrorString(error)); }
}

struct device_heap {
  static device_heap& here() {
    static device_heap heap;
    return heap;
  }
  void* take(std::size_t bytes) {
    void* memory = nullptr;
    expect_cuda(cudaMalloc(&memory, bytes));
    return memory;
  }
  void give(void* memory) { cudaFree(memory); }
};
inline void copy_device(void* to, void const* from, std::size_t bytes) {
  expect_cuda(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
}

#else

/// Memory that is inaccessible unless a device_access exists.
class device_heap {
 public:
  static device_heap& here() {
    static device_heap heap;
    return heap;
  }

  void* take(std::size_t wanted) {
    std::size_t bytes = (wanted + fence + 255) / 256 * 256;  // as cudaMalloc aligns
    auto const free = free_.lower_bound(bytes);
    std::size_t begin = used_;
    if (free != free_.end() && free->first <= 2 * bytes) {
      begin = free->second;
      bytes = free->first;
      free_.erase(free);
    } else {
      used_ += bytes;
      if (used_ > reserved) { throw std::bad_alloc(); }
    }
    pieces_[begin] = {bytes, wanted};
    open(true);
    std::memset(memory_ + begin, 0xff, bytes);  // hides old contents, sets the fence
    close();
    return memory_ + begin;
  }
  /// Aborts if the fence after the piece was overwritten.
  void give(void* memory) {
    auto const at = pieces_.find(std::size_t(static_cast<char*>(memory) - memory_));
    if (at == pieces_.end()) { throw std::logic_error("emulator: freed what was not taken"); }
    open();
    for (std::size_t i = at->second.wanted; i < at->second.wanted + fence; ++i) {
      if (memory_[at->first + i] != char(0xff)) {
        std::fprintf(stderr, "emulator: write past the end of %zu bytes\n", at->second.wanted);
        std::abort();
      }
    }
    close();
    free_.emplace(at->second.bytes, at->first);
    pieces_.erase(at);
  }
  std::size_t live() const { return pieces_.size(); }
  bool holds(void const* memory) const {
    auto const* const at = static_cast<char const*>(memory);
    return at >= memory_ && at < memory_ + reserved;
  }

  /// `grown`: unprotects again even if already open, because there may be new memory.
  void open(bool grown = false) {
    if (open_++ == 0 || grown) { protect(PROT_READ | PROT_WRITE); }
  }
  void close() {
    if (--open_ == 0) { protect(PROT_NONE); }
  }

 private:
  static constexpr std::size_t reserved = std::size_t(1) << 32;
  static constexpr std::size_t fence = 64;

  struct piece {
    std::size_t bytes;
    std::size_t wanted;
  };

  device_heap() {
    void* const memory =
        mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) { throw std::bad_alloc(); }
    memory_ = static_cast<char*>(memory);
  }
  void protect(int access) {
    if (mprotect(memory_, (used_ + 4095) / 4096 * 4096, access) != 0) { throw std::bad_alloc(); }
  }

  char* memory_;
  std::size_t used_ = 0;
  int open_ = 0;
  std::map<std::size_t, piece> pieces_;           // by offset
  std::multimap<std::size_t, std::size_t> free_;  // offsets by size
};

class device_access {
 public:
  device_access() { device_heap::here().open(); }
  device_access(device_access const&) = delete;
  ~device_access() { device_heap::here().close(); }
};

inline void copy_device(void* to, void const* from, std::size_t bytes) {
  device_access const open;
  std::memcpy(to, from, bytes);
}

#endif

/// Counts the views handed out: each may have changed elements that were read before.
inline std::int64_t& views_given_out() {
  static std::int64_t count = 0;
  return count;
}

/// Elements are read and written through a copy on the host, because single accesses are slow.
template <class T>
class device_array {
 public:
  explicit device_array(std::vector<T> const& values) : size_(values.size()) {
    if (size_ == 0) { return; }
    data_ = static_cast<T*>(device_heap::here().take(size_ * sizeof(T)));
    copy_device(data_, values.data(), size_ * sizeof(T));
  }
  device_array(device_array const& other) : device_array(other.to_host()) {}
  device_array& operator=(device_array other) {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    std::swap(copy_, other.copy_);
    std::swap(changed_, other.changed_);
    std::swap(copied_at_, other.copied_at_);
    return *this;
  }
  ~device_array() {
    if (size_ > 0) { device_heap::here().give(data_); }
  }

  T* data() const {
    ++views_given_out();
    if (changed_) { copy_device(data_, copy_.data(), size_ * sizeof(T)); }
    changed_ = false;
    return data_;
  }
  T get(std::size_t i) const {
    renew();
    return copy_[i];
  }
  void set(std::size_t i, T x) {
    renew();
    copy_[i] = x;
    changed_ = true;
  }
  std::vector<T> to_host() const {
    renew();
    return copy_;
  }

 private:
  void renew() const {
    if (changed_ || copied_at_ == views_given_out()) { return; }
    copy_.resize(size_);
    if (size_ > 0) { copy_device(copy_.data(), data_, size_ * sizeof(T)); }
    copied_at_ = views_given_out();
  }

  std::size_t size_;
  T* data_ = nullptr;
  std::vector<T> mutable copy_;
  bool mutable changed_ = false;  // the copy has changes that the array does not have yet
  std::int64_t mutable copied_at_ = -1;
};

#endif

}  // namespace coupleface_test
