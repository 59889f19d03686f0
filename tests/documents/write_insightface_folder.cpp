// SPDX-License-Identifier: Apache-2.0
// What an InsightFace set is on disk, small and of synthetic faces: train.rec, train.idx, property
// and lfw.bin. Every second image is in colour, the others are grey JPEG. usage:
// write_insightface_folder FOLDER
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>

#include "examples/face_kit/image_writing.hpp"
#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/synthetic_faces.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string const folder = argv[1];
  std::filesystem::create_directories(folder);
  face_kit::synthetic_options options;
  options.people = 40;
  options.images_per_person = 4;
  options.dev_people = 40;
  options.side = 32;
  auto const faces = face_kit::make_synthetic_faces(options);
  auto const encoded = [&](int i) {
    image_writing::jpeg_style style;
    style.channels = i % 2 == 0 ? 1 : 3;
    image_writing::bytes pixels;
    for (std::size_t p = 0; p < faces.image_bytes(); ++p) {
      int const grey = faces.image(i)[p];
      pixels.push_back(static_cast<std::uint8_t>(grey));
      if (style.channels == 1) continue;
      pixels.push_back(static_cast<std::uint8_t>(grey * 15 / 16));
      pixels.push_back(static_cast<std::uint8_t>(grey * 7 / 8));
    }
    return image_writing::jpeg(pixels, options.side, options.side, style);
  };
  auto const view = [](image_writing::bytes const& image) {
    return coupleface::byte_view{image.data(), static_cast<coupleface::index_t>(image.size())};
  };

  coupleface::record_set_writer set(folder + "/train.rec", options.side, options.side);
  for (int i = 0; i < faces.size(); ++i) {
    if (faces.is_train[i] != 0) set.append(view(encoded(i)), faces.labels[i]);
  }
  set.commit();
  coupleface::verification_pack_writer pack(folder + "/lfw.bin", 2);
  for (auto const& pair : face_kit::make_pairs(faces, 10, 8, 1)) {
    pack.append(view(encoded(pair.a)), view(encoded(pair.b)), pair.same);
  }
  pack.commit();
}
