// SPDX-License-Identifier: Apache-2.0
// coupleface: reads lists of pairs in each of their forms.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pack_parts.hpp>
#include <coupleface/detail/io/pair_lines.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Adds pairs to a list, each with its position in the file.
template <class List>
class pair_writer {
 public:
  explicit pair_writer(List& list) : list_(list), places_(list.names) {}

  template <class Lines>
  void add(Lines const& lines, index_t number, std::string const& a, std::string const& b,
           unsigned char same) {
    if (a.empty() || b.empty()) { lines.fail("has no path"); }
    if (a == b) { lines.fail("pairs " + in_quotes(a) + " with itself"); }
    list_.first.push_back(places_.place(a));
    list_.second.push_back(places_.place(b));
    list_.same.push_back(same);
    list_.lines.push_back(number);
  }

 private:
  List& list_;
  name_places places_;
};

template <class Lines>
unsigned char pair_label(Lines const& lines, std::string_view text) {
  if (text != "0" && text != "1") {
    lines.fail("has " + in_quotes(text) + " where the label, 0 or 1, should be");
  }
  return text == "1" ? 1 : 0;
}

template <class List>
void read_pair_lines(mapped_file const& file, List& list) {
  pair_writer<List> pairs(list);
  text_lines lines(file);
  for (bool first = true; lines.next(); first = false) {
    if (first && !has_digit(lines.line())) { continue; }  // column names
    auto const fields = pair_fields(lines.line());
    if (fields.size() != 3) {
      lines.fail("has " + std::to_string(fields.size()) +
                 " fields: a pair is two images and a label, or of LFW's form");
    }
    auto const same = pair_label(lines, fields[2]);
    pairs.add(lines, lines.number(), std::string(fields[0]), std::string(fields[1]), same);
  }
}

template <class Table, class List>
void read_pair_table(Table table, List& list) {
  bool const folds = table.has("fold");
  pair_writer<List> pairs(list);
  while (table.next()) {
    auto const same = pair_label(table, table.text("same"));
    pairs.add(table, table.line(), table.text("a"), table.text("b"), same);
    if (folds) { list.folds.push_back(table.integer("fold")); }
  }
}

/// LFW's name of an image by its number: NAME/NAME_0001.
inline std::string lfw_image(text_lines const& lines, std::string_view name,
                             std::string_view number) {
  index_t const image = expect_integer(lines, number, "the number of an image");
  if (image < 1) { lines.fail("has image " + std::to_string(image) + ": they count from 1"); }
  std::string digits = std::to_string(image);
  if (digits.size() < 4) { digits.insert(0, 4 - digits.size(), '0'); }
  return std::string(name) + '/' + std::string(name) + '_' + digits;
}

template <class List>
void add_lfw_pair(text_lines const& lines, pair_writer<List>& pairs) {
  auto const fields = pair_fields(lines.line());
  if (fields.size() != 3 && fields.size() != 4) {
    lines.fail("is neither 'name number number' nor 'name number name number'");
  }
  bool const same = fields.size() == 3;
  std::string_view const other = fields[same ? 0 : 2];
  if (!same && other == fields[0]) {
    lines.fail("has " + in_quotes(other) + " twice: a pair of one person has three fields");
  }
  pairs.add(lines, lines.number(), lfw_image(lines, fields[0], fields[1]),
            lfw_image(lines, other, fields[same ? 2 : 3]), same ? 1 : 0);
}

/// A header F N announces F times N pairs of one person and N of two; N alone stands for F = 1.
template <class List>
void read_lfw_pairs(mapped_file const& file, List& list) {
  pair_writer<List> pairs(list);
  text_lines lines(file);
  std::vector<index_t> header;
  for (bool first = true; lines.next(); first = false) {
    auto const fields = pair_fields(lines.line());
    if (first && is_lfw_header(fields)) {
      for (auto const field : fields) {
        header.push_back(expect_integer(lines, field, "a number"));
      }
    } else {
      add_lfw_pair(lines, pairs);
    }
  }
  if (header.empty()) { return; }
  index_t const pairs_there = index_t(list.same.size());
  index_t const folds = header.size() == 2 ? header[0] : 1;
  index_t const each = header.back();
  bool const small = folds > 0 && each > 0 && folds <= pairs_there && each <= pairs_there;
  bool const fits = small && pairs_there % (2 * folds) == 0 && pairs_there / (2 * folds) == each;
  if (!fits) {
    fail_file(file.path(), 0,
              "line 1 promises " + std::to_string(folds) + " times " + std::to_string(each) +
                  " pairs of one person and as many of two, but there are " +
                  std::to_string(pairs_there) + " pairs");
  }
  for (index_t i = 0; i < pairs_there && header.size() == 2; ++i) {
    list.folds.push_back(i / (2 * each));
  }
}

/// Images 2 p and 2 p + 1 are pair p; ten consecutive folds.
template <class List>
void read_pack_pairs(mapped_file const& file, List& list) {
  list.same = read_pack(file).same;
  index_t const pairs = index_t(list.same.size());
  for (index_t i = 0; i < pairs; ++i) {
    list.first.push_back(2 * i);
    list.second.push_back(2 * i + 1);
    list.folds.push_back(10 * i / pairs);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
