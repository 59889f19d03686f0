// SPDX-License-Identifier: Apache-2.0
// coupleface: the header and arrays of a feature bank file, read and written.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/settings/bank_update.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline std::vector<double> rule_identity(frozen_prototypes) { return {0, 0, 0}; }
inline std::vector<double> rule_identity(latest_sample) { return {1, 0, 0}; }
inline std::vector<double> rule_identity(moving_average rule) { return {2, rule.momentum, 0}; }
inline std::vector<double> rule_identity(recent_ring rule) {
  return {3, double(rule.capacity), double(rule.age_limit)};
}

/// Format, update rule with its two settings, classes, widths.
template <class Bank>
std::vector<double> bank_identity(Bank const& bank) {
  std::vector<double> identity = {1};
  for (double const setting : rule_identity(bank.update_rule())) { identity.push_back(setting); }
  for (index_t const extent :
       {bank.classes(), bank.teacher().extent(1), bank.student().extent(1)}) {
    identity.push_back(double(extent));
  }
  return identity;
}

inline constexpr char const* bank_identity_meaning[] = {"format",
                                                        "update rule",
                                                        "first setting of the rule",
                                                        "second setting of the rule",
                                                        "number of classes",
                                                        "teacher width",
                                                        "student width"};

/// Throws unless the next array is `expected`, of which `meaning` names each number.
template <class Reader>
void expect_identity(Reader& reader, std::vector<double> const& expected,
                     char const* const* meaning, char const* whole, char const* short_name) {
  auto const offset = reader.offset();
  auto const found = reader.template read<double>();
  if (found.size() != index_t(expected.size())) {
    fail_file(reader.path(), offset, std::string("does not begin with a ") + whole + "'s identity");
  }
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (found.data()[k] != expected[k]) {
      fail_file(reader.path(), offset,
                std::string(meaning[k]) + " is " + std::to_string(found.data()[k]) + ", the " +
                    short_name + "'s is " + std::to_string(expected[k]));
    }
  }
}

/// Whether the host can reach the elements. Thrust's vectors of devices have other pointers.
template <class Container>
inline constexpr bool is_in_host_memory =
    std::is_pointer_v<decltype(std::declval<Container&>().data())>;

/// A device's elements come in one transfer: element by element, each would be one. Thrust's copy
/// is found by its iterators.
template <class Container>
auto elements_on_host(Container const& state) {
  std::vector<typename Container::value_type> host(state.size());
  if constexpr (is_in_host_memory<Container const>) {
    std::copy(state.begin(), state.end(), host.data());
  } else {
    copy(state.begin(), state.end(), host.data());
  }
  return host;
}

template <class Writer>
void write_state(Writer& writer, index_t step) {
  writer.write(make_vector_view(&step, 1));
}

template <class Writer, class Container>
void write_state(Writer& writer, Container const& state) {
  auto const host = elements_on_host(state);
  writer.write(make_vector_view(host.data(), index_t(host.size())));
}

template <class Reader, class Array>
void expect_size(Reader const& reader, std::uint64_t offset, char const* name, Array const& array,
                 std::size_t size) {
  if (array.size() != index_t(size)) {
    fail_file(reader.path(), offset,
              std::string(name) + " has " + std::to_string(array.size()) + " elements, not " +
                  std::to_string(size));
  }
}

template <class Reader>
void read_state(Reader& reader, char const* name, index_t& step) {
  auto const offset = reader.offset();
  auto const array = reader.template read<index_t>();
  expect_size(reader, offset, name, array, 1);
  step = *array.data();
  if (step < 0 || step >= (index_t(1) << 62)) {
    fail_file(reader.path(), offset, std::string(name) + " is " + std::to_string(step));
  }
}

template <class Reader, class Container>
void read_state(Reader& reader, char const* name, Container& state) {
  auto const offset = reader.offset();
  auto const array = reader.template read<typename Container::value_type>();
  expect_size(reader, offset, name, array, state.size());
  if constexpr (is_in_host_memory<Container>) {
    std::copy(array.data(), array.data() + array.size(), state.begin());
  } else {
    copy(array.data(), array.data() + array.size(), state.begin());
  }
}

/// Throws unless ages and next slots are possible after the bank's number of updates.
template <class Reader, class Bank>
void expect_possible(Reader const& reader, Bank const& bank) {
  index_t const slots = bank.update_rule().slots();
  bank.visit_state([&](char const* name, auto const& state) {
    using state_type = std::decay_t<decltype(state)>;
    if constexpr (!std::is_arithmetic_v<state_type>) {
      if constexpr (std::is_same_v<typename state_type::value_type, std::int64_t>) {
        bool const ages = std::string(name) == "ages";
        for (std::int64_t const value : elements_on_host(state)) {
          if (value < (ages ? -1 : 0) || value >= (ages ? bank.steps() : slots)) {
            fail_file(reader.path(), std::string(name) + " holds " + std::to_string(value) +
                                         " after " + std::to_string(bank.steps()) + " updates");
          }
        }
      }
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
