// SPDX-License-Identifier: Apache-2.0
#include <coupleface/io/mapped_file.hpp>

#include <gtest/gtest.h>

#include <string>

#include <sys/stat.h>

#include "support/scratch_folder.hpp"

namespace {

using coupleface::mapped_file;
using coupleface_test::message_of;

class mapped_files : public coupleface_test::scratch_folder {};

std::string text_of(mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.data()), file.size()};
}

TEST_F(mapped_files, has_the_bytes_of_the_file) {
  std::string const bytes("one\0two\n", 8);
  mapped_file const file(put("some", bytes));
  EXPECT_EQ(text_of(file), bytes);
  EXPECT_EQ(file.path(), path("some"));
}

TEST_F(mapped_files, an_empty_file_has_no_bytes) {
  mapped_file const file(put("empty", ""));
  EXPECT_EQ(file.size(), 0u);
  EXPECT_EQ(file.data(), nullptr);
}

TEST_F(mapped_files, outlives_the_name) {
  mapped_file const file(put("some", "bytes"));
  std::filesystem::remove(path("some"));
  EXPECT_EQ(text_of(file), "bytes");
}

TEST_F(mapped_files, refuses_what_is_no_file_and_says_so) {
  EXPECT_EQ(message_of([&] { mapped_file(path("none")); }),
            "coupleface: " + path("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(message_of([&] { mapped_file(path(".")); }),
            "coupleface: " + path(".") + ": is a folder, not a regular file");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(message_of([&] { mapped_file(path("pipe")); }),
            "coupleface: " + path("pipe") +
                ": is not a regular file: save what the pipe or device yields to one");
}

}  // namespace
