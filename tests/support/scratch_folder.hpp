// SPDX-License-Identifier: Apache-2.0
// Test support: a temporary folder for one test, removed with its contents.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace coupleface_test {

class scratch_folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "coupleface_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(std::string const& name) const { return folder_ + "/" + name; }

  std::string put(std::string const& name, std::string const& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  static std::string get(std::string const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  /// Names of the files in the folder.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (auto const& entry : std::filesystem::directory_iterator(folder_)) {
      result.push_back(entry.path().filename().string());
    }
    return result;
  }

 private:
  std::string folder_;
};

template <class View>
std::string text_of(View bytes) {
  return {reinterpret_cast<char const*>(bytes.data_handle()), std::size_t(bytes.extent(0))};
}

template <class Exception = std::runtime_error, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (Exception const& error) { return error.what(); }
  return "(nothing was thrown)";
}

/// Little-endian bytes of a number.
template <class T>
std::string bytes_of(T value) {
  std::string bytes;
  for (std::size_t k = 0; k < sizeof(T); ++k) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * k) & 255);
  }
  return bytes;
}

}  // namespace coupleface_test
