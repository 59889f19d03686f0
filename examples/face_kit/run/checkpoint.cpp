// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/checkpoint.hpp"

#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string_view>

namespace face_kit {

namespace {

constexpr std::string_view magic = "coupleface checkpoint 2\n";
// Magic of earlier versions, whose digests differ.
constexpr std::string_view earlier[] = {"train_student checkpoint 1\n",
                                        "mine_relations checkpoint 1\n"};

std::map<std::string, std::string> lines_of(std::string const& text) {
  std::map<std::string, std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    auto const at = line.find(" = ");
    if (at != std::string::npos) lines[line.substr(0, at)] = line.substr(at + 3);
  }
  return lines;
}

bool begins_with(mapped_file const& map, std::string_view start) {
  return map.size() >= start.size() && std::memcmp(map.data(), start.data(), start.size()) == 0;
}

}  // namespace

std::string different_settings(std::string const& there, std::string const& here) {
  auto const a = lines_of(there), b = lines_of(here);
  std::string text;
  auto const add = [&](std::string const& name, std::string const& before, std::string const& now) {
    text += (text.empty() ? "" : "; ") + name + ": " + before + " there, " + now + " here";
  };
  for (auto const& [name, value] : b) {
    auto const other = a.find(name);
    std::string const before = other == a.end() ? "none" : other->second;
    if (before != value) add(name, before, value);
  }
  for (auto const& [name, value] : a)
    if (b.count(name) == 0) add(name, value, "none");
  return text;
}

void expect_same_settings(std::string const& file, std::string const& there,
                          std::string const& here, std::string const& start_over) {
  auto const difference = different_settings(there, here);
  if (!difference.empty())
    throw std::runtime_error(file + ": belongs to another run (" + difference + "); " + start_over);
}

checkpoint_writer::checkpoint_writer(std::string const& file, std::string const& settings)
    : out_(file) {
  std::uint64_t const length = settings.size();
  write(magic.data(), magic.size());
  write(&length, sizeof length);
  write(settings.data(), settings.size());
}

void checkpoint_writer::write(void const* data, std::size_t size) {
  check_.add(data, size);
  out_.write(data, size);
}

void checkpoint_writer::commit() {
  std::uint64_t const sum = check_.value();
  out_.write(&sum, sizeof sum);
  out_.commit();
}

checkpoint_reader::checkpoint_reader(std::string const& file, std::string start_over)
    : map_(file), start_over_(std::move(start_over)) {
  for (auto const start : earlier) {
    if (begins_with(map_, start))
      fail("is a checkpoint of an earlier version, whose state this version cannot continue");
  }
  std::uint64_t length = 0, there = 0;
  if (!begins_with(map_, magic) || map_.size() < magic.size() + 2 * sizeof length)
    fail("is not a checkpoint of this version");
  end_ = map_.size() - sizeof there;
  std::memcpy(&there, map_.data() + end_, sizeof there);
  digest check;
  check.add(map_.data(), end_);
  if (there != check.value())
    fail("is damaged at byte " + std::to_string(end_) + ": checksum mismatch");
  at_ = magic.size();
  read(&length, sizeof length);
  if (length > left()) fail("is damaged at byte " + std::to_string(at_) + ": ends early");
  settings_.resize(length);
  read(settings_.data(), length);
}

void checkpoint_reader::read(void* data, std::size_t size) {
  if (size > left()) fail("is damaged at byte " + std::to_string(at_) + ": ends early");
  if (size > 0) std::memcpy(data, map_.data() + at_, size);
  at_ += size;
}

void checkpoint_reader::fail(std::string const& reason) const {
  throw std::runtime_error(map_.path() + ": " + reason + "; " + start_over_);
}

void save_checkpoint(std::string const& file, std::string const& settings,
                     std::string const& state) {
  checkpoint_writer out(file, settings);
  out.write(state.data(), state.size());
  out.commit();
}

std::optional<std::string> load_checkpoint(std::string const& file, std::string const& settings,
                                           std::string const& start_over) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  checkpoint_reader reader(file, start_over);
  expect_same_settings(file, reader.settings(), settings, start_over);
  std::string state(reader.left(), '\0');
  reader.read(state.data(), state.size());
  return state;
}

}  // namespace face_kit
