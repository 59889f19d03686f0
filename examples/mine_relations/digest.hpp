// 64 bits that tell data from other data and a whole file from a damaged one. No protection against
// intent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mine_relations {

/// Of bytes that come in pieces; how they are cut does not matter. Four chains, so that the
/// processor multiplies in all of them at once: a file is hashed as fast as it is read. Every step
/// of a chain can be undone, so no single damaged word goes unnoticed.
class digest {
 public:
  void add(void const* data, std::size_t size) {
    if (size == 0) return;  // the pointer may be null then
    auto const* at = static_cast<unsigned char const*>(data);
    bytes_ += size;
    if (waiting_ > 0) {
      std::size_t const more = size < block - waiting_ ? size : block - waiting_;
      std::memcpy(buffer_ + waiting_, at, more);
      waiting_ += more;
      at += more;
      size -= more;
      if (waiting_ < block) return;
      take(buffer_);
      waiting_ = 0;
    }
    for (; size >= block; at += block, size -= block) take(at);
    if (size > 0) std::memcpy(buffer_, at, size);
    waiting_ = size;
  }

  std::uint64_t value() const {
    digest last = *this;
    std::memset(last.buffer_ + waiting_, 0, block - waiting_);
    last.take(last.buffer_);
    std::uint64_t result = bytes_;
    for (std::uint64_t const chain : last.chains_) result = step(result, chain);
    return step(result, 0);
  }

 private:
  static constexpr std::size_t block = 32;

  static std::uint64_t step(std::uint64_t chain, std::uint64_t word) {
    chain = (chain ^ word) * 0x9e3779b97f4a7c15u;
    return chain ^ chain >> 32;
  }
  void take(unsigned char const* at) {
    for (std::uint64_t& chain : chains_) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      at += sizeof word;
      chain = step(chain, word);
    }
  }

  std::uint64_t chains_[4] = {1, 2, 3, 4};
  std::uint64_t bytes_ = 0;
  unsigned char buffer_[block];
  std::size_t waiting_ = 0;
};

}  // namespace mine_relations
