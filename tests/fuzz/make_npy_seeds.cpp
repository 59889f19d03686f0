// SPDX-License-Identifier: Apache-2.0
// Writes seeds for npy_fuzz into a folder: valid .npy files of every type, several arrays in one,
// and files broken in one place each.
#include <coupleface/io/npy.hpp>

#include "seed_maker.hpp"

namespace cf = coupleface;

namespace {

std::string folder;
int broken = 0;

template <class T, class... Storage>
void put_valid(char const* name, Storage... storage) {
  T const values[6] = {T(0), T(1), T(1), T(0), T(1), T(0)};
  cf::write_npy(folder + "/vector_" + name, cf::make_vector_view(values, 6), storage...);
  cf::write_npy(folder + "/matrix_" + name, cf::make_matrix_view(values, 2, 3), storage...);
  cf::npy_writer writer(folder + "/several_" + name);
  std::uint8_t const odd[3] = {1, 2, 3};
  writer.write(cf::make_vector_view(odd, 3));
  writer.write(cf::make_matrix_view(values, 3, 1, 2), storage...);
  writer.write(cf::make_matrix_view(values, 0, 4), storage...);
  writer.commit();
}

void put_bytes(std::string const& bytes) {
  cf::detail::atomic_file file(folder + "/broken_" + std::to_string(broken++));
  file.write(bytes.data(), bytes.size());
  file.commit();
}

std::string with_header(std::string const& text, char version = 1) {
  std::string bytes("\x93NUMPY");
  bytes += {version, '\0', static_cast<char>(text.size()), '\0'};
  if (version > 1) { bytes += std::string(2, '\0'); }
  return bytes + text + std::string(16, '\1');
}

void put_broken() {
  std::string const good = with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }");
  for (std::size_t size : {0, 5, 9, 10, 30, 60, 75}) { put_bytes(good.substr(0, size)); }
  put_bytes(good + "x");
  put_bytes("PK" + good.substr(2));
  for (char version : {2, 3, 4}) {
    put_bytes(
        with_header("{\"shape\":(2L,2),\"descr\":\"<f4\",\"fortran_order\":False}\n", version));
  }
  for (char const* text : {
           "{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }",
           "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), }",
           "{'descr': '|b1', 'fortran_order': False, 'shape': (16,), 'more': 1}",
           "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (4,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (4), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 4, 1), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
           "{'descr': '<f4', 'descr': '<f4', }",
           "{}",
           "{",
           "",
       }) {
    put_bytes(with_header(text));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return make_seeds("make_npy_seeds", argc, argv, [](std::string const& into) {
    folder = into;
    put_valid<float>("f4");
    put_valid<double>("f8");
    put_valid<cf::float16>("f2");
    put_valid<cf::bfloat16>("V2");
    put_valid<cf::bfloat16>("u2", cf::bits_as_uint16{});
    put_valid<bool>("b1");
    put_valid<std::int8_t>("i1");
    put_valid<std::uint64_t>("u8");
    put_broken();
  });
}
