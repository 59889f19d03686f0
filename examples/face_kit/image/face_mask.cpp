// SPDX-License-Identifier: Apache-2.0
#include "face_kit/image/face_mask.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <variant>

#include "face_kit/data/row_files.hpp"

namespace face_kit {

face_point in_square(face_point p, image_size whole, int side) {
  int const square = std::min(whole.width, whole.height);
  double const scale = static_cast<double>(side) / square;
  return {(p.x + 0.5 - (whole.width - square) / 2) * scale - 0.5,
          (p.y + 0.5 - (whole.height - square) / 2) * scale - 0.5};
}

std::vector<face_point> mask_outline(face_landmarks const& face, double top) {
  auto const middle = [](face_point a, face_point b) {
    return face_point{(a.x + b.x) / 2, (a.y + b.y) / 2};
  };
  face_point const left = middle(face[0], face[1]), right = middle(face[2], face[3]),
                   eyes = middle(left, right), nose{face[4].x - eyes.x, face[4].y - eyes.y};
  double const apart = std::hypot(left.x - right.x, left.y - right.y);
  if (!(apart > 0) || !std::isfinite(apart))
    throw std::invalid_argument("mask_outline: the eyes coincide");
  // Unit vectors along the line of the eyes, and down from it.
  face_point const along{(left.x - right.x) / apart, (left.y - right.y) / apart},
      down{-along.y, along.x};
  double const height = nose.x * down.x + nose.y * down.y,
               turned = nose.x * along.x + nose.y * along.y;
  if (!(height > 0) || !std::isfinite(height) || !std::isfinite(turned))
    throw std::invalid_argument("mask_outline: the nose is not below the eyes");

  // Half of the outline, in units of eye distance and nose height; on a turned head the mask turns
  // too.
  static constexpr double half[][2] = {
      {0.35, 0.1}, {1.0, 0.3}, {1.1, 1.0}, {0.95, 1.7}, {0.5, 2.4}};
  std::vector<face_point> outline;
  auto const add = [&](double across, double below) {
    double const a = across * apart + turned * std::min(below, 1.0), d = below * height;
    outline.push_back({eyes.x + a * along.x + d * down.x, eyes.y + a * along.y + d * down.y});
  };
  add(0, top);
  for (std::size_t i = 0; i < std::size(half); ++i) add(half[i][0], half[i][1] + (i < 2 ? top : 0));
  add(0, 2.6);
  for (std::size_t i = std::size(half); i-- > 0;) add(-half[i][0], half[i][1] + (i < 2 ? top : 0));
  return outline;
}

std::vector<std::uint8_t> fill_outline(std::vector<face_point> const& outline, int side) {
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(side) * side);
  std::vector<double> crossings;
  for (int y = 0; y < side; ++y) {
    crossings.clear();
    for (std::size_t i = 0; i < outline.size(); ++i) {
      face_point const a = outline[i], b = outline[(i + 1) % outline.size()];
      if ((a.y <= y) == (b.y <= y)) continue;
      crossings.push_back(a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y));
    }
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      int const first = static_cast<int>(std::ceil(std::clamp(crossings[i], 0.0, double(side))));
      int const last =
          static_cast<int>(std::floor(std::clamp(crossings[i + 1], -1.0, double(side - 1))));
      for (int x = first; x <= last; ++x) inside[static_cast<std::size_t>(y) * side + x] = 1;
    }
  }
  return inside;
}

namespace {

template <class Array>
void copy_landmarks(std::string const& file, Array const& array, face_dataset const& faces,
                    std::vector<face_landmarks>& all) {
  auto const& shape = array.shape();
  if (shape.size() != 3 || shape[0] != faces.listed_rows() || shape[1] != 5 || shape[2] != 2) {
    std::string text;
    for (auto const extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    throw std::runtime_error(file + ": is [" + text + "], not [" +
                             std::to_string(faces.listed_rows()) + ", 5, 2]");
  }
  for (int i = 0; i < faces.size(); ++i) {
    if (faces.listed_row(i) < 0)
      throw std::runtime_error(file + ": has no row for " + faces.paths[i] +
                               ": masks need pairs of images of the list or folder");
    auto const size = faces.sizes.empty() ? image_size{faces.side, faces.side} : faces.sizes[i];
    for (int p = 0; p < 5; ++p) {
      auto const* const xy = array.data() + (faces.listed_row(i) * 5 + p) * 2;
      all[i][p] =
          in_square({static_cast<float>(xy[0]), static_cast<float>(xy[1])}, size, faces.side);
    }
  }
}

}  // namespace

std::vector<face_landmarks> load_landmarks(std::string const& file, face_dataset const& faces) {
  std::vector<face_landmarks> all(static_cast<std::size_t>(faces.size()));
  std::visit([&](auto const& array) { copy_landmarks(file, array, faces, all); }, open_array(file));
  for (int i = 0; i < faces.size(); ++i) {
    try {
      mask_outline(all[i], 0.5);
    } catch (std::invalid_argument const& error) {
      throw std::runtime_error(file + ": row " + std::to_string(faces.listed_row(i)) + ", " +
                               faces.paths[i] + ": " + error.what());
    }
  }
  return all;
}

}  // namespace face_kit
