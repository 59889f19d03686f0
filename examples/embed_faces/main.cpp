// SPDX-License-Identifier: Apache-2.0
// embed_faces: computes embeddings of faces, for evaluate, mine_relations and --teacher-embeddings.
//
//   embed_faces teacher.pt faces_emore/train.rec teacher     embeddings.npy and labels.npy
//   embed_faces student.pt faces_emore/lfw.bin lfw           embeddings.npy and pairs.csv
//
// The network is a TorchScript file, such as best.pt of torch_student. Row i of embeddings.npy
// always belongs to image i of the set. Faces are read on demand, so a set may be larger than
// memory; output appears completely or not at all.
#include <CLI/CLI.hpp>
#include <coupleface/interop/torch/tensors.hpp>
#include <coupleface/io/npy.hpp>
#include <coupleface/io/sample_loader.hpp>

#include <algorithm>
#include <iostream>
#include <limits>

#include "face_kit/data/face_inputs.hpp"
#include "face_kit/data/image_decoding.hpp"
#include "face_kit/image/augmentation.hpp"
#include "face_kit/image/resize_area.hpp"
#include "face_kit/report/csv_writer.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/run/program_main.hpp"
#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/output_folder.hpp"
#include "face_kit/run/progress.hpp"
#include "face_kit/run/script_network.hpp"
#include "face_kit/run/validators.hpp"
#include "network_rows.hpp"

namespace {

using namespace face_kit;
using coupleface::face_sample;

struct arguments {
  std::string network, faces, output, device = "cpu";
  int side = 112, threads = 2;
  bool rgb = false, flip = false, skip_undecodable = false;
};

void declare(CLI::App& app, arguments& a) {
  app.option_defaults()->always_capture_default();
  app.add_option("network", a.network, "TorchScript file: [n, 1, side, side] to [n, d]")
      ->required();
  app.add_option("faces", a.faces,
                 "A folder with a folder for each person; train.rec; lfw.bin; or a list that "
                 "convert_faces takes")
      ->required();
  app.add_option("output", a.output,
                 "Folder to write; it must not exist. embeddings.npy: unit rows in the order of "
                 "the faces. For people also labels.npy and, from a folder or list, list.csv "
                 "(path,person); for pairs also pairs.csv (fold,a,b,same), ten folds in order")
      ->required()
      ->transform(as_plain_path());
  app.add_option("--side", a.side,
                 "Width and height of the network's input in pixels, as in training")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--rgb", a.rgb, "The network takes three channels; repeat the grey channel");
  app.add_flag("--flip", a.flip,
               "Embed each face as the normalised sum of the outputs for the image and its mirror "
               "image, as InsightFace does");
  app.add_flag("--skip-undecodable", a.skip_undecodable,
               "The row of an image that cannot be decoded is NaN, so that other rows keep their "
               "positions; undecodable.txt lists these images, and pairs.csv omits their pairs. By "
               "default the first one is an error");
  app.add_option("--device", a.device, "Device that runs the network: cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--threads", a.threads, "Decoding threads")->check(CLI::Range(1, 256));
  refuse_empty_values(app);
}

template <class Source>
inline constexpr bool has_pairs = std::is_same_v<Source, coupleface::verification_pack> ||
                                  std::is_same_v<Source, coupleface::image_pairs>;

struct decoded_face {
  torch::Tensor image;  // [1, side, side]
  std::string reason;   // why there is no image
};

template <class Source>
decoded_face decode(arguments const& a, Source const& source, face_sample const& sample,
                    index_t i) {
  decoded_face face{torch::zeros({1, a.side, a.side}), {}};
  std::vector<std::uint8_t> grey(static_cast<std::size_t>(a.side) * a.side);
  try {
    int width = 0, height = 0;
    auto const pixels =
        decode_grey(sample.bytes.data_handle(), static_cast<std::size_t>(sample.bytes.extent(0)),
                    width, height, name_of(source, a.faces, i));
    resize_area(pixels.data(), width, height, a.side, grey.data());
    to_float(grey.data(), a.side, face.image.data_ptr<float>());
  } catch (undecodable_image const& error) {
    if (!a.skip_undecodable) throw;
    face.reason = error.what();
  }
  return face;
}

template <class Source>
void write_truth(output_folder& folder, Source const& source, std::vector<index_t> const& labels,
                 std::vector<index_t> const& undecodable) {
  auto const there = [&](index_t i) {
    return !std::binary_search(undecodable.begin(), undecodable.end(), i);
  };
  if constexpr (has_pairs<Source>) {
    index_t const pairs = source.size() / 2;
    csv_writer table({"fold", "a", "b", "same"});
    for (index_t i = 0; i < pairs; ++i) {
      if (!there(2 * i) || !there(2 * i + 1)) continue;
      table.row(10 * i / pairs, 2 * i, 2 * i + 1, source.same(i) ? 1 : 0);
    }
    folder.write("pairs.csv", table.text());
  } else {
    coupleface::write_npy(folder.path("labels.npy"),
                          coupleface::make_vector_view(labels.data(), source.size()));
  }
  if constexpr (std::is_same_v<Source, coupleface::image_list>) {
    csv_writer table({"path", "person"});
    for (index_t i = 0; i < source.size(); ++i) {
      auto const k = static_cast<std::size_t>(i);
      table.row(source.paths[k], person_of(source, labels[k]));
    }
    folder.write("list.csv", table.text());
  }
}

template <class Source>
void embed(arguments const& a, Source const& source) {
  output_folder folder(a.output);
  torch::NoGradGuard const guard;
  torch::Device const device(a.device);
  auto network = load_script(a.network, device);
  coupleface::loader_settings settings;
  settings.batch_size = 64;
  settings.threads = a.threads;
  settings.batches_in_flight = 2 * a.threads;
  coupleface::sample_loader loader(source, settings, coupleface::in_order{},
                                   [&](face_sample const& sample, coupleface::sample_place place) {
                                     return decode(a, source, sample, place.index);
                                   });
  coupleface::npy_writer rows(folder.path("embeddings.npy"));
  std::vector<index_t> labels, undecodable;
  index_t not_finite = 0;
  std::string first_not_finite;
  std::string reasons;
  progress shown("embed_faces", "face", 0, source.size());
  while (auto const batch = loader.next()) {
    stop_if_interrupted();
    std::vector<torch::Tensor> images;
    for (auto const& face : batch->samples) images.push_back(face.image);
    auto unit = ask_script(a.network, [&] {
      return embed_faces::network_rows(network, torch::stack(images), device, {a.rgb, a.flip});
    });
    torch::Tensor const finite = unit.isfinite().all(1);
    for (std::size_t k = 0; k < batch->samples.size(); ++k) {
      if (batch->samples[k].reason.empty()) {
        if (finite[static_cast<std::int64_t>(k)].item<bool>()) continue;
        if (not_finite++ == 0) first_not_finite = name_of(source, a.faces, batch->indices[k]);
        continue;
      }
      unit[static_cast<std::int64_t>(k)].fill_(std::numeric_limits<float>::quiet_NaN());
      undecodable.push_back(batch->indices[k]);
      reasons += batch->samples[k].reason + '\n';
    }
    if (labels.empty()) rows.begin<float>(source.size(), unit.size(1));
    rows.append(coupleface::matrix_view_of<float const>(unit));
    for (index_t const label : batch->labels) labels.push_back(std::max<index_t>(label, -1));
    shown.show(static_cast<index_t>(labels.size()));
  }
  rows.commit();
  write_truth(folder, source, labels, undecodable);
  if (!undecodable.empty()) folder.write("undecodable.txt", reasons);
  folder.commit();
  if (json_wanted()) {
    print_json(std::cout, {{"faces", source.size()}, {"undecodable", undecodable.size()}});
  } else {
    std::printf("%lld faces\n", static_cast<long long>(source.size()));
  }
  if (not_finite > 0)
    warn("%s: the network's output is not finite for %lld of %lld images (first: %s)",
         a.network.c_str(), static_cast<long long>(not_finite),
         static_cast<long long>(source.size()), first_not_finite.c_str());
  if (undecodable.empty()) return;
  warn("%zu images cannot be decoded: their rows are NaN (see %s/undecodable.txt); the first is %s",
       undecodable.size(), a.output.c_str(), reasons.substr(0, reasons.find('\n')).c_str());
}

void run(arguments& a) {
  auto const input = open_input(a.faces);
  warn_of_skipped(a.faces, input);
  std::visit([&](auto const& source) { embed(a, source); }, input);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"embed_faces", "Computes embeddings of faces with a TorchScript network.", libtorch_version},
      argc, argv, declare, run);
}
