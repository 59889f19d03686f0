// SPDX-License-Identifier: Apache-2.0
// coupleface: builds the values of the known calls in pickles of NumPy arrays and bytearray,
// without calling anything.
//
// Six names are known; each makes one kind of value from arguments of one form. The reader rejects
// every other name and every other call of these. Source: ours (format: what NumPy 1 and 2 and
// CPython write).
#pragma once

#include <coupleface/detail/io/pickle_values.hpp>

#include <algorithm>
#include <initializer_list>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class pickle_calls {
 public:
  explicit pickle_calls(pickle_machine& machine) : machine_(machine) {}

  /// Returns false for an unknown name, and then pushes nothing.
  bool push_name(std::uint64_t at, std::string_view module, std::string_view attribute) {
    for (known_pickle_name const& known : known_pickle_names) {
      if (known.module == module && known.attribute == attribute) {
        machine_.push(pickle_kind::name, at, static_cast<std::int64_t>(known.name));
        return true;
      }
    }
    return false;
  }

  /// REDUCE: replaces the name and the tuple on the stack by a value. Returns false for an unknown
  /// call.
  bool reduce(std::uint64_t at) {
    if (machine_.kind_under(0) != pickle_kind::sequence ||
        machine_.kind_under(1) != pickle_kind::name) {
      return false;
    }
    auto const arguments = machine_.take_items(machine_.drop(at));
    switch (static_cast<pickle_name>(machine_.drop(at).payload)) {
      case pickle_name::reconstruct:
        return new_array(at, arguments);
      case pickle_name::from_buffer:
        return filled_array(at, arguments);
      case pickle_name::scalar:
        return integer(at, arguments);
      case pickle_name::dtype:
        return type(arguments);
      case pickle_name::byte_array:
        return byte_array(at, arguments);
      default:
        return false;
    }
  }

  /// BUILD: passes the tuple on the stack to the array or type below it. Returns false for other
  /// values.
  bool build(std::uint64_t at) {
    pickle_kind const target = machine_.kind_under(1);
    if (machine_.kind_under(0) != pickle_kind::sequence ||
        (target != pickle_kind::array && target != pickle_kind::type)) {
      return false;
    }
    auto const state = machine_.take_items(machine_.drop(at));
    return target == pickle_kind::array ? fill(at, state) : is_plain(state);
  }

 private:
  using values = std::vector<pickle_value>;
  using kinds = std::initializer_list<pickle_kind>;

  /// Whether the values have these kinds; bytes are accepted as text, as Python 2 wrote it.
  static bool are(values const& found, kinds wanted) {
    return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      [](pickle_value const& value, pickle_kind kind) {
                        return value.kind == kind ||
                               (kind == pickle_kind::text && value.kind == pickle_kind::bytes);
                      });
  }

  bool new_array(std::uint64_t at, values const& arguments) {
    if (!are(arguments, {pickle_kind::name, pickle_kind::sequence, pickle_kind::text}) ||
        arguments[0].payload != static_cast<std::int64_t>(pickle_name::ndarray)) {
      return false;
    }
    machine_.take_items(arguments[1]);  // (0,): the extents come later
    machine_.push_array(at, {nothing, nothing});
    return true;
  }

  bool filled_array(std::uint64_t at, values const& arguments) {
    if (!are(arguments,
             {pickle_kind::bytes, pickle_kind::type, pickle_kind::sequence, pickle_kind::text})) {
      return false;
    }
    expect_vector(at, arguments[2], arguments[1], arguments[0]);
    machine_.push_array(at, {arguments[1], arguments[0]});
    return true;
  }

  bool fill(std::uint64_t at, values const& state) {
    if (!are(state, {pickle_kind::integer, pickle_kind::sequence, pickle_kind::type,
                     pickle_kind::integer, pickle_kind::bytes})) {
      return false;
    }
    expect_vector(at, state[1], state[2], state[4]);
    machine_.array(machine_.top(at)) = {state[2], state[4]};
    return true;
  }

  /// Throws unless all extents but one are 1 and the byte count matches.
  void expect_vector(std::uint64_t at, pickle_value const& extents, pickle_value const& type,
                     pickle_value const& bytes) {
    std::uint64_t const element = integer_bytes(machine_.characters(type));
    if (element == 0) { machine_.fail(at, "a NumPy array's elements are no integers"); }
    std::int64_t elements = 1;
    for (pickle_value const& extent : machine_.take_items(extents)) {
      if (extent.kind != pickle_kind::integer || extent.payload < 0 ||
          (extent.payload != 1 && elements != 1)) {
        machine_.fail(at, "a NumPy array has more than one extent");
      }
      if (extent.payload != 1) { elements = extent.payload; }
    }
    if (static_cast<std::uint64_t>(bytes.payload) % element != 0 ||
        static_cast<std::uint64_t>(bytes.payload) / element !=
            static_cast<std::uint64_t>(elements)) {
      machine_.fail(at, "a NumPy array of " + std::to_string(elements) + " elements has " +
                            std::to_string(bytes.payload) + " bytes");
    }
  }

  bool integer(std::uint64_t at, values const& arguments) {
    if (!are(arguments, {pickle_kind::type, pickle_kind::bytes})) { return false; }
    std::string_view const code = machine_.characters(arguments[0]);
    std::string_view const bytes = machine_.characters(arguments[1]);
    if (integer_bytes(code) == 0 || bytes.size() != integer_bytes(code)) { return false; }
    machine_.push(pickle_kind::integer, at,
                  integer_of(reinterpret_cast<unsigned char const*>(bytes.data()), code));
    return true;
  }

  bool type(values const& arguments) {
    if (!are(arguments, {pickle_kind::text, pickle_kind::integer, pickle_kind::integer})) {
      return false;
    }
    machine_.push(pickle_kind::type, arguments[0].begin, arguments[0].payload);
    return true;
  }

  bool byte_array(std::uint64_t at, values const& arguments) {
    if (arguments.empty()) {
      machine_.push(pickle_kind::bytes, at, 0);
    } else if (are(arguments, {pickle_kind::bytes})) {
      machine_.push(pickle_kind::bytes, arguments[0].begin, arguments[0].payload);
    } else {
      return false;
    }
    return true;
  }

  /// Whether a type's state is little-endian or single-byte, without fields.
  bool is_plain(values const& state) const {
    if (state.size() < 5 || !are({state.begin(), state.begin() + 5},
                                 {pickle_kind::integer, pickle_kind::text, pickle_kind::none,
                                  pickle_kind::none, pickle_kind::none})) {
      return false;
    }
    std::string_view const order = machine_.characters(state[1]);
    return order == "|" || order == "<";
  }

  static constexpr pickle_value nothing = {pickle_kind::nothing, 0, 0};
  pickle_machine& machine_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
