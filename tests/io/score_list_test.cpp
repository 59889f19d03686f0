// SPDX-License-Identifier: Apache-2.0
// Lists of scores of pairs.
#include <coupleface/io/score_list.hpp>

#include "../support/scratch_folder.hpp"

#include <cmath>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

class score_list : public scratch_folder {
 protected:
  std::string failure(std::string const& text) const {
    put("bad", text);
    auto const message = message_of([&] { cf::read_score_list(path("bad")); });
    std::string const begin = "coupleface: " + path("bad") + ": ", at = begin + "at byte ";
    bool const of_a_byte = message.compare(0, at.size(), at) == 0;
    return message.substr((of_a_byte ? at : begin).size());
  }
};

TEST_F(score_list, lines_and_tables) {
  for (std::string const text :
       {"score,same\n0.5,1\n-1e-3,0\n", "same, score\r\n1, 0.5\r\n0, -1e-3", "0.5 1\n-1e-3\t0\n",
        "0.5, 1\n\n-1e-3,0", "score same\n0.5 1\n-0.001 0\n"}) {
    auto const list = cf::read_score_list(put("scores", text));
    EXPECT_EQ(list.scores, (std::vector<double>{0.5, -1e-3})) << text;
    EXPECT_EQ(list.same, (std::vector<unsigned char>{1, 0})) << text;
    EXPECT_TRUE(list.folds.empty());
  }
  auto const list = cf::read_score_list(put("scores", "fold,score,same\n7,nan,1\n-1,inf,0\n"));
  EXPECT_TRUE(std::isnan(list.scores[0]));
  EXPECT_EQ(list.scores[1], std::numeric_limits<double>::infinity());
  EXPECT_EQ(list.folds, (std::vector<cf::index_t>{7, -1}));
  EXPECT_EQ(list.lines, (std::vector<cf::index_t>{2, 3}));
  EXPECT_EQ(cf::read_score_list(put("scores", "score same\n\n1 0\n2 1\n")).lines,
            (std::vector<cf::index_t>{3, 4}));
}

TEST_F(score_list, bad_lines_are_named) {
  EXPECT_EQ(failure(""), "has no pairs");
  EXPECT_EQ(failure("score,same\n"), "has no pairs");
  EXPECT_EQ(failure("scores,same\n1,1\n"), "0: line 1 has no column 'score'");
  EXPECT_EQ(failure("0.5 1\n0x1 1\n"), "6: line 2 has '0x1' where the score should be");
  EXPECT_EQ(failure("score,same\n,1\n"), "11: line 2 has '' where the score should be");
  EXPECT_EQ(failure("0.5 1\n0.5 2\n"), "6: line 2 has '2' where the label, 0 or 1, should be");
  EXPECT_EQ(failure("a b 1\n"), "0: line 1 is not a score and a label");
}

}  // namespace
