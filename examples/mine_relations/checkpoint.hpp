// The state of a search in a file that is whole or not there. It carries what it belongs to, and a
// run on other rows, or one on another kind of processor, refuses it and says what differs. Written
// and read piece by piece: for a million classes it is a gigabyte.
#pragma once

#include <coupleface/io/atomic_file.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "digest.hpp"

namespace mine_relations {

inline constexpr char checkpoint_magic[] = "mine_relations checkpoint 1\n";

/// magic, identity, state, digest of all that. Identity is lines "name = value".
template <class Search>
void save_checkpoint(std::string const& file, std::string const& identity, Search& search) {
  coupleface::atomic_file out(file);
  digest check;
  auto const put = [&](void const* data, std::size_t size) {
    check.add(data, size);
    out.write(data, size);
  };
  std::uint64_t const length = identity.size();
  put(checkpoint_magic, sizeof checkpoint_magic - 1);
  put(&length, sizeof length);
  put(identity.data(), identity.size());
  search.visit_state([&](void* data, std::size_t size) { put(data, size); });
  std::uint64_t const sum = check.value();
  out.write(&sum, sizeof sum);
  out.commit();
}

class checkpoint_reader {
 public:
  explicit checkpoint_reader(std::string const& file)
      : file_(file), in_(file, std::ios::binary), size_(std::filesystem::file_size(file)) {
    if (!in_) fail("cannot be opened");
    expect_whole();
    identity_ = read_identity();
  }

  std::string const& identity() const { return identity_; }

  /// Into a search that was made with the arguments of the one that was saved.
  template <class Search>
  void read_state(Search& search) {
    std::uint64_t wanted = sizeof(std::uint64_t) + static_cast<std::uint64_t>(in_.tellg());
    search.visit_state([&](void*, std::size_t size) { wanted += size; });
    if (wanted != size_) fail("has a state of another size");
    search.visit_state([&](void* data, std::size_t size) { read(data, size); });
  }

  [[noreturn]] void fail(std::string const& reason) const {
    throw std::runtime_error(file_ + ": " + reason +
                             "; remove it, or name another --checkpoint, to start over");
  }

 private:
  void read(void* data, std::size_t size) {
    if (!in_.read(static_cast<char*>(data), static_cast<std::streamsize>(size)))
      fail("cannot be read");
  }

  // Before anything in it is believed.
  void expect_whole() {
    std::size_t const head = sizeof checkpoint_magic - 1;
    std::uint64_t left = size_, there = 0;
    if (left < head + 2 * sizeof there) fail("is no checkpoint, or a damaged one: it is too short");
    digest check;
    std::vector<char> piece(1 << 20);
    read(piece.data(), head);
    if (std::string(piece.data(), head) != checkpoint_magic)
      fail("is no checkpoint of this version of mine_relations");
    check.add(piece.data(), head);
    left -= head + sizeof there;
    while (left > 0) {
      std::size_t const size = left < piece.size() ? static_cast<std::size_t>(left) : piece.size();
      read(piece.data(), size);
      check.add(piece.data(), size);
      left -= size;
    }
    read(&there, sizeof there);
    if (there != check.value()) fail("is damaged: its checksum does not fit");
    in_.seekg(static_cast<std::streamoff>(head));
  }

  std::string read_identity() {
    std::uint64_t length = 0;
    read(&length, sizeof length);
    if (length > size_) fail("is damaged: its first text is too long");
    std::string text(static_cast<std::size_t>(length), '\0');
    read(text.data(), text.size());
    return text;
  }

  std::string file_;
  std::ifstream in_;
  std::uint64_t size_;
  std::string identity_;
};

/// "k: 10 there, 12 here; ...", empty where nothing differs.
inline std::string differences(std::string const& there, std::string const& here) {
  auto const lines = [](std::string const& text) {
    std::map<std::string, std::string> result;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      auto const at = line.find(" = ");
      if (at != std::string::npos) result[line.substr(0, at)] = line.substr(at + 3);
    }
    return result;
  };
  auto const a = lines(there), b = lines(here);
  std::string text;
  for (auto const& [name, value] : b) {
    auto const other = a.find(name);
    std::string const before = other == a.end() ? "none" : other->second;
    if (before != value)
      text += (text.empty() ? "" : "; ") + name + ": " + before + " there, " + value + " here";
  }
  return text;
}

/// @returns whether there was one
template <class Search>
bool load_checkpoint(std::string const& file, std::string const& identity, Search& search) {
  if (!std::filesystem::exists(file)) return false;
  checkpoint_reader reader(file);
  std::string const difference = differences(reader.identity(), identity);
  if (!difference.empty()) reader.fail("belongs to another run (" + difference + ")");
  reader.read_state(search);
  return true;
}

}  // namespace mine_relations
