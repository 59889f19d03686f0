// SPDX-License-Identifier: Apache-2.0
// The inputs of an evaluation: rows with labels, pairs, a gallery, a teacher, all as float32 in
// memory; and checks that they do not contradict each other.
#pragma once

#include <coupleface/io/pair_list.hpp>
#include <coupleface/io/score_list.hpp>

#include <cmath>
#include <optional>

#include "arguments.hpp"
#include "face_templates.hpp"
#include "row_list.hpp"
#include "row_matrix.hpp"

namespace evaluate {

struct inputs {
  row_matrix rows, teacher, gallery;
  std::vector<std::int32_t> labels, gallery_labels;  ///< empty: unknown
  std::vector<std::string> names;                    ///< of the rows; empty: none
  coupleface::pair_list pairs;
  coupleface::score_list scores;
  index_t scores_not_numbers = 0, first_score_not_a_number = 0;  ///< NaN; line of the list
  std::vector<described_file> files;
  bool gallery_is_probes = false;
  index_t probes_in_gallery = 0;  ///< bit for bit, if the gallery differs
};

/// Keeps only the rows of the selected split.
inline void take_split(arguments const& a, row_list const& list, inputs& in) {
  if (list.splits.empty()) throw std::runtime_error(a.list + ": has no column split");
  std::vector<index_t> kept;
  std::vector<std::int32_t> labels;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < list.splits.size(); ++i) {
    if (list.splits[i] != a.split) continue;
    kept.push_back(static_cast<index_t>(i));
    names.push_back(list.names[i]);
    if (!in.labels.empty()) labels.push_back(in.labels[i]);
  }
  if (kept.empty()) throw std::runtime_error(a.list + ": no line has the split " + a.split);
  in.rows = some_rows(in.rows, kept);
  if (!a.teacher.empty()) in.teacher = some_rows(in.teacher, kept);
  in.labels = std::move(labels);
  in.names = std::move(names);
}

inline void read_list(arguments const& a, inputs& in) {
  auto const list = read_row_list(a.list);
  if (static_cast<index_t>(list.names.size()) != in.rows.rows)
    throw std::runtime_error(a.list + ": " + std::to_string(list.names.size()) + " lines for " +
                             std::to_string(in.rows.rows) + " rows of " + a.embeddings);
  in.names = list.names;
  if (!list.people.empty()) {
    if (in.labels.empty()) in.labels = numbers_of(list.people);
    else expect_labels_fit(list, in.labels, a.labels);
  }
  if (a.weigh_by_score) weigh_by_score(in.rows, list);
  if (!a.split.empty()) take_split(a, list, in);
}

/// Builds probes and gallery from the templates.
inline void take_probes(arguments const& a, face_templates const& templates, inputs& in) {
  if (!in.labels.empty())
    throw std::runtime_error(a.probe_templates +
                             ": defines the templates' people, but so does --labels or --list");
  template_choice probes, gallery;
  choose_templates(a.probe_templates, templates, probes);
  for (auto const& file : a.gallery_templates) choose_templates(file, templates, gallery);
  auto people = probes.people;
  people.insert(people.end(), gallery.people.begin(), gallery.people.end());
  auto const labels = numbers_of(people);
  auto const middle = labels.begin() + static_cast<std::ptrdiff_t>(probes.rows.size());
  in.labels.assign(labels.begin(), middle);
  in.gallery_labels.assign(middle, labels.end());
  in.gallery = some_rows(in.rows, gallery.rows);
  in.rows = some_rows(in.rows, probes.rows);
  if (!a.teacher.empty()) in.teacher = some_rows(in.teacher, probes.rows);
  in.names = probes.names(in.names);
  in.gallery_is_probes = is_same_set(in.rows, in.gallery);
}

inline void make_templates(arguments const& a, inputs& in) {
  auto const templates = read_face_templates(a.templates, in.rows.rows, in.names);
  in.labels = templates.labels_of(in.labels);
  in.rows = templates.of(in.rows);
  if (!a.teacher.empty()) in.teacher = templates.of(in.teacher);
  in.names = templates.names();
  if (!a.probe_templates.empty()) take_probes(a, templates, in);
}

/// If the gallery is the probes' own rows, each row would find itself first; it is then searched
/// among the other rows. This is decided by comparing rows, not file names, and without their
/// scale, which no score depends on.
inline void compare_gallery(arguments const& a, inputs& in) {
  std::error_code ignored;
  in.gallery_is_probes = is_same_set(in.rows, in.gallery);
  if (!in.gallery_is_probes && std::filesystem::equivalent(a.embeddings, a.gallery, ignored))
    throw std::runtime_error(
        a.gallery +
        ": is the file of --embeddings, but --split or --templates selects other rows; without "
        "--gallery each of those is searched for among the others");
  if (!in.gallery_is_probes) {
    in.probes_in_gallery = count_rows_among(in.rows, in.gallery);
    return;
  }
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    if (in.labels[i] != in.gallery_labels[i])
      throw std::runtime_error(a.gallery_labels +
                               ": the gallery has the rows of --embeddings, but "
                               "row " +
                               std::to_string(i) + " has the label " +
                               std::to_string(in.gallery_labels[i]) +
                               " here and, for --embeddings, " + std::to_string(in.labels[i]));
  }
}

inline void read_gallery(arguments const& a, inputs& in) {
  if (in.labels.empty())
    throw std::runtime_error("--gallery needs --labels, or a --list that names people");
  in.gallery = read_rows(a.gallery);
  in.files.push_back(describe("gallery", a.gallery, in.gallery));
  if (in.gallery.width != in.rows.width)
    throw std::runtime_error(a.gallery + ": rows have " + std::to_string(in.gallery.width) +
                             " columns, but " + std::to_string(in.rows.width) + " in " +
                             a.embeddings);
  in.gallery_labels = face_kit::read_labels(a.gallery_labels, a.gallery, in.gallery.rows).of;
  compare_gallery(a, in);
}

inline void read_pairs(arguments const& a, inputs& in) {
  in.pairs = coupleface::read_pair_list(a.pairs);
  if (in.names.empty() && in.pairs.form == coupleface::pair_list_form::lfw)
    throw std::runtime_error(a.pairs + ": names images: give the --list of the rows too");
  coupleface::find_rows(in.pairs, in.rows.rows, in.names);
  if (!in.labels.empty()) coupleface::expect_pairs_agree(in.pairs, in.labels);
}

inline inputs read_inputs(arguments const& a) {
  inputs in;
  if (!a.scores.empty()) {
    in.scores = coupleface::read_score_list(a.scores);
    for (std::size_t i = 0; i < in.scores.scores.size(); ++i) {
      if (!std::isnan(in.scores.scores[i])) continue;
      if (in.scores_not_numbers++ == 0) in.first_score_not_a_number = in.scores.lines[i];
    }
    return in;
  }
  in.rows = read_rows(a.embeddings);
  in.files.push_back(describe("embeddings", a.embeddings, in.rows));
  if (!a.labels.empty()) in.labels = face_kit::read_labels(a.labels, a.embeddings, in.rows.rows).of;
  if (!a.teacher.empty()) {
    in.teacher = read_rows(a.teacher);
    in.files.push_back(describe("teacher", a.teacher, in.teacher));
    if (in.teacher.rows != in.rows.rows)
      throw std::runtime_error(a.teacher + ": " + std::to_string(in.teacher.rows) + " rows, but " +
                               std::to_string(in.rows.rows) + " of " + a.embeddings);
  }
  if (!a.list.empty()) read_list(a, in);
  else if (a.weigh_by_score) weigh_by_score(in.rows, {});
  if (!a.templates.empty()) make_templates(a, in);
  if (!a.gallery.empty()) read_gallery(a, in);
  if (!a.pairs.empty()) read_pairs(a, in);
  if (in.labels.empty() && a.pairs.empty() && a.teacher.empty())
    throw std::runtime_error(a.list + ": names no people: give --labels, --pairs or --teacher too");
  return in;
}

}  // namespace evaluate
