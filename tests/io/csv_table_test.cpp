// SPDX-License-Identifier: Apache-2.0
// CSV tables: every spelling that is accepted, every line that is not.
#include <coupleface/io/csv_table.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using strings = std::vector<std::string>;

class csv_table : public scratch_folder {
 protected:
  /// The columns `a` and `b`, line by line.
  std::vector<strings> lines_of(std::string const& text) const {
    cf::csv_table table(put("t.csv", text), {"a", "b"});
    std::vector<strings> lines;
    while (table.next()) { lines.push_back({table.text("a"), table.text("b")}); }
    return lines;
  }
  std::string reading(std::string const& text) const {
    return message_of([&] { lines_of(text); });
  }
  std::string failure(std::string const& where_and_why) const {
    return "coupleface: " + path("t.csv") + ": at byte " + where_and_why;
  }
};

TEST_F(csv_table, line_ends_marks_and_blank_lines) {
  for (std::string const text :
       {"a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r\n1,2\r\n3,4",
        "\xEF\xBB\xBF"
        "a,b\n1,2\n3,4\n",
        "\n\na,b\n \t\n1,2\r\n\r\n3,4\n\n\n", "a, b\n1, 2\n3,\t4\n", " a ,b \n 1 , 2\t\n3 ,4 \r\n",
        "\"a\",\"b\"\r\n\"1\", \"2\"\n \"3\" ,\"4\" \n", "b,x,a\n2,\"y,\",1\n4,,3\n"}) {
    EXPECT_EQ(lines_of(text), (std::vector<strings>{{"1", "2"}, {"3", "4"}}))
        << testing::PrintToString(text);
  }
  EXPECT_TRUE(lines_of("a,b").empty());
}

TEST_F(csv_table, quotes) {
  EXPECT_EQ(
      lines_of("a,b\n\"x, y\",\" z \"\n\"say \"\"so\"\"\",\"\"\n,\"\"\"\"\nu\"v\",w \"x\n"),
      (std::vector<strings>{{"x, y", " z "}, {"say \"so\"", ""}, {"", "\""}, {"u\"v\"", "w \"x"}}));
  EXPECT_EQ(lines_of("a,b\r\n\"1\r\n\n2\",\"3\n\"\r\n4,5"),
            (std::vector<strings>{{"1\r\n\n2", "3\n"}, {"4", "5"}}));
  EXPECT_EQ(lines_of("\"a\",\"x\ny\",b\n1,2,3\n"), (std::vector<strings>{{"1", "3"}}));
}

TEST_F(csv_table, bad_tables_are_named) {
  EXPECT_EQ(reading(""), "coupleface: " + path("t.csv") + ": has no header");
  EXPECT_EQ(reading("\xEF\xBB\xBF\n \n"), "coupleface: " + path("t.csv") + ": has no header");
  EXPECT_EQ(reading("b,c\n1,2\n"), failure("0: line 1 has no column 'a'"));
  EXPECT_EQ(reading("a,b,a\n1,2,3\n"), failure("0: line 1 has the column 'a' twice"));
  EXPECT_EQ(reading("a,b\n1,2\n\n1\n"), failure("9: line 4 has 1 fields, the header 2"));
  EXPECT_EQ(reading("a,b\n1,2,3\n"), failure("4: line 2 has 3 fields, the header 2"));
  EXPECT_EQ(reading("a,b\n1,\"2\n3,4\n"), failure("4: line 2 has a quote without an end"));
  EXPECT_EQ(reading("a,b\n\"1\n\n\",2\n\"3\"x,4\n"),
            failure("12: line 5 has text behind a closing quote"));
  EXPECT_EQ(reading(std::string("a,b\n\"1\n\0\",2\n", 13)),
            failure("4: line 2 holds a zero byte: no text"));
  EXPECT_NE(message_of([&] { cf::csv_table(path("none")); }).find("cannot open"),
            std::string::npos);
}

TEST_F(csv_table, columns_and_integers) {
  cf::csv_table table(put("t.csv", "a,b\n\n-5,x\n"));
  EXPECT_EQ(table.columns(), (strings{"a", "b"}));
  EXPECT_TRUE(table.has("b"));
  EXPECT_FALSE(table.has("c"));
  EXPECT_THROW(table.text("a"), std::runtime_error);
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.line(), 3);
  EXPECT_EQ(table.integer("a"), -5);
  EXPECT_EQ(message_of([&] { table.integer("b"); }),
            failure("5: line 3 has 'x' where b should be an integer"));
  EXPECT_EQ(message_of([&] { table.text("c"); }), failure("5: line 3 has no field 'c'"));
  EXPECT_FALSE(table.next());
}

TEST_F(csv_table, what_csv_field_writes_comes_back) {
  std::string text = "a,b\n";
  std::vector<strings> lines;
  for (std::string const& field :
       {std::string("plain"), std::string("a b"), std::string(), std::string(" before"),
        std::string("behind\t"), std::string("comma, \"quotes\""), std::string("\""),
        std::string("two\r\nlines\n")}) {
    text += cf::csv_field(field) + "," + cf::csv_field(field) + "\r\n";
    lines.push_back({field, field});
  }
  EXPECT_EQ(lines_of(text), lines);
  EXPECT_EQ(cf::csv_field("a b"), "a b");
}

}  // namespace
