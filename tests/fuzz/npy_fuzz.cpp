// SPDX-License-Identifier: Apache-2.0
// Fuzzes the .npy header parser and the readers: any bytes give an array inside the file or a
// std::runtime_error. Build with clang++ -fsanitize=fuzzer,address,undefined; seeds come from
// make_npy_seeds.
#include <coupleface/io/npy.hpp>

#include "memory_file.hpp"

namespace cf = coupleface;

namespace {

volatile unsigned sink;

template <class T>
void touch(cf::mapped_npy<T> const& array) {
  auto const* const bytes = reinterpret_cast<unsigned char const*>(array.data());
  for (std::size_t i = 0; i < std::size_t(array.size()) * sizeof(T); ++i) { sink = bytes[i]; }
  if (array.shape().size() == 1 && array.vector().extent(0) != array.size()) { std::abort(); }
  if (array.shape().size() >= 2) {
    auto const matrix = array.matrix();
    if (matrix.extent(0) * matrix.extent(1) != array.size()) { std::abort(); }
  }
}

template <class T, class... Storage>
void read_everything(std::string const& path, Storage... storage) {
  try {
    touch(cf::mapped_npy<T>(path, storage...));
  } catch (std::runtime_error const&) {}
  try {
    cf::npy_reader reader(path);
    while (!reader.at_end()) { touch(reader.template read<T>(storage...)); }
  } catch (std::runtime_error const&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  static memory_file file;
  std::string const& path = file.put(data, size);
  try {
    cf::detail::npy_header const header = cf::detail::parse_npy_header("fuzz", 0, data, size);
    if (header.bytes > size || header.elements < 0) { std::abort(); }
  } catch (std::runtime_error const&) {
    // Nobody reads this, whatever the element; to try them all would only throw sixteen times.
    try {
      cf::npy_reader reader(path);
      reader.read<float>();
    } catch (std::runtime_error const&) { return 0; }
    std::abort();
  }
  read_everything<float>(path);
  read_everything<double>(path);
  read_everything<cf::float16>(path);
  read_everything<cf::bfloat16>(path);
  read_everything<cf::bfloat16>(path, cf::bits_as_uint16{});
  read_everything<bool>(path);
  read_everything<std::int8_t>(path);
  read_everything<std::uint64_t>(path);
  return 0;
}
