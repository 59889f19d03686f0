// convert_faces: face data from one form on disk to another, without Python and without MXNet.
//
//   convert_faces faces_emore/train.rec people --to folder
//   convert_faces people train --to rec --height 112 --width 112
//   convert_faces lfw.bin lfw --to pairs
//   convert_faces lfw/pairs.csv lfw4.bin --to pack --protocol 4
//
// Images are copied byte by byte. What is made appears whole or not at all; a file that cannot be
// what it should be is named, with the byte and the reason.
#include <cstdio>
#include <exception>

#include "arguments.hpp"
#include "inputs.hpp"
#include "outputs.hpp"

int main(int argc, char** argv) {
  using namespace convert_faces;
  arguments a;
  CLI::App app{"Converts face data: image folders, lists, InsightFace's .rec sets and .bin packs."};
  declare(app, a);
  try {
    app.parse(argc, argv);
    any_input const input = open_input(a.input);
    say_skipped("convert_faces", a.input, input);
    std::visit([&](auto const& source) { convert(a, source); }, input);
    index_t const images = std::visit([](auto const& source) { return source.size(); }, input);
    std::printf("%lld images\n", static_cast<long long>(images));
    return 0;
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::fprintf(stderr, "convert_faces: %s\n", error.what());
    return 1;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "convert_faces: %s\n", error.what());
    return 1;
  }
}
