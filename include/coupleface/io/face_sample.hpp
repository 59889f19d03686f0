// SPDX-License-Identifier: Apache-2.0
// coupleface: an encoded image and its label, as every source of faces returns them.
//
// A source is any class with `index_t size() const` and `face_sample sample(index_t) const`, the
// latter callable from several threads at once: record_set, image_list, verification_pack, or your
// own. Nothing here decodes images: the bytes are those of a JPEG or PNG file, for your decoder.
#pragma once

#include <coupleface/config.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <memory>

COUPLEFACE_NAMESPACE_BEGIN

/// A non-owning view of bytes.
using byte_view = vector_view<std::uint8_t const>;

/// @brief An encoded image and its label. The bytes live as long as a copy of `owner`.
struct face_sample {
  byte_view bytes;
  index_t label = -1;
  std::shared_ptr<void const> owner;
};

COUPLEFACE_NAMESPACE_END
