// SPDX-License-Identifier: Apache-2.0
// coupleface: the stack and memo that build the values of a restricted pickle.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pickle_names.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Most values in a pickle of this size: they take no more memory than the file (or 64 KiB), and
/// packs with images of 48 bytes or more never reach the limit.
inline std::size_t most_pickle_values(std::uint64_t file_bytes) {
  return static_cast<std::size_t>(4096 + file_bytes / sizeof(pickle_value));
}

/// @brief Stack, memo, lists and tuples. No recursion; the file cannot dictate an allocation.
class pickle_machine {
 public:
  static constexpr std::size_t most_marks = 8;
  static constexpr std::size_t most_sequences = 16;

  explicit pickle_machine(mapped_file const& file)
      : file_(file), most_values_(most_pickle_values(file.size())) {}

  [[noreturn]] void fail(std::uint64_t offset, std::string const& reason) const {
    fail_file(file_.path(), offset, reason);
  }

  void push(pickle_kind kind, std::uint64_t begin, std::int64_t payload) {
    count(begin);
    stack_.push_back({kind, begin, payload});
  }

  void mark(std::uint64_t at) {
    if (marks_.size() == most_marks) { fail(at, "MARK: nests deeper than a verification pack"); }
    marks_.push_back(stack_.size());
    push(pickle_kind::mark, at, 0);
  }

  /// The top of the stack; throws unless it is a value.
  pickle_value const& top(std::uint64_t at) const {
    if (stack_.empty() || stack_.back().kind == pickle_kind::mark) {
      fail(at, "there is no value on the stack");
    }
    return stack_.back();
  }

  pickle_value pop(std::uint64_t at) {
    pickle_value const value = top(at);
    stack_.pop_back();
    return value;
  }

  /// Removes the last mark and returns where the values after it begin.
  std::size_t close_mark(std::uint64_t at) {
    if (marks_.empty()) { fail(at, "there is no MARK on the stack"); }
    std::size_t const place = marks_.back();
    marks_.pop_back();
    return place;
  }

  /// Replaces the values from `keep` on by a list or tuple of those from `first` on.
  void make_sequence(std::uint64_t at, std::size_t keep, std::size_t first) {
    if (live_sequences_ == most_sequences) {
      fail(at, "more lists and tuples than a verification pack has");
    }
    ++live_sequences_;
    sequences_.push_back({{stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end()}});
    stack_.resize(keep);
    push(pickle_kind::sequence, at, static_cast<std::int64_t>(sequences_.size()) - 1);
  }

  /// A tuple of the top `size` values.
  void make_tuple(std::uint64_t at, std::size_t size) {
    for (std::size_t k = 1; k <= size; ++k) {
      if (stack_.size() < k || stack_[stack_.size() - k].kind == pickle_kind::mark) {
        fail(at, "there is no value on the stack");
      }
    }
    make_sequence(at, stack_.size() - size, stack_.size() - size);
  }

  /// Appends the values from `first` on to the list just below `keep`.
  void append(std::uint64_t at, std::size_t keep, std::size_t first) {
    if (keep == 0 || stack_[keep - 1].kind != pickle_kind::sequence) {
      fail(at, "there is no list to append to");
    }
    auto& list = sequences_[static_cast<std::size_t>(stack_[keep - 1].payload)].items;
    list.insert(list.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(keep);
  }

  /// The kind of the value below `above` others; a mark if there is none.
  pickle_kind kind_under(std::size_t above) const {
    return above < stack_.size() ? stack_[stack_.size() - 1 - above].kind : pickle_kind::mark;
  }

  /// The items of a tuple of arguments, which is consumed. Neither the tuple nor its items count
  /// towards the limits any longer: packs have thousands of them.
  std::vector<pickle_value> take_items(pickle_value const& tuple) {
    sequence& taken = sequences_[static_cast<std::size_t>(tuple.payload)];
    if (!taken.used) { --live_sequences_; }
    taken.used = true;
    values_ -= taken.items.size();
    return std::exchange(taken.items, {});
  }

  /// pop() of a value that is not stored anywhere else.
  pickle_value drop(std::uint64_t at) {
    --values_;
    return pop(at);
  }

  void push_array(std::uint64_t at, pickle_array const& array) {
    arrays_.push_back(array);
    push(pickle_kind::array, at, static_cast<std::int64_t>(arrays_.size()) - 1);
  }

  pickle_array& array(pickle_value const& value) {
    return arrays_[static_cast<std::size_t>(value.payload)];
  }
  pickle_array const& array(pickle_value const& value) const {
    return arrays_[static_cast<std::size_t>(value.payload)];
  }

  /// Bytes, text, or a type's code, as stored in the file.
  std::string_view characters(pickle_value const& value) const {
    return {reinterpret_cast<char const*>(file_.data()) + value.begin,
            static_cast<std::size_t>(value.payload)};
  }

  std::size_t size() const { return stack_.size(); }
  std::size_t memo_size() const { return memo_.size(); }

  void put(std::uint64_t at, std::uint64_t key) {
    pickle_value const value = top(at);
    if (key >= most_values_) { fail(at, "memo key " + std::to_string(key) + " is out of range"); }
    if (key >= memo_.size()) {
      memo_.resize(static_cast<std::size_t>(key) + 1, {pickle_kind::nothing, 0, 0});
    }
    memo_[static_cast<std::size_t>(key)] = value;
  }

  void get(std::uint64_t at, std::uint64_t key) {
    if (key >= memo_.size() || memo_[static_cast<std::size_t>(key)].kind == pickle_kind::nothing) {
      fail(at, "memo key " + std::to_string(key) + " was never put");
    }
    pickle_value const& value = memo_[static_cast<std::size_t>(key)];
    if (value.kind == pickle_kind::sequence &&
        sequences_[static_cast<std::size_t>(value.payload)].used) {
      fail(at, "memo key " + std::to_string(key) + " is a tuple that was used up");
    }
    count(at);
    stack_.push_back(value);
  }

  std::vector<pickle_value> const& items(pickle_value const& value) const {
    return sequences_[static_cast<std::size_t>(value.payload)].items;
  }

 private:
  struct sequence {
    std::vector<pickle_value> items;
    bool used = false;
  };

  void count(std::uint64_t at) {
    if (values_++ == most_values_) {
      fail(at, "more values than a verification pack of this size has");
    }
  }

  mapped_file const& file_;
  std::size_t most_values_;
  std::size_t values_ = 0;
  std::vector<pickle_value> stack_;
  std::vector<std::size_t> marks_;
  std::vector<pickle_value> memo_;
  std::vector<sequence> sequences_;
  std::size_t live_sequences_ = 0;
  std::vector<pickle_array> arrays_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
