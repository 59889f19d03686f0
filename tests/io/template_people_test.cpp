// SPDX-License-Identifier: Apache-2.0
// Whose templates are.
#include <coupleface/io/template_people.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

class template_people : public scratch_folder {};

TEST_F(template_people, a_table_of_images) {
  auto const list = cf::read_template_people(
      put("G1.csv",
          "TEMPLATE_ID,SUBJECT_ID,FILENAME\r\n7,12,img/1.jpg\n7,12,img/2.jpg\n\n3,12,img/3.jpg\n"
          "900,\"5, b\",img/4.jpg"));
  EXPECT_EQ(list.template_ids, (std::vector<cf::index_t>{7, 3, 900}));
  EXPECT_EQ(list.people, (std::vector<std::string>{"12", "12", "5, b"}));
  EXPECT_EQ(list.lines, (std::vector<cf::index_t>{2, 5, 6}));
  EXPECT_EQ(cf::read_template_people(put("other.csv", "t,p\n1,Ann\n"), {"t", "p"}).people,
            (std::vector<std::string>{"Ann"}));
}

TEST_F(template_people, bad_lines_are_named) {
  auto const reading = [&](std::string const& text) {
    std::string const file = put("bad.csv", text);
    return message_of([&] { cf::read_template_people(file); });
  };
  std::string const at = "coupleface: " + path("bad.csv") + ": at byte ";
  EXPECT_EQ(reading("TEMPLATE_ID\n"), at + "0: line 1 has no column 'SUBJECT_ID'");
  EXPECT_EQ(reading("TEMPLATE_ID,SUBJECT_ID\n"),
            "coupleface: " + path("bad.csv") + ": has no templates");
  EXPECT_EQ(reading("TEMPLATE_ID,SUBJECT_ID\n1,\n"), at + "23: line 2 has an empty person");
  EXPECT_EQ(reading("TEMPLATE_ID,SUBJECT_ID\nx,1\n"),
            at + "23: line 2 has 'x' where TEMPLATE_ID should be an integer");
  EXPECT_EQ(reading("TEMPLATE_ID,SUBJECT_ID\n1,5\n2,5\n1,6\n"),
            at + "31: line 4 has the template 1 of '6', which is of '5' in line 2");
}

}  // namespace
