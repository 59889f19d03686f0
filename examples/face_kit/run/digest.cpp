// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/digest.hpp"

#include <xxhash.h>

#include <cstdio>
#include <new>

namespace face_kit {

digest::digest() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_64bits_reset(state_.get());
}

void digest::deleter::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

void digest::add(void const* data, std::size_t size) {
  if (size > 0) XXH3_64bits_update(state_.get(), data, size);
}

std::uint64_t digest::value() const { return XXH3_64bits_digest(state_.get()); }

std::string digest::text() const {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value()));
  return text;
}

}  // namespace face_kit
