// Writes seeds for verification_pack_fuzz into a folder: packs of both protocols that we write,
// other spellings of them, and what runs code in Python.
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
  put(folder, "cposix\nsystem\n(U\4echotR.");
  put(folder, "\x80\4\x8c\5posix\x8c\6system\x93)R.");
  put(folder,
      std::string(20, '(') + std::string(20, ']') + ")X\1\0\0\0x\x8d\1\0\0\0\0\0\0\0x\x87."s);
}

}  // namespace

int main(int argc, char** argv) {
  return make_seeds("make_verification_seeds", argc, argv, write_seeds);
}
