// coupleface: a table of nearest rows after some rows changed.
//
// What changed is offered to every list that did not. Such a list is right again if it can be
// filled with rows that come no later than its last entry did: no other row can come before that.
// The queries of the other lists are searched anew.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>
#include <coupleface/detail/top_k.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// As many changed candidates are offered to a list at most; one that takes them all is searched
/// anew, for there may be more.
inline constexpr index_t most_offered = 16;

/// Candidates that changed are copied side by side: at most one of so many.
inline constexpr index_t refreshed_share = 64;

/// Products that a refresh may take: half of what a search of everything takes.
inline index_t refresh_products(index_t queries, index_t candidates, bool symmetric) {
  return queries * candidates / (symmetric ? 4 : 2);
}

template <class T>
struct copy_listed_rows {
  matrix_view<T const> rows;
  index_t const* ids;
  matrix_view<T> listed;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    T const* const row = rows.row(ids[i]);
    team.columns(listed.extent(1), [&](index_t j) { listed(i, j) = row[j]; });
  }
};

/// What `keep` says of listed queries (all where there is no list), and of listed candidates.
template <class Keep>
struct listed_keep {
  Keep keep;
  index_t const* queries;
  index_t const* candidates;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return keep(queries == nullptr ? query : queries[query],
                candidates == nullptr ? candidate : candidates[candidate]);
  }
};

/// Listed queries against all candidates; copies the rows of a block of them at a time.
template <class Policy, class Q, class C, class Relation>
class listed_queries {
 public:
  listed_queries(Policy const& policy, matrix_view<Q const> queries, vector_view<index_t const> ids,
                 index_t block, matrix_view<C const> candidates, Relation relation)
      : policy_(policy),
        queries_(queries),
        ids_(ids),
        candidates_(candidates),
        relation_(relation),
        rows_(policy, block * queries.extent(1)),
        norms_(policy, block),
        candidate_norms_(policy, candidates.extent(0)) {
    row_norms(policy, candidates, candidate_norms_.data());
  }

  index_t queries() const { return ids_.extent(0); }

  relation_score<Q, C, Relation> score(index_t first, index_t count) const {
    matrix_view<Q> const rows(rows_.data(), count, queries_.extent(1));
    for_each_row<Q, Q>(policy_, count,
                       copy_listed_rows<Q>{queries_, ids_.data_handle() + first, rows});
    row_norms(policy_, matrix_view<Q const>(rows), norms_.data());
    return {rows, candidates_, norms_.data(), candidate_norms_.data(), relation_};
  }

 private:
  Policy const& policy_;
  matrix_view<Q const> queries_;
  vector_view<index_t const> ids_;
  matrix_view<C const> candidates_;
  Relation relation_;
  scratch<Q, Policy> rows_;
  scratch<double, Policy> norms_, candidate_norms_;
};

/// Puts the changed candidates that are offered into the lists; marks lists that must be searched
/// anew, and leaves anything in those.
template <class V, class I>
struct merge_offered {
  matrix_view<V const> offered_values;
  matrix_view<I const> offered;  ///< places in `ids`
  index_t first;                 ///< query of row 0
  bool all;                      ///< no more changed candidates than are offered
  index_t const* ids;
  char const* candidate_changed;
  index_t candidates;
  matrix_view<V> values;
  matrix_view<I> indices;
  char* stale;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    if (team.leads()) { stale[first + i] = renew(i) ? 0 : 1; }
  }

 private:
  COUPLEFACE_HOST_DEVICE I offered_id(index_t i, index_t at) const {
    return I(ids[index_t(offered(i, at))]);
  }

  COUPLEFACE_HOST_DEVICE bool renew(index_t i) const {
    index_t const slots = values.extent(1);
    V* const value = values.row(first + i);
    I* const id = indices.row(first + i);
    V const last_value = value[slots - 1];
    I const last = id[slots - 1];  // if there is none, every candidate was in the list
    index_t left = 0;
    for (index_t slot = 0; slot < slots && id[slot] >= 0; ++slot) {
      // A device does not refuse ids that do not exist; it must not follow them either.
      if (id[slot] >= candidates || candidate_changed[id[slot]]) { continue; }
      value[left] = value[slot];
      id[left++] = id[slot];
    }
    index_t fit = 0;
    while (fit < offered.extent(1) && offered(i, fit) >= 0 &&
           !(last >= 0 && ranks_before(load(last_value), last, load(offered_values(i, fit)),
                                       offered_id(i, fit)))) {
      ++fit;
    }
    if (!all && fit == offered.extent(1)) { return false; }
    if (last >= 0 && left + fit < slots) { return false; }
    if (fit == 0) { return true; }  // nothing has left either: what did would fit a list with room
    for (index_t slot = left; slot < slots; ++slot) {
      value[slot] = store<V>(no_score);
      id[slot] = I(-1);
    }
    bounded_heap<V, I> list(value, id, slots);
    list.restore();
    for (index_t at = 0; at < fit; ++at) { list.offer(offered_values(i, at), offered_id(i, at)); }
    list.finish();
    return true;
  }
};

template <class V, class I>
struct write_listed_rows {
  matrix_view<V const> found_values;
  matrix_view<I const> found;
  index_t const* ids;
  matrix_view<V> values;
  matrix_view<I> indices;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    team.columns(found.extent(1), [&](index_t slot) {
      values(ids[i], slot) = found_values(i, slot);
      indices(ids[i], slot) = found(i, slot);
    });
  }
};

/// 1 at every id, 0 elsewhere.
inline std::vector<char> marks_of(std::vector<index_t> const& ids, index_t size) {
  std::vector<char> marks(static_cast<std::size_t>(size), char(0));
  for (index_t id : ids) { marks[static_cast<std::size_t>(id)] = 1; }
  return marks;
}

template <class T>
vector_view<T const> list_of(std::vector<T> const& list) {
  return {list.data(), static_cast<index_t>(list.size())};
}

/// Renews the lists that stay exact, if their queries did not change; returns the queries to be
/// searched anew.
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

/// Searches listed queries among all candidates.
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

/// Ids in order, each once.
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
