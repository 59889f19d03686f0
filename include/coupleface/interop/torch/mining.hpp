// SPDX-License-Identifier: Apache-2.0
// coupleface: every mining strategy on libtorch's tensors, read in place.
//
// The results are new tensors: values, Double for Double and Float otherwise, and indices, Long, as
// libtorch indexes. Predicates take views: other_labels(vector_view_of<std::int64_t const>(labels),
// ...). Mining has no gradient: tables are constants of a loss.
#pragma once

#include <coupleface/interop/torch/mine_tensors.hpp>
#include <coupleface/interop/torch/tensors.hpp>
#include <coupleface/mining/from_bank.hpp>
#include <coupleface/mining/gap.hpp>
#include <coupleface/mining/in_batch.hpp>
#include <coupleface/mining/mixed.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/random.hpp>
#include <coupleface/mining/rank_window.hpp>
#include <coupleface/mining/relative_margin.hpp>
#include <coupleface/mining/similarity_window.hpp>
#include <coupleface/mining/teacher_order.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief mine_nearest of tensors [n, d] and [m, d] of one element type, and so are those below:
/// arguments, errors, costs and results are those of the functions on views.
/// @param policy for CPU tensors; @param k slots of each query
/// @throws std::invalid_argument also where element types or devices differ
template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_nearest(Policy const& policy, at::Tensor const& queries,
                           at::Tensor const& candidates, index_t k, Relation relation = {},
                           Keep keep = {}) {
  return detail::mine_tensors("mine_nearest", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_nearest(on, q, c, values, indices, relation, keep);
                              });
}

template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_random(Policy const& policy, at::Tensor const& queries,
                          at::Tensor const& candidates, std::uint64_t seed, index_t k,
                          Relation relation = {}, Keep keep = {}) {
  return detail::mine_tensors("mine_random", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_random(on, q, c, seed, values, indices, relation, keep);
                              });
}

template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_rank_window(Policy const& policy, at::Tensor const& queries,
                               at::Tensor const& candidates, index_t skip, index_t k,
                               Relation relation = {}, Keep keep = {}) {
  return detail::mine_tensors("mine_rank_window", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_rank_window(on, q, c, skip, values, indices, relation, keep);
                              });
}

template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_similarity_window(Policy const& policy, at::Tensor const& queries,
                                     at::Tensor const& candidates, similarity_window window,
                                     index_t k, Relation relation = {}, Keep keep = {}) {
  return detail::mine_tensors("mine_similarity_window", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_similarity_window(on, q, c, window, values, indices, relation,
                                                       keep);
                              });
}

template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_mixed(Policy const& policy, at::Tensor const& queries,
                         at::Tensor const& candidates, index_t hard, std::uint64_t seed, index_t k,
                         Relation relation = {}, Keep keep = {}) {
  return detail::mine_tensors("mine_mixed", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_mixed(on, q, c, hard, seed, values, indices, relation, keep);
                              });
}

/// @param labels Long [n]
template <class Policy, class Relation = cosine, class Keep = every_row>
mined_tensors mine_in_batch(Policy const& policy, at::Tensor const& embeddings,
                            at::Tensor const& labels, index_t k, Relation relation = {},
                            Keep keep = {}) {
  auto const ids = detail::with_ids("mine_in_batch", "labels", labels, 1, "embeddings", embeddings);
  auto const classes = detail::unchecked_vector<std::int64_t const>(ids);
  return detail::mine_tensors("mine_in_batch", policy, embeddings, embeddings, k,
                              [&](auto const& on, auto q, auto, auto values, auto indices) {
                                mine_in_batch(on, q, classes, values, indices, relation, keep);
                              });
}

/// @param labels Long [n], rows of `bank`
template <class Policy, class Relation = cosine, class Keep = every_row>
mined_tensors mine_from_bank(Policy const& policy, at::Tensor const& embeddings,
                             at::Tensor const& labels, at::Tensor const& bank, index_t k,
                             Relation relation = {}, Keep keep = {}) {
  auto const ids =
      detail::with_ids("mine_from_bank", "labels", labels, 1, "embeddings", embeddings);
  auto const classes = detail::unchecked_vector<std::int64_t const>(ids);
  return detail::mine_tensors("mine_from_bank", policy, embeddings, bank, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_from_bank(on, q, classes, c, values, indices, relation, keep);
                              });
}

/// @param positives Long [n], each query's own row of `candidates`
template <class Policy, class Relation = cosine, class Keep = other_rows>
mined_tensors mine_relative_margin(Policy const& policy, at::Tensor const& queries,
                                   at::Tensor const& candidates, at::Tensor const& positives,
                                   double margin, index_t k, Relation relation = {},
                                   Keep keep = {}) {
  auto const ids =
      detail::with_ids("mine_relative_margin", "positives", positives, 1, "queries", queries);
  auto const own = detail::unchecked_vector<std::int64_t const>(ids);
  return detail::mine_tensors("mine_relative_margin", policy, queries, candidates, k,
                              [&](auto const& on, auto q, auto c, auto values, auto indices) {
                                mine_relative_margin(on, q, c, own, margin, values, indices,
                                                     relation, keep);
                              });
}

template <class Policy, class Gap = violation, class Keep = other_rows>
mined_tensors mine_gap(Policy const& policy, at::Tensor const& student_queries,
                       at::Tensor const& student_candidates, at::Tensor const& teacher_queries,
                       at::Tensor const& teacher_candidates, index_t k, Gap gap = {},
                       Keep keep = {}) {
  return detail::mine_two_networks(
      "mine_gap", policy, student_queries, student_candidates, teacher_queries, teacher_candidates,
      k, [&](auto const& on, auto q, auto c, auto h, auto g, auto values, auto indices) {
        mine_gap(on, q, c, h, g, values, indices, gap, keep);
      });
}

template <class Policy, class Keep = other_rows>
mined_tensors mine_teacher_order(Policy const& policy, at::Tensor const& student_queries,
                                 at::Tensor const& student_candidates,
                                 at::Tensor const& teacher_queries,
                                 at::Tensor const& teacher_candidates, index_t pool, index_t k,
                                 Keep keep = {}) {
  return detail::mine_two_networks(
      "mine_teacher_order", policy, student_queries, student_candidates, teacher_queries,
      teacher_candidates, k,
      [&](auto const& on, auto q, auto c, auto h, auto g, auto values, auto indices) {
        mine_teacher_order(on, q, c, h, g, pool, values, indices, keep);
      });
}

COUPLEFACE_NAMESPACE_END
