// SPDX-License-Identifier: Apache-2.0
// The lock of a trainer's folder: who is kept out, and what is left behind.
#include "face_kit/run/result_folder.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "face_kit/report/report_folder.hpp"
#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::failure;
using image_writing::temporary_folder;

struct result_folders : testing::Test {
  static std::string failure_of(std::string const& path) {
    return failure([&] { result_folder const second(path); });
  }
  temporary_folder const folder;
  std::string const out = (folder / "a/out").string();
};

TEST_F(result_folders, keep_a_second_run_out_under_any_name) {
  std::optional<result_folder> first(std::in_place, out);
  std::string const busy =
      ": another run is writing to this folder; wait for its end or choose another --out";
  EXPECT_EQ(failure_of(out), "--out: " + out + busy);
  std::filesystem::create_directory_symlink(out, folder / "other_name");
  auto const other = (folder / "other_name").string();
  EXPECT_EQ(failure_of(other), "--out: " + other + busy);
  EXPECT_EQ(failure_of(out), "--out: " + out + busy) << "a refused run took the lock away";
  EXPECT_EQ(failure_of((folder / "a").string()), "") << "another folder";
  first.reset();
  EXPECT_EQ(failure_of(out), "");
}

TEST_F(result_folders, are_free_after_a_run_is_killed) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t const child = ::fork();
  if (child == 0) {
    result_folder const held(out);
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(failure_of(out), "");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(out + '/' + result_folder::lock_file));
  EXPECT_EQ(failure([&] { expect_result_folder(out); }), "");
  EXPECT_EQ(failure_of(out), "");
}

TEST_F(result_folders, of_a_run_killed_at_its_first_file_are_continued) {
  for (auto const* const file :
       {"coupleface_seed1/best.pt", "coupleface_seed1/best.pt.7.0.tmp",
        "coupleface_seed1/checkpoint.bin.7.0.tmp", "undecodable.txt.7.0.tmp"}) {
    temporary_folder const killed;
    std::filesystem::create_directories((killed / file).parent_path());
    image_writing::write_text(killed / file, "");
    EXPECT_EQ(failure([&] { expect_result_folder(killed.string()); }), "") << file;
  }
}

TEST_F(result_folders, leave_nothing_but_results) {
  { result_folder const empty(out); }
  EXPECT_FALSE(std::filesystem::exists(out)) << "an empty folder";
  std::filesystem::create_directory(out);
  { result_folder const empty(out); }
  EXPECT_TRUE(std::filesystem::exists(out)) << "a folder that was there before";
  {
    result_folder const used(out);
    image_writing::write_text(out + "/table.md", "");
  }
  EXPECT_TRUE(std::filesystem::exists(out + "/table.md"));
  EXPECT_FALSE(std::filesystem::exists(out + '/' + result_folder::lock_file));
}

TEST_F(result_folders, say_why_they_cannot_be_created_or_written) {
  image_writing::write_text(folder / "file", "");
  auto const below_file = (folder / "file/out").string();
  EXPECT_EQ(failure_of(below_file),
            "--out: " + below_file + ": cannot be created: Not a directory");
  EXPECT_EQ(failure([&] { expect_result_folder(below_file); }), "");
  auto const link = (folder / "link").string();
  std::filesystem::create_directory_symlink("nowhere", link);
  EXPECT_EQ(failure([&] { expect_result_folder(link); }),
            "--out: " + link + ": is a symbolic link to nowhere, which does not exist");
  auto const with_folder = (folder / "with_folder").string();
  std::filesystem::create_directories(with_folder + '/' + result_folder::lock_file);
  EXPECT_EQ(failure_of(with_folder),
            "--out: " + with_folder +
                ": its .lock is a folder, but a run needs that name for the file it locks");
  if (::geteuid() == 0) return;  // may write anywhere
  std::filesystem::create_directories(out);
  std::filesystem::permissions(
      out, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_EQ(failure_of(out), "--out: " + out + ": cannot be written: Permission denied");
  EXPECT_EQ(failure_of(out + "/b"), "--out: " + out + "/b: cannot be created: Permission denied");
  std::filesystem::permissions(out, std::filesystem::perms::owner_all);
}

}  // namespace
