// SPDX-License-Identifier: Apache-2.0
// What a trainer says of a small set of faces, of its options for pairs, and of pairs that show
// people it trains on.
#include <gtest/gtest.h>

#include <numeric>

#include "face_kit/data/face_options.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/program.hpp"
#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::temporary_folder;
using image_writing::write_text;

/// People p0, p1, ... with so many images each; the first ones are of the train split.
face_dataset people_with(std::vector<int> const& train, std::vector<int> const& held_out) {
  face_dataset faces;
  faces.side = 1;
  auto images = train;
  images.insert(images.end(), held_out.begin(), held_out.end());
  for (std::size_t person = 0; person < images.size(); ++person) {
    faces.people.push_back("p" + std::to_string(person));
    for (int i = 0; i < images[person]; ++i) {
      faces.labels.push_back(static_cast<std::int32_t>(person));
      faces.is_train.push_back(person < train.size() ? 1 : 0);
      faces.paths.push_back(faces.people.back() + '/' + std::to_string(i));
    }
  }
  faces.pixels.resize(faces.labels.size());
  return faces;
}

struct outcome {
  std::string usage, failure, told;
  training_faces data;
};

outcome select(face_options options, face_dataset faces) {
  options.data = "FACES";
  outcome found;
  set_program_name("");
  testing::internal::CaptureStderr();
  try {
    select_faces(options, 1, faces, found.data);
  } catch (usage_error const& error) {
    found.usage = error.what();
  } catch (std::exception const& error) { found.failure = error.what(); }
  found.told = testing::internal::GetCapturedStderr();
  return found;
}

TEST(small_sets, say_what_they_need) {
  auto const too_few = [](std::string const& people) {
    return "FACES: " + people +
           " with two images or more, are too few for pairs: two folds need two people each, one "
           "of them with two images; add people (one in five is held out), name the held-out ones "
           "in a column 'split' of --list, or pass --eval-pairs";
  };
  std::vector<int> const train{3, 3, 3};
  EXPECT_EQ(select({}, people_with(train, {})).failure, too_few("0 held-out people, 0 of them"));
  EXPECT_EQ(select({}, people_with(train, {5, 5, 5})).failure,
            too_few("3 held-out people, 3 of them"));
  EXPECT_EQ(select({}, people_with(train, {5, 1, 1, 1})).failure,
            too_few("4 held-out people, 1 of them"));
  EXPECT_EQ(select({}, people_with({5}, {2, 2, 2, 2})).failure,
            "FACES: only one person is in the train split; training needs two");
  // The least that suffices.
  auto const least = select({}, people_with({1, 1}, {2, 1, 2, 1}));
  EXPECT_EQ(least.failure + least.usage, "");
  EXPECT_EQ(least.told,
            "the held-out people have too few pairs for 10 folds of 300; 2 folds of 2 pairs are "
            "sampled. Options: --folds, --pairs-per-fold, --eval-pairs\n");
  EXPECT_EQ(least.data.report.size(), 4U);
}

TEST(small_sets, have_no_more_folds_and_pairs_than_people) {
  auto const faces = people_with({1, 1}, std::vector<int>(8, 4));
  std::string const people = "8 held-out people, 8 of them with two images or more, have ";
  face_options folds;
  folds.folds = 100;
  EXPECT_EQ(select(folds, faces).usage,
            "--folds: 100 is too many; " + people + "pairs for at most 4");
  folds.folds = 4;
  EXPECT_EQ(select(folds, faces).usage, "");
  folds.pairs_per_fold = 26;
  EXPECT_EQ(select(folds, faces).usage,
            "--pairs-per-fold: 26 is too many; " + people + "at most 24 in each of 4 folds");
  face_options pairs;
  pairs.pairs_per_fold = 50;
  EXPECT_EQ(select(pairs, faces).usage,
            "--pairs-per-fold: 50 is too many; " + people + "at most 48 in each of 2 folds");
  face_options chosen;
  chosen.report_folds = "7-9";
  EXPECT_EQ(select(chosen, faces).usage,
            "--report-folds: '7-9' selects no pair; the last fold is 3");
}

TEST(pairs_of_folds, are_of_two_folds_and_of_both_kinds) {
  temporary_folder const folder;
  face_options options;
  options.eval_pairs = (folder / "pairs.csv").string();
  auto const faces = people_with({2, 2}, {2, 2, 2, 2});
  auto const refused = [&](std::string const& folds, std::string const& rows) {
    write_text(options.eval_pairs, "fold,a,b,same\n" + rows);
    options.report_folds = folds;
    auto const found = select(options, faces);
    return found.usage + found.failure;
  };
  auto const status = [&](std::string const& folds, std::string const& rows) {
    return refused(folds, rows).empty() ? 0 : select(options, faces).usage.empty() ? 1 : 2;
  };
  std::string const rows = "0,p2/0,p2/1,1\n1,p3/0,p3/1,1\n2,p4/0,p5/1,0\n";
  EXPECT_EQ(refused("", rows), "");
  EXPECT_EQ(refused("1-2", rows), "");
  EXPECT_EQ(refused("1", rows),
            "--report-folds: '1' selects pairs of one fold only; accuracy over folds needs two");
  EXPECT_EQ(refused("0-1", rows),
            "--report-folds: '0-1' selects no pair of two people; verification needs both kinds");
  EXPECT_EQ(status("1", rows), 2);
  EXPECT_EQ(status("0-1", rows), 2);
  std::string const one = "0,p2/0,p2/1,1\n1,p3/0,p3/1,1\n", two = "0,p2/0,p3/1,0\n1,p4/0,p5/1,0\n",
                    single = "0,p2/0,p2/1,1\n";
  EXPECT_EQ(refused("", one),
            options.eval_pairs + ": has no pair of two people; verification needs both kinds");
  EXPECT_EQ(refused("", two),
            options.eval_pairs + ": has no pair of one person; verification needs both kinds");
  EXPECT_EQ(refused("", single),
            options.eval_pairs + ": has pairs of one fold only; accuracy over folds needs two");
  for (auto const& list : {one, two, single}) {
    EXPECT_EQ(status("", list), 1) << list;
    EXPECT_EQ(status("0", list), 1) << "not the option's fault: " << list;
  }
}

TEST(eval_pairs_of_people, who_are_trained_on_are_counted_and_named) {
  temporary_folder const folder;
  face_options options;
  options.eval_pairs = (folder / "pairs.csv").string();
  auto const faces = people_with({2, 2, 2}, {2, 2, 2});
  auto const told = [&](std::string const& rows) {
    write_text(options.eval_pairs, "fold,a,b,same\n" + rows);
    return select(options, faces).told;
  };
  std::string const held_out =
      options.eval_pairs + ": held-out people in no pair: 1; they are not trained on either\n";
  EXPECT_EQ(told("0,p3/0,p3/1,1\n1,p4/0,p5/0,0\n"), "");
  EXPECT_EQ(told("0,p3/0,p3/1,1\n1,p4/0,p3/0,0\n"), held_out);
  EXPECT_EQ(told("0,p3/0,p3/1,1\n1,p2/0,p5/0,0\n2,p2/0,p2/1,1\n3,p1/1,p2/1,0\n"),
            options.eval_pairs +
                ": people in the pairs who are also in the train split: 2 of 4, the first is 'p1'; "
                "the scores will be too good\n" +
                held_out);
}

TEST(fitting_relations, are_no_more_than_other_classes) {
  auto const told = [](int k, int classes, int wanted) {
    set_program_name("");
    testing::internal::CaptureStderr();
    EXPECT_EQ(fitting_relations(k, classes), wanted);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(told(9, 10, 9), "");
  EXPECT_EQ(told(10, 10, 9), "--k 10 is reduced to 9: there are 10 people in the train split\n");
  EXPECT_EQ(told(100000000, 10, 9),
            "--k 100000000 is reduced to 9: there are 10 people in the train split\n");
  try {
    fitting_relations(99999999, 100000000);
    FAIL() << "no error";
  } catch (usage_error const& error) {
    EXPECT_EQ(std::string(error.what()).find("--k 99999999: 100000000 x 99999999 need "), 0U);
  }
}

}  // namespace
