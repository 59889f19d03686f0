// Files that are either whole or not there: the state of a run after a step, and the result of a
// finished run. Both carry the settings they belong to, and a run with other settings refuses them
// and says which differ.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace train_student {

[[noreturn]] inline void fail_on_file(std::string const& file, char const* doing) {
  throw std::runtime_error(file + ": " + doing + ": " + std::strerror(errno));
}

/// Writes next to the file, forces it to the disk, then renames: whoever reads sees the old file or
/// the new one.
inline void write_atomically(std::string const& file, std::string const& bytes) {
  std::string const temporary = file + ".part";
  int const handle = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle < 0) fail_on_file(temporary, "cannot be created");
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t const count = ::write(handle, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      int const reason = errno;
      ::close(handle);
      ::unlink(temporary.c_str());  // a full disk is not helped by half a file
      errno = reason;
      fail_on_file(temporary, "cannot be written");
    }
    done += static_cast<std::size_t>(count);
  }
  bool const synced = ::fsync(handle) == 0;
  if (::close(handle) != 0 || !synced) fail_on_file(temporary, "cannot be written");
  if (::rename(temporary.c_str(), file.c_str()) != 0) fail_on_file(file, "cannot be replaced");
  // The rename itself lives in the folder.
  std::string const folder = std::filesystem::path(file).parent_path().string();
  int const folder_handle =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_handle >= 0) {
    ::fsync(folder_handle);
    ::close(folder_handle);
  }
}

inline std::string read_whole_file(std::string const& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail_on_file(file, "cannot be opened");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// FNV-1a, 64 bit: tells a damaged file or other data from the expected one; no protection against
/// intent.
inline std::uint64_t digest(void const* data, std::size_t size,
                            std::uint64_t start = 0xcbf29ce484222325u) {
  auto const* bytes = static_cast<unsigned char const*>(data);
  for (std::size_t i = 0; i < size; ++i) start = (start ^ bytes[i]) * 0x100000001b3u;
  return start;
}

/// Settings are lines "name = value"; this names the lines that differ.
inline void expect_same_settings(std::string const& file, std::string const& there,
                                 std::string const& here) {
  if (there == here) return;
  auto const read = [](std::string const& text) {
    std::map<std::string, std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      auto const at = line.find(" = ");
      if (at != std::string::npos) lines[line.substr(0, at)] = line.substr(at + 3);
    }
    return lines;
  };
  auto const a = read(there), b = read(here);
  std::string message = file + ": belongs to other settings:";
  for (auto const& [name, value] : b) {
    auto const other = a.find(name);
    if (other == a.end()) message += "\n  " + name + ": absent there, " + value + " here";
    else if (other->second != value)
      message += "\n  " + name + ": " + other->second + " there, " + value + " here";
  }
  for (auto const& [name, value] : a)
    if (b.count(name) == 0) message += "\n  " + name + ": " + value + " there, absent here";
  throw std::runtime_error(message + "\nchoose another --out, or remove that folder to start over");
}

/// magic, settings, payload, digest of both
inline void save_checkpoint(std::string const& file, std::string const& settings,
                            std::string const& payload) {
  std::string bytes = "train_student checkpoint 1\n";
  for (std::string const* part : {&settings, &payload}) {
    std::uint64_t const size = part->size();
    bytes.append(reinterpret_cast<char const*>(&size), sizeof size).append(*part);
  }
  std::uint64_t const check = digest(bytes.data(), bytes.size());
  bytes.append(reinterpret_cast<char const*>(&check), sizeof check);
  write_atomically(file, bytes);
}

/// The payload, or nothing where no checkpoint was written yet.
inline std::optional<std::string> load_checkpoint(std::string const& file,
                                                  std::string const& settings) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  std::string const bytes = read_whole_file(file), magic = "train_student checkpoint 1\n";
  std::size_t at = magic.size();
  if (bytes.compare(0, at, magic) != 0)
    throw std::runtime_error(file + ": is no checkpoint of this version");
  auto const damaged = [&](char const* reason) {
    return std::runtime_error(file + ": is damaged at byte " + std::to_string(at) + ": " + reason);
  };
  auto const number = [&] {
    std::uint64_t value = 0;
    if (bytes.size() - at < sizeof value) throw damaged("ends early");
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return value;
  };
  std::string parts[2];
  for (std::string& part : parts) {
    std::uint64_t const size = number();
    if (bytes.size() - at < size) throw damaged("ends early");
    part = bytes.substr(at, size);
    at += size;
  }
  std::uint64_t const expected = digest(bytes.data(), at);
  if (number() != expected || at != bytes.size()) throw damaged("its checksum does not fit");
  expect_same_settings(file, parts[0], settings);
  return parts[1];
}

}  // namespace train_student
