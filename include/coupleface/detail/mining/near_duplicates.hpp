// SPDX-License-Identifier: Apache-2.0
// coupleface: pairs and groups of near-duplicates from a mined table, host side.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// True if the slot holds another row with a value of at least the threshold. NaN is below it.
template <class V, class I>
COUPLEFACE_HOST_DEVICE bool holds_duplicate(V const* values, I const* indices, index_t slot,
                                            index_t own, double threshold) {
  return indices[slot] >= 0 && index_t(indices[slot]) != own && load(values[slot]) >= threshold;
}

template <class V, class I>
COUPLEFACE_HOST_DEVICE index_t count_duplicates(V const* values, I const* indices, index_t slots,
                                                index_t own, double threshold) {
  index_t count = 0;
  for (index_t slot = 0; slot < slots; ++slot) {
    count += holds_duplicate(values, indices, slot, own, threshold);
  }
  return count;
}

/// The pair with the smaller row first.
template <class Pair>
COUPLEFACE_HOST_DEVICE Pair ordered_pair(index_t a, index_t b, double similarity) {
  return {a < b ? a : b, a < b ? b : a, similarity};
}

/// True if a row may have more duplicates than its slots show: every slot holds a duplicate or the
/// row itself, and these are not all the other rows.
template <class V, class I>
COUPLEFACE_HOST_DEVICE bool shows_too_few(V const* values, I const* indices, index_t slots,
                                          index_t duplicates, index_t rows, double threshold) {
  if (duplicates >= rows - 1) { return false; }
  for (index_t slot = 0; slot < slots; ++slot) {
    if (indices[slot] < 0 || !(load(values[slot]) >= threshold)) { return false; }
  }
  return true;
}

/// Union-find over row indices. Each group is represented by its smallest member.
class smallest_of_group {
 public:
  explicit smallest_of_group(index_t size) : parent_(static_cast<std::size_t>(size)) {
    for (index_t i = 0; i < size; ++i) { parent_[static_cast<std::size_t>(i)] = i; }
  }

  // Path halving keeps later searches short.
  index_t find(index_t i) {
    while (parent(i) != i) {
      parent(i) = parent(parent(i));
      i = parent(i);
    }
    return i;
  }

  void join(index_t a, index_t b) {
    index_t const x = find(a), y = find(b);
    parent(std::max(x, y)) = std::min(x, y);
  }

  std::vector<index_t> representatives() {
    for (index_t i = 0; i < index_t(parent_.size()); ++i) { parent(i) = find(i); }
    return parent_;
  }

 private:
  index_t& parent(index_t i) { return parent_[static_cast<std::size_t>(i)]; }

  std::vector<index_t> parent_;
};

/// Keeps each pair once, with the larger similarity if its two rows disagree. Sorts by descending
/// similarity; ties are sorted by ids.
template <class Pair>
void sort_and_merge(std::vector<Pair>& pairs) {
  std::sort(pairs.begin(), pairs.end(), [](Pair const& a, Pair const& b) {
    if (a.first != b.first) { return a.first < b.first; }
    return a.second != b.second ? a.second < b.second : a.similarity > b.similarity;
  });
  auto const same = [](Pair const& a, Pair const& b) {
    return a.first == b.first && a.second == b.second;
  };
  pairs.erase(std::unique(pairs.begin(), pairs.end(), same), pairs.end());
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](Pair const& a, Pair const& b) { return a.similarity > b.similarity; });
}

template <class Result>
using pair_of = typename decltype(Result::pairs)::value_type;

/// Sorts the pairs and assigns each of the n rows to its group.
template <class Result>
void group_duplicates(index_t n, Result& result) {
  sort_and_merge(result.pairs);
  smallest_of_group groups(n);
  for (auto const& pair : result.pairs) { groups.join(pair.first, pair.second); }
  result.representatives = groups.representatives();
}

/// Fills `result`, a near_duplicate_rows.
template <class Derived, class V, class I, class Result>
void find_near_duplicates(host_policy<Derived> const& base, matrix_view<V const> values,
                          matrix_view<I const> indices, double threshold, Result& result) {
  auto const& policy = static_cast<Derived const&>(base);
  using pair = pair_of<Result>;
  index_t const n = values.extent(0), slots = values.extent(1);
  expect_table_ids("near_duplicates", indices, n);
  scratch<index_t, Derived> const counts(policy, n);
  index_t* const count = counts.data();
  for_each_index(policy, n, [=](index_t i) {
    count[i] = count_duplicates(values.row(i), indices.row(i), slots, i, threshold);
  });
  for (index_t i = 0; i < n; ++i) {
    if (shows_too_few(values.row(i), indices.row(i), slots, count[i], n, threshold)) {
      result.truncated.push_back(i);
    }
    for (index_t slot = 0; slot < slots && count[i] > 0; ++slot) {
      if (!holds_duplicate(values.row(i), indices.row(i), slot, i, threshold)) { continue; }
      result.pairs.push_back(
          ordered_pair<pair>(i, index_t(indices(i, slot)), load(values(i, slot))));
    }
  }
  group_duplicates(n, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/near_duplicates.cuh>
#endif
