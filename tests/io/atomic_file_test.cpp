// SPDX-License-Identifier: Apache-2.0
#include <coupleface/io/atomic_file.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/scratch_folder.hpp"

namespace {

using coupleface::atomic_file;
using coupleface_test::message_of;

class atomic_files : public coupleface_test::scratch_folder {};

TEST_F(atomic_files, appears_when_it_is_committed) {
  {
    atomic_file file(path("new"));
    file.write("one ");
    std::int32_t const number = 0x20746977;
    file.write(&number, sizeof number);
    EXPECT_EQ(file.offset(), 8u);
    EXPECT_FALSE(std::filesystem::exists(path("new")));
    file.commit();
  }
  EXPECT_EQ(get(path("new")), "one wit ");
  EXPECT_EQ(names(), std::vector<std::string>{"new"});
}

TEST_F(atomic_files, without_a_commit_what_was_there_stays) {
  put("old", "before");
  {
    atomic_file file(path("old"));
    file.write(std::string(1 << 17, 'x'));  // more than its buffer holds
    EXPECT_EQ(file.offset(), 1u << 17);
  }
  EXPECT_EQ(get(path("old")), "before");
  EXPECT_EQ(names(), std::vector<std::string>{"old"});
}

TEST_F(atomic_files, replaces_what_was_there_whole) {
  put("old", "before, and longer");
  atomic_file file(path("old"));
  std::string wanted;
  for (int k = 0; k < 20000; ++k) {
    wanted += std::to_string(k) + "\n";
    file.write(std::to_string(k) + "\n");
  }
  file.commit();
  EXPECT_EQ(get(path("old")), wanted);
}

TEST_F(atomic_files, two_beside_each_other_do_not_meet) {
  atomic_file first(path("same")), second(path("same"));
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  EXPECT_EQ(get(path("same")), "first");
}

TEST_F(atomic_files, refuses_what_it_cannot_replace_and_a_second_commit) {
  EXPECT_EQ(message_of([&] { atomic_file(path(".")); }),
            "coupleface: " + path(".") + ": exists and is not a regular file");
  EXPECT_NE(message_of([&] { atomic_file(path("none/new")); }).find("cannot create"),
            std::string::npos);
  atomic_file file(path("new"));
  file.write("bytes");
  file.commit();
  EXPECT_EQ(message_of([&] { file.write("more"); }),
            "coupleface: " + path("new") + ": at byte 5: is committed already");
  EXPECT_EQ(message_of([&] { file.commit(); }),
            "coupleface: " + path("new") + ": at byte 5: is committed already");
}

}  // namespace
