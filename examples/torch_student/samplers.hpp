// SPDX-License-Identifier: Apache-2.0
// Which images form the batches of an epoch. The order depends only on seed and epoch, so a
// checkpoint needs no state for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "face_kit/data/random_stream.hpp"

namespace torch_student {

using namespace face_kit;

/// Every image once, shuffled.
inline std::vector<int> plain_order(std::vector<int> rows, random_stream random) {
  random.shuffle(rows);
  return rows;
}

/// People in random order, equally often, `images` images at a time: for losses that compare images
/// of one person; people with few images count as much as others.
inline std::vector<int> balanced_order(std::vector<int> const& rows,
                                       std::vector<std::int32_t> const& labels, int images,
                                       random_stream random) {
  std::map<std::int32_t, std::vector<int>> by_label;
  for (int row : rows) by_label[labels[row]].push_back(row);
  std::vector<std::vector<int>> people;
  for (auto& person : by_label) people.push_back(std::move(person.second));
  std::vector<int> order;
  while (order.size() < rows.size()) {
    random.shuffle(people);
    for (auto& person : people) {
      random.shuffle(person);
      for (int i = 0; i < images; ++i) order.push_back(person[i % person.size()]);
    }
  }
  order.resize(rows.size());
  return order;
}

}  // namespace torch_student
