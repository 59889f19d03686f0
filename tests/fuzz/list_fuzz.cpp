// SPDX-License-Identifier: Apache-2.0
// Fuzzes the readers of lists: any bytes give as many labels as names, or a std::runtime_error.
// Seeds come from make_list_seeds.
#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/image_list.hpp>
#include <coupleface/io/image_pairs.hpp>
#include <coupleface/io/pair_list.hpp>
#include <coupleface/io/score_list.hpp>
#include <coupleface/io/template_list.hpp>
#include <coupleface/io/template_people.hpp>

#include "memory_file.hpp"

namespace cf = coupleface;

namespace {

void expect(bool holds) {
  if (!holds) { std::abort(); }
}

template <class Read>
void read_images(std::string const& path, Read read) {
  try {
    cf::image_list const list = read(path);
    expect(list.paths.size() == list.labels.size());
    for (cf::index_t i = 0; i < list.size(); ++i) { expect(!list.path(i).empty()); }
    for (cf::index_t const label : list.labels) {
      expect(list.people.empty() || (label >= 0 && label < cf::index_t(list.people.size())));
    }
  } catch (std::runtime_error const&) {}
}

template <class Read>
void read_templates(std::string const& path, Read read) {
  try {
    auto const list = read(path);
    expect(list.files.size() == list.template_ids.size());
    expect(list.files.size() == list.media_ids.size());
    expect(list.files.size() == list.lines.size());
  } catch (std::runtime_error const&) {}
}

/// What is read comes back when it is written by csv_field.
void read_table(std::string const& path) {
  static memory_file again("/fuzz/again");
  std::string written;
  std::vector<std::string> all;
  try {
    cf::csv_table table(path);
    auto const add = [&](std::vector<std::string> const& fields) {
      for (std::size_t k = 0; k < fields.size(); ++k) {
        // Quotes, so that nothing is a byte order mark.
        written += (k > 0 ? "," : "") + cf::csv_field(fields[k] + "\"");
        all.push_back(fields[k] + "\"");
      }
      written += '\n';
    };
    add(table.columns());
    while (table.next()) {
      expect(table.fields().size() == table.columns().size());
      add(table.fields());
    }
  } catch (std::runtime_error const&) { return; }
  cf::csv_table table(
      again.put(reinterpret_cast<unsigned char const*>(written.data()), written.size()));
  std::size_t at = 0;
  auto const compare = [&](std::vector<std::string> const& fields) {
    for (std::string const& field : fields) { expect(field == all.at(at++)); }
  };
  compare(table.columns());
  while (table.next()) { compare(table.fields()); }
  expect(at == all.size());
}

void read_pairs(std::string const& path) {
  try {
    cf::image_pairs const pairs = cf::read_image_pairs(path);
    expect(pairs.size() == 2 * pairs.pairs());
  } catch (std::runtime_error const&) {}
}

/// Rows in the order of the list's names: whatever is read, can be found again.
void read_pair_rows(std::string const& path) {
  try {
    cf::pair_list list = cf::read_pair_list(path);
    auto const pairs = list.same.size();
    expect(pairs > 0 && list.first.size() == pairs && list.second.size() == pairs);
    expect(list.folds.empty() || list.folds.size() == pairs);
    bool const pack = list.form == cf::pair_list_form::pack;
    expect(list.lines.size() == (pack ? 0 : pairs) && list.names.empty() == pack);
    auto const names = list.names;
    auto const rows = pack ? 2 * list.size() : cf::index_t(names.size());
    cf::find_rows(list, rows, names);
    for (std::size_t i = 0; i < pairs; ++i) {
      expect(list.first[i] >= 0 && list.first[i] < rows && list.first[i] != list.second[i]);
    }
    cf::expect_pairs_agree(list, std::vector<int>(std::size_t(rows), 1));
  } catch (std::runtime_error const&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  static memory_file file;
  std::string const& path = file.put(data, size);
  read_table(path);
  read_pairs(path);
  read_images(path, [](auto const& p) { return cf::read_image_list(p); });
  read_images(path, [](auto const& p) { return cf::read_lst(p); });
  read_images(path, [](auto const& p) { return cf::read_image_table(p); });
  read_templates(path, [](auto const& p) { return cf::read_template_list(p); });
  read_templates(path, [](auto const& p) { return cf::read_template_table(p); });
  try {
    auto const pairs = cf::read_template_pairs(path);
    expect(pairs.first.size() == pairs.second.size() && pairs.first.size() == pairs.same.size());
  } catch (std::runtime_error const&) {}
  read_pair_rows(path);
  try {
    auto const list = cf::read_landmark_list(path);
    expect(list.files.size() == list.scores.size() && list.files.size() == list.landmarks.size());
  } catch (std::runtime_error const&) {}
  try {
    auto const list = cf::read_template_people(path);
    expect(!list.people.empty() && list.people.size() == list.template_ids.size());
  } catch (std::runtime_error const&) {}
  try {
    auto const list = cf::read_score_list(path);
    expect(!list.same.empty() && list.scores.size() == list.same.size());
  } catch (std::runtime_error const&) {}
  return 0;
}
