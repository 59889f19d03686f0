// SPDX-License-Identifier: Apache-2.0
// Tables of pairs of images.
#include <coupleface/io/image_pairs.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

class image_pairs : public scratch_folder {};

TEST_F(image_pairs, a_table) {
  put("1.jpg", "one");
  put("2 b.jpg", "two");
  auto const pairs = cf::read_image_pairs(
      put("pairs.csv", "fold,a,b,same\r\n0,1.jpg,\"2 b.jpg\",1\n1,2 b.jpg,none.jpg,0"));
  ASSERT_EQ(pairs.pairs(), 2);
  ASSERT_EQ(pairs.size(), 4);
  EXPECT_TRUE(pairs.same(0));
  EXPECT_FALSE(pairs.same(1));
  EXPECT_EQ(text_of(pairs.sample(0).bytes), "one");
  EXPECT_EQ(text_of(pairs.sample(1).bytes), "two");
  EXPECT_EQ(text_of(pairs.sample(2).bytes), "two");
  EXPECT_EQ(pairs.sample(0).label, 1);
  EXPECT_EQ(pairs.sample(2).label, 0);
  EXPECT_EQ(message_of([&] { pairs.sample(3); }), "coupleface: " + path("pairs.csv") +
                                                      ": line 3: " + path("none.jpg") +
                                                      ": cannot open: No such file or directory");
  EXPECT_THROW(pairs.sample(4), std::invalid_argument);
  EXPECT_THROW(pairs.same(2), std::invalid_argument);
  cf::pair_columns columns;
  columns.same = "fold";
  EXPECT_FALSE(cf::read_image_pairs(path("pairs.csv"), columns).same(0));
}

TEST_F(image_pairs, bad_lines_are_named) {
  auto const reading = [&](std::string const& text) {
    std::string const file = put("bad.csv", text);
    return message_of([&] { cf::read_image_pairs(file); });
  };
  std::string const at = "coupleface: " + path("bad.csv") + ": at byte ";
  EXPECT_EQ(reading("a,b\n"), at + "0: line 1 has no column 'same'");
  EXPECT_EQ(reading("a,b,same\nx,y,2\n"), at + "9: line 2 has a label other than 0 and 1");
  EXPECT_EQ(reading("a,b,same\nx,,1\n"), at + "9: line 2 has no path");
  EXPECT_EQ(reading("a,b,same\nx,x,1\n"), at + "9: line 2 pairs 'x' with itself");
  EXPECT_EQ(reading("a,b,same\nx,y\n"), at + "9: line 2 has 2 fields, the header 3");
}

}  // namespace
