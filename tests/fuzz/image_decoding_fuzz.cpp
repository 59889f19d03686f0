// SPDX-License-Identifier: Apache-2.0
// Throws arbitrary bytes at the image decoders of the training example. An image of the size that
// it claims or std::runtime_error may come out, nothing else. Seeds: make_image_seeds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "face_kit/data/image_decoding.hpp"
#include "face_kit/image/resize_area.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  // Few pixels at most: the time goes to new paths through the decoders, not to large images.
  constexpr std::int64_t max_pixels = 1 << 16;
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
  try {
    pixels = face_kit::decode_grey(bytes, size, width, height, "input", max_pixels);
  } catch (std::runtime_error const&) {
    if (width != 0 || height != 0) std::abort();
    return 0;
  }
  if (width < 1 || height < 1 || pixels.size() != std::size_t(width) * std::size_t(height)) {
    std::abort();
  }
  std::uint8_t small[5 * 5];
  face_kit::resize_area(pixels.data(), width, height, 5, small);
  return 0;
}
