// SPDX-License-Identifier: Apache-2.0
// Writes images in each output form.
#pragma once

#include <coupleface/io/image_format.hpp>
#include <coupleface/io/sample_loader.hpp>
#include <string>

#include "arguments.hpp"
#include "face_kit/data/face_inputs.hpp"
#include "face_kit/report/csv_writer.hpp"
#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/output_folder.hpp"
#include "face_kit/run/progress.hpp"

namespace convert_faces {

using namespace face_kit;

template <class Source>
[[noreturn]] void fail_image(arguments const& a, Source const& source, index_t i,
                             std::string const& reason) {
  throw std::runtime_error(name_of(source, a.input, i) + ": " + reason);
}

template <class Source>
void expect_person(arguments const& a, Source const& source, index_t i, index_t label) {
  if (label < 0)
    fail_image(a, source, i, "the label " + std::to_string(label) + " is nobody's: no person");
}

/// Calls take(i, sample) for every image in order; threads read ahead. Warns of images that no
/// reader of folders will take for one.
/// @throws std::runtime_error  for an image without bytes
template <class Source, class Take>
void for_each_image(arguments const& a, Source const& source, Take take) {
  int const threads = a.threads;
  index_t unknown = 0, first_unknown = 0;
  coupleface::loader_settings settings;
  settings.batch_size = 16;
  settings.threads = threads;
  settings.batches_in_flight = 2 * threads;
  coupleface::sample_loader loader(source, settings, coupleface::in_order{});
  progress shown("convert_faces", "image", 0, source.size());
  while (auto const batch = loader.next()) {
    stop_if_interrupted();
    for (std::size_t k = 0; k < batch->samples.size(); ++k) {
      index_t const i = batch->indices[k];
      auto const& bytes = batch->samples[k].bytes;
      if (bytes.extent(0) == 0) fail_image(a, source, i, "the image has no bytes");
      if (coupleface::image_format_of(bytes) == coupleface::image_format::unknown && unknown++ == 0)
        first_unknown = i;
      take(i, batch->samples[k]);
    }
    shown.show(batch->indices.back() + 1);
  }
  if (unknown > 0)
    warn("%s: %lld images are not JPEG, PNG or WebP, and are copied as they are; the first is %s",
         a.input.c_str(), static_cast<long long>(unknown),
         name_of(source, a.input, first_unknown).c_str());
}

inline std::string ending_of(coupleface::byte_view bytes) {
  switch (coupleface::image_format_of(bytes)) {
    case coupleface::image_format::jpeg:
      return ".jpg";
    case coupleface::image_format::png:
      return ".png";
    case coupleface::image_format::webp:
      return ".webp";
    default:
      return ".img";
  }
}

template <class Source>
void write_people(arguments const& a, Source const& source) {
  output_folder folder(a.output);
  for_each_image(a, source, [&](index_t i, coupleface::face_sample const& sample) {
    expect_person(a, source, i, sample.label);
    std::string const person = person_of(source, sample.label);
    // Names come from a file: none of them may escape from the folder.
    if (person.empty() || person[0] == '.' || person.find('/') != std::string::npos)
      fail_image(a, source, i, "the person '" + person + "' cannot be a folder's name");
    folder.write(person + "/" + padded(i) + ending_of(sample.bytes), sample.bytes);
  });
  folder.commit();
}

template <class Source>
void write_list(arguments const& a, Source const& source) {
  output_folder folder(a.output);
  image_list list;
  csv_writer table({"path", "person"});
  for_each_image(a, source, [&](index_t i, coupleface::face_sample const& sample) {
    if (a.to == "table") expect_person(a, source, i, sample.label);
    std::string const name = "images/" + padded(i) + ending_of(sample.bytes);
    folder.write(name, sample.bytes);
    list.paths.push_back(name);
    list.labels.push_back(sample.label);
    if (a.to == "table") table.row(name, person_of(source, sample.label));
  });
  if (a.to == "list") coupleface::write_image_list(folder.path("list.txt"), list);
  if (a.to == "lst") coupleface::write_lst(folder.path("train.lst"), list);
  if (a.to == "table") folder.write("list.csv", table.text());
  folder.commit();
}

template <class Source>
void write_records(arguments const& a, Source const& source) {
  output_folder folder(a.output);
  coupleface::record_set_writer writer(folder.path("train.rec"), a.height, a.width);
  for_each_image(a, source, [&](index_t i, coupleface::face_sample const& sample) {
    expect_person(a, source, i, sample.label);
    try {
      writer.append(sample.bytes, sample.label);
    } catch (std::invalid_argument const& error) { fail_image(a, source, i, error.what()); }
  });
  writer.commit();
  folder.commit();
}

template <class Source>
void write_pack(arguments const& a, Source const& source) {
  expect_absent(a.output);
  coupleface::verification_pack_writer writer(a.output, a.protocol);
  coupleface::face_sample first;
  for_each_image(a, source, [&](index_t i, coupleface::face_sample const& sample) {
    if (i % 2 == 1) writer.append(first.bytes, sample.bytes, source.same(i / 2));
    first = sample;
  });
  writer.commit();
  set_complete_output(a.output);
}

template <class Source>
void write_pairs(arguments const& a, Source const& source) {
  output_folder folder(a.output);
  csv_writer table({"a", "b", "same"});
  for_each_image(a, source, [&](index_t i, coupleface::face_sample const& sample) {
    std::string const name = "images/" + padded(i) + ending_of(sample.bytes);
    folder.write(name, sample.bytes);
    table.cell(name);
    if (i % 2 == 1) table.row(source.same(i / 2) ? 1 : 0);
  });
  folder.write("pairs.csv", table.text());
  folder.commit();
}

template <class Source>
void convert_labelled(arguments const& a, Source const& source) {
  if (a.to == "pack" || a.to == "pairs")
    throw std::runtime_error(a.input + ": contains people but no pairs: --to " + a.to +
                             " needs a pack or a table a,b,same");
  if (a.to == "folder") return write_people(a, source);
  if (a.to == "rec") return write_records(a, source);
  write_list(a, source);
}

template <class Source>
void convert_pairs(arguments const& a, Source const& source) {
  if (a.to == "pack") return write_pack(a, source);
  if (a.to == "pairs") return write_pairs(a, source);
  throw std::runtime_error(a.input + ": contains pairs but no people: --to " + a.to +
                           " is not possible");
}

inline void convert(arguments const& a, image_list const& list) { convert_labelled(a, list); }
inline void convert(arguments const& a, record_set const& set) { convert_labelled(a, set); }
inline void convert(arguments const& a, image_pairs const& pairs) { convert_pairs(a, pairs); }
inline void convert(arguments const& a, verification_pack const& pack) { convert_pairs(a, pack); }

}  // namespace convert_faces
