// SPDX-License-Identifier: Apache-2.0
// Image lists and tables: every spelling that is accepted, every line that is not.
#include <coupleface/io/image_list.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<cf::index_t>;

class image_list : public scratch_folder {
 protected:
  std::string reading(std::string const& text) const {
    std::string const file = put("list.txt", text);
    return message_of([&] { cf::read_image_list(file); });
  }
  std::string failure(std::string const& where_and_why) const {
    return "coupleface: " + path("list.txt") + ": at byte " + where_and_why;
  }
};

TEST_F(image_list, separators_and_names_with_spaces) {
  auto const list = cf::read_image_list(put("list.txt",
                                            "a.jpg 3\nb.jpg\t4\nc.jpg,5\nd d.jpg 6\n"
                                            "e, e.jpg\t7\nf.jpg, 8\ng.jpg ,9\n  h.jpg   -1  \n"
                                            "i 1.jpg\t 0\n"));
  EXPECT_EQ(list.paths, (strings{"a.jpg", "b.jpg", "c.jpg", "d d.jpg", "e, e.jpg", "f.jpg", "g.jpg",
                                 "  h.jpg", "i 1.jpg"}));
  EXPECT_EQ(list.labels, (numbers{3, 4, 5, 6, 7, 8, 9, -1, 0}));
  EXPECT_EQ(list.lines, (numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(list.people.empty());
  EXPECT_TRUE(list.splits.empty());
  EXPECT_EQ(list.path(0), path("a.jpg"));
  EXPECT_THROW(list.path(9), std::invalid_argument);
  EXPECT_THROW(list.path(-1), std::invalid_argument);
}

TEST_F(image_list, line_ends_marks_and_blank_lines) {
  for (std::string const text : {"a 1\nb 2\n", "a 1\nb 2", "a 1\r\nb 2\r\n", "a 1\r\nb 2",
                                 "\xEF\xBB\xBF"
                                 "a 1\nb 2\n",
                                 "\n\na 1\n  \n\t\r\nb 2\n\n\n"}) {
    auto const list = cf::read_image_list(put("list.txt", text));
    EXPECT_EQ(list.paths, (strings{"a", "b"})) << testing::PrintToString(text);
    EXPECT_EQ(list.labels, (numbers{1, 2})) << testing::PrintToString(text);
  }
  EXPECT_EQ(cf::read_image_list(put("list.txt", "")).size(), 0);
  EXPECT_EQ(cf::read_image_list(put("list.txt", "\xEF\xBB\xBF")).size(), 0);
}

TEST_F(image_list, bad_lines_are_named) {
  EXPECT_EQ(reading("a 1\nb\n"), failure("4: line 2 has no path and label"));
  EXPECT_EQ(reading("a 1\r\n\r\n 2\n"), failure("7: line 3 has no path"));
  EXPECT_EQ(reading("a 1.5"), failure("0: line 1 has '1.5' where the label should be"));
  EXPECT_EQ(reading("a x"), failure("0: line 1 has 'x' where the label should be"));
  EXPECT_EQ(reading("a 99999999999999999999"),
            failure("0: line 1 has '99999999999999999999' where the label should be"));
  EXPECT_EQ(reading(std::string("a\0b 1\n", 6)), failure("0: line 1 holds a zero byte: no text"));
  EXPECT_EQ(reading("a " + std::string(100, 'x')),
            failure("0: line 1 has '" + std::string(60, 'x') + "...' where the label should be"));
  EXPECT_EQ(reading("a \x1b[31m"), failure("0: line 1 has '?[31m' where the label should be"));
  EXPECT_NE(message_of([&] { cf::read_image_list(path("none")); }).find("cannot open"),
            std::string::npos);
  auto const list = cf::read_image_list(put("list", "here 1\n\nnone.jpg 2\n"));
  EXPECT_EQ(message_of([&] { list.sample(1); }), "coupleface: " + path("list") +
                                                     ": line 3: " + path("none.jpg") +
                                                     ": cannot open: No such file or directory");
}

TEST_F(image_list, lst_files) {
  auto const list = cf::read_lst(
      put("train.lst", "1\t/data/a b.jpg\t0\n0\tc.jpg\t7\t1\t2\t30\t40\n1\t d.jpg\t1\r\n"));
  EXPECT_EQ(list.paths, (strings{"/data/a b.jpg", "c.jpg", " d.jpg"}));
  EXPECT_EQ(list.labels, (numbers{0, 7, 1}));
  EXPECT_EQ(list.lines, (numbers{1, 2, 3}));
  EXPECT_EQ(list.path(0), "/data/a b.jpg");
  EXPECT_EQ(list.path(1), path("c.jpg"));
  auto const refused = [&](std::string const& text) {
    std::string const file = put("bad.lst", text);
    return message_of([&] { cf::read_lst(file); });
  };
  EXPECT_NE(refused("1\ta.jpg").find("line 1 is not a flag, a path and a label"),
            std::string::npos);
  EXPECT_NE(refused("x\ta.jpg\t1").find("has 'x' where the flag"), std::string::npos);
  EXPECT_NE(refused("1\t\t1").find("has no path"), std::string::npos);
  EXPECT_NE(refused("0\t0.000000\ta.jpg").find("has 'a.jpg' where the label (im2rec's order"),
            std::string::npos);
}

TEST_F(image_list, tables) {
  auto const list = cf::read_image_table(put("list.csv",
                                             "split,path,person\r\n"
                                             "train,b/2.jpg,Berta\r\n\r\n"
                                             "dev,\"a, 1.jpg\",\"Anna \"\"A\"\" \"\r\n"
                                             "train,b 1.jpg,Berta"));
  EXPECT_EQ(list.paths, (strings{"b/2.jpg", "a, 1.jpg", "b 1.jpg"}));
  EXPECT_EQ(list.people, (strings{"Anna \"A\" ", "Berta"}));
  EXPECT_EQ(list.labels, (numbers{1, 0, 1}));
  EXPECT_EQ(list.splits, (strings{"train", "dev", "train"}));
  EXPECT_EQ(list.lines, (numbers{2, 4, 5}));
  cf::image_columns columns;
  columns.path = "person";
  columns.person = "split";
  EXPECT_EQ(cf::read_image_table(path("list.csv"), columns).labels, (numbers{1, 0, 1}));
  auto const refused = [&](std::string const& text) {
    std::string const file = put("bad.csv", text);
    return message_of([&] { cf::read_image_table(file); });
  };
  EXPECT_NE(refused("").find(": has no header"), std::string::npos);
  EXPECT_NE(refused("path,who\n").find("line 1 has no column 'person'"), std::string::npos);
  EXPECT_NE(refused("path,person\na\n").find("line 2 has 1 fields, the header 2"),
            std::string::npos);
  EXPECT_NE(refused("path,person\na,b,c\n").find("has 3 fields"), std::string::npos);
  EXPECT_NE(refused("path,person\na,\n").find("an empty path or person"), std::string::npos);
  EXPECT_NE(refused("path,person\n\"a,b\n").find("a quote without an end"), std::string::npos);
}

TEST_F(image_list, what_is_written_comes_back) {
  cf::image_list list;
  list.paths = {"a b, c.jpg", " d.jpg", "/e/f.jpg", "\"g\".jpg"};
  list.labels = {0, 5, -1, 1 << 30};
  cf::write_image_list(path("list.txt"), list);
  cf::write_lst(path("list.lst"), list);
  for (auto const& found :
       {cf::read_image_list(path("list.txt")), cf::read_lst(path("list.lst"))}) {
    EXPECT_EQ(found.paths, list.paths);
    EXPECT_EQ(found.labels, list.labels);
    EXPECT_EQ(found.folder, path(""));
  }
  for (std::string const& name :
       {std::string("a\nb"), std::string("a\rb"), std::string("a\tb"), std::string("a\0b", 3),
        std::string(), std::string("a "), std::string("a,"),
        std::string("\xEF\xBB\xBF"
                    "a")}) {
    list.paths[0] = name;
    EXPECT_NE(message_of([&] {
                cf::write_image_list(path("list.txt"), list);
              }).find("a list cannot hold the path"),
              std::string::npos);
  }
  EXPECT_EQ(cf::read_image_list(path("list.txt")).paths[0], "a b, c.jpg");
  EXPECT_EQ(names().size(), 2u);
}

}  // namespace
