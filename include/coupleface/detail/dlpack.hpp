// SPDX-License-Identifier: Apache-2.0
// coupleface: element type, strides and memory of a DLPack tensor, and whether a view can refer to
// it.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <cstring>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class M, class = void>
inline constexpr bool is_dlpack_managed = false;
template <class M>
inline constexpr bool is_dlpack_managed<M, std::void_t<decltype(std::declval<M&>().dl_tensor)>> =
    true;

template <class M, class = void>
inline constexpr bool is_dlpack_versioned = false;
template <class M>
inline constexpr bool is_dlpack_versioned<M, std::void_t<decltype(std::declval<M&>().version.major),
                                                         decltype(std::declval<M&>().flags)>> =
    true;

// Constants of the ABI.
enum class dlpack_code : std::uint8_t {
  integer = 0,
  natural = 1,
  real = 2,
  bfloat = 4,
  boolean = 6
};
inline constexpr std::uint64_t dlpack_read_only = 1;
inline constexpr std::uint32_t dlpack_major = 1;

/// Any two-byte class may be float16 or bfloat16: the bits of 1 tell them apart.
template <class T>
dlpack_code dlpack_code_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return dlpack_code::boolean;
  } else if constexpr (std::is_integral_v<T>) {
    return std::is_signed_v<T> ? dlpack_code::integer : dlpack_code::natural;
  } else if constexpr (std::is_floating_point_v<T>) {
    return dlpack_code::real;
  } else {
    static_assert(is_element<T>::value, "coupleface: DLPack has no such element type");
    T const one = store<T>(1.0);
    std::uint16_t bits;
    std::memcpy(&bits, &one, sizeof bits);
    return bits == 0x3f80 ? dlpack_code::bfloat : dlpack_code::real;
  }
}

inline std::string dlpack_type_name(unsigned code, unsigned bits, unsigned lanes) {
  std::string name = code == 0   ? "int"
                     : code == 1 ? "uint"
                     : code == 2 ? "float"
                     : code == 4 ? "bfloat"
                     : code == 5 ? "complex"
                     : code == 6 ? "bool"
                                 : "type " + std::to_string(code) + " of bits ";
  name += std::to_string(bits);
  return lanes == 1 ? name : name + " x " + std::to_string(lanes);
}

template <class T, class Tensor>
void expect_dlpack_elements(char const* function, Tensor const& t) {
  unsigned const code = unsigned(dlpack_code_of<std::remove_const_t<T>>());
  if (t.dtype.code != code || t.dtype.bits != 8 * sizeof(T) || t.dtype.lanes != 1) {
    fail(function, "elements are " + dlpack_type_name(t.dtype.code, t.dtype.bits, t.dtype.lanes) +
                       ", but the view asked for has " + dlpack_type_name(code, 8 * sizeof(T), 1));
  }
}

/// Host: CPU, CUDA pinned, CUDA managed. CUDA: device, managed, pinned.
inline void expect_dlpack_memory(char const* function, int device_type, bool cuda) {
  bool const both = device_type == 3 || device_type == 13;
  if (!both && device_type != (cuda ? 2 : 1)) {
    fail(function, "the elements are on a device of type " + std::to_string(device_type) +
                       ", but the view asked for is of " +
                       (cuda ? "CUDA memory (2)" : "host memory (1)"));
  }
}

/// Stride of an axis, in elements.
template <class Tensor>
index_t dlpack_stride(Tensor const& t, int axis) {
  if (t.strides != nullptr) { return t.strides[axis]; }
  index_t stride = 1;
  for (int i = axis + 1; i < t.ndim; ++i) { stride *= t.shape[i]; }
  return stride;
}

template <class T, class Tensor>
T* dlpack_data(char const* function, Tensor const& t, index_t elements) {
  if (elements == 0) { return nullptr; }
  expect(t.data != nullptr, function, "the tensor has elements, but its data is a null pointer");
  auto const address = reinterpret_cast<std::uintptr_t>(t.data) + t.byte_offset;
  if (address % alignof(T) != 0) {
    fail(function, "data and byte_offset " + std::to_string(t.byte_offset) +
                       " make no address of elements of " + std::to_string(sizeof(T)) + " bytes");
  }
  return reinterpret_cast<T*>(address);
}

/// The tensor itself, or the one inside its managing struct, which may mark it read-only.
template <class T, class M>
auto const& dlpack_tensor(char const* function, M const& m) {
  if constexpr (is_dlpack_versioned<M>) {
    if (m.version.major != dlpack_major) {
      fail(function, "DLPack version " + std::to_string(m.version.major) + ", but known is " +
                         std::to_string(dlpack_major));
    }
    expect(std::is_const_v<T> || (m.flags & dlpack_read_only) == 0, function,
           "the tensor is read-only; ask for a view of const elements");
  }
  if constexpr (is_dlpack_managed<M>) {
    return m.dl_tensor;
  } else {
    return m;
  }
}

/// A DLPack tensor, its shape and its owner in one allocation, which the deleter frees.
template <class M, class Owner>
struct dlpack_holder {
  M managed{};
  std::int64_t shape[2] = {0, 0};
  std::int64_t strides[2] = {0, 0};
  Owner owner;

  explicit dlpack_holder(Owner&& kept) : owner(std::move(kept)) {}
  static void end(M* m) { delete static_cast<dlpack_holder*>(m->manager_ctx); }
};

template <class M, class T, class Owner>
M* make_dlpack(T* data, Owner&& owner, int rank, index_t const (&shape)[2],
               index_t const (&strides)[2], int device_type, int device_id) {
  static_assert(!std::is_const_v<T> || is_dlpack_versioned<M>,
                "coupleface::make_dlpack: only DLManagedTensorVersioned can say that elements are"
                " read-only");
  auto* const holder = new dlpack_holder<M, std::decay_t<Owner>>(std::move(owner));
  M& m = holder->managed;
  for (int i = 0; i < rank; ++i) {
    holder->shape[i] = shape[i];
    holder->strides[i] = strides[i];
  }
  m.manager_ctx = holder;
  m.deleter = &dlpack_holder<M, std::decay_t<Owner>>::end;
  if constexpr (is_dlpack_versioned<M>) {
    m.version.major = dlpack_major;
    m.flags = std::is_const_v<T> ? dlpack_read_only : 0;
  }
  auto& t = m.dl_tensor;
  t.data = const_cast<std::remove_const_t<T>*>(data);
  t.device.device_type = decltype(t.device.device_type)(device_type);
  t.device.device_id = device_id;
  t.ndim = rank;
  t.dtype.code = std::uint8_t(dlpack_code_of<std::remove_const_t<T>>());
  t.dtype.bits = std::uint8_t(8 * sizeof(T));
  t.dtype.lanes = 1;
  t.shape = holder->shape;
  t.strides = holder->strides;
  return &m;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
