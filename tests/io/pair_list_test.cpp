// SPDX-License-Identifier: Apache-2.0
// Lists of pairs in the forms in which people have them, and the rows that they mean.
#include <coupleface/io/pair_list.hpp>
#include <coupleface/io/verification_pack.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<cf::index_t>;
using flags = std::vector<unsigned char>;

class pair_list : public scratch_folder {
 protected:
  cf::pair_list read(std::string const& text) const {
    return cf::read_pair_list(put("list", text));
  }
  cf::pair_list rows_of(std::string const& text, cf::index_t rows, strings const& names) const {
    auto list = read(text);
    cf::find_rows(list, rows, names);
    return list;
  }
  std::string failure(std::string const& text) const {
    return shortened(message_of([&] { read(text); }));
  }
  std::string rows_failure(std::string const& text, cf::index_t rows, strings const& names) const {
    return shortened(message_of([&] { rows_of(text, rows, names); }));
  }
  /// Without "coupleface: FILE: ".
  std::string shortened(std::string const& message) const {
    std::string const begin = "coupleface: " + path("list") + ": ";
    return message.compare(0, begin.size(), begin) == 0 ? message.substr(begin.size()) : message;
  }
};

/// F folds of N pairs of one person and N of two, as LFW has them.
std::string lfw_list(int folds, int each) {
  std::string text = std::to_string(folds) + "\t" + std::to_string(each) + "\n";
  for (int f = 0; f < folds; ++f) {
    std::string const fold = std::to_string(f);
    for (int i = 1; i <= each; ++i) {
      text += "Ann_" + fold + "\t" + std::to_string(i) + "\t" + std::to_string(i + 1) + "\n";
    }
    for (int i = 1; i <= each; ++i) {
      text += "Ann_" + fold + "\t" + std::to_string(i) + "\tBob_" + fold + "\t1\n";
    }
  }
  return text;
}

TEST_F(pair_list, lfw_with_folds) {
  auto const list = read(lfw_list(10, 3));
  EXPECT_EQ(list.form, cf::pair_list_form::lfw);
  ASSERT_EQ(list.size(), 60);
  for (cf::index_t i = 0; i < 60; ++i) {
    EXPECT_EQ(list.folds[std::size_t(i)], i / 6) << i;
    EXPECT_EQ(list.same[std::size_t(i)], i % 6 < 3 ? 1 : 0) << i;
  }
  EXPECT_EQ(list.names[std::size_t(list.first[0])], "Ann_0/Ann_0_0001");
  EXPECT_EQ(list.names[std::size_t(list.second[0])], "Ann_0/Ann_0_0002");
  EXPECT_EQ(list.names[std::size_t(list.first[59])], "Ann_9/Ann_9_0003");
  EXPECT_EQ(list.names[std::size_t(list.second[59])], "Bob_9/Bob_9_0001");
}

TEST_F(pair_list, lfw_with_one_number_or_none) {
  for (std::string const header : {"1\n",
                                   "\xEF\xBB\xBF"
                                   "1\r\n",
                                   ""}) {
    auto const list = read(header + "Ann\t1\t12345\n\nAnn\t2\tBob\t10\r\n");
    EXPECT_EQ(list.form, cf::pair_list_form::lfw) << header;
    EXPECT_EQ(list.names,
              (strings{"Ann/Ann_0001", "Ann/Ann_12345", "Ann/Ann_0002", "Bob/Bob_0010"}));
    EXPECT_EQ(list.same, (flags{1, 0}));
    EXPECT_TRUE(list.folds.empty());
  }
  EXPECT_EQ(read("2 1 \nAnn\t1\t2\t\nAnn\t1\tBob\t1 \t\nCy\t1\t2\nAnn\t1\tCy\t1\n").folds,
            (numbers{0, 0, 1, 1}));
  // People may be called by numbers, by names with blanks, or look like labels.
  EXPECT_EQ(read("12 1 2\n12 1 13 1\n").names, (strings{"12/12_0001", "12/12_0002", "13/13_0001"}));
  EXPECT_EQ(read("Ann Lee\t1\t2\n").names,
            (strings{"Ann Lee/Ann Lee_0001", "Ann Lee/Ann Lee_0002"}));
}

TEST_F(pair_list, lfw_that_contradicts_itself) {
  EXPECT_EQ(failure("1\nAnn\t1\t2\nAnn\t1\tAnn\t2\n"),
            "at byte 10: line 3 has 'Ann' twice: a pair of one person has three fields");
  EXPECT_EQ(failure("1\nAnn\t1\t1\nAnn\t1\tBob\t2\n"),
            "at byte 2: line 2 pairs 'Ann/Ann_0001' with itself");
  EXPECT_EQ(failure("Ann\t0\t1\n"), "at byte 0: line 1 has image 0: they count from 1");
  EXPECT_EQ(failure("Ann\t1\tx\n"),
            "at byte 0: line 1 has 'x' where the number of an image should be");
  EXPECT_EQ(failure("Ann\t1\t2\nAnn\n"),
            "at byte 8: line 2 is neither 'name number number' nor 'name number name number'");
  std::string const promises = "at byte 0: line 1 promises ";
  std::string text = lfw_list(10, 3);
  EXPECT_EQ(failure(text.substr(0, text.size() - std::string("Ann_9\t3\tBob_9\t1\n").size())),
            promises + "10 times 3 pairs of one person and as many of two, but there are 59 pairs");
  EXPECT_EQ(failure("2\nAnn\t1\t2\nAnn\t2\tBob\t1\n"),
            promises + "1 times 2 pairs of one person and as many of two, but there are 2 pairs");
  for (std::string const header : {"9223372036854775807 1", "1 9223372036854775807", "0 1", "-1 -1",
                                   "4611686018427387904 4611686018427387904"}) {
    EXPECT_NE(failure(header + "\nAnn\t1\t2\nAnn\t2\tBob\t1\n").find(promises), std::string::npos);
  }
}

TEST_F(pair_list, lines) {
  for (std::string const text :
       {"a.jpg b.jpg 1\nb.jpg c.jpg 0\n", "a.jpg\tb.jpg\t1\r\nb.jpg  c.jpg 0",
        "one two same\na.jpg, b.jpg, 1\n\n b.jpg c.jpg 0\n"}) {
    auto const list = read(text);
    EXPECT_EQ(list.form, cf::pair_list_form::lines) << text;
    EXPECT_EQ(list.names, (strings{"a.jpg", "b.jpg", "c.jpg"})) << text;
    EXPECT_EQ(list.first, (numbers{0, 1})) << text;
    EXPECT_EQ(list.second, (numbers{1, 2})) << text;
    EXPECT_EQ(list.same, (flags{1, 0})) << text;
    EXPECT_TRUE(list.folds.empty());
  }
  EXPECT_EQ(read("1 11065 1\n171707 187946 0\n").names,
            (strings{"1", "11065", "171707", "187946"}));
  EXPECT_EQ(read("a b.jpg\tc d.jpg\t1").names, (strings{"a b.jpg", "c d.jpg"}));
  EXPECT_EQ(failure("a.jpg b.jpg 1\na.jpg b.jpg 2\n"),
            "at byte 14: line 2 has '2' where the label, 0 or 1, should be");
  EXPECT_EQ(failure("a.jpg b.jpg 1\n0.25 1\n"),
            "at byte 14: line 2 has 2 fields: a pair is two images and a label, or of LFW's form");
  EXPECT_EQ(failure("a.jpg a.jpg 1\n"), "at byte 0: line 1 pairs 'a.jpg' with itself");
  EXPECT_EQ(failure(""), "is empty: no pairs");
  EXPECT_EQ(failure("first second same\n"), "has no pairs");
}

TEST_F(pair_list, tables) {
  auto list = read("fold,a,b,same\r\n7,a.jpg,\"b, c.jpg\",1\n-1,\"b, c.jpg\",d.jpg,0");
  EXPECT_EQ(list.form, cf::pair_list_form::table);
  EXPECT_EQ(list.names, (strings{"a.jpg", "b, c.jpg", "d.jpg"}));
  EXPECT_EQ(list.folds, (numbers{7, -1}));
  EXPECT_TRUE(read("same,b,a\n1,1,2\n").folds.empty());
  EXPECT_EQ(read("same,b,a\n1,1,2\n").names, (strings{"2", "1"}));
  EXPECT_EQ(read("\"fold\",\"a\",\"b\",\"same\"\n3,x,y,1\n").folds, (numbers{3}));
  EXPECT_EQ(read("fold, a, b, same\n3, x, y, 1\n").names, (strings{"x", "y"}));
  EXPECT_EQ(failure("a,b,same\nx,y,2\n"),
            "at byte 9: line 2 has '2' where the label, 0 or 1, should be");
  EXPECT_EQ(failure("a,b,same\nx,,1\n"), "at byte 9: line 2 has no path");
  EXPECT_EQ(failure("a,b,same\nx,x,1\n"), "at byte 9: line 2 pairs 'x' with itself");
  EXPECT_EQ(failure("fold,a,b,same\nx,y,z,1\n"),
            "at byte 14: line 2 has 'x' where fold should be an integer");
  EXPECT_EQ(failure("a,b,same\n"), "has no pairs");
}

TEST_F(pair_list, a_pack) {
  cf::verification_pack_writer pack(path("list"));
  std::string const image(64, 'x');
  cf::byte_view const bytes(reinterpret_cast<std::uint8_t const*>(image.data()), 64);
  for (int i = 0; i < 20; ++i) pack.append(bytes, bytes, i % 3 == 0);
  pack.commit();
  auto list = cf::read_pair_list(path("list"));
  EXPECT_EQ(list.form, cf::pair_list_form::pack);
  ASSERT_EQ(list.size(), 20);
  cf::find_rows(list, 40, {});
  for (cf::index_t i = 0; i < 20; ++i) {
    auto const at = std::size_t(i);
    EXPECT_EQ(list.first[at], 2 * i);
    EXPECT_EQ(list.second[at], 2 * i + 1);
    EXPECT_EQ(list.folds[at], i / 2);
    EXPECT_EQ(list.same[at], i % 3 == 0 ? 1 : 0);
  }
  EXPECT_EQ(shortened(message_of([&] { cf::find_rows(list, 41, {}); })),
            "has 40 images for 41 rows");
  EXPECT_EQ(shortened(message_of([&] { cf::expect_pairs_agree(list, std::vector<int>(40, 5)); })),
            "pair 1: same is 0, but the rows 2 and 3 have the labels 5 and 5");
}

TEST_F(pair_list, names_are_rows) {
  auto const list = rows_of("fold,a,b,same\n0,y,x,1\n1,2,y,0\n", 3, {"x", "y", "z"});
  EXPECT_EQ(list.first, (numbers{1, 2}));
  EXPECT_EQ(list.second, (numbers{0, 1}));
  EXPECT_TRUE(list.names.empty());
  EXPECT_EQ(rows_of("0 2 1\n", 3, {}).second, (numbers{2}));
  // Where a row is called by a number, a number is a name.
  EXPECT_EQ(rows_of("2 7 1\n", 3, {"7", "x", "2"}).first, (numbers{2}));
  EXPECT_EQ(rows_failure("0 7 1\n", 3, {"7", "x", "2"}),
            "line 1: no row is called '0', the first is called '7'");
  EXPECT_EQ(rows_failure("x y 1\n\nx w 1\n", 3, {"x", "y", "z"}),
            "line 3: no row is called 'w', the first is called 'x'");
  EXPECT_EQ(rows_failure("x y 1\n", 3, {"x", "y", "y"}), "line 1: several rows are called 'y'");
  EXPECT_EQ(rows_failure("1 3 1\n", 3, {}), "line 1: there is no row 3: there are 3, from 0 on");
  EXPECT_EQ(rows_failure("1 -1 1\n", 3, {}), "line 1: there is no row -1: there are 3, from 0 on");
  EXPECT_EQ(rows_failure("1 b.jpg 1\n", 3, {}),
            "line 1: names the image 'b.jpg', but rows have no names");
  EXPECT_EQ(rows_failure("1 y 1\n", 3, {"x", "y", "z"}), "line 1: pairs a row with itself");
  EXPECT_THROW(rows_of("0 1 1\n", 3, {"x"}), std::invalid_argument);
}

TEST_F(pair_list, names_of_lfw_are_rows) {
  std::string const text = "Ann\t1\t2\nAnn\t1\tBob\t1\n";
  for (strings const& names : {strings{"Bob/Bob_0001.jpg", "Ann/Ann_0002.jpg", "Ann/Ann_0001.jpg"},
                               strings{"Bob_0001.png", "Ann_0002.png", "Ann_0001.png"},
                               strings{"Bob/Bob_0001", "/x/Ann/Ann_0002", "x.y/Ann/Ann_0001"}}) {
    auto const list = rows_of(text, 3, names);
    EXPECT_EQ(list.first, (numbers{2, 2}));
    EXPECT_EQ(list.second, (numbers{1, 0}));
  }
  auto const two = rows_of(text, 4, {"Bob/Bob_0001", "Ann/Ann_0002", "x/Ann_0001", "Ann/Ann_0001"});
  EXPECT_EQ(two.first, (numbers{3, 3}));
  EXPECT_EQ(rows_failure(text, 4, {"Bob/Bob_0001", "a/Ann/Ann_0002", "b/Ann/Ann_0002", "Ann_0001"}),
            "line 1: several rows are called 'Ann/Ann_0002'");
  EXPECT_EQ(rows_failure(text, 2, {"Bob/Bob_0001.jpg", "Ann/Ann_0001.jpg"}),
            "line 1: no row is called 'Ann/Ann_0002', the first is called "
            "'Bob/Bob_0001.jpg'");
}

TEST_F(pair_list, labels_agree) {
  std::string const file = put("list", "a b 1\nb c 0\nc d 1\nc d 0\n");
  strings const names{"a", "b", "c", "d"};
  auto const pairs = cf::read_row_pairs(file, names, std::vector<int>{5, 5, -1, 5});
  EXPECT_EQ(pairs.first, (numbers{0, 1, 2, 2}));
  EXPECT_EQ(shortened(message_of([&] {
              cf::read_row_pairs(file, names, std::vector<long>{5, 5, 7, 7});
            })),
            "line 4: same is 0, but the rows 2 and 3 have the labels 7 and 7");
  EXPECT_EQ(shortened(message_of([&] {
              cf::read_row_pairs(file, names, std::vector<int>{5, 5, 7, 8});
            })),
            "line 3: same is 1, but the rows 2 and 3 have the labels 7 and 8");
}

}  // namespace
