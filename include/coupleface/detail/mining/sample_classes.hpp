// SPDX-License-Identifier: Apache-2.0
// coupleface: sampling classes, host side.
#pragma once

#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Marks the table entries of the batch's classes, rank by rank. Returns the number of slots left.
template <class L, class I>
index_t mark_hard_negatives(vector_view<L> labels, matrix_view<I> table, char* taken,
                            index_t slots) {
  for (index_t k = 0; k < table.extent(1); ++k) {
    for (index_t i = 0; i < labels.extent(0) && slots > 0; ++i) {
      if (labels(i) < 0) { continue; }
      auto const negative = table(labels(i), k);
      if (negative >= 0 && !taken[negative]) {
        taken[negative] = 1;
        --slots;
      }
    }
  }
  return slots;
}

/// Marks the `slots` free classes with the smallest mixed bits: a sample without replacement.
inline void mark_random(index_t class_count, std::uint64_t seed, char* taken, index_t slots,
                        index_t* free) {
  index_t count = 0;
  for (index_t c = 0; c < class_count; ++c) {
    if (!taken[c]) { free[count++] = c; }
  }
  auto const earlier = [seed](index_t a, index_t b) {
    auto const x = mixed_bits(seed, std::uint64_t(a)), y = mixed_bits(seed, std::uint64_t(b));
    return x < y || (x == y && a < b);
  };
  if (slots < count) { std::nth_element(free, free + slots, free + count, earlier); }
  for (index_t s = 0; s < slots; ++s) { taken[free[s]] = 1; }
}

/// Checks the labels of the batch, and the table rows of its classes.
template <class L, class I>
void expect_sampled_ids(vector_view<L> labels, index_t class_count, matrix_view<I> table) {
  expect_ids("sample_classes", "labels", labels, class_count);
  for (index_t i = 0; i < labels.extent(0) && table.extent(1) > 0; ++i) {
    if (labels(i) >= 0) {
      expect_ids("sample_classes", "table", table.row(labels(i)), table.extent(1), class_count,
                 index_t(labels(i)));
    }
  }
}

inline void expect_classes_fit(index_t wanted, index_t positives, index_t class_count) {
  if (wanted < positives || wanted > class_count) {
    fail("sample_classes", "size of classes is " + std::to_string(wanted) + ", but the batch has " +
                               std::to_string(positives) + " classes and there are " +
                               std::to_string(class_count) + " in all");
  }
}

template <class Derived, class L, class I, class O>
void sample_classes(host_policy<Derived> const& base, vector_view<L> labels, index_t class_count,
                    matrix_view<I> table, std::uint64_t seed, vector_view<O> classes) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const wanted = classes.extent(0);
  expect_sampled_ids(labels, class_count, table);
  scratch<char, Derived> const marks(policy, class_count);
  scratch<index_t, Derived> const free(policy, class_count);
  char* const taken = marks.data();
  std::fill(taken, taken + class_count, char(0));
  index_t positives = 0;
  for (index_t i = 0; i < labels.extent(0); ++i) {
    if (labels(i) >= 0 && !taken[labels(i)]) {
      taken[labels(i)] = 1;
      ++positives;
    }
  }
  expect_classes_fit(wanted, positives, class_count);
  index_t const left = mark_hard_negatives(labels, table, taken, wanted - positives);
  mark_random(class_count, seed, taken, left, free.data());
  index_t written = 0;
  for (index_t c = 0; c < class_count; ++c) {
    if (taken[c]) { classes(written++) = static_cast<O>(c); }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/sample_classes.cuh>
#endif
