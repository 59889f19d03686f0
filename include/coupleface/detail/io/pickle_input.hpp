// SPDX-License-Identifier: Apache-2.0
// coupleface: reads the bytes of a pickle, one opcode or argument at a time.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pickle_opcodes.hpp>

#include <string_view>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class pickle_input {
 public:
  explicit pickle_input(mapped_file const& file) : file_(file) {}

  unsigned char take_opcode() {
    opcode_at_ = at_;
    if (at_ == file_.size()) {
      fail_file(file_.path(), at_, "file ends where an opcode should be");
    }
    opcode_ = file_.data()[at_++];
    return opcode_;
  }

  std::uint64_t offset() const { return at_; }
  std::uint64_t opcode_offset() const { return opcode_at_; }
  std::uint64_t left() const { return file_.size() - at_; }

  [[noreturn]] void fail(std::string const& reason) const {
    fail_file(file_.path(), opcode_at_, pickle_opcode_name(opcode_) + ": " + reason);
  }

  void expect_left(std::uint64_t size) const {
    if (size > left()) {
      fail(std::to_string(size) + " bytes should follow, but " + std::to_string(left()) + " do");
    }
  }

  /// The next `size` bytes; throws if fewer are left.
  unsigned char const* take(std::uint64_t size) {
    expect_left(size);
    at_ += size;
    return file_.data() + (at_ - size);
  }

  std::uint64_t take_number(int bytes) {
    unsigned char const* const data = take(static_cast<std::uint64_t>(bytes));
    std::uint64_t value = 0;
    for (int k = 0; k < bytes; ++k) { value |= std::uint64_t(data[k]) << (8 * k); }
    return value;
  }

  std::string_view take_line() {
    auto const* const begin = reinterpret_cast<char const*>(file_.data()) + at_;
    std::string_view const left(begin, file_.size() - static_cast<std::size_t>(at_));
    std::size_t const end = left.find('\n');
    if (end == std::string_view::npos) { fail("its line does not end"); }
    at_ += end + 1;
    return left.substr(0, end);
  }

 private:
  mapped_file const& file_;
  std::uint64_t at_ = 0;
  std::uint64_t opcode_at_ = 0;
  unsigned char opcode_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
