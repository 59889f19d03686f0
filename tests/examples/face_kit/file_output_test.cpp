// SPDX-License-Identifier: Apache-2.0
// What the example programs write: files, folders, tables and digests.
#include "face_kit/run/file_output.hpp"

#include <gtest/gtest.h>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "face_kit/report/csv_writer.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/run/digest.hpp"
#include "face_kit/run/output_folder.hpp"
#include "face_kit/run/run_files.hpp"
#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::failure;
using image_writing::temporary_folder;

TEST(file_output, replaces_a_file_as_a_whole) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/f";
  write_atomically(file, "first");
  write_atomically(file, std::string("second\0part", 11));
  EXPECT_EQ(read_whole_file(file), std::string("second\0part", 11));
  EXPECT_NE(failure([&] { write_atomically(folder.string() + "/none/f", ""); }), "");
  EXPECT_NE(failure([&] { read_whole_file(folder.string() + "/none"); }), "");
}

TEST(file_output, removes_what_killed_processes_left) {
  temporary_folder const folder;
  pid_t const gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  auto const name = [&](pid_t process) {
    return folder.string() + "/f." + std::to_string(process) + ".0.tmp";
  };
  for (auto const& file : {name(gone), name(::getpid()), folder.string() + "/f.tmp",
                           folder.string() + "/g." + std::to_string(gone) + ".0.tmp"})
    write_atomically(file, "");
  remove_leftovers(folder.string() + "/f");
  EXPECT_FALSE(std::filesystem::exists(name(gone)));
  EXPECT_TRUE(std::filesystem::exists(name(::getpid())));
  EXPECT_TRUE(std::filesystem::exists(folder / "f.tmp"));
  EXPECT_TRUE(std::filesystem::exists(folder / ("g." + std::to_string(gone) + ".0.tmp")));
  for (auto const* const other : {"/a.b.c.tmp", "/1.2.tmp", "/.1.tmp"})
    write_atomically(folder.string() + other, "");
  remove_leftovers_in(folder.string());
  EXPECT_FALSE(std::filesystem::exists(folder / ("g." + std::to_string(gone) + ".0.tmp")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.string()), {}), 5)
      << "files of this process and of nobody";
}

TEST(plain_path, has_one_form) {
  for (auto const* const path : {"a/b", "a//b", "./a/./b", "a/b/", "a/b/.", "a/b//./"})
    EXPECT_EQ(plain_path(path), "a/b") << path;
  for (auto const* const path : {"/a", "//a", "/./a/."}) EXPECT_EQ(plain_path(path), "/a") << path;
  EXPECT_EQ(plain_path("a/../b"), "a/../b");
  EXPECT_EQ(plain_path("./"), ".");
  EXPECT_EQ(plain_path("/."), "/");
  EXPECT_EQ(plain_path(""), "");
  EXPECT_EQ(plain_path(" "), " ");
}

TEST(staged_files, take_their_names_together_or_not_at_all) {
  temporary_folder const folder;
  std::string const a = folder.string() + "/a", b = folder.string() + "/b";
  write_atomically(a, "old");
  {
    staged_files files;
    write_atomically(files.add(a), "new");
  }
  EXPECT_EQ(read_whole_file(a), "old");
  EXPECT_FALSE(std::filesystem::exists(a + staged_files::stage));
  staged_files files;
  write_atomically(files.add(a), "new");
  write_atomically(files.add(b), "too");
  EXPECT_FALSE(std::filesystem::exists(b));
  files.commit();
  EXPECT_EQ(read_whole_file(a), "new");
  EXPECT_EQ(read_whole_file(b), "too");
}

TEST(output_folder, appears_when_it_is_committed) {
  temporary_folder const folder;
  std::string const path = folder.string() + "/out";
  {
    output_folder out(path);
    out.write("a/b.txt", std::string("text"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.string()));
  output_folder out(path + "//");
  out.write("a/b.txt", std::string("text"));
  EXPECT_FALSE(std::filesystem::exists(path));
  out.commit();
  EXPECT_EQ(read_whole_file(path + "/a/b.txt"), "text");
  EXPECT_EQ(failure([&] { output_folder again(path); }), path + ": exists already");
  std::string const link = folder.string() + "/link";
  std::filesystem::create_directory_symlink("nowhere", link);
  std::string const dangling = ": is a symbolic link to nowhere, which does not exist";
  EXPECT_EQ(failure([&] { output_folder again(link + '/'); }), link + dangling);
  EXPECT_EQ(failure([&] { output_folder again(link, [](auto const&) {}); }), link + dangling);
  std::string const below = folder.string() + "/none/out";
  EXPECT_EQ(failure([&] { output_folder again(below); }), below + ": cannot create a folder in " +
                                                              folder.string() +
                                                              "/none: No such file or directory");
  for (std::string const dots : {"/out/..", "/out/a/.."})
    EXPECT_NE(failure([&] {
                output_folder again(folder.string() + dots, [](auto const&) {});
              }).find("cannot be replaced under this name"),
              std::string::npos);
}

TEST(output_folder, replaces_results_and_nothing_else) {
  temporary_folder const folder;
  std::string const path = folder.string() + "/out";
  auto const check =
      earlier_results("results.json", {"results.json", "old.txt"},
                      [](auto const& file) { return read_whole_file(file) == "old"; });
  auto const refused = [&](std::string const& what) {
    return failure([&] { output_folder::expect_usable(what, check); });
  };
  EXPECT_EQ(refused(path), "");
  std::filesystem::create_directory(path);
  EXPECT_EQ(refused(path), "");  // nothing is lost
  write_atomically(path + "/old.txt", "old");
  std::string const kept = ", so " + path + " is not replaced";
  EXPECT_EQ(refused(path), path + ": holds no results.json" + kept);
  write_atomically(path + "/results.json", "of another program");
  EXPECT_EQ(refused(path), path + "/results.json: was not written by this program" + kept);
  write_atomically(path + "/results.json", "old");
  EXPECT_EQ(refused(path + "/"), "");
  std::string const foreign = ": is no file that this program writes" + kept;
  write_atomically(path + "/mine", "mine");
  EXPECT_EQ(refused(path), path + "/mine" + foreign);
  std::filesystem::remove(path + "/mine");
  std::filesystem::remove(path + "/old.txt");
  std::filesystem::create_directory(path + "/old.txt");
  EXPECT_EQ(refused(path), path + "/old.txt" + foreign);
  std::filesystem::remove(path + "/old.txt");
  std::string const link = folder.string() + "/link";
  std::filesystem::create_directory_symlink(path, link);
  EXPECT_EQ(refused(link + "/"),
            link + ": is a symbolic link, so it is not replaced; name its folder");
  std::filesystem::remove(link);
  EXPECT_EQ(refused(path + "/results.json"),
            path + "/results.json: is not a folder, so it is not replaced");
  write_atomically(path + "/old.txt", "old");
  output_folder out(path, check);
  out.write("results.json", std::string("new"));
  out.commit();
  EXPECT_EQ(read_whole_file(path + "/results.json"), "new");
  EXPECT_FALSE(std::filesystem::exists(path + "/old.txt"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.string()), {}), 1);
}

TEST(csv_writer, writes_numbers_and_quotes_text) {
  csv_writer table({"name", "count", "share"});
  table.row("plain", 3, 0.1);
  table.row(std::string("a,\"b\""), std::size_t{4}, std::nan(""));
  table.cell("cells").cell(-1).row(1e-9F);
  EXPECT_EQ(table.text(),
            "name,count,share\nplain,3,0.1\n\"a,\"\"b\"\"\",4,\ncells,-1,9.9999997e-10\n");
  csv_writer digits(csv_style{17, "nan"});
  digits.row(0.1, std::nan(""), std::numeric_limits<double>::infinity());
  EXPECT_EQ(digits.text(), "0.10000000000000001,nan,inf\n");
  temporary_folder const folder;
  table.write(folder.string() + "/t.csv");
  EXPECT_EQ(read_whole_file(folder.string() + "/t.csv"), table.text());
}

TEST(json_output, has_null_for_what_is_no_number) {
  EXPECT_EQ(json_text({{"b", std::nan("")}, {"a", {1, 2}}}),
            "{\n  \"b\": null,\n  \"a\": [\n    1,\n    2\n  ]\n}");
  EXPECT_NO_THROW(json_text({{"file", "\xff"}}));
}

TEST(digest, is_xxh3_however_the_bytes_are_cut) {
  // xxhsum -H3 of nothing and of "abc".
  EXPECT_EQ(digest().text(), "2d06800538d394c2");
  digest whole, pieces;
  whole.add("abc", 3);
  EXPECT_EQ(whole.text(), "78af5f94892f3950");
  pieces.add("a", 1);
  pieces.add(nullptr, 0);
  pieces.add(std::vector<char>{'b', 'c'});
  EXPECT_EQ(pieces.value(), whole.value());
  digest other;
  other.add("abd", 3);
  EXPECT_NE(other.value(), whole.value());
}

TEST(step_log, is_cut_back_to_what_the_checkpoint_knows) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/steps.csv";
  step_log log(folder.string());
  log.begin({"rate", "total"});
  log.add(0, 0, {0.5, 2});
  auto const size = log.flush();
  log.add(0, 1, {0.25, std::nan("")});
  log.flush();
  EXPECT_EQ(read_whole_file(file), "epoch,step,rate,total\n0,0,0.5,2\n0,1,0.25,\n");
  step_log resumed(folder.string());
  resumed.cut(size);
  resumed.add(0, 1, {0.125, 1});
  resumed.flush();
  EXPECT_EQ(read_whole_file(file), "epoch,step,rate,total\n0,0,0.5,2\n0,1,0.125,1\n");
  EXPECT_NE(failure([&] { resumed.cut(1000); }).find("is shorter than its checkpoint says"),
            std::string::npos);
}

TEST(run_result, is_read_as_it_was_written) {
  temporary_folder const folder;
  std::vector<verification_pair> const pairs{
      {0, 0, 1, true}, {0, 0, 2, false}, {1, 3, 4, true}, {1, 3, 5, false}};
  run_record record;
  record.directory = folder.string();
  record.seconds = 12.5;
  record.pair_scores = {0.9F, 0.1F, 0.8F, 0.2F};
  record.masked_scores = {0.5F, 0.1F, 0.1F, 0.2F};
  record.per_epoch = {{0.5, 0.25, 0.125, std::nan(""), 1.0 / 3}};
  EXPECT_FALSE(has_result(folder.string()));
  write_result(record, "k = 1\n");
  EXPECT_TRUE(has_result(folder.string()));
  run_record found;
  found.directory = folder.string();
  read_result(found, "k = 1\n", pairs);
  EXPECT_EQ(found.seconds, 12.5);
  EXPECT_EQ(found.pair_scores, record.pair_scores);
  EXPECT_EQ(found.masked_scores, record.masked_scores);
  EXPECT_EQ(found.summary.accuracy, summarise(record.pair_scores, pairs).accuracy);
  ASSERT_EQ(found.per_epoch.size(), 1U);
  EXPECT_EQ(found.per_epoch[0].eer, 1.0 / 3);
  EXPECT_TRUE(std::isnan(found.per_epoch[0].tar_1e3));
  EXPECT_NE(failure([&] { read_result(found, "k = 2\n", pairs); }).find("k: 1 there, 2 here"),
            std::string::npos);
  EXPECT_NE(failure([&] { read_result(found, "k = 1\n", {}); }).find("4 scores for 0 pairs"),
            std::string::npos);
  write_atomically(folder.string() + "/result.json", "{");
  EXPECT_NE(failure([&] { read_result(found, "k = 1\n", pairs); }).find("is damaged"),
            std::string::npos);
}

}  // namespace
