// embed_faces: what a network makes of faces, for evaluate, mine_relations and
// --teacher-embeddings.
//
//   embed_faces teacher.pt faces_emore/train.rec teacher     embeddings.npy and labels.npy
//   embed_faces student.pt faces_emore/lfw.bin lfw           embeddings.npy and pairs.csv
//
// The network is a TorchScript file, such as best.pt of torch_student. Faces are read as they are
// needed, so a set may be larger than memory; what is made appears whole or not at all.
#include <torch/script.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <coupleface/interop/torch/tensors.hpp>
#include <coupleface/io/npy.hpp>
#include <coupleface/io/sample_loader.hpp>

#include "../convert_faces/inputs.hpp"
#include "../convert_faces/output_folder.hpp"
#include "../train_student/augmentation.hpp"
#include "../train_student/dataset.hpp"
#include "../train_student/progress.hpp"

namespace {

using coupleface::face_sample;
using coupleface::index_t;

struct arguments {
  std::string network, faces, output, device = "cpu";
  int side = 112, threads = 2;
  bool rgb = false;
};

void declare(CLI::App& app, arguments& a) {
  app.option_defaults()->always_capture_default();
  app.add_option("network", a.network, "TorchScript file: [n, 1, side, side] to [n, d]")
      ->required();
  app.add_option("faces", a.faces,
                 "A folder with a folder for each person; train.rec; lfw.bin; a list, as "
                 "convert_faces takes them")
      ->required();
  app.add_option("output", a.output,
                 "Folder; it must not exist. embeddings.npy: unit rows in the order of the faces; "
                 "labels.npy, or of pairs pairs.csv (fold,a,b,same), ten folds in their order")
      ->required();
  app.add_option("--side", a.side, "Pixels of a side, as in training")->check(CLI::Range(1, 1024));
  app.add_flag("--rgb", a.rgb, "The network wants three channels: the grey one three times");
  app.add_option("--device", a.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--threads", a.threads, "They decode")->check(CLI::Range(1, 256));
}

template <class Source>
void write_truth(convert_faces::output_folder& folder, Source const& source,
                 std::vector<index_t> const& labels) {
  if constexpr (std::is_same_v<Source, coupleface::verification_pack> ||
                std::is_same_v<Source, coupleface::image_pairs>) {
    index_t const pairs = source.size() / 2;
    std::string table = "fold,a,b,same\n";
    for (index_t i = 0; i < pairs; ++i) {
      table += std::to_string(10 * i / pairs) + ',' + std::to_string(2 * i) + ',' +
               std::to_string(2 * i + 1) + (source.same(i) ? ",1\n" : ",0\n");
    }
    auto const* const bytes = reinterpret_cast<std::uint8_t const*>(table.data());
    folder.write("pairs.csv", {bytes, static_cast<index_t>(table.size())});
  } else {
    coupleface::write_npy(folder.path("labels.npy"),
                          coupleface::make_vector_view(labels.data(), source.size()));
  }
}

template <class Source>
void embed(arguments const& a, Source const& source) {
  if (source.size() == 0) throw std::runtime_error(a.faces + ": no faces");
  convert_faces::output_folder folder(a.output);
  torch::NoGradGuard const guard;
  torch::Device const device(a.device);
  auto network = torch::jit::load(a.network, device);
  network.eval();

  auto const decode = [&](face_sample const& sample, coupleface::sample_place place) {
    int width = 0, height = 0;
    auto const pixels = train_student::decode_grey(
        sample.bytes.data_handle(), static_cast<std::size_t>(sample.bytes.extent(0)), width, height,
        a.faces + ": image " + std::to_string(place.index));
    std::vector<std::uint8_t> face(static_cast<std::size_t>(a.side) * a.side);
    train_student::resize_area(pixels.data(), width, height, a.side, face.data());
    torch::Tensor const image = torch::empty({1, a.side, a.side});
    train_student::to_float(face.data(), a.side, image.data_ptr<float>());
    return image;
  };
  coupleface::loader_settings settings;
  settings.batch_size = 64;
  settings.threads = a.threads;
  settings.batches_in_flight = 2 * a.threads;
  coupleface::sample_loader loader(source, settings, coupleface::in_order{}, decode);
  coupleface::npy_writer rows(folder.path("embeddings.npy"));
  std::vector<index_t> labels;
  train_student::progress shown("embed_faces", 0, source.size());
  while (auto const batch = loader.next()) {
    auto images = torch::stack(batch->samples);
    if (a.rgb) images = images.expand({-1, 3, -1, -1});
    auto const raw = network.forward({images.to(device)}).toTensor().to(torch::kCPU, torch::kFloat);
    auto const unit = torch::nn::functional::normalize(raw).contiguous();
    if (labels.empty()) rows.begin<float>(source.size(), unit.size(1));
    rows.append(coupleface::matrix_view_of<float const>(unit));
    labels.insert(labels.end(), batch->labels.begin(), batch->labels.end());
    shown.step(static_cast<index_t>(labels.size()), "faces");
  }
  rows.commit();
  write_truth(folder, source, labels);
  folder.commit();
  std::printf("%lld faces\n", static_cast<long long>(source.size()));
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{"Writes the embeddings that a TorchScript network makes of faces."};
  declare(app, a);
  CLI11_PARSE(app, argc, argv);
  try {
    auto const input = convert_faces::open_input(a.faces);
    std::visit([&](auto const& source) { embed(a, source); }, input);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "\nembed_faces: %s\n", error.what());
    return 1;
  }
}
