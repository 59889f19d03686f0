// SPDX-License-Identifier: Apache-2.0
// A 64-bit digest that identifies data and detects damaged files. Not cryptographic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

struct XXH3_state_s;

namespace face_kit {

/// @brief XXH3 (64 bits, seed 0) of bytes passed in pieces; piece boundaries do not matter.
class digest {
 public:
  digest();

  void add(void const* data, std::size_t size);
  template <class T>
  void add(std::vector<T> const& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    add(values.data(), values.size() * sizeof(T));
  }

  std::uint64_t value() const;
  /// 16 hexadecimal digits, most significant first, as `xxhsum -H3` prints them.
  std::string text() const;

 private:
  struct deleter {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, deleter> state_;
};

}  // namespace face_kit
