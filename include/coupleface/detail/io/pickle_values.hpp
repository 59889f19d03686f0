// coupleface: what a restricted pickle may hold, and the stack and memo that build it.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/view.hpp>

#include <limits>
#include <string>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

enum class pickle_kind { mark, bytes, text, integer, sequence, nothing };

/// @brief A value, or a mark. `begin`: where its opcode stands, for bytes and text where those do.
struct pickle_value {
  pickle_kind kind;
  std::uint64_t begin;
  std::int64_t payload;  ///< size of bytes and text, the integer, the number of the sequence
};

/// How many values a pickle of so many bytes may hold: those take no more memory than the file
/// (or 64 KiB), and images of 48 bytes or more never reach it.
inline std::size_t most_pickle_values(std::uint64_t file_bytes) {
  return static_cast<std::size_t>(4096 + file_bytes / sizeof(pickle_value));
}

/// @brief Stack, memo, lists and tuples. No recursion anywhere, nothing sized by what a file says.
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

  /// The top of the stack, which is a value.
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

  /// Where the values behind the last mark begin; the mark is forgotten.
  std::size_t close_mark(std::uint64_t at) {
    if (marks_.empty()) { fail(at, "there is no MARK on the stack"); }
    std::size_t const place = marks_.back();
    marks_.pop_back();
    return place;
  }

  /// A list or tuple of what lies from `first` on, in place of what lies from `keep` on.
  void make_sequence(std::uint64_t at, std::size_t keep, std::size_t first) {
    if (sequences_.size() == most_sequences) {
      fail(at, "more lists and tuples than a verification pack has");
    }
    sequences_.emplace_back(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(keep);
    push(pickle_kind::sequence, at, static_cast<std::int64_t>(sequences_.size()) - 1);
  }

  /// A tuple of the `size` values on top.
  void make_tuple(std::uint64_t at, std::size_t size) {
    for (std::size_t k = 1; k <= size; ++k) {
      if (stack_.size() < k || stack_[stack_.size() - k].kind == pickle_kind::mark) {
        fail(at, "there is no value on the stack");
      }
    }
    make_sequence(at, stack_.size() - size, stack_.size() - size);
  }

  /// What lies from `first` on goes behind the list that lies before `keep`.
  void append(std::uint64_t at, std::size_t keep, std::size_t first) {
    if (keep == 0 || stack_[keep - 1].kind != pickle_kind::sequence) {
      fail(at, "there is no list to append to");
    }
    auto& list = sequences_[static_cast<std::size_t>(stack_[keep - 1].payload)];
    list.insert(list.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(keep);
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
    count(at);
    stack_.push_back(memo_[static_cast<std::size_t>(key)]);
  }

  std::vector<pickle_value> const& items(pickle_value const& sequence) const {
    return sequences_[static_cast<std::size_t>(sequence.payload)];
  }

 private:
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
  std::vector<std::vector<pickle_value>> sequences_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
