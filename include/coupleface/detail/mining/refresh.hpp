// SPDX-License-Identifier: Apache-2.0
// coupleface: updates a table of nearest rows after some rows changed.
//
// The changed candidates are offered to the list of every unchanged query. Such a list stays exact
// if it can be filled with rows that rank no later than its previous last entry: every other row
// ranks after that entry. All other queries are searched again.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/mining/merge_offered.hpp>
#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/listed_rows.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Number of changed candidates offered to a list, at most. A list that takes them all is searched
/// again, because more of them may belong into it.
inline constexpr index_t most_offered = 16;

/// At most one candidate in this many may have changed: the changed ones are copied to scratch.
inline constexpr index_t refreshed_share = 64;

/// Products that a refresh may take: half as many as a search of everything.
inline index_t refresh_products(index_t queries, index_t candidates, bool symmetric) {
  return queries * candidates / (symmetric ? 4 : 2);
}

/// 1 at every listed id, 0 elsewhere.
inline std::vector<char> marks_of(std::vector<index_t> const& ids, index_t size) {
  std::vector<char> marks(static_cast<std::size_t>(size), char(0));
  for (index_t id : ids) { marks[static_cast<std::size_t>(id)] = 1; }
  return marks;
}

template <class T>
vector_view<T const> list_of(std::vector<T> const& list) {
  return {list.data(), static_cast<index_t>(list.size())};
}

/// Updates the lists of unchanged queries that stay exact. Returns the queries to search again.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
std::vector<index_t> offer_changed(Policy const& policy, matrix_view<Q const> queries,
                                   matrix_view<C const> candidates,
                                   std::vector<index_t> const& changed_queries,
                                   std::vector<index_t> const& changed_candidates,
                                   matrix_view<V> values, matrix_view<I> indices, Relation relation,
                                   Keep keep) {
  if (changed_candidates.empty()) { return changed_queries; }
  index_t const n = queries.extent(0), m = candidates.extent(0), width = candidates.extent(1);
  auto const candidate_marks = marks_of(changed_candidates, m);
  auto const candidate_changed = in_memory_of(policy, list_of(candidate_marks));
  auto const list = in_memory_of(policy, list_of(changed_candidates));
  index_t const* const ids = list.vector().data_handle();
  index_t const count = static_cast<index_t>(changed_candidates.size());
  scratch<C, Policy> const copies(policy, count * width);
  matrix_view<C> const changed(copies.data(), count, width);
  for_each_row<C, C>(policy, count, copy_listed_rows<C>{candidates, ids, changed});
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, matrix_view<C const>(changed),
                                                 relation);
  scratch<char, Policy> const stale(policy, n);
  index_t const most = std::min({count, values.extent(1), most_offered});
  search_in_blocks<V, I>(
      policy, rows, listed_keep<Keep>{keep, nullptr, ids}, most, table_bytes<Policy>,
      [&](index_t first, matrix_view<V> offered_values, matrix_view<I> offered) {
        for_each_row<Q, C>(policy, offered.extent(0),
                           merge_offered<V, I>{offered_values, offered, first, most == count, ids,
                                               candidate_changed.vector().data_handle(), m, values,
                                               indices, stale.data()});
      });
  auto const query_marks = marks_of(changed_queries, n);
  auto const stale_marks = on_host(policy, vector_view<char const>(stale.data(), n));
  std::vector<index_t> result;
  for (index_t i = 0; i < n; ++i) {
    if (query_marks[std::size_t(i)] || stale_marks.vector()(i)) { result.push_back(i); }
  }
  return result;
}

/// Searches the listed queries among all candidates.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void search_listed(Policy const& policy, matrix_view<Q const> queries,
                   matrix_view<C const> candidates, std::vector<index_t> const& listed,
                   matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                   index_t bytes) {
  if (listed.empty()) { return; }
  index_t const slots = values.extent(1);
  index_t const table_row = slots * index_t(sizeof(V) + sizeof(I));
  index_t const row = table_row + queries.extent(1) * index_t(sizeof(Q));
  index_t const block = std::clamp<index_t>(bytes / row, 1, static_cast<index_t>(listed.size()));
  auto const list = in_memory_of(policy, list_of(listed));
  index_t const* const ids = list.vector().data_handle();
  listed_queries<Policy, Q, C, Relation> const rows(policy, queries, list.vector(), block,
                                                    candidates, relation);
  search_in_blocks<V, I>(
      policy, rows, listed_keep<Keep>{keep, ids, nullptr}, slots, block * table_row,
      [&](index_t first, matrix_view<V> found_values, matrix_view<I> found) {
        for_each_row<V, V>(
            policy, found.extent(0),
            write_listed_rows<V, I>{found_values, found, ids + first, values, indices});
      });
}

/// Sorted ids without duplicates.
template <class L>
std::vector<index_t> ordered_ids(vector_view<L const> ids) {
  std::vector<index_t> result(ids.data_handle(), ids.data_handle() + ids.extent(0));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
index_t refresh_nearest(Policy const& policy, matrix_view<Q const> queries,
                        matrix_view<C const> candidates, std::vector<index_t> changed_queries,
                        std::vector<index_t> changed_candidates, matrix_view<V> values,
                        matrix_view<I> indices, Relation relation, Keep keep,
                        index_t bytes = table_bytes<Policy>) {
  index_t const n = queries.extent(0), m = candidates.extent(0);
  if (n == 0 || values.extent(1) == 0) { return 0; }
  bool const same = same_rows(queries, candidates);
  if (same) {
    changed_queries.insert(changed_queries.end(), changed_candidates.begin(),
                           changed_candidates.end());
    changed_queries = ordered_ids(list_of(changed_queries));
    changed_candidates = changed_queries;
  }
  index_t const most = refresh_products(n, m, same);
  auto const products = [&](std::vector<index_t> const& searched) {
    return index_t(searched.size()) * m + index_t(changed_candidates.size()) * n;
  };
  if (index_t(changed_candidates.size()) * refreshed_share <= m &&
      products(changed_queries) <= most) {
    auto const stale = offer_changed(policy, queries, candidates, changed_queries,
                                     changed_candidates, values, indices, relation, keep);
    if (products(stale) <= most) {
      search_listed(policy, queries, candidates, stale, values, indices, relation, keep, bytes);
      return static_cast<index_t>(stale.size());
    }
  }
  mine_nearest(policy, queries, candidates, values, indices, relation, keep);
  return n;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
