// SPDX-License-Identifier: Apache-2.0
// Arrays for the tests of the evaluate example, without Python: FOLDER receives embeddings of 60
// people with a common direction, labels, a teacher's and a student's rows, a gallery, pairs and
// templates; FOLDER/dense and FOLDER/sparse the same with other ids: 5 l + 3 for label l, 7 t + 5
// for template t.
#include <coupleface/io/npy.hpp>
#include <coupleface/io/verification_pack.hpp>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace cf = coupleface;

namespace {

std::vector<float> noisy(std::vector<float> const& centres, std::vector<std::int32_t> const& labels,
                         cf::index_t width, double spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<float> rows;
  for (auto const label : labels) {
    for (cf::index_t j = 0; j < width; ++j) {
      double const centre = label < 0 ? 0.0 : double(centres[std::size_t(label * width + j)]);
      rows.push_back(float(centre + spread * normal(random)));
    }
  }
  return rows;
}

template <class T>
void write(std::string const& file, std::vector<T> const& values, cf::index_t width) {
  auto const rows = cf::index_t(values.size()) / width;
  cf::write_npy(file, cf::make_matrix_view(values.data(), rows, width));
}

}  // namespace

int main(int, char** argv) {
  std::string const folder = std::string(argv[1]) + "/";
  cf::index_t const width = 24;
  std::vector<float> const centres = noisy({}, std::vector<std::int32_t>(60, -1), width, 1.0, 1);
  std::vector<std::int32_t> labels, gallery_labels;
  for (int i = 0; i < 480; ++i) { labels.push_back(i % 97 == 7 ? -1 : i % 60); }
  for (int p = 0; p < 50; ++p) { gallery_labels.push_back(p % 5 == 4 ? -1 : p); }
  auto const rows = noisy(centres, labels, width, 0.9, 2);
  write(folder + "rows.npy", rows, width);
  write(folder + "teacher.npy", noisy(centres, labels, width, 0.5, 3), width);
  write(folder + "gallery.npy", noisy(centres, gallery_labels, width, 0.7, 4), width);
  auto const vector = [](std::vector<std::int32_t> const& v) {
    return cf::make_vector_view(v.data(), cf::index_t(v.size()));
  };
  cf::write_npy(folder + "labels.npy", vector(labels));
  cf::write_npy(folder + "gallery_labels.npy", vector(gallery_labels));
  std::vector<cf::float16> halves;
  for (float const x : rows) { halves.emplace_back(double(x)); }
  write(folder + "halves.npy", halves, width);

  auto broken = rows;
  broken[17 * width + 3] = std::nanf("");
  broken[20 * width] = INFINITY;
  write(folder + "broken.npy", broken, width);
  write(folder + "doubles.npy", std::vector<double>(rows.begin(), rows.end()), width);

  // The probes again, each row with another scale; and rows that are nearly equal, twice.
  std::vector<float> scaled = rows, nearly_equal = rows, others = rows;
  std::mt19937 noise(10);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    scaled[i] *= 0.1f + float(i / std::size_t(width));
    nearly_equal[i] = 1 + 1e-4f * normal(noise);
    others[i] = 1 + 1e-4f * normal(noise);
  }
  write(folder + "scaled.npy", scaled, width);
  write(folder + "nearly_equal.npy", nearly_equal, width);
  write(folder + "others_nearly_equal.npy", others, width);
  std::vector<double> large(rows.begin(), rows.end());
  large[3 * width + 2] = 1e300;
  write(folder + "large.npy", large, width);
  write(folder + "uint16.npy", std::vector<std::uint16_t>(rows.size(), 0x3f80), width);

  // Images of which rows 2 p and 2 p + 1 are said to be.
  cf::verification_pack_writer pack(folder + "pack.bin");
  std::vector<std::uint8_t> const image(64, 7);
  cf::byte_view const bytes(image.data(), 64);
  for (int p = 0; p < 240; ++p) { pack.append(bytes, bytes, p % 3 == 0); }
  pack.commit();

  std::mt19937 random(9);
  std::ofstream pairs(folder + "pairs.csv"), templates(folder + "templates.csv");
  pairs << "fold,a,b,same\n";
  for (int i = 0; i < 900; ++i) {
    int const a = int(random() % 480u);
    int const b = i % 2 == 0 ? (a + 60) % 480 : int(random() % 480u);
    if (a == b || labels[std::size_t(a)] < 0 || labels[std::size_t(b)] < 0) { continue; }
    pairs << i % 5 << ',' << a << ',' << b << ','
          << (labels[std::size_t(a)] == labels[std::size_t(b)]) << '\n';
  }
  templates << "row,template,medium\n";
  for (int i = 0; i < 480; ++i) { templates << i << ',' << i % 120 << ',' << i / 240 << '\n'; }

  for (bool const sparse : {false, true}) {
    std::string const there = folder + (sparse ? "sparse/" : "dense/");
    int const factor = sparse ? 7 : 1, offset = sparse ? 5 : 0;
    auto const spread = [&](std::vector<std::int32_t> ids) {
      for (auto& id : ids) { id = sparse && id >= 0 ? 5 * id + 3 : id; }
      return ids;
    };
    cf::write_npy(there + "labels.npy", vector(spread(labels)));
    cf::write_npy(there + "gallery_labels.npy", vector(spread(gallery_labels)));
    // As IJB's files: lines in the order of the rows, one template of three media here and there.
    std::ofstream ids(there + "tid_mid.txt"), compared(there + "template_pairs.txt");
    for (int i = 0; i < 480; ++i) {
      ids << i + 1 << ".jpg " << factor * (i % 120) + offset << ' ' << 10 * (i / 240) << '\n';
    }
    for (int t = 0; t < 120; ++t) {
      int const other = (t * 37 + 11) % 120;
      if (other == t) { continue; }
      compared << factor * t + offset << ' ' << factor * ((t + 60) % 120) + offset << " 1\n"
               << factor * t + offset << ' ' << factor * other + offset << ' '
               << (other % 60 == t % 60) << '\n';
    }
  }
  return pairs && templates ? 0 : 1;
}
