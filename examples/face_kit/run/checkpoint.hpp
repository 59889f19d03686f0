// SPDX-License-Identifier: Apache-2.0
// The state of an unfinished run, in a file that is written completely or not at all. It includes
// the run's settings, as lines "name = value"; a run with other settings rejects it and names the
// differences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

#include "face_kit/run/digest.hpp"
#include "face_kit/run/file_output.hpp"

namespace face_kit {

/// Lines "name = value", with all digits of numbers.
class settings_text {
 public:
  explicit settings_text(std::string const& first_lines = "") {
    out_.precision(17);
    out_ << first_lines;
  }
  template <class T>
  void operator()(char const* name, T const& value) {
    out_ << name << " = " << value << '\n';
  }
  std::string str() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

/// "k: 10 there, 12 here; ...", empty if nothing differs.
std::string different_settings(std::string const& there, std::string const& here);

/// @throws std::runtime_error  naming the file, the settings that differ and how to start over
void expect_same_settings(std::string const& file, std::string const& there,
                          std::string const& here, std::string const& start_over);

/// @brief Writes piece by piece: magic, settings, state, XXH3 of all of these.
class checkpoint_writer {
 public:
  checkpoint_writer(std::string const& file, std::string const& settings);
  void write(void const* data, std::size_t size);
  void commit();

 private:
  atomic_file out_;
  digest check_;
};

/// @brief Reads piece by piece, after verifying the checksum of the whole file.
class checkpoint_reader {
 public:
  /// @param start_over  what to do about a rejected file; ends error messages
  /// @throws std::runtime_error  no checkpoint, one of an earlier version, or a damaged one
  checkpoint_reader(std::string const& file, std::string start_over);

  std::string const& settings() const { return settings_; }
  /// Bytes of the state that are still unread.
  std::uint64_t left() const { return end_ - at_; }
  void read(void* data, std::size_t size);
  [[noreturn]] void fail(std::string const& reason) const;

 private:
  mapped_file map_;
  std::string start_over_, settings_;
  std::uint64_t at_ = 0, end_ = 0;
};

/// How to start a training run over.
inline constexpr char const* new_out = "choose another --out, or remove that folder to start over";

/// A state that fits into memory.
void save_checkpoint(std::string const& file, std::string const& settings,
                     std::string const& state);
/// The state, or nothing if there is no file yet.
std::optional<std::string> load_checkpoint(std::string const& file, std::string const& settings,
                                           std::string const& start_over = new_out);

}  // namespace face_kit
