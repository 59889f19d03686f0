// SPDX-License-Identifier: Apache-2.0
// Where the tests of this folder get their image files from: they are written on the spot, so that
// no picture has to live in the repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <png.h>
#ifdef FACE_KIT_WEBP
#include <webp/encode.h>
#endif

namespace image_writing {

using bytes = std::vector<std::uint8_t>;

struct jpeg_style {
  int channels = 1;  ///< 1 grey, 3 colour, 4 CMYK
  int quality = 95;
  bool progressive = false;
};

/// `pixels` is [height, width, channels].
inline bytes jpeg(bytes const& pixels, int width, int height, jpeg_style style = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = style.channels;
  info.in_color_space =
      style.channels == 1 ? JCS_GRAYSCALE : (style.channels == 3 ? JCS_RGB : JCS_CMYK);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, style.quality, TRUE);
  if (style.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<std::uint8_t*>(pixels.data()) +
                std::size_t{info.next_scanline} * static_cast<std::size_t>(width * style.channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  bytes result(memory, memory + size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return result;
}

#ifdef FACE_KIT_WEBP
/// `pixels` is [height, width, 4]: RGBA. Lossless, but for the colour of what cannot be seen.
inline bytes webp(bytes const& pixels, int width, int height) {
  std::uint8_t* memory = nullptr;
  auto const size = WebPEncodeLosslessRGBA(pixels.data(), width, height, 4 * width, &memory);
  bytes result(memory, memory + size);
  WebPFree(memory);
  return result;
}
/// The same from [height, width, 3], lossy.
inline bytes lossy_webp(bytes const& pixels, int width, int height, float quality) {
  std::uint8_t* memory = nullptr;
  auto const size = WebPEncodeRGB(pixels.data(), width, height, 3 * width, quality, &memory);
  bytes result(memory, memory + size);
  WebPFree(memory);
  return result;
}
#endif

struct png_style {
  int color_type = PNG_COLOR_TYPE_GRAY;
  int depth = 8;
  bool interlaced = false;
};

/// `rows` is [height] rows of packed samples as the PNG format has them (16 bits big-endian). The
/// palette of a palette image is 0, 17, 34, ... in all three channels.
inline bytes png(std::vector<bytes> rows, int width, png_style style = {}) {
  auto* writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  auto* info = png_create_info_struct(writer);
  bytes result;
  png_set_write_fn(
      writer, &result,
      [](png_structp png, png_bytep data, png_size_t count) {
        auto& target = *static_cast<bytes*>(png_get_io_ptr(png));
        target.insert(target.end(), data, data + count);
      },
      [](png_structp) {});
  png_set_IHDR(writer, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(rows.size()),
               style.depth, style.color_type,
               style.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (style.color_type == PNG_COLOR_TYPE_PALETTE) {
    png_color palette[16];
    for (int i = 0; i < 16; ++i) {
      auto const tone = static_cast<png_byte>(17 * i);
      palette[i] = {tone, tone, tone};
    }
    png_set_PLTE(writer, info, palette, style.depth >= 4 ? 16 : 1 << style.depth);
  }
  png_write_info(writer, info);
  std::vector<png_bytep> pointers;
  for (auto& row : rows) pointers.push_back(row.data());
  png_write_image(writer, pointers.data());
  png_write_end(writer, nullptr);
  png_destroy_write_struct(&writer, &info);
  return result;
}

inline void write_file(std::filesystem::path const& path, bytes const& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<char const*>(content.data()),
               static_cast<std::streamsize>(content.size()));
  if (!stream) throw std::runtime_error(path.string() + ": cannot be written");
}

inline void write_text(std::filesystem::path const& path, std::string const& text) {
  write_file(path, bytes(text.begin(), text.end()));
}

/// A folder that goes when the test ends.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "train_student_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(std::string const& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// The message of the std::runtime_error that f throws; empty when it does not.
template <class Function>
std::string failure(Function const& f) {
  try {
    f();
  } catch (std::runtime_error const& error) { return error.what(); }
  return {};
}

}  // namespace image_writing
