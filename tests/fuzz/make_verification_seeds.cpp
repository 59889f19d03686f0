// SPDX-License-Identifier: Apache-2.0
// Writes seeds for verification_pack_fuzz into a folder: packs of both protocols that we write,
// other spellings of them, NumPy's arrays, and what runs code in Python.
#include <coupleface/io/verification_pack.hpp>

#include <fstream>

#include "seed_maker.hpp"

namespace cf = coupleface;

namespace {

using namespace std::string_literals;

void put(std::string const& folder, std::string const& bytes) {
  static int count = 0;
  std::ofstream(folder + "/pickle_" + std::to_string(count++), std::ios::binary) << bytes;
}

void write_seeds(std::string const& folder) {
  for (int const protocol : {2, 4}) {
    cf::verification_pack_writer writer(folder + "/pack_" + std::to_string(protocol), protocol);
    for (cf::index_t const size : {0, 3, 300}) {
      std::string const image(std::size_t(size), 'x');
      cf::byte_view const view(reinterpret_cast<std::uint8_t const*>(image.data()), size);
      writer.append(view, view, size == 3);
    }
    writer.commit();
  }
  std::string const images = "(C\1xU\1yB\1\0\0\0xT\1\0\0\0y"s;
  put(folder,
      "\x80\4\x95\x0f\0\0\0\0\0\0\0]\x94(C\1x\x94"
      "C\1y\x94"
      "e]\x94\x88"
      "a\x86\x94."s);
  put(folder, "]q\0" + images + "e]q\1(I01\nJ\0\0\0\0e\x86q\2."s);
  put(folder, "(" + images + "l(K\1M\0\0lt."s);
  put(folder, "(" + images + "t\x8a\1\1\x8a\0\x86\x86."s);
  put(folder,
      "]r\0\1\0\0(\x8e\1\0\0\0\0\0\0\0xq\1h\1\x96\1\0\0\0\0\0\0\0xj\1\0\0\0ej\0\1\0\0\x85."s);
  // Arrays of NumPy as images and labels, a bytearray of protocol 4, a NumPy bool.
  std::string const type = "cnumpy\ndtype\n(U\2u1K\0K\1tRq\7(K\3U\1|NNNJ\0\0\0\0J\0\0\0\0K\0tb"s;
  std::string const array =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR(K\1(K\1K\1t"s;
  std::string const byte_array =
      "\x8c\x08"
      "builtins\x8c\x09"
      "bytearray\x93(C\1xtR"s;
  put(folder,
      "](" + array + type + "\x89U\1xtb" + byte_array + "e" + array + "h\7\x89U\1\1tb\x86.");
  put(folder, "](" + byte_array + byte_array + "e](cnumpy.core.multiarray\nscalar\n(" + type +
                  "U\1\1tRe\x86.");
  put(folder, "](cnumpy._core.numeric\n_frombuffer\n(\x96\1\0\0\0\0\0\0\0x"s + type +
                  "K\1\x85U\1CtRC\0e]\x88"
                  "a\x86."s);
  put(folder, "cposix\nsystem\n(U\4echotR.");
  put(folder, "\x80\4\x8c\5posix\x8c\6system\x93)R.");
  put(folder,
      std::string(20, '(') + std::string(20, ']') + ")X\1\0\0\0x\x8d\1\0\0\0\0\0\0\0x\x87."s);
}

}  // namespace

int main(int argc, char** argv) {
  return make_seeds("make_verification_seeds", argc, argv, write_seeds);
}
