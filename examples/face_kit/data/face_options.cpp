// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/face_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "face_kit/data/eval_pairs.hpp"
#include "face_kit/data/folds.hpp"
#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/row_files.hpp"
#include "face_kit/run/checkpoint.hpp"
#include "face_kit/run/digest.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/program.hpp"
#include "face_kit/run/validators.hpp"

namespace face_kit {

namespace {

CLI::Validator folds() {
  return CLI::Validator(
      [](std::string& typed) -> std::string {
        try {
          parse_folds(typed);
        } catch (usage_error const& error) { return error.what(); }
        return "";
      },
      "");
}

}  // namespace

void declare(CLI::App& app, face_options& o) {
  auto const add = [&](char const* name, auto& value, char const* text) {
    return app.add_option(name, value, text)->group("Data");
  };
  auto const add_file = [&](char const* name, std::string& value, char const* text) {
    return add(name, value, text)->check(not_empty());
  };
  auto* const data = add_file(
      "--data", o.data,
      "Folder of faces, or an InsightFace train.rec; by default synthetic faces are generated");
  add_file("--list", o.list,
           "List of the images below --data: CSV path,person[,split], .lst, or lines 'path label'; "
           "by default DATA/PERSON/IMAGE, sorted by the names of the people, then of the images")
      ->needs(data);
  app.add_flag("--skip-undecodable", o.skip_undecodable,
               "Skip images that cannot be decoded, and their rows in files that have a row for "
               "every image; OUT/undecodable.txt lists them. By default the first one is an error")
      ->group("Data");
  add_file(
      "--teacher-embeddings", o.teacher_embeddings,
      "NPY [images, d] of the teacher: a row for every image of list or folder, in that order");
  app.add_flag("--centre-teacher,!--no-centre-teacher", o.centre,
               "Subtract the mean of the teacher's embeddings over the train images, then "
               "normalise: a large common direction makes all relations nearly equal, so that --q "
               "has no effect")
      ->group("Data");
  add_file(
      "--eval-pairs", o.eval_pairs,
      "Pairs for verification: CSV a,b,same[,fold], lines 'a b same' or LFW's pairs.txt, of paths "
      "of the list or folder; or a pack (lfw.bin). By default pairs of the dev people are sampled. "
      "The people trained on "
      "are the same either way");
  add("--select-folds", o.select_folds,
      "Folds of pairs to evaluate after each epoch, such as 0-4; empty: all, or the first two "
      "fifths for train_student's synthetic faces")
      ->check(folds());
  add("--report-folds", o.report_folds,
      "Folds of pairs for the final table, such as 5-9; empty: all, or the remaining folds for "
      "train_student's synthetic faces")
      ->check(folds());
  fold_sizes const defaults;
  add("--folds", o.folds,
      "Folds of sampled pairs; no person is in two of them. By default reduced, with a warning, if "
      "the dev people have too few pairs for all")
      ->check(at_least(2))
      ->default_str(std::to_string(defaults.folds));
  add("--pairs-per-fold", o.pairs_per_fold,
      "Sampled pairs in each fold, half of them of one person. By default reduced, with a warning, "
      "if the dev people allow fewer")
      ->check(at_least(2))
      ->check(multiple_of(2))
      ->default_str(std::to_string(defaults.pairs_per_fold));
}

void declare_run_files(CLI::App& app, std::string& out) {
  app.add_option(
         "--out", out,
         "Folder for results. Finished runs in it are not repeated; an unfinished one is continued")
      ->transform(as_plain_path())
      ->check(not_empty());
  app.set_config("--config", "", "File with the same options, as lines name=value")
      ->check(not_empty());
  app.allow_config_extras(CLI::config_extras_mode::error);
}

face_dataset load_faces(face_options const& o, int side, std::string const& out) {
  auto faces = load_faces(o.data, o.list, side, o.skip_undecodable);
  warn_of_left_out(o.data, faces, out);
  faces.out = out;
  return faces;
}

namespace {

struct held_out_people {
  int all = 0, with_two_images = 0;
};

held_out_people count_held_out(face_dataset const& faces) {
  std::map<std::int32_t, int> images;
  for (int i = 0; i < faces.size(); ++i)
    if (faces.is_train[static_cast<std::size_t>(i)] == 0)
      ++images[faces.labels[static_cast<std::size_t>(i)]];
  held_out_people found;
  for (auto const& person : images) {
    ++found.all;
    if (person.second > 1) ++found.with_two_images;
  }
  return found;
}

/// @throws usage_error  if the options want more than is there, std::runtime_error  if there is too
/// little for any pairs
[[noreturn]] void refuse_pairs(face_options const& o, face_dataset const& faces) {
  auto const held_out = count_held_out(faces);
  std::string const people = std::to_string(held_out.all) + " held-out people, " +
                             std::to_string(held_out.with_two_images) +
                             " of them with two images or more";
  int most_folds = held_out.all / 2;
  while (most_folds > 1 && most_pairs_per_fold(faces, most_folds) < 2) --most_folds;
  if (most_folds < 2) {
    bool const synthetic = o.data.empty();
    throw std::runtime_error(
        (synthetic        ? std::string("synthetic faces")
         : o.list.empty() ? o.data
                          : o.list) +
        ": " + people + ", are too few for pairs: two folds need two people each" +
        (synthetic ? ", of families of their own, and one of them two images; use more --dev-people"
                   : ", one of them with two images; add people (one in five is held out), name "
                     "the held-out ones in a column 'split' of --list, or pass --eval-pairs"));
  }
  int const folds = std::min(o.folds.value_or(2), most_folds);
  if (o.folds && *o.folds > most_folds)
    throw usage_error("--folds: " + std::to_string(*o.folds) + " is too many; " + people +
                      ", have pairs for at most " + std::to_string(most_folds));
  throw usage_error("--pairs-per-fold: " + std::to_string(o.pairs_per_fold.value_or(0)) +
                    " is too many; " + people + ", have at most " +
                    std::to_string(most_pairs_per_fold(faces, folds)) + " in each of " +
                    std::to_string(folds) + " folds");
}

std::vector<verification_pair> sampled_pairs(face_options const& o, std::uint64_t seed,
                                             face_dataset const& faces) {
  fold_sizes const defaults;
  int const folds = o.folds.value_or(defaults.folds);
  int const pairs_per_fold = o.pairs_per_fold.value_or(defaults.pairs_per_fold);
  auto const used = fitting_folds(faces, o.folds, o.pairs_per_fold);
  int const most = most_pairs_per_fold(faces, used.folds);
  if (most < 2 || (o.pairs_per_fold && most < *o.pairs_per_fold)) refuse_pairs(o, faces);
  auto pairs = make_pairs(faces, used.folds, used.pairs_per_fold, seed);
  if (used.folds != folds || used.pairs_per_fold != pairs_per_fold) {
    warn(
        "the held-out people have too few pairs for %d folds of %d; %d folds of %d pairs are "
        "sampled. Options: --folds, --pairs-per-fold, --eval-pairs",
        folds, pairs_per_fold, used.folds, used.pairs_per_fold);
  }
  return pairs;
}

/// Warns of people in the pairs who are also trained on, and notes held-out people in no pair. The
/// people of a pack have no names, so that they cannot be compared.
void tell_of_people(std::string const& file, std::vector<verification_pair> const& pairs,
                    face_dataset const& faces, int classes) {
  std::set<std::int32_t> in_pairs, held_out;
  for (auto const& pair : pairs) {
    for (int const face : {pair.a, pair.b})
      in_pairs.insert(faces.labels[static_cast<std::size_t>(face)]);
  }
  for (std::int32_t const label : faces.labels)
    if (label >= classes && in_pairs.count(label) == 0) held_out.insert(label);
  auto const trained = std::distance(in_pairs.begin(), in_pairs.lower_bound(classes));
  if (trained > 0)
    warn(
        "%s: people in the pairs who are also in the train split: %d of %d, the first is '%s'; "
        "the scores will be too good",
        file.c_str(), static_cast<int>(trained), static_cast<int>(in_pairs.size()),
        faces.people[static_cast<std::size_t>(*in_pairs.begin())].c_str());
  if (!held_out.empty())
    note("%s: held-out people in no pair: %d; they are not trained on either", file.c_str(),
         static_cast<int>(held_out.size()));
}

std::vector<verification_pair> pairs_for(face_options const& o, std::uint64_t seed,
                                         face_dataset& faces, int classes) {
  if (o.eval_pairs.empty()) return sampled_pairs(o, seed, faces);
  auto found = load_pairs(o.eval_pairs, faces, o.skip_undecodable);
  warn_of_pairs(o.eval_pairs, found, faces);
  tell_of_people(o.eval_pairs, found.pairs, faces, classes);
  return std::move(found.pairs);
}

}  // namespace

void select_faces(face_options const& o, std::uint64_t seed, face_dataset& faces,
                  training_faces& data) {
  data.faces = &faces;
  data.classes = faces.train_people();
  for (int i = 0; i < faces.size(); ++i)
    if (faces.is_train[i]) data.train.push_back(i);
  if (data.train.empty())
    throw std::runtime_error((o.list.empty() ? o.data : o.list) +
                             ": no image is in the train split");
  if (data.classes < 2)
    throw std::runtime_error((o.list.empty() ? o.data : o.list) +
                             ": only one person is in the train split; training needs two");
  auto const pairs = pairs_for(o, seed, faces, data.classes);
  std::string const list = o.eval_pairs.empty() ? "the sampled pairs" : o.eval_pairs;
  data.select = pairs_of(pairs, list, "--select-folds", o.select_folds);
  data.report = pairs_of(pairs, list, "--report-folds", o.report_folds);
  digest check;
  check.add(faces.pixels);
  check.add(faces.labels);
  check.add(faces.is_train);
  for (auto const& p : pairs) check.add(std::vector<int>{p.fold, p.a, p.b, p.same ? 1 : 0});
  settings_text text;
  text("faces", std::to_string(faces.size()) + ", digest " + check.text());
  text("select-folds", o.select_folds);
  text("report-folds", o.report_folds);
  data.text = text.str();
}

int fitting_relations(int k, int classes) {
  int const others = std::max(classes - 1, 1), fitting = std::min(k, others);
  if (fitting < k)
    warn("--k %d is reduced to %d: there are %d people in the train split", k, fitting, classes);
  expect_option_fits("--k " + std::to_string(fitting), classes, fitting,
                     sizeof(float) + sizeof(std::int64_t));
  return fitting;
}

}  // namespace face_kit
