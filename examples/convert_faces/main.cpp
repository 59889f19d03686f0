// SPDX-License-Identifier: Apache-2.0
// convert_faces: face data from one form on disk to another, without Python and without MXNet.
//
//   convert_faces faces_emore/train.rec people --to folder
//   convert_faces people train --to rec --height 112 --width 112
//   convert_faces lfw.bin lfw --to pairs
//   convert_faces lfw/pairs.csv lfw4.bin --to pack --protocol 4
//
// Images are copied byte for byte. Output appears completely or not at all; an invalid file is
// named, with the byte and the reason.
#include <cstdio>
#include <iostream>

#include "arguments.hpp"
#include "face_kit/data/face_inputs.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/run/program_main.hpp"
#include "outputs.hpp"

namespace {

using namespace convert_faces;

void run(arguments& a) {
  any_input const input = open_input(a.input);
  warn_of_skipped(a.input, input);
  std::visit([&](auto const& source) { convert(a, source); }, input);
  index_t const images = std::visit([](auto const& source) { return source.size(); }, input);
  if (json_wanted()) print_json(std::cout, {{"images", images}});
  else std::printf("%lld images\n", static_cast<long long>(images));
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"convert_faces",
       "Converts face data: image folders, lists, InsightFace's .rec sets and .bin packs."},
      argc, argv, declare, run);
}
