// SPDX-License-Identifier: Apache-2.0
// Lists of templates and of pairs of templates.
#include <coupleface/io/template_list.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<cf::index_t>;
using flags = std::vector<unsigned char>;

class template_list : public scratch_folder {
 protected:
  template <class Read>
  std::string reading(Read read, std::string const& text) const {
    std::string const file = put("bad", text);
    return message_of([&] { read(file); });
  }
  std::string failure(std::string const& where_and_why) const {
    return "coupleface: " + path("bad") + ": at byte " + where_and_why;
  }
};

auto const read_lines = [](std::string const& file) { cf::read_template_list(file); };
auto const read_table = [](std::string const& file) { cf::read_template_table(file); };
auto const read_landmarks = [](std::string const& file) { cf::read_landmark_list(file); };
auto const read_pairs = [](std::string const& file) { cf::read_template_pairs(file); };

TEST_F(template_list, lines_of_images) {
  auto const list = cf::read_template_list(put(
      "tid_mid.txt", "1.jpg 1 69544\r\n2.jpg\t1\t3720\n a  b.jpg   2 5\n\n469375.jpg 187955 -1"));
  EXPECT_EQ(list.files, (strings{"1.jpg", "2.jpg", "a  b.jpg", "469375.jpg"}));
  EXPECT_EQ(list.template_ids, (numbers{1, 1, 2, 187955}));
  EXPECT_EQ(list.media_ids, (numbers{69544, 3720, 5, -1}));
  EXPECT_EQ(list.lines, (numbers{1, 2, 3, 5}));
  EXPECT_EQ(reading(read_lines, "1.jpg 1 2\n1.jpg 1\n"),
            failure("10: line 2 is not a file, a template id and a media id"));
  EXPECT_EQ(reading(read_lines, "1.jpg x 2\n"),
            failure("0: line 1 has 'x' where a template id should be"));
  EXPECT_EQ(reading(read_lines, "1.jpg 2 1.5\n"),
            failure("0: line 1 has '1.5' where a media id should be"));
}

TEST_F(template_list, tables_of_images) {
  put("a.csv",
      "TEMPLATE_ID,SUBJECT_ID,FILENAME,MEDIA_ID\n7,1,img/1.jpg,9\n8,2,\"img/2, 3.jpg\",4\n");
  auto const list = cf::read_template_table(path("a.csv"));
  EXPECT_EQ(list.files, (strings{"img/1.jpg", "img/2, 3.jpg"}));
  EXPECT_EQ(list.template_ids, (numbers{7, 8}));
  EXPECT_EQ(list.media_ids, (numbers{9, 4}));
  cf::template_columns columns;
  columns.media_id = "SUBJECT_ID";
  EXPECT_EQ(cf::read_template_table(path("a.csv"), columns).media_ids, (numbers{1, 2}));
  EXPECT_EQ(reading(read_table, "TEMPLATE_ID,FILENAME\n"),
            failure("0: line 1 has no column 'MEDIA_ID'"));
  EXPECT_EQ(reading(read_table, "TEMPLATE_ID,FILENAME,MEDIA_ID\nx,a,1\n"),
            failure("30: line 2 has 'x' where TEMPLATE_ID should be an integer"));
}

TEST_F(template_list, landmarks) {
  auto const list =
      cf::read_landmark_list(put("name_5pts_score.txt",
                                 "1.jpg 40.1 50 70.25 51.5 55 70 43 88 68 89 0.998\r\n"
                                 " a  2.png -1 1e1 2 3 4 5 6 7 8 9.5\t1\n"));
  EXPECT_EQ(list.files, (strings{"1.jpg", "a  2.png"}));
  EXPECT_EQ(list.landmarks[0],
            (std::array<float, 10>{40.1f, 50, 70.25f, 51.5f, 55, 70, 43, 88, 68, 89}));
  EXPECT_EQ(list.landmarks[1], (std::array<float, 10>{-1, 10, 2, 3, 4, 5, 6, 7, 8, 9.5f}));
  EXPECT_EQ(list.scores, (std::vector<float>{0.998f, 1}));
  EXPECT_EQ(reading(read_landmarks, "1.jpg 1 2 3 4 5 6 7 8 9 10\n"),
            failure("0: line 1 is not a file, ten landmark numbers and a score"));
  EXPECT_EQ(reading(read_landmarks, "1.jpg 1 2 3 4 5 6 7 8 9 x 1\n"),
            failure("0: line 1 has 'x' where a landmark should be"));
  for (std::string const text : {"nan", "inf", "0x10", "1e99", "1,5", "1.5.5", ""}) {
    std::string const line = "1.jpg 1 2 3 4 5 6 7 8 9 10 " + text + "\n";
    EXPECT_NE(reading(read_landmarks, line).find("at byte 0: line 1 "), std::string::npos) << text;
  }
}

TEST_F(template_list, pairs) {
  for (std::string const text :
       {"1 11065 1\n171707 187946 0\n", "1\t11065\t1\r\n171707 187946 0",
        "1,11065,1\n171707,187946,0\n", "1, 11065, 1\n171707 ,187946\t, 0\n",
        "ENROLL,VERIF,SAME\n1,11065,1\n171707,187946,0\n"}) {
    auto const pairs = cf::read_template_pairs(put("pairs", text));
    EXPECT_EQ(pairs.first, (numbers{1, 171707})) << text;
    EXPECT_EQ(pairs.second, (numbers{11065, 187946})) << text;
    EXPECT_EQ(pairs.same, (flags{1, 0})) << text;
  }
  EXPECT_EQ(reading(read_pairs, "1 2\n"), failure("0: line 1 is not two templates and a label"));
  EXPECT_EQ(reading(read_pairs, "1 2 1 1\n"),
            failure("0: line 1 is not two templates and a label"));
  EXPECT_EQ(reading(read_pairs, "1 2 1\na b c\n"),
            failure("6: line 2 has 'c' where the label should be"));
  EXPECT_EQ(reading(read_pairs, "1 2 1\n1 2 2\n"),
            failure("6: line 2 has a label other than 0 and 1"));
  EXPECT_EQ(reading(read_pairs, "1 x 1\n"),
            failure("0: line 1 has 'x' where a template id should be"));
}

}  // namespace
