// SPDX-License-Identifier: Apache-2.0
// Writes the first inputs of image_decoding_fuzz into the folder given: one small image of every
// kind that the decoders tell apart.
#include <cstdint>
#include <string>
#include <vector>

#include "examples/face_kit/image_writing.hpp"
#include "seed_maker.hpp"

namespace {

using image_writing::bytes;

bytes noise(std::size_t size) {
  bytes values(size);
  std::uint32_t state = 1;
  for (auto& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<std::uint8_t>(state >> 24);
  }
  return values;
}

void write_jpegs(std::filesystem::path const& folder) {
  for (int const channels : {1, 3, 4}) {
    for (bool const progressive : {false, true}) {
      auto const name = "jpeg_" + std::to_string(channels) + (progressive ? "_progressive" : "");
      image_writing::write_file(folder / name,
                                image_writing::jpeg(noise(17 * 11 * std::size_t(channels)), 17, 11,
                                                    {channels, 40, progressive}));
    }
  }
}

void write_pngs(std::filesystem::path const& folder) {
  struct {
    int color_type, channels;
    std::vector<int> depths;
  } const kinds[] = {{PNG_COLOR_TYPE_GRAY, 1, {1, 2, 4, 8, 16}},
                     {PNG_COLOR_TYPE_RGB, 3, {8, 16}},
                     {PNG_COLOR_TYPE_PALETTE, 1, {1, 2, 4}},
                     {PNG_COLOR_TYPE_GRAY_ALPHA, 2, {8, 16}},
                     {PNG_COLOR_TYPE_RGB_ALPHA, 4, {8, 16}}};
  for (auto const& kind : kinds) {
    for (int const depth : kind.depths) {
      for (bool const interlaced : {false, true}) {
        std::size_t const row = (std::size_t(kind.channels) * std::size_t(depth) * 9 + 7) / 8;
        auto const name = "png_" + std::to_string(kind.color_type) + "_" + std::to_string(depth) +
                          (interlaced ? "_interlaced" : "");
        image_writing::write_file(folder / name,
                                  image_writing::png(std::vector<bytes>(10, noise(row)), 9,
                                                     {kind.color_type, depth, interlaced}));
      }
    }
  }
}

#ifdef FACE_KIT_WEBP
void write_webps(std::filesystem::path const& folder) {
  image_writing::write_file(folder / "webp_lossless",
                            image_writing::webp(noise(17 * 11 * 4), 17, 11));
  image_writing::write_file(folder / "webp_lossy",
                            image_writing::lossy_webp(noise(17 * 11 * 3), 17, 11, 40));
}
#endif

}  // namespace

int main(int argc, char** argv) {
  return make_seeds("make_image_seeds", argc, argv, [](std::string const& folder) {
    write_jpegs(folder);
    write_pngs(folder);
#ifdef FACE_KIT_WEBP
    write_webps(folder);
#endif
  });
}
