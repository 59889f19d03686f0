// SPDX-License-Identifier: Apache-2.0
// Templates: sets of images, each averaged per medium into one row.
#pragma once

#include <coupleface/evaluation/templates.hpp>
#include <coupleface/detail/io/row_names.hpp>
#include <coupleface/io/template_list.hpp>
#include <coupleface/io/template_people.hpp>

#include <thrust/system/omp/execution_policy.h>

#include <algorithm>

#include "row_list.hpp"
#include "row_matrix.hpp"

namespace evaluate {

/// (row, template, medium) entries. Template t has the id ids[t]: ids need not be contiguous.
struct face_templates {
  std::string file;
  std::vector<index_t> rows, templates, media, lines;
  std::vector<index_t> ids;  ///< ascending

  row_matrix of(row_matrix const& faces) const {
    auto const count = static_cast<index_t>(ids.size());
    row_matrix result{count, faces.width, {}};
    result.values.resize(ids.size() * static_cast<std::size_t>(faces.width));
    coupleface::average_templates(
        thrust::omp::par, faces.view(), view_of(rows), view_of(templates), view_of(media),
        coupleface::make_matrix_view(result.values.data(), count, faces.width));
    return result;
  }

  /// Each template's label, from its faces with labels; throws if they differ.
  std::vector<std::int32_t> labels_of(std::vector<std::int32_t> const& labels) const {
    std::vector<std::int32_t> result(labels.empty() ? 0 : ids.size(), -1);
    for (std::size_t e = 0; e < rows.size() && !labels.empty(); ++e) {
      auto const label = labels[static_cast<std::size_t>(rows[e])];
      auto& known = result[static_cast<std::size_t>(templates[e])];
      if (known >= 0 && label >= 0 && label != known)
        fail(e, "template " + std::to_string(ids[static_cast<std::size_t>(templates[e])]) +
                    " has faces of the labels " + std::to_string(known) + " and " +
                    std::to_string(label));
      known = known >= 0 ? known : label;
    }
    return result;
  }

  /// The templates' names in lists of pairs.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (index_t const id : ids) result.push_back(std::to_string(id));
    return result;
  }

  [[noreturn]] void fail(std::size_t entry, std::string const& reason) const {
    throw std::runtime_error(file + ", line " + std::to_string(lines[entry]) + ": " + reason);
  }
};

namespace detail {

inline coupleface::template_list read_templates_by_content(std::string const& file) {
  coupleface::mapped_file const map(file);
  if (coupleface::detail::has_column(map, "template"))
    return coupleface::read_template_table(file, {"row", "template", "medium"});
  if (coupleface::detail::has_column(map, "TEMPLATE_ID"))
    return coupleface::read_template_table(file);
  return coupleface::read_template_list(file);
}

/// Entry i belongs to row i, if rows have no names and the entries' names are no numbers: the case
/// of IJB's files.
inline std::vector<index_t> rows_in_order(coupleface::template_list const& list, index_t rows,
                                          std::string const& file) {
  if (static_cast<index_t>(list.files.size()) != rows)
    throw std::runtime_error(file + ": " + std::to_string(list.files.size()) + " lines for " +
                             std::to_string(rows) + " rows, which have no names");
  std::vector<index_t> result;
  for (index_t i = 0; i < rows; ++i) result.push_back(i);
  return result;
}

}  // namespace detail

/// @param names of the rows; may be empty
inline face_templates read_face_templates(std::string const& file, index_t rows,
                                          std::vector<std::string> const& names) {
  auto const list = detail::read_templates_by_content(file);
  face_templates result{file, {}, {}, list.media_ids, list.lines, list.template_ids};
  auto& ids = result.ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.empty()) throw std::runtime_error(file + ": has no templates");
  bool const in_order = names.empty() && !coupleface::detail::is_integer(list.files[0]);
  if (in_order) result.rows = detail::rows_in_order(list, rows, file);
  coupleface::detail::row_names const index(rows, names);
  for (std::size_t e = 0; e < list.files.size(); ++e) {
    if (list.template_ids[e] < 0)
      result.fail(e, "template " + std::to_string(list.template_ids[e]) + " is negative");
    result.templates.push_back(std::lower_bound(ids.begin(), ids.end(), list.template_ids[e]) -
                               ids.begin());
    if (in_order) continue;
    index_t const row = index.find(list.files[e]);
    if (row < 0) result.fail(e, coupleface::detail::no_row_reason(list.files[e], row, rows, names));
    result.rows.push_back(row);
  }
  return result;
}

/// Selected templates and the people that they show.
struct template_choice {
  std::vector<index_t> rows;        ///< of all templates
  std::vector<std::string> people;  ///< of each template

  std::vector<std::string> names(std::vector<std::string> const& all) const {
    std::vector<std::string> result;
    for (index_t const row : rows) result.push_back(all[static_cast<std::size_t>(row)]);
    return result;
  }
};

/// Adds the file's templates that are not in the set yet.
inline void choose_templates(std::string const& file, face_templates const& all,
                             template_choice& choice) {
  auto const list = coupleface::read_template_people(file);
  for (std::size_t i = 0; i < list.people.size(); ++i) {
    index_t const id = list.template_ids[i];
    auto const found = std::lower_bound(all.ids.begin(), all.ids.end(), id);
    auto const fail = [&](std::string const& reason) {
      throw std::runtime_error(file + ", line " + std::to_string(list.lines[i]) + ": template " +
                               std::to_string(id) + reason);
    };
    if (found == all.ids.end() || *found != id) fail(" has no face in " + all.file);
    index_t const row = found - all.ids.begin();
    auto const there = std::find(choice.rows.begin(), choice.rows.end(), row);
    if (there == choice.rows.end()) {
      choice.rows.push_back(row);
      choice.people.push_back(list.people[i]);
    } else if (choice.people[static_cast<std::size_t>(there - choice.rows.begin())] !=
               list.people[i]) {
      fail(" is of another person in another gallery");
    }
  }
}

/// Multiplies rows by the detector scores of their list.
inline void weigh_by_score(row_matrix& faces, row_list const& list) {
  if (list.scores.empty())
    throw std::runtime_error((list.file.empty() ? std::string("--weigh-by-score") : list.file) +
                             ": no detector scores");
  for (index_t i = 0; i < faces.rows; ++i) {
    float* const row = faces.values.data() + i * faces.width;
    for (index_t j = 0; j < faces.width; ++j) row[j] *= list.scores[static_cast<std::size_t>(i)];
  }
}

}  // namespace evaluate
