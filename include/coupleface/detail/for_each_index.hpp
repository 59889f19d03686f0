// SPDX-License-Identifier: Apache-2.0
// coupleface: runs a functor over 0..n-1 by a policy, and divides work so that results do not
// depend on the thread count.
#pragma once

#include <coupleface/detail/simd/target.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <cstddef>
#include <iterator>
#include <numeric>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class index_iterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = index_t;
  using difference_type = std::ptrdiff_t;
  using pointer = index_t const*;
  using reference = index_t;

  COUPLEFACE_HOST_DEVICE explicit index_iterator(index_t at = 0) : at_(at) {}
  COUPLEFACE_HOST_DEVICE index_t operator*() const { return at_; }
  COUPLEFACE_HOST_DEVICE index_t operator[](difference_type n) const { return at_ + n; }
  COUPLEFACE_HOST_DEVICE index_iterator& operator++() { return *this += 1; }
  COUPLEFACE_HOST_DEVICE index_iterator& operator--() { return *this += -1; }
  COUPLEFACE_HOST_DEVICE index_iterator operator++(int) { return index_iterator(at_++); }
  COUPLEFACE_HOST_DEVICE index_iterator& operator+=(difference_type n) {
    at_ += n;
    return *this;
  }
  COUPLEFACE_HOST_DEVICE index_iterator operator+(difference_type n) const {
    return index_iterator(at_ + n);
  }
  COUPLEFACE_HOST_DEVICE difference_type operator-(index_iterator other) const {
    return at_ - other.at_;
  }
  COUPLEFACE_HOST_DEVICE bool operator==(index_iterator other) const { return at_ == other.at_; }
  COUPLEFACE_HOST_DEVICE bool operator!=(index_iterator other) const { return at_ != other.at_; }
  COUPLEFACE_HOST_DEVICE bool operator<(index_iterator other) const { return at_ < other.at_; }

 private:
  index_t at_;
};

/// Calls f(i) for every i in [0, n), in any order, concurrently under a parallel policy.
template <class Policy, class Function>
void for_each_index(Policy const& policy, index_t n, Function f) {
  // Found by argument-dependent lookup: the policy's Thrust header, which the caller includes, has
  // the algorithm. Including <thrust/for_each.h> here would double the library's parse time.
  if (n <= 0) { return; }
  (void)kernels_in_use();  // throws for a wrong COUPLEFACE_KERNELS here, not on a policy's thread
  for_each_n(policy, index_iterator(), n, f);
}

/// Work is divided into lanes, each with its own scratch and a fixed share of the items, because
/// Thrust algorithms do not say which thread they run on.
inline constexpr index_t usual_lanes = 64;  ///< several per thread on most machines
inline index_t lane_count(index_t items, index_t most = usual_lanes) {
  return items < most ? items : most;
}

/// First item of a lane; it ends where the next lane begins.
COUPLEFACE_HOST_DEVICE inline index_t lane_begin(index_t lane, index_t lanes, index_t items) {
  return items / lanes * lane + (lane < items % lanes ? lane : items % lanes);
}

/// A permutation of 0, ..., n - 1 that puts neighbours far apart. Threads that get equal ranges of
/// i then get equal shares even of work that grows, shrinks or ends along spread_index(i, n).
inline index_t spread_index(index_t i, index_t n) {
  index_t stride = n * 3 / 8 + 1;
  while (std::gcd(stride, n) != 1) { ++stride; }
  return i * stride % n;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
