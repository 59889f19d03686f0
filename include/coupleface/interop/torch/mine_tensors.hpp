// SPDX-License-Identifier: Apache-2.0
// coupleface: shared by mining on libtorch's tensors: results, and the conversion to views.
#pragma once

#include <coupleface/interop/torch/dispatch.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief What mining finds for n queries.
struct mined_tensors {
  at::Tensor values;   ///< [n, K]
  at::Tensor indices;  ///< Long [n, K], -1 = empty slot
};

namespace detail {

/// mine(policy, queries, candidates, values, indices) on views.
template <class Policy, class Mine>
mined_tensors mine_tensors(char const* function, Policy const& policy, at::Tensor const& queries,
                           at::Tensor const& candidates, index_t k, Mine const& mine) {
  auto const q = with_rows(function, "queries", queries);
  auto const c = with_rows(function, "candidates", candidates);
  expect(k >= 0, function, "k is negative");
  mined_tensors found;
  found.indices = at::empty({q.size(0), k}, q.options().dtype(at::kLong));
  with_element(function, "queries", q, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using V = accumulator_t<T>;
    expect_device(function, "candidates", c, "queries", q);
    expect_scalar_type<T>(function, "candidates", c);
    found.values = at::empty({q.size(0), k}, q.options().dtype(scalar_type_of<V>()));
    with_policy(function, policy, q, [&](auto const& on) {
      mine(on, unchecked_matrix<T const>(q), unchecked_matrix<T const>(c),
           unchecked_matrix<V>(found.values), unchecked_matrix<std::int64_t>(found.indices));
    });
  });
  return found;
}

/// mine(policy, four views, values, indices): rows of two networks, one for one.
template <class Policy, class Mine>
mined_tensors mine_two_networks(char const* function, Policy const& policy,
                                at::Tensor const& student_queries,
                                at::Tensor const& student_candidates,
                                at::Tensor const& teacher_queries,
                                at::Tensor const& teacher_candidates, index_t k, Mine const& mine) {
  auto const h = with_rows(function, "teacher_queries", teacher_queries);
  auto const g = with_rows(function, "teacher_candidates", teacher_candidates);
  expect_device(function, "teacher_queries", h, "student_queries", student_queries);
  return mine_tensors(function, policy, student_queries, student_candidates, k,
                      [&](auto const& on, auto q, auto c, auto values, auto indices) {
                        using T = typename decltype(q)::element_type;
                        expect_scalar_type<T>(function, "teacher_queries", h);
                        expect_scalar_type<T>(function, "teacher_candidates", g);
                        expect_device(function, "teacher_candidates", g, "teacher_queries", h);
                        mine(on, q, c, unchecked_matrix<T>(h), unchecked_matrix<T>(g), values,
                             indices);
                      });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
