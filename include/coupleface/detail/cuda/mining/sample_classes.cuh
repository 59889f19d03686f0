// SPDX-License-Identifier: Apache-2.0
// coupleface: samples classes on a CUDA device by sorting all classes by priority. Two counts are
// read back, because a batch that does not fit is an error.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sort.cuh>
#include <coupleface/detail/mining/sample_classes.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A class's priority: positives first, then hard negatives in the host's order, then the rest in
/// an order set by the seed.
struct class_turns {
  static constexpr std::uint32_t positive = 0, rest = 0xffffffffu;
  std::uint32_t* of;
  index_t classes;

  COUPLEFACE_HOST_DEVICE void operator()(index_t c) const { of[c] = rest; }
};

/// Position 0 is a sample's own class, followed by its row of the table. Counts ids out of range.
template <class L, class I>
struct take_turns_body {
  vector_view<L> labels;
  matrix_view<I> table;
  class_turns turns;
  std::uint64_t* wrong_ids;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const n = labels.extent(0), i = at % n, k = at / n;
    index_t const label = index_t(labels(i));
    if (label < 0 || label >= turns.classes) {
      if (label != -1 && k == 0) { add_atomically(wrong_ids, 1); }
      return;
    }
    index_t const id = k == 0 ? label : index_t(table(label, k - 1));
    if (id < -1 || id >= turns.classes) { add_atomically(wrong_ids, 1); }
    if (id < 0 || id >= turns.classes) { return; }
    lower_atomically(turns.of + id, k == 0 ? turns.positive : std::uint32_t(1 + at - n));
  }
};

struct count_positives_body {
  class_turns turns;
  std::uint64_t* positives;
  COUPLEFACE_HOST_DEVICE void operator()(index_t c) const {
    if (turns.of[c] == turns.positive) { add_atomically(positives, 1); }
  }
};

struct random_key {
  std::uint64_t seed;
  COUPLEFACE_HOST_DEVICE std::uint64_t operator()(index_t c) const {
    return mixed_bits(seed, std::uint64_t(c));
  }
};

struct turn_key_body {
  class_turns turns;
  index_t const* order;
  std::uint32_t* keys;
  index_t* classes;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    keys[at] = turns.of[order[at]];
    classes[at] = order[at];
  }
};

/// The first classes of an order as keys, to sort these classes by id.
struct class_key_body {
  index_t const* order;
  std::uint32_t* keys;
  index_t* classes;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    keys[at] = static_cast<std::uint32_t>(order[at]);
    classes[at] = order[at];
  }
};

template <class O>
struct write_classes_body {
  index_t const* sorted;
  vector_view<O> classes;
  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    classes(at) = static_cast<O>(sorted[at]);
  }
};

/// Sorts all classes by turn, then random number, then id, and writes the first ones in ascending
/// order.
template <class Derived, class O>
void write_first_classes(Derived const& policy, class_turns turns, std::uint64_t seed,
                         vector_view<O> classes) {
  index_t const count = turns.classes, wanted = classes.extent(0);
  scratch<std::uint32_t, Derived> const keys(policy, 2 * count);
  scratch<index_t, Derived> const memory(policy, 2 * count);
  index_t *const order = memory.data(), *const sorted = order + count;
  auto const sort = [&](index_t size, int bits) {
    sort_by_key(policy, static_cast<std::uint32_t const*>(keys.data()), keys.data() + count,
                static_cast<index_t const*>(order), sorted, size, bits);
  };
  // Stable sorts, starting with the least significant key.
  launch_indices(policy, count, half_key_body<random_key>{{seed}, nullptr, 0, keys.data(), order});
  sort(count, 32);
  launch_indices(policy, count, half_key_body<random_key>{{seed}, sorted, 32, keys.data(), order});
  sort(count, 32);
  launch_indices(policy, count, turn_key_body{turns, sorted, keys.data(), order});
  sort(count, 32);
  launch_indices(policy, wanted, class_key_body{sorted, keys.data(), order});
  sort(wanted, 32);
  launch_indices(policy, wanted, write_classes_body<O>{sorted, classes});
}

template <class Derived, class L, class I, class O>
void sample_classes(cuda_policy<Derived> const& base, vector_view<L> labels, index_t class_count,
                    matrix_view<I> table, std::uint64_t seed, vector_view<O> classes) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = labels.extent(0), positions = n * (1 + table.extent(1));
  expect(positions < index_t(class_turns::rest) && class_count < index_t(class_turns::rest),
         "sample_classes", "more classes or table entries of the batch than a device can sort");
  scratch<std::uint32_t, Derived> const memory(policy, class_count);
  class_turns const turns{memory.data(), class_count};
  device_counters<Derived> const counters(policy, 2);
  launch_indices(policy, class_count, turns);
  launch_indices(policy, positions, take_turns_body<L, I>{labels, table, turns, counters.data()});
  launch_indices(policy, class_count, count_positives_body{turns, counters.data() + 1});
  auto const counts = counters.to_host();
  // The host's copy is needed to report which id it is.
  if (counts[0] > 0) {
    auto const label_list = on_host(policy, labels);
    auto const rows = on_host(policy, table);
    expect_sampled_ids(label_list.vector(), class_count, rows.view());
  }
  expect_classes_fit(classes.extent(0), index_t(counts[1]), class_count);
  write_first_classes(policy, turns, seed, classes);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
