// What is evaluated: rows with labels, pairs, a gallery, a teacher, all as float32 in memory.
#pragma once

#include <coupleface/evaluation/templates.hpp>

#include <thrust/system/omp/execution_policy.h>

#include <map>
#include <unordered_map>

#include "../mine_relations/inputs.hpp"
#include "arguments.hpp"
#include "csv.hpp"

namespace evaluate {

using coupleface::index_t;
using coupleface::matrix_view;
using coupleface::vector_view;

template <class T>
vector_view<T const> view_of(std::vector<T> const& v) {
  return {v.data(), static_cast<index_t>(v.size())};
}

struct row_matrix {
  index_t rows = 0, width = 0;
  std::vector<float> values;
  matrix_view<float const> view() const { return {values.data(), rows, width}; }
};

inline row_matrix read_rows(std::string const& file) {
  return std::visit(
      [](auto const& array) {
        auto const there = array.matrix();
        row_matrix result{there.extent(0), there.extent(1), {}};
        result.values.reserve(static_cast<std::size_t>(array.size()));
        for (index_t i = 0; i < array.size(); ++i) {
          result.values.push_back(static_cast<float>(array.data()[i]));
        }
        return result;
      },
      mine_relations::open_rows(file, false));
}

struct pair_list {
  std::vector<std::int64_t> a, b;
  std::vector<std::int32_t> same;
  std::vector<std::int64_t> folds;  ///< empty where the file has none
};

struct inputs {
  row_matrix rows, teacher, gallery;
  std::vector<std::int32_t> labels, gallery_labels;  ///< empty: unknown
  std::unordered_map<std::string, std::int64_t> row_of_path;
  pair_list pairs;
};

/// Keeps the rows numbered `kept`.
inline row_matrix some_rows(row_matrix const& all, std::vector<index_t> const& kept) {
  row_matrix result{static_cast<index_t>(kept.size()), all.width, {}};
  for (index_t const i : kept) {
    auto const* const row = all.values.data() + i * all.width;
    result.values.insert(result.values.end(), row, row + all.width);
  }
  return result;
}

/// Labels by person; rows of another split than the wanted one are dropped.
inline void read_list(arguments const& a, inputs& in) {
  csv_file list(a.list);
  std::unordered_map<std::string, std::int32_t> numbers;
  std::vector<index_t> kept;
  index_t lines = 0;
  while (list.next()) {
    index_t const line = lines++;
    if (!a.split.empty() && list.text("split") != a.split) continue;
    auto const person = static_cast<std::int32_t>(numbers.size());
    in.labels.push_back(numbers.emplace(list.text("person"), person).first->second);
    auto const row = static_cast<std::int64_t>(kept.size());
    if (!in.row_of_path.emplace(list.text("path"), row).second)
      list.fail("path " + list.text("path") + " is there twice");
    kept.push_back(line);
  }
  if (lines != in.rows.rows)
    throw std::runtime_error(a.list + ": " + std::to_string(lines) + " lines for " +
                             std::to_string(in.rows.rows) + " rows of " + a.embeddings);
  if (a.split.empty()) return;
  if (kept.empty()) throw std::runtime_error(a.list + ": no line has the split " + a.split);
  in.rows = some_rows(in.rows, kept);
  if (!a.teacher.empty()) in.teacher = some_rows(in.teacher, kept);
}

inline std::int64_t row_of(csv_file const& file, std::string const& column, inputs const& in) {
  auto const found = in.row_of_path.find(file.text(column));
  std::int64_t const row = found != in.row_of_path.end() ? found->second : file.integer(column);
  if (row < 0 || row >= in.rows.rows)
    file.fail(column + " is " + std::to_string(row) + ", but there are " +
              std::to_string(in.rows.rows) + " rows");
  return row;
}

inline pair_list read_pairs(std::string const& name, inputs const& in) {
  csv_file file(name);
  pair_list pairs;
  while (file.next()) {
    pairs.a.push_back(row_of(file, "a", in));
    pairs.b.push_back(row_of(file, "b", in));
    auto const same = file.integer("same");
    if (same != 0 && same != 1) file.fail("same is neither 0 nor 1");
    pairs.same.push_back(static_cast<std::int32_t>(same));
    if (file.has("fold")) pairs.folds.push_back(file.integer("fold"));
  }
  return pairs;
}

/// The (row, template, medium) entries of the file, made into templates of some rows.
struct template_list {
  std::vector<std::int64_t> rows, templates, media;
  std::int64_t count = 0;

  row_matrix of(row_matrix const& faces) const {
    row_matrix result{count, faces.width, {}};
    result.values.resize(static_cast<std::size_t>(count * faces.width));
    coupleface::average_templates(
        thrust::omp::par, faces.view(), view_of(rows), view_of(templates), view_of(media),
        coupleface::make_matrix_view(result.values.data(), count, faces.width));
    return result;
  }
  /// Of the first face; -1 for a template without one.
  std::vector<std::int32_t> labels_of(std::vector<std::int32_t> const& labels) const {
    std::vector<std::int32_t> result(labels.empty() ? 0 : static_cast<std::size_t>(count), -1);
    for (std::size_t e = rows.size(); e-- > 0 && !result.empty();) {
      result[static_cast<std::size_t>(templates[e])] = labels[static_cast<std::size_t>(rows[e])];
    }
    return result;
  }
};

inline template_list read_templates(std::string const& name, inputs const& in) {
  csv_file file(name);
  template_list list;
  while (file.next()) {
    list.rows.push_back(row_of(file, "row", in));
    list.templates.push_back(file.integer("template"));
    list.media.push_back(file.integer("medium"));
    if (list.templates.back() < 0 || list.templates.back() > in.rows.rows * index_t(1000))
      file.fail("template " + std::to_string(list.templates.back()) + " is out of range");
    list.count = std::max(list.count, list.templates.back() + 1);
  }
  return list;
}

inline void make_templates(arguments const& a, inputs& in) {
  auto const list = read_templates(a.templates, in);
  in.rows = list.of(in.rows);
  if (!a.teacher.empty()) in.teacher = list.of(in.teacher);
  in.labels = list.labels_of(in.labels);
  in.row_of_path.clear();
}

inline inputs read_inputs(arguments const& a) {
  inputs in;
  in.rows = read_rows(a.embeddings);
  if (!a.labels.empty())
    in.labels = mine_relations::read_labels(a.labels, a.embeddings, in.rows.rows).of;
  if (!a.teacher.empty()) {
    in.teacher = read_rows(a.teacher);
    if (in.teacher.rows != in.rows.rows)
      throw std::runtime_error(a.teacher + ": " + std::to_string(in.teacher.rows) + " rows, but " +
                               std::to_string(in.rows.rows) + " of " + a.embeddings);
  }
  if (!a.list.empty()) read_list(a, in);
  if (!a.templates.empty()) make_templates(a, in);
  if (!a.gallery.empty()) {
    if (in.labels.empty()) throw std::runtime_error("--gallery needs --labels or --list");
    in.gallery = read_rows(a.gallery);
    in.gallery_labels =
        mine_relations::read_labels(a.gallery_labels, a.gallery, in.gallery.rows).of;
  }
  if (!a.pairs.empty()) in.pairs = read_pairs(a.pairs, in);
  return in;
}

}  // namespace evaluate
