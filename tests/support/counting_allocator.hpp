// SPDX-License-Identifier: Apache-2.0
// Test support: an allocator for policies that counts allocations and frees.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace coupleface_test {

struct allocation_count {
  std::size_t bytes = 0;  ///< allocated in total
  std::size_t live = 0;   ///< not yet freed
  std::size_t most = 0;   ///< maximum of `live`
};

/// Usable as `thrust::seq(allocator)`, `thrust::omp::par(allocator)`, ...
class counting_allocator {
 public:
  using value_type = char;
  explicit counting_allocator(allocation_count& count) : count_(&count) {}

  char* allocate(std::ptrdiff_t bytes) {
    count_->bytes += static_cast<std::size_t>(bytes);
    count_->live += static_cast<std::size_t>(bytes);
    count_->most = count_->most > count_->live ? count_->most : count_->live;
    if (void* const memory = std::malloc(static_cast<std::size_t>(bytes))) {
      return static_cast<char*>(memory);
    }
    throw std::bad_alloc();
  }
  void deallocate(char* memory, std::size_t bytes) {
    count_->live -= bytes;
    std::free(memory);
  }

 private:
  allocation_count* count_;
};

}  // namespace coupleface_test
