// SPDX-License-Identifier: Apache-2.0
// coupleface: the formats of image files, recognised by their first bytes, never by their names.
//
// Source: ours (signatures: JPEG's SOI and the marker after it, PNG's eight bytes, WebP's RIFF).
#pragma once

#include <coupleface/io/face_sample.hpp>

#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN

enum class image_format { unknown, jpeg, png, webp };

/// Number of first bytes that determine the format.
inline constexpr std::size_t image_signature_bytes = 12;

/// @param bytes the beginning of a file, or all of it
inline image_format image_format_of(byte_view bytes) {
  auto const there = [&](char const* signature, std::size_t size, std::size_t at) {
    return static_cast<std::size_t>(bytes.extent(0)) >= at + size &&
           std::memcmp(bytes.data_handle() + at, signature, size) == 0;
  };
  if (there("\xFF\xD8\xFF", 3, 0)) { return image_format::jpeg; }
  if (there("\x89PNG\r\n\x1A\n", 8, 0)) { return image_format::png; }
  if (there("RIFF", 4, 0) && there("WEBP", 4, 8)) { return image_format::webp; }
  return image_format::unknown;
}

COUPLEFACE_NAMESPACE_END
