// SPDX-License-Identifier: Apache-2.0
// coupleface: the people of templates: galleries and probes of the identification protocols of
// IJB-B and IJB-C.
//
// CSV with a header; text as in io/csv_table.hpp. A malformed line throws std::runtime_error naming
// file, byte and line. Source: ours (layout: the benchmarks' own *_1N_gallery_G1.csv,
// *_1N_gallery_G2.csv and *_1N_probe_mixed.csv, whose lines are images).
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/io/csv_table.hpp>

#include <unordered_map>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Template template_ids[i] shows the person people[i]. Each template occurs once, in the
/// order of first occurrence.
struct template_people {
  std::vector<index_t> template_ids;  ///< [n]
  std::vector<std::string> people;    ///< [n]
  std::vector<index_t> lines;         ///< [n] line of the first occurrence, from 1 on
};

/// The columns of a table of templates and people.
struct template_people_columns {
  std::string template_id = "TEMPLATE_ID";
  std::string person = "SUBJECT_ID";
};

/// @brief Reads a table in which a template has one line or more.
/// @throws std::runtime_error for missing columns, lines with another number of fields, ids that
///   are not integers, an empty person, a template of two people, a table without templates
/// @complexity O(bytes)
inline template_people read_template_people(std::string const& path,
                                            template_people_columns const& columns = {}) {
  template_people list;
  std::unordered_map<index_t, std::size_t> places;
  csv_table table(path, {columns.template_id, columns.person});
  while (table.next()) {
    index_t const id = table.integer(columns.template_id);
    std::string const& person = table.text(columns.person);
    if (person.empty()) { table.fail("has an empty person"); }
    auto const [found, added] = places.emplace(id, list.people.size());
    if (added) {
      list.template_ids.push_back(id);
      list.people.push_back(person);
      list.lines.push_back(table.line());
    } else if (list.people[found->second] != person) {
      table.fail("has the template " + std::to_string(id) + " of " + detail::in_quotes(person) +
                 ", which is of " + detail::in_quotes(list.people[found->second]) + " in line " +
                 std::to_string(list.lines[found->second]));
    }
  }
  if (list.people.empty()) { detail::fail_file(path, "has no templates"); }
  return list;
}

COUPLEFACE_NAMESPACE_END
