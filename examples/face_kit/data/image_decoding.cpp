// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/image_decoding.hpp"

#include <algorithm>
#include <coupleface/io/image_format.hpp>
#include <csetjmp>
#include <cstdio>  // jpeglib.h uses FILE without including it
#include <cstring>

#include <jpeglib.h>
#include <png.h>
#ifdef FACE_KIT_WEBP
#include <webp/decode.h>
#endif

namespace face_kit {

namespace {

[[noreturn]] void refuse_image(std::string const& name, char const* format, std::size_t offset,
                               std::string const& reason) {
  throw undecodable_image(name + ": bad " + format + " near byte " + std::to_string(offset) + ": " +
                          reason);
}

void check_image_size(std::string const& name, char const* format, std::size_t offset,
                      std::uint64_t width, std::uint64_t height, std::int64_t max_pixels) {
  auto const side = static_cast<std::uint64_t>(max_image_side);
  if (width == 0 || height == 0 || width > side || height > side ||
      width * height > static_cast<std::uint64_t>(max_pixels)) {
    refuse_image(name, format, offset,
                 "refused size " + std::to_string(width) + " x " + std::to_string(height));
  }
}

/// ITU-R BT.601 luma, rounded as in libjpeg.
std::uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return static_cast<std::uint8_t>((19595U * red + 38470U * green + 7471U * blue + 32768U) >> 16);
}

// ---- JPEG ---------------------------------------------------------------------------------------
// longjmp must not skip a destructor. Therefore the C library is entered only from the two
// functions below, which hold only plain values; their caller owns all memory.

struct jpeg_reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf failed{};
  char reason[JMSG_LENGTH_MAX] = "out of memory";

  jpeg_reader() = default;
  jpeg_reader(jpeg_reader const&) = delete;
  jpeg_reader& operator=(jpeg_reader const&) = delete;
  ~jpeg_reader() { jpeg_destroy_decompress(&info); }  // safe on a zeroed struct

  std::size_t offset(std::size_t size) const {
    return info.src == nullptr ? 0 : size - std::min(size, std::size_t{info.src->bytes_in_buffer});
  }
};

[[noreturn]] void jpeg_fail(j_common_ptr info) {
  auto* const reader = static_cast<jpeg_reader*>(info->client_data);
  info->err->format_message(info, reader->reason);
  std::longjmp(reader->failed, 1);
}

/// Negative levels are warnings about damaged data, after which libjpeg makes up pixels.
void jpeg_message(j_common_ptr info, int level) {
  if (level < 0) jpeg_fail(info);
}

/// A small progressive file can require thousands of passes over a large image.
void jpeg_bound_scans(j_common_ptr info) {
  auto* const reader = static_cast<jpeg_reader*>(info->client_data);
  if (reader->info.input_scan_number <= 100) return;
  std::strcpy(reader->reason, "more than 100 scans");
  std::longjmp(reader->failed, 1);
}

bool jpeg_read_header_of(jpeg_reader& reader, std::uint8_t const* bytes, std::size_t size) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = jpeg_fail;
  reader.errors.emit_message = jpeg_message;
  reader.progress.progress_monitor = jpeg_bound_scans;
  reader.info.client_data = &reader;
  if (setjmp(reader.failed) != 0) return false;
  jpeg_create_decompress(&reader.info);
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, bytes, static_cast<unsigned long>(size));
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

bool jpeg_read_rows_of(jpeg_reader& reader, std::uint8_t* pixels) {
  if (setjmp(reader.failed) != 0) return false;
  reader.info.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row =
        pixels + std::size_t{reader.info.output_scanline} * std::size_t{reader.info.output_width};
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);  // reads up to the end marker: detects a truncated file
  return true;
}

std::vector<std::uint8_t> decode_jpeg(std::uint8_t const* bytes, std::size_t size, int& width,
                                      int& height, std::string const& name,
                                      std::int64_t max_pixels) {
  jpeg_reader reader;
  if (!jpeg_read_header_of(reader, bytes, size)) {
    refuse_image(name, "JPEG", reader.offset(size), reader.reason);
  }
  check_image_size(name, "JPEG", reader.offset(size), reader.info.image_width,
                   reader.info.image_height, max_pixels);
  auto const space = reader.info.jpeg_color_space;
  if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB) {
    refuse_image(name, "JPEG", reader.offset(size), "only grey, YCbCr and RGB are supported");
  }
  std::vector<std::uint8_t> pixels(std::size_t{reader.info.image_width} * reader.info.image_height);
  if (!jpeg_read_rows_of(reader, pixels.data())) {
    refuse_image(name, "JPEG", reader.offset(size), reader.reason);
  }
  width = static_cast<int>(reader.info.image_width);
  height = static_cast<int>(reader.info.image_height);
  return pixels;
}

// ---- PNG ----------------------------------------------------------------------------------------

struct png_reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::uint8_t const* bytes = nullptr;
  std::size_t size = 0;
  std::size_t offset = 0;
  char reason[160] = "out of memory";

  png_reader() = default;
  png_reader(png_reader const&) = delete;
  png_reader& operator=(png_reader const&) = delete;
  ~png_reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void png_fail(png_structp png, png_const_charp message) {
  auto* const reader = static_cast<png_reader*>(png_get_error_ptr(png));
  std::strncpy(reader->reason, message, sizeof(reader->reason) - 1);
  reader->reason[sizeof(reader->reason) - 1] = '\0';
  png_longjmp(png, 1);
}

/// libpng only warns about side information (text, colour profiles); damaged pixels are errors.
void png_ignore_warning(png_structp, png_const_charp) {}

void png_take_bytes(png_structp png, png_bytep destination, png_size_t count) {
  auto* const reader = static_cast<png_reader*>(png_get_io_ptr(png));
  if (count > reader->size - reader->offset) png_error(png, "premature end");
  std::memcpy(destination, reader->bytes + reader->offset, count);
  reader->offset += count;
}

bool png_read_header_of(png_reader& reader) {
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, png_fail, png_ignore_warning);
  if (reader.png == nullptr) return false;
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) return false;
  png_set_user_limits(reader.png, max_image_side, max_image_side);
  png_set_chunk_malloc_max(reader.png, 1U << 22);
  png_set_chunk_cache_max(reader.png, 64);
  png_set_read_fn(reader.png, &reader, png_take_bytes);
  png_read_info(reader.png, reader.info);
  png_set_expand(reader.png);  // palette to RGB, 1-2-4 bits to 8, a transparent colour to alpha
  png_set_scale_16(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool png_read_rows_of(png_reader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

/// Grey value of one expanded pixel of 1 to 4 channels; transparency is over black.
std::uint8_t grey_of(std::uint8_t const* pixel, int channels) {
  unsigned const grey = channels < 3 ? pixel[0] : luma(pixel[0], pixel[1], pixel[2]);
  if (channels % 2 == 1) return static_cast<std::uint8_t>(grey);
  return static_cast<std::uint8_t>((grey * pixel[channels - 1] + 127U) / 255U);
}

std::vector<std::uint8_t> decode_png(std::uint8_t const* bytes, std::size_t size, int& width,
                                     int& height, std::string const& name,
                                     std::int64_t max_pixels) {
  png_reader reader;
  reader.bytes = bytes;
  reader.size = size;
  if (!png_read_header_of(reader)) refuse_image(name, "PNG", reader.offset, reader.reason);
  std::size_t const columns = png_get_image_width(reader.png, reader.info);
  std::size_t const lines = png_get_image_height(reader.png, reader.info);
  check_image_size(name, "PNG", reader.offset, columns, lines, max_pixels);

  std::size_t const row_bytes = png_get_rowbytes(reader.png, reader.info);
  std::vector<std::uint8_t> expanded(row_bytes * lines);
  std::vector<png_bytep> rows(lines);
  for (std::size_t y = 0; y < lines; ++y) rows[y] = expanded.data() + y * row_bytes;
  if (!png_read_rows_of(reader, rows.data())) {
    refuse_image(name, "PNG", reader.offset, reader.reason);
  }

  int const channels = png_get_channels(reader.png, reader.info);
  std::vector<std::uint8_t> pixels(columns * lines);
  for (std::size_t y = 0; y < lines; ++y) {
    for (std::size_t x = 0; x < columns; ++x) {
      pixels[y * columns + x] = grey_of(rows[y] + x * static_cast<std::size_t>(channels), channels);
    }
  }
  width = static_cast<int>(columns);
  height = static_cast<int>(lines);
  return pixels;
}

// ---- WebP ---------------------------------------------------------------------------------------

std::vector<std::uint8_t> decode_webp([[maybe_unused]] std::uint8_t const* bytes,
                                      [[maybe_unused]] std::size_t size,
                                      [[maybe_unused]] int& width, [[maybe_unused]] int& height,
                                      std::string const& name,
                                      [[maybe_unused]] std::int64_t max_pixels) {
#ifdef FACE_KIT_WEBP
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, size, &features) != VP8_STATUS_OK) {
    refuse_image(name, "WebP", 0, "unreadable header");
  }
  if (features.has_animation != 0) refuse_image(name, "WebP", 0, "animations are not supported");
  auto const columns = static_cast<std::size_t>(std::max(features.width, 0)),
             lines = static_cast<std::size_t>(std::max(features.height, 0));
  check_image_size(name, "WebP", 0, columns, lines, max_pixels);
  std::vector<std::uint8_t> expanded(4 * columns * lines);
  if (WebPDecodeRGBAInto(bytes, size, expanded.data(), expanded.size(), 4 * features.width) ==
      nullptr) {
    refuse_image(name, "WebP", 0, "damaged or truncated");  // libwebp does not say where
  }
  std::vector<std::uint8_t> pixels(columns * lines);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = grey_of(expanded.data() + 4 * i, 4);
  width = features.width;
  height = features.height;
  return pixels;
#else
  throw undecodable_image(name + ": is WebP, which this build cannot read (built without libwebp)");
#endif
}

}  // namespace

std::vector<std::uint8_t> decode_grey(std::uint8_t const* bytes, std::size_t size, int& width,
                                      int& height, std::string const& name,
                                      std::int64_t max_pixels) {
  using coupleface::image_format;
  switch (coupleface::image_format_of({bytes, static_cast<coupleface::index_t>(size)})) {
    case image_format::jpeg:
      return decode_jpeg(bytes, size, width, height, name, max_pixels);
    case image_format::png:
      return decode_png(bytes, size, width, height, name, max_pixels);
    case image_format::webp:
      return decode_webp(bytes, size, width, height, name, max_pixels);
    default:
      throw undecodable_image(
          name + ": byte 0: " + (size == 0 ? "empty file" : "neither JPEG, PNG nor WebP"));
  }
}

}  // namespace face_kit
