// SPDX-License-Identifier: Apache-2.0
// coupleface: the two ways to pass the neighbours of samples to a pair loss.
#pragma once

#include <coupleface/detail/ids.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A row of neighbours per sample.
template <class I>
struct listed_neighbours {
  matrix_view<I> entries;

  COUPLEFACE_HOST_DEVICE index_t samples() const { return entries.extent(0); }
  COUPLEFACE_HOST_DEVICE I const* begin(index_t i) const { return entries.row(i); }
  COUPLEFACE_HOST_DEVICE index_t count(index_t) const { return entries.extent(1); }
  bool has_any(index_t i) const { return count_ids(begin(i), count(i)) > 0; }
  void expect_views(char const* function) const { expect_view(function, "neighbours", entries); }
  void expect_in_range(char const* function, index_t bank_rows) const {
    for (index_t i = 0; i < samples(); ++i) {
      expect_ids(function, "neighbours", entries.row(i), entries.extent(1), bank_rows, i);
    }
  }
};

/// A row of neighbours per class.
template <class L, class I>
struct labelled_neighbours {
  vector_view<L> labels;
  matrix_view<I> table;

  COUPLEFACE_HOST_DEVICE index_t samples() const { return labels.extent(0); }
  COUPLEFACE_HOST_DEVICE I const* begin(index_t i) const { return table.row(labels(i)); }
  COUPLEFACE_HOST_DEVICE index_t count(index_t i) const {
    return labels(i) < 0 ? 0 : table.extent(1);
  }
  bool has_any(index_t i) const { return count(i) > 0 && count_ids(begin(i), count(i)) > 0; }
  void expect_views(char const* function) const {
    expect_view(function, "labels", labels);
    expect_view(function, "table", table);
  }
  void expect_in_range(char const* function, index_t bank_rows) const {
    expect_ids(function, "labels", labels, table.extent(0));
    for (index_t i = 0; i < samples(); ++i) {
      if (count(i) > 0) {
        expect_ids(function, "table", begin(i), count(i), bank_rows, index_t(labels(i)));
      }
    }
  }
};

template <class I>
listed_neighbours<I> as_neighbours(matrix_view<I> entries) {
  COUPLEFACE_EXPECT_IDS("losses", "neighbours", I);
  return {entries};
}

template <class L, class I>
labelled_neighbours<L, I> as_neighbours(labelled_neighbours<L, I> neighbours) {
  COUPLEFACE_EXPECT_IDS("losses", "labels", L);
  COUPLEFACE_EXPECT_IDS("losses", "table", I);
  return neighbours;
}

/// Slots of the sample that has most of them.
template <class I>
index_t most_neighbours(listed_neighbours<I> const& neighbours) {
  return neighbours.entries.extent(1);
}
template <class L, class I>
index_t most_neighbours(labelled_neighbours<L, I> const& neighbours) {
  return neighbours.table.extent(1);
}

template <class Neighbours>
index_t count_pairs(Neighbours const& neighbours) {
  index_t pairs = 0;
  for (index_t i = 0; i < neighbours.samples(); ++i) {
    if (neighbours.count(i) > 0) { pairs += count_ids(neighbours.begin(i), neighbours.count(i)); }
  }
  return pairs;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
