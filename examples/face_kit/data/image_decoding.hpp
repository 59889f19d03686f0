// SPDX-License-Identifier: Apache-2.0
// Decodes JPEG, PNG and (if FACE_KIT_WEBP is defined) WebP files in memory to grey pixels. Input is
// untrusted: all damage that the libraries report, truncation included, is thrown as
// undecodable_image with the image, the byte reached and the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace face_kit {

/// Bytes that are not an image, or not one that these decoders accept.
struct undecodable_image : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int max_image_side = 16384;
inline constexpr std::int64_t max_image_pixels = std::int64_t{1} << 26;

/// @brief Decodes a JPEG, PNG or WebP held in memory to 8-bit grey, row by row.
///
/// JPEG: grey, YCbCr and RGB. PNG: every colour type and depth (16 bits are rounded to 8),
/// interlaced or not. WebP: lossy and lossless. Colour by BT.601 luma, alpha over black.
/// Orientation tags and colour profiles are not applied.
///
/// @param bytes, size  the whole file
/// @param width, height  receive the size; untouched on failure
/// @param name  the image's name in error messages
/// @param max_pixels  larger images are rejected before their pixels are allocated
/// @throws undecodable_image, a std::runtime_error  unknown format, damage anywhere, truncated
/// file, rejected size
std::vector<std::uint8_t> decode_grey(std::uint8_t const* bytes, std::size_t size, int& width,
                                      int& height, std::string const& name,
                                      std::int64_t max_pixels = max_image_pixels);

}  // namespace face_kit
