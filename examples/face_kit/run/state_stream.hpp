// SPDX-License-Identifier: Apache-2.0
// Reads and writes the state of a run as raw bytes.
#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <stdexcept>

namespace face_kit {

inline void write_bytes(std::ostream& out, void const* data, std::size_t size) {
  out.write(static_cast<char const*>(data), static_cast<std::streamsize>(size));
}
/// @throws std::runtime_error  if fewer bytes are left
inline void read_bytes(std::istream& in, void* data, std::size_t size) {
  if (!in.read(static_cast<char*>(data), static_cast<std::streamsize>(size)))
    throw std::runtime_error("the file ends early");
}

}  // namespace face_kit
