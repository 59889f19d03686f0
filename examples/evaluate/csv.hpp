// Small tables of text: comma-separated, the first line names the columns, no quotes.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace evaluate {

class csv_file {
 public:
  explicit csv_file(std::string name) : name_(std::move(name)), stream_(name_) {
    if (!stream_) throw std::runtime_error(name_ + ": cannot be read");
    if (next()) columns_ = fields_;
    fields_.clear();
  }

  std::string const& name() const { return name_; }
  bool has(std::string const& column) const { return place(column) < columns_.size(); }

  /// @throws std::runtime_error if a line has another number of fields than the first
  bool next() {
    std::string line;
    if (!std::getline(stream_, line)) {
      if (stream_.bad()) throw std::runtime_error(name_ + ": reading failed");
      return false;
    }
    ++line_;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    fields_.clear();
    for (std::size_t begin = 0;;) {
      auto const end = std::min(line.find(',', begin), line.size());
      fields_.push_back(line.substr(begin, end - begin));
      if (end == line.size()) break;
      begin = end + 1;
    }
    if (!columns_.empty() && fields_.size() != columns_.size())
      fail(std::to_string(fields_.size()) + " fields, not " + std::to_string(columns_.size()));
    return true;
  }

  std::string const& text(std::string const& column) const {
    auto const at = place(column);
    if (at == columns_.size()) throw std::runtime_error(name_ + ": has no column " + column);
    return fields_[at];
  }
  std::int64_t integer(std::string const& column) const {
    auto const& field = text(column);
    std::int64_t value = 0;
    auto const result = std::from_chars(field.data(), field.data() + field.size(), value);
    if (result.ec != std::errc{} || result.ptr != field.data() + field.size())
      fail(column + " is '" + field + "', no integer");
    return value;
  }
  [[noreturn]] void fail(std::string const& what) const {
    throw std::runtime_error(name_ + ", line " + std::to_string(line_) + ": " + what);
  }

 private:
  std::size_t place(std::string const& column) const {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), column) -
                                    columns_.begin());
  }

  std::string name_;
  std::ifstream stream_;
  std::vector<std::string> columns_, fields_;
  int line_ = 0;
};

}  // namespace evaluate
