// SPDX-License-Identifier: Apache-2.0
// coupleface: a pickle parser that builds only bytes, integers, lists, tuples and NumPy arrays of
// one extent.
//
// It imports and calls nothing: the six names of pickle_calls.hpp are compared as text. Every other
// name, and every opcode that makes anything else, is rejected by name, so a file cannot make this
// run code. Source: ours (format: CPython, Lib/pickletools.py).
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pickle_calls.hpp>
#include <coupleface/detail/io/pickle_input.hpp>
#include <coupleface/detail/io/text_lines.hpp>

#include <algorithm>
#include <initializer_list>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class pickle_reader {
 public:
  explicit pickle_reader(mapped_file const& file) : input_(file), machine_(file) {}

  /// The value of the pickle, which must end where the file ends.
  pickle_value read() {
    while (step()) {}
    pickle_value const value = machine_.pop(at_);
    if (machine_.size() > 0) { machine_.fail(at_, "STOP: values are left on the stack"); }
    if (input_.left() != 0) {
      machine_.fail(input_.offset(), std::to_string(input_.left()) + " bytes behind its end");
    }
    return value;
  }

  pickle_machine const& machine() const { return machine_; }

 private:
  bool step() {
    opcode_ = input_.take_opcode();
    at_ = input_.offset() - 1;
    if (opcode_ == '.') { return false; }
    if (!read_bytes() && !read_integer() && !read_structure() && !read_memo() && !read_frame() &&
        !read_call()) {
      refuse("");
    }
    return true;
  }

  bool opcode_is(std::initializer_list<unsigned char> any) const {
    return std::find(any.begin(), any.end(), opcode_) != any.end();
  }

  bool read_bytes() {
    bool const text = opcode_is({0x8c, 'X', 0x8d});  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
    int width = 0;
    if (opcode_is({'C', 'U', 0x8c})) { width = 1; }    // SHORT_BINBYTES, SHORT_BINSTRING
    if (opcode_is({'B', 'T', 'X'})) { width = 4; }     // BINBYTES, BINSTRING
    if (opcode_is({0x8e, 0x96, 0x8d})) { width = 8; }  // BINBYTES8, BYTEARRAY8
    if (width == 0) { return false; }
    // Text is needed for the names that STACK_GLOBAL imports, and for NumPy's types.
    std::uint64_t const size = input_.take_number(width);
    input_.take(size);
    machine_.push(text ? pickle_kind::text : pickle_kind::bytes, input_.offset() - size,
                  static_cast<std::int64_t>(size));
    return true;
  }

  bool read_integer() {
    std::int64_t value = 0;
    if (opcode_ == 'J') {  // BININT
      value = static_cast<std::int32_t>(input_.take_number(4));
    } else if (opcode_is({'K', 'M'})) {  // BININT1, BININT2
      value = static_cast<std::int64_t>(input_.take_number(opcode_ == 'K' ? 1 : 2));
    } else if (opcode_ == 0x8a) {
      value = take_long();
    } else if (opcode_ == 'I') {  // 01 and 00 are protocol 1's bools
      if (!parse_integer(input_.take_line(), value)) { input_.fail("its line is no integer"); }
    } else if (opcode_is({0x88, 0x89})) {  // NEWTRUE, NEWFALSE
      value = opcode_ == 0x88;
    } else {
      return false;
    }
    machine_.push(pickle_kind::integer, at_, value);
    return true;
  }

  std::int64_t take_long() {
    int const bytes = static_cast<int>(input_.take_number(1));
    if (bytes > 8) { input_.fail("an integer of more than 8 bytes"); }
    std::uint64_t value = input_.take_number(bytes);
    // Two's complement of the argument's own width.
    if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0) {
      value |= ~std::uint64_t(0) << (8 * bytes);
    }
    return static_cast<std::int64_t>(value);
  }

  bool read_structure() {
    if (opcode_ == '(') {
      machine_.mark(at_);
    } else if (opcode_is({']', ')'})) {  // EMPTY_LIST, EMPTY_TUPLE
      machine_.make_sequence(at_, machine_.size(), machine_.size());
    } else if (opcode_is({'l', 't'})) {  // LIST, TUPLE
      std::size_t const mark = machine_.close_mark(at_);
      machine_.make_sequence(at_, mark, mark + 1);
    } else if (opcode_is({0x85, 0x86, 0x87})) {  // TUPLE1, TUPLE2, TUPLE3
      machine_.make_tuple(at_, opcode_ - 0x84u);
    } else if (opcode_ == 'a') {  // APPEND
      machine_.top(at_);
      machine_.append(at_, machine_.size() - 1, machine_.size() - 1);
    } else if (opcode_ == 'e') {  // APPENDS
      std::size_t const mark = machine_.close_mark(at_);
      machine_.append(at_, mark, mark + 1);
    } else {
      return false;
    }
    return true;
  }

  bool read_memo() {
    if (opcode_is({'q', 'r'})) {  // BINPUT, LONG_BINPUT
      machine_.put(at_, input_.take_number(opcode_ == 'q' ? 1 : 4));
    } else if (opcode_ == 0x94) {  // MEMOIZE
      machine_.put(at_, machine_.memo_size());
    } else if (opcode_is({'h', 'j'})) {  // BINGET, LONG_BINGET
      machine_.get(at_, input_.take_number(opcode_ == 'h' ? 1 : 4));
    } else {
      return false;
    }
    return true;
  }

  bool read_frame() {
    if (opcode_ == 0x80) {  // PROTO
      std::uint64_t const protocol = input_.take_number(1);
      if (protocol > 5) { input_.fail("unknown protocol " + std::to_string(protocol)); }
    } else if (opcode_ == 0x95) {  // FRAME
      input_.expect_left(input_.take_number(8));
    } else {
      return false;
    }
    return true;
  }

  bool read_call() {
    if (opcode_ == 'R') { return calls_.reduce(at_); }
    if (opcode_ == 'b') { return calls_.build(at_); }
    if (opcode_ == 'N') {
      machine_.push(pickle_kind::none, at_, 0);
    } else if (opcode_is({'c', 'i'})) {  // GLOBAL, INST
      std::string_view const module = input_.take_line();
      std::string_view const attribute = input_.take_line();
      if (opcode_ == 'i' || !calls_.push_name(at_, module, attribute)) {
        refuse(" of " + in_quotes(module) + " " + in_quotes(attribute));
      }
    } else if (opcode_ == 0x93) {  // STACK_GLOBAL
      pickle_value const attribute = machine_.pop(at_);
      pickle_value const module = machine_.pop(at_);
      bool const text = module.kind == pickle_kind::text && attribute.kind == pickle_kind::text;
      if (!text ||
          !calls_.push_name(at_, machine_.characters(module), machine_.characters(attribute))) {
        refuse(" of " + quoted(module) + " " + quoted(attribute));
      }
    } else {
      return false;
    }
    return true;
  }

  [[noreturn]] void refuse(std::string const& what) {
    machine_.fail(at_, pickle_opcode_name(opcode_) + what +
                           " is refused: a verification pack holds bytes, bools, "
                           "integers, lists and tuples");
  }

  std::string quoted(pickle_value const& value) const {
    if (value.kind != pickle_kind::text) { return "a value that is no text"; }
    return in_quotes(machine_.characters(value));
  }

  pickle_input input_;
  pickle_machine machine_;
  pickle_calls calls_{machine_};
  std::uint64_t at_ = 0;  // offset of the opcode
  unsigned char opcode_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
