// SPDX-License-Identifier: Apache-2.0
// coupleface: the arrays of a feature bank and their update by a batch, host side.
#pragma once

#include <coupleface/detail/bank_update.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>

#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN

namespace detail {

/// One half of a bank. Prototypes and slots exist only for recent_ring, whose entries return to the
/// prototype when all their slots have expired.
template <class T, template <class...> class Vector>
struct bank_half {
  index_t classes = 0;
  index_t width = 0;
  Vector<T> entries;                // [C, d]
  Vector<T> prototypes;             // [C, d] if there are slots
  Vector<T> slots;                  // [C, Q, d]
  Vector<std::int64_t> ages;        // [C, Q]: the update that wrote a slot
  Vector<std::int64_t> next_slots;  // [C]: the slot to write next, the oldest one

  bank_half() = default;

  template <class Policy, class P>
  bank_half(Policy const& policy, matrix_view<P const> start, index_t slot_count)
      : classes(start.extent(0)), width(start.extent(1)) {
    entries.resize(static_cast<std::size_t>(classes * width));
    normalize_rows(policy, start, view());
    if (slot_count > 0) {  // not copied from the entries: a stream may not have written them yet
      prototypes.resize(entries.size());
      normalize_rows(policy, start, matrix_view<T>(raw(prototypes), classes, width));
    }
    slots.assign(static_cast<std::size_t>(classes * width * slot_count), T(0.0f));
    ages.assign(static_cast<std::size_t>(width == 0 ? 0 : classes * slot_count), empty_slot);
    next_slots.assign(ages.empty() ? 0 : static_cast<std::size_t>(classes), 0);
  }

  matrix_view<T> view() { return {raw(entries), classes, width}; }
  matrix_view<T const> view() const { return {raw(entries), classes, width}; }
};

template <class T, template <class...> class Vector, class X>
half_rows<T, X> rows_of(bank_half<T, Vector>& half, matrix_view<X const> batch) {
  return {half.view(),    raw(half.prototypes), raw(half.slots),
          raw(half.ages), raw(half.next_slots), batch};
}

template <class X, class L>
void expect_batch(char const* function, char const* argument, matrix_view<X> batch,
                  vector_view<L> labels, index_t width) {
  expect_view(function, argument, batch);
  expect_view(function, "labels", labels);
  expect_equal(function, "size of labels", labels.extent(0), "rows of the batch", batch.extent(0));
  expect_equal(function, "width of the batch", batch.extent(1), "width of the bank", width);
}

template <class Derived, class L, class X, class S, class Update, class T,
          template <class...> class Vector>
void update_bank(host_policy<Derived> const& base, vector_view<L const> labels,
                 matrix_view<X const> teacher_batch, matrix_view<S const> student_batch,
                 Update update, std::int64_t step, bank_half<T, Vector>& teacher_half,
                 bank_half<T, Vector>& student_half) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const classes = teacher_half.classes;
  expect_ids("feature_bank::update", "labels", labels, classes);
  scratch<index_t, Derived> const begins(policy, classes + 1);
  scratch<index_t, Derived> const members(policy, labels.extent(0));
  group_by_label(labels, classes, begins.data(), members.data());
  index_t const* const begin_data = begins.data();
  index_t const* const member_data = members.data();
  auto const update_half = [&](auto const& side) {
    for_each_index(policy, side.entries.extent(1) == 0 ? 0 : classes, [=](index_t c) {
      update_class(one_thread{}, update, side, c,
                   class_members{member_data + begin_data[c], begin_data[c + 1] - begin_data[c]},
                   step);
    });
  };
  update_half(rows_of(teacher_half, teacher_batch));
  update_half(rows_of(student_half, student_batch));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/feature_bank.cuh>
#endif
