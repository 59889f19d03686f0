// SPDX-License-Identifier: Apache-2.0
// The command line of convert_faces.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "face_kit/run/validators.hpp"

namespace convert_faces {

struct arguments {
  std::string input, output, to;
  std::int64_t height = 112, width = 112;
  int protocol = 4;
  int threads = 2;
};

inline void declare(CLI::App& app, arguments& a) {
  app.add_option("input", a.input,
                 "A folder with a folder for each person; train.rec; lfw.bin; list.csv with the "
                 "columns path,person or a,b,same; train.lst; any other name: lines 'path label'")
      ->required();
  app.add_option("output", a.output, "Folder or file to write; it must not exist")
      ->required()
      ->transform(face_kit::as_plain_path());
  app.add_option(
         "--to", a.to,
         "Form of the output. folder: OUTPUT/<person>/<number>.jpg. list, lst, table: "
         "OUTPUT/images/... and OUTPUT/list.txt (path, label), train.lst (flag, path, label) or "
         "list.csv (path, person). rec: OUTPUT/train.rec, train.idx and property. pack: OUTPUT is "
         "a file (.bin). pairs: OUTPUT/images/... and pairs.csv (a, b, same)")
      ->required()
      ->check(CLI::IsMember({"folder", "list", "lst", "table", "rec", "pack", "pairs"}));
  app.add_option(
         "--height", a.height,
         "Height of the images, for the file property of --to rec; not checked against them")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str();
  app.add_option("--width", a.width,
                 "Width of the images, for the file property of --to rec; not checked against them")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str();
  app.add_option(
         "--protocol", a.protocol,
         "Pickle protocol of --to pack; 2 stores strings of Python 2, as the published packs do")
      ->check(CLI::IsMember({2, 4}))
      ->capture_default_str();
  app.add_option("--threads", a.threads, "Reader threads; the result is the same for any number")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  face_kit::refuse_empty_values(app);
  app.footer(
      "Images are copied byte by byte, never decoded. Packs and pair tables convert into each "
      "other, as do all other forms (a pack has no people, a list no pairs). Order and labels are "
      "kept; folders and tables renumber people by name.");
}

}  // namespace convert_faces
