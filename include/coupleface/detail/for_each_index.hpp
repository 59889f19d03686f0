// SPDX-License-Identifier: Apache-2.0
// coupleface: running a functor over 0..n-1 by a policy, and dividing work so that the result does
// not depend on the number of threads.
#pragma once

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

/// f(i) for every i in [0, n), in any order, concurrently if the policy is a parallel one.
template <class Policy, class Function>
void for_each_index(Policy const& policy, index_t n, Function f) {
  // Found through the policy: its Thrust header, which the caller includes, brings the algorithm.
  // Including <thrust/for_each.h> here would double what this library costs to parse.
  if (n > 0) { for_each_n(policy, index_iterator(), n, f); }
}

/// Work is cut into lanes, each with scratch of its own and a fixed share of the items, because a
/// Thrust algorithm tells nobody which thread it runs on.
inline constexpr index_t usual_lanes = 64;  ///< several for each thread of most machines
inline index_t lane_count(index_t items, index_t most = usual_lanes) {
  return items < most ? items : most;
}

/// First item of a lane; the lane ends where the next one begins.
COUPLEFACE_HOST_DEVICE inline index_t lane_begin(index_t lane, index_t lanes, index_t items) {
  return items / lanes * lane + (lane < items % lanes ? lane : items % lanes);
}

/// A permutation of 0, ..., n - 1 that puts neighbours far apart: threads that get equal ranges of
/// i then get equal shares of work that grows, shrinks or ends along spread_index(i, n).
inline index_t spread_index(index_t i, index_t n) {
  index_t stride = n * 3 / 8 + 1;
  while (std::gcd(stride, n) != 1) { ++stride; }
  return i * stride % n;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
