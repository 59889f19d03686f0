// SPDX-License-Identifier: Apache-2.0
// coupleface: argument checks shared by all mining strategies.
#pragma once

#include <coupleface/detail/keep.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A strategy's names for its two sets of rows, for error messages.
struct mining_names {
  char const* queries = "queries";
  char const* candidates = "candidates";
};

/// Checks that two sets of rows have valid views and the same width.
template <class Q, class C>
void check_related_rows(char const* function, matrix_view<Q> queries, matrix_view<C> candidates,
                        mining_names names = {}) {
  expect_view(function, names.queries, queries);
  expect_view(function, names.candidates, candidates);
  expect_equal(function, (std::string("width of ") + names.candidates).c_str(),
               candidates.extent(1), (std::string("width of ") + names.queries).c_str(),
               queries.extent(1));
}

/// Checks the shapes for a strategy whose table has one row per query; writes nothing.
template <class Q, class C, class V, class I, class Keep>
void check_mining_arguments(char const* function, matrix_view<Q> queries, matrix_view<C> candidates,
                            matrix_view<V> values, matrix_view<I> indices, Keep const& keep,
                            mining_names names = {}) {
  expect_view(function, names.queries, queries);
  expect_same_shape(function, "indices", indices, "values", values);
  check_related_rows(function, queries, candidates, names);
  expect_equal(function, "rows of values", values.extent(0),
               (std::string("rows of ") + names.queries).c_str(), queries.extent(0));
  expect_ids_fit<I>(function, names.candidates, candidates.extent(0));
  expect_keep_fits(function, keep, queries.extent(0), candidates.extent(0));
}

/// Checks that the teacher has one row for each of the student's rows. Its width may differ.
template <class SQ, class SC, class TQ, class TC>
void check_teacher_rows(char const* function, matrix_view<SQ> student_queries,
                        matrix_view<SC> student_candidates, matrix_view<TQ> teacher_queries,
                        matrix_view<TC> teacher_candidates) {
  check_related_rows(function, teacher_queries, teacher_candidates,
                     {"teacher_queries", "teacher_candidates"});
  expect_equal(function, "rows of teacher_queries", teacher_queries.extent(0),
               "rows of student_queries", student_queries.extent(0));
  expect_equal(function, "rows of teacher_candidates", teacher_candidates.extent(0),
               "rows of student_candidates", student_candidates.extent(0));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

/// Rejects a call at compile time if its table cannot hold relations (values) and row ids
/// (indices).
#define COUPLEFACE_EXPECT_TABLE(function, V, I)                        \
  COUPLEFACE_EXPECT_IDS(function, "indices", I);                       \
  COUPLEFACE_EXPECT_OUTPUT(function, "indices", I);                    \
  static_assert(std::is_same_v<V, float> || std::is_same_v<V, double>, \
                "coupleface::" function ": values must be a view of float or double")

/// Rejects a call at compile time if a strategy on two sets of rows does not support its types.
#define COUPLEFACE_EXPECT_MINING(function, Policy, Q, C, V, I) \
  COUPLEFACE_EXPECT_POLICY(function, Policy);                  \
  COUPLEFACE_EXPECT_ELEMENTS(function, "queries", Q);          \
  COUPLEFACE_EXPECT_ELEMENTS(function, "candidates", C);       \
  COUPLEFACE_EXPECT_TABLE(function, V, I)
