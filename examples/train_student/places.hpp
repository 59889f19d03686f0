// SPDX-License-Identifier: Apache-2.0
// Where losses are computed: a policy, its container type, and windows that give the policy access
// to host arrays.
#pragma once

#include <thrust/memory.h>

#include <coupleface/view.hpp>
#include <cstddef>
#include <cstring>
#include <vector>

namespace train_student {

/// The host: windows return the host arrays themselves.
template <class Policy>
struct host_place {
  static constexpr bool on_host = true;
  static Policy policy() { return {}; }
  template <class... T>
  using vector = std::vector<T...>;

  static void to_host(void* to, void const* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  static void from_host(void* to, void const* from, std::size_t bytes) { to_host(to, from, bytes); }

  template <class T>
  struct window {
    coupleface::matrix_view<T const> show(coupleface::matrix_view<T const> host) { return host; }
    coupleface::matrix_view<T> room(coupleface::matrix_view<T> host) { return host; }
    void bring(coupleface::matrix_view<T>) {}
  };
};

/// A device whose memory the host cannot access. Copies wait for previously enqueued work:
/// Copies::to_host(to, from, bytes) and Copies::from_host.
template <class Policy, template <class...> class Vector, class Copies>
struct device_place : Copies {
  static constexpr bool on_host = false;
  static Policy policy() { return {}; }
  template <class... T>
  using vector = Vector<T...>;

  template <class T>
  class window {
   public:
    coupleface::matrix_view<T const> show(coupleface::matrix_view<T const> host) {
      auto const here = make_room(host.extent(0), host.extent(1));
      Copies::from_host(here.data_handle(), host.data_handle(), bytes());
      return here;
    }
    coupleface::matrix_view<T> room(coupleface::matrix_view<T> host) {
      return make_room(host.extent(0), host.extent(1));
    }
    /// Copies the room's contents to the host.
    void bring(coupleface::matrix_view<T> host) {
      Copies::to_host(host.data_handle(), thrust::raw_pointer_cast(memory_.data()), bytes());
    }

   private:
    coupleface::matrix_view<T> make_room(coupleface::index_t rows, coupleface::index_t columns) {
      memory_.resize(static_cast<std::size_t>(rows * columns));
      return {thrust::raw_pointer_cast(memory_.data()), rows, columns};
    }
    std::size_t bytes() const { return memory_.size() * sizeof(T); }

    Vector<T> memory_;
  };
};

}  // namespace train_student
