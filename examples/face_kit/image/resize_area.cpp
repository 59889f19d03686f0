// SPDX-License-Identifier: Apache-2.0
#include "face_kit/image/resize_area.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace face_kit {

namespace {

/// Exact coverage of source pixels by one target pixel along one axis, in units of 1 / side.
struct axis_coverage {
  std::vector<int> first;                           ///< [side + 1], start of each target's entries
  std::vector<std::pair<int, std::uint64_t>> taps;  ///< source index, weight
};

axis_coverage cover_axis(int offset, int length, int side) {
  axis_coverage axis;
  for (std::int64_t target = 0; target < side; ++target) {
    axis.first.push_back(static_cast<int>(axis.taps.size()));
    std::int64_t const begin = target * length;
    std::int64_t const end = begin + length;
    for (std::int64_t source = begin / side; source * side < end; ++source) {
      auto const weight = std::min(end, (source + 1) * side) - std::max(begin, source * side);
      axis.taps.emplace_back(offset + static_cast<int>(source), weight);
    }
  }
  axis.first.push_back(static_cast<int>(axis.taps.size()));
  return axis;
}

}  // namespace

void resize_area(std::uint8_t const* source, int width, int height, int side,
                 std::uint8_t* target) {
  int const square = std::min(width, height);
  auto const columns = cover_axis((width - square) / 2, square, side);
  auto const lines = cover_axis((height - square) / 2, square, side);
  auto const area = static_cast<std::uint64_t>(square) * static_cast<std::uint64_t>(square);
  std::vector<std::uint64_t> row(static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y) {
    std::fill(row.begin(), row.end(), 0);
    for (int t = lines.first[y]; t < lines.first[y + 1]; ++t) {
      auto const [line, line_weight] = lines.taps[t];
      auto const* const pixels = source + static_cast<std::size_t>(line) * width;
      for (int x = 0; x < side; ++x) {
        std::uint64_t sum = 0;
        for (int u = columns.first[x]; u < columns.first[x + 1]; ++u) {
          sum += columns.taps[u].second * pixels[columns.taps[u].first];
        }
        row[x] += line_weight * sum;
      }
    }
    for (int x = 0; x < side; ++x) {
      target[y * side + x] = static_cast<std::uint8_t>((row[x] + area / 2) / area);
    }
  }
}

}  // namespace face_kit
