// SPDX-License-Identifier: Apache-2.0
// coupleface: parses the header of a .npy array from bytes in memory.
//
// Format: numpy.lib.format, versions 1.0, 2.0 and 3.0: magic, version, length, then a Python
// dictionary of descr, fortran_order and shape as text.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/view.hpp>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Contents of an array's header. `bytes`: length of the header, so the offset of the elements.
struct npy_header {
  std::string type;
  bool fortran_order = false;
  std::vector<index_t> shape;
  index_t elements = 1;
  std::size_t bytes = 0;
};

/// @brief Parses the dictionary. Positions in messages are offsets in the file.
class npy_header_parser {
 public:
  npy_header_parser(std::string const& path, std::uint64_t offset, char const* text,
                    std::size_t size)
      : path_(path), offset_(offset), text_(text), size_(size) {}

  void parse(npy_header& header) {
    expect('{', "header is not a dictionary");
    bool seen[3] = {};
    while (!take('}')) {
      parse_entry(header, seen);
      if (!take(',')) {
        expect('}', "',' or '}' expected");
        break;
      }
    }
    char const* const names[3] = {"descr", "fortran_order", "shape"};
    for (int key = 0; key < 3; ++key) {
      if (!seen[key]) { fail(std::string("header has no key '") + names[key] + "'"); }
    }
    if (peek() != '\0' || at_ < size_) { fail("text behind the dictionary"); }
  }

 private:
  static constexpr std::size_t longest_string = 64;
  static constexpr std::size_t highest_rank = 64;

  [[noreturn]] void fail(std::string const& reason) const {
    fail_file(path_, offset_ + at_, reason);
  }

  // The next non-space character, or 0 at the end.
  char peek() {
    while (at_ < size_ && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
    return at_ < size_ ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c || at_ == size_) { return false; }
    ++at_;
    return true;
  }

  void expect(char c, char const* otherwise) {
    if (!take(c)) { fail(otherwise); }
  }

  void parse_entry(npy_header& header, bool (&seen)[3]) {
    std::string const key = parse_string("a key in quotes expected");
    int const index = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
    if (index < 0) { fail("unknown key '" + key + "'"); }
    if (seen[index]) { fail("second key '" + key + "'"); }
    seen[index] = true;
    expect(':', "':' expected");
    if (index == 0) {
      header.type = parse_string("descr is no string: structured types are not read");
    }
    if (index == 1) { header.fortran_order = parse_bool(); }
    if (index == 2) { parse_shape(header); }
  }

  std::string parse_string(char const* otherwise) {
    char const quote = peek();
    if (quote != '\'' && quote != '"') { fail(otherwise); }
    std::size_t const begin = ++at_;
    while (at_ < size_ && text_[at_] != quote) {
      bool const plain = text_[at_] >= ' ' && text_[at_] <= '~' && text_[at_] != '\\';
      if (!plain || at_ - begin == longest_string) { fail("string too long or not plain"); }
      ++at_;
    }
    if (at_ == size_) { fail("string without an end"); }
    return std::string(text_ + begin, at_++ - begin);
  }

  bool parse_bool() {
    for (char const* word : {"True", "False"}) {
      peek();
      std::size_t const length = std::strlen(word);
      if (size_ - at_ >= length && std::memcmp(text_ + at_, word, length) == 0) {
        at_ += length;
        return word[0] == 'T';
      }
    }
    fail("fortran_order is neither True nor False");
  }

  void parse_shape(npy_header& header) {
    expect('(', "shape is not a tuple");
    bool comma = true;
    while (!take(')')) {
      if (!comma) { fail("',' or ')' expected"); }
      if (header.shape.size() == highest_rank) { fail("shape has more than 64 extents"); }
      header.shape.push_back(parse_extent());
      // Empty extents count as 1 here, so that no partial product can overflow either.
      index_t const extent = header.shape.back() > 0 ? header.shape.back() : 1;
      if (extent > std::numeric_limits<index_t>::max() / header.elements) {
        fail("shape has more elements than 2^63 - 1");
      }
      header.elements *= extent;
      comma = take(',');
    }
    if (header.shape.size() == 1 && !comma) { fail("shape is not a tuple: (n) instead of (n,)"); }
    for (index_t const extent : header.shape) {
      if (extent == 0) { header.elements = 0; }
    }
  }

  index_t parse_extent() {
    if (peek() == '-') { fail("shape has a negative extent"); }
    std::size_t const begin = at_;
    index_t extent = 0;
    while (at_ < size_ && text_[at_] >= '0' && text_[at_] <= '9') {
      index_t const digit = text_[at_] - '0';
      if (extent > (std::numeric_limits<index_t>::max() - digit) / 10) {
        fail("shape has an extent over 2^63 - 1");
      }
      extent = 10 * extent + digit;
      ++at_;
    }
    if (at_ == begin) { fail("shape has an extent that is no number"); }
    if (at_ < size_ && text_[at_] == 'L') { ++at_; }  // written by Python 2
    return extent;
  }

  std::string const& path_;
  std::uint64_t offset_;
  char const* text_;
  std::size_t size_;
  std::size_t at_ = 0;
};

/// Parses the header of the array at `data`, of which `size` bytes are available. `path` and
/// `offset`, the array's position in the file, are for messages.
inline npy_header parse_npy_header(std::string const& path, std::uint64_t offset,
                                   unsigned char const* data, std::size_t size) {
  if (size < 10) { fail_file(path, offset, "file ends in the header's first 10 bytes"); }
  if (std::memcmp(data, "\x93NUMPY", 6) != 0) { fail_file(path, offset, "no .npy magic"); }
  unsigned const version = data[6];
  if (version < 1 || version > 3 || data[7] != 0) {
    fail_file(
        path, offset + 6,
        "unknown version " + std::to_string(version) + "." + std::to_string(unsigned(data[7])));
  }
  std::size_t const begin = version == 1 ? 10 : 12;
  if (size < begin) { fail_file(path, offset + 8, "file ends in the header's length"); }
  std::size_t length = data[8] | std::size_t(data[9]) << 8;
  if (version > 1) { length |= std::size_t(data[10]) << 16 | std::size_t(data[11]) << 24; }
  if (length > size - begin) {
    fail_file(path, offset + 8,
              "header has " + std::to_string(length) + " bytes, but only " +
                  std::to_string(size - begin) + " follow");
  }
  npy_header header;
  npy_header_parser(path, offset + begin, reinterpret_cast<char const*>(data) + begin, length)
      .parse(header);
  header.bytes = begin + length;
  return header;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
