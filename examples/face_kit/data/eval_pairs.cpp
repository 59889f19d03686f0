// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/eval_pairs.hpp"

#include <coupleface/io/pair_list.hpp>
#include <coupleface/io/verification_pack.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "face_kit/run/messages.hpp"

namespace face_kit {

namespace {

using detail::face_entry;

/// Adds the images of a pack as dev faces. The people of each pair are new, because a pack does not
/// name them. Returns the index of each image's face, -1 if it is left out.
std::vector<int> add_pack(std::string const& file, bool skip_undecodable, face_dataset& faces,
                          std::vector<left_out_image>& undecodable) {
  coupleface::verification_pack const pack(file);
  face_dataset added;
  added.side = faces.side;
  std::vector<face_entry> entries;
  for (coupleface::index_t i = 0; i < pack.size(); ++i) {
    bool const other = i % 2 == 1 && !pack.same(i / 2);
    entries.push_back({"", file + ": image " + std::to_string(i),
                       file + ": pair " + std::to_string(i / 2) + (other ? " b" : ""), false});
    added.labels.push_back(0);
  }
  added.pixels.resize(entries.size() * added.image_bytes());
  added.sizes.resize(entries.size());
  auto const reasons = detail::read_pixels(pack, entries, skip_undecodable, added);

  if (faces.rows.empty()) {
    faces.listed = faces.size();
    faces.rows.resize(static_cast<std::size_t>(faces.size()));
    std::iota(faces.rows.begin(), faces.rows.end(), 0);
  }
  if (faces.sizes.empty()) {
    faces.sizes.assign(static_cast<std::size_t>(faces.size()), {faces.side, faces.side});
  }
  std::vector<int> places(entries.size(), -1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!reasons[i].empty()) {
      undecodable.push_back({static_cast<int>(i), entries[i].path, reasons[i]});
      continue;
    }
    places[i] = faces.size();
    bool const with_first =
        i % 2 == 1 && pack.same(coupleface::index_t(i / 2)) && places[i - 1] >= 0;
    if (!with_first) faces.people.push_back(entries[i].person);
    faces.labels.push_back(static_cast<std::int32_t>(faces.people.size()) - 1);
    faces.paths.push_back(entries[i].path);
    faces.is_train.push_back(0);
    faces.sizes.push_back(added.sizes[i]);
    faces.rows.push_back(-1);
    auto const* const image = added.image(static_cast<int>(i));
    faces.pixels.insert(faces.pixels.end(), image, image + added.image_bytes());
  }
  return places;
}

/// Maps rows of the face list to faces; resolves the pair list by the names and labels of these
/// rows.
std::vector<int> find_faces(coupleface::pair_list& list, face_dataset const& faces) {
  auto const rows = static_cast<std::size_t>(faces.listed_rows());
  std::vector<std::string> names(rows);
  std::vector<std::int32_t> labels(rows, -1);
  std::vector<int> places(rows, -1);
  for (int i = 0; i < faces.size(); ++i) {
    if (faces.listed_row(i) < 0) continue;
    auto const row = static_cast<std::size_t>(faces.listed_row(i));
    names[row] = faces.paths[static_cast<std::size_t>(i)];
    labels[row] = faces.labels[static_cast<std::size_t>(i)];
    places[row] = i;
  }
  for (auto const& image : faces.undecodable) names[std::size_t(image.row)] = image.path;
  coupleface::find_rows(list, coupleface::index_t(rows), names);
  coupleface::expect_pairs_agree(list, labels);
  return places;
}

}  // namespace

eval_pairs load_pairs(std::string const& file, face_dataset& faces, bool skip_undecodable) {
  auto list = coupleface::read_pair_list(file);
  bool const pack = list.form == coupleface::pair_list_form::pack;
  eval_pairs found;
  auto const places =
      pack ? add_pack(file, skip_undecodable, faces, found.undecodable) : find_faces(list, faces);
  auto const& folds = list.folds;
  found.dealt = std::all_of(folds.begin(), folds.end(),
                            [&](coupleface::index_t fold) { return fold == folds[0]; });
  found.one_fold = found.dealt && !folds.empty();
  found.listed = static_cast<int>(list.size());
  for (coupleface::index_t i = 0; i < list.size(); ++i) {
    auto const k = static_cast<std::size_t>(i);
    auto const fold = found.dealt ? i % 10 : folds[k];
    if (fold < 0 || fold > 999999999) list.fail(i, "fold is " + std::to_string(fold));
    verification_pair const pair{
        static_cast<int>(fold), places[static_cast<std::size_t>(list.first[k])],
        places[static_cast<std::size_t>(list.second[k])], list.same[k] != 0};
    if (pair.a < 0 || pair.b < 0) {
      ++found.left_out;
    } else {
      found.pairs.push_back(pair);
    }
  }
  if (found.pairs.empty())
    throw std::runtime_error(file + ": no pair has both images in the dataset");
  return found;
}

void warn_of_pairs(std::string const& file, eval_pairs const& found, face_dataset const& faces) {
  auto images = faces.undecodable;
  images.insert(images.end(), found.undecodable.begin(), found.undecodable.end());
  if (found.left_out > 0) {
    std::string const list = faces.out + "/undecodable.txt";
    if (!found.undecodable.empty()) write_undecodable(list, images);
    auto const& first = found.undecodable.empty() ? images.front() : found.undecodable.front();
    warn("%s: %d pairs skipped: an image cannot be decoded (see %s); the first is %s", file.c_str(),
         found.left_out, list.c_str(), first.reason.c_str());
  }
  if (!found.dealt || found.listed < 2) return;
  warn("%s: has %s; pairs are assigned to %s folds in turn", file.c_str(),
       found.one_fold ? "one fold" : "no folds",
       found.listed < 10 ? std::to_string(found.listed).c_str() : "ten");
}

pair_rows rows_of_pairs(std::vector<verification_pair> const& pairs, int faces) {
  pair_rows found;
  found.place.assign(static_cast<std::size_t>(faces), -1);
  for (auto const& p : pairs) {
    for (int const row : {p.a, p.b}) {
      if (found.place[static_cast<std::size_t>(row)] >= 0) continue;
      found.place[static_cast<std::size_t>(row)] = static_cast<int>(found.rows.size());
      found.rows.push_back(row);
    }
  }
  return found;
}

bool have_rows(face_dataset const& faces, std::vector<verification_pair> const& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [&](verification_pair const& pair) {
    return faces.listed_row(pair.a) >= 0 && faces.listed_row(pair.b) >= 0;
  });
}

}  // namespace face_kit
