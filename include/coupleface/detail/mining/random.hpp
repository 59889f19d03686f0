// coupleface: candidates in a random order that is computed, not stored.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/detail/mining/scored_rows.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief A pseudo-random permutation of [0, size) for every (seed, query), without a table.
///
/// A Feistel network permutes the positions 0 ... 2^bits - 1, 2^bits < 2 size; those that land
/// beyond `size` are to be skipped. With independent random rounds a position lands anywhere with
/// equal probability after two of them, and what is left of dependence between positions shrinks by
/// the size of a half (at least 16) with every further pair; eight rounds leave less than 16^-3.
class random_order {
 public:
  COUPLEFACE_HOST_DEVICE random_order(std::uint64_t seed, index_t query, index_t size)
      : key_(mixed_bits(seed, std::uint64_t(query))) {
    int bits = 8;
    while ((index_t(1) << bits) < size) { ++bits; }
    low_bits_ = bits / 2;
    low_mask_ = (std::uint64_t(1) << low_bits_) - 1;
    high_mask_ = (std::uint64_t(1) << (bits - low_bits_)) - 1;
    positions_ = index_t(1) << bits;
  }

  COUPLEFACE_HOST_DEVICE index_t positions() const { return positions_; }

  COUPLEFACE_HOST_DEVICE index_t operator()(index_t position) const {
    std::uint64_t low = std::uint64_t(position) & low_mask_;
    std::uint64_t high = std::uint64_t(position) >> low_bits_;
    for (std::uint64_t round = 0; round < 8; round += 2) {
      high ^= mixed_bits(key_, (round << 32) + low) & high_mask_;
      low ^= mixed_bits(key_, ((round + 1) << 32) + high) & low_mask_;
    }
    return static_cast<index_t>((high << low_bits_) | low);
  }

 private:
  std::uint64_t key_;
  std::uint64_t low_mask_;
  std::uint64_t high_mask_;
  index_t positions_;
  int low_bits_;
};

/// Admits what ranks after a slot that is taken already; behind an empty slot there is nothing.
struct ranks_after {
  double value;
  index_t index;
  COUPLEFACE_HOST_DEVICE bool operator()(double other, index_t other_index) const {
    return ranks_before(value, index, other, other_index);
  }
};

struct admits_all {
  COUPLEFACE_HOST_DEVICE bool operator()(double, index_t) const { return true; }
};

/// Fills a row of `slots` with the first kept and admitted candidates in random order, then sorts
/// it. Of a team, all look for candidates and one has the heap.
template <class Team, class Score, class Keep, class Admits, class V, class I>
COUPLEFACE_HOST_DEVICE void draw_row(Team const& team, Score const& score, Keep const& keep,
                                     Admits const& admits, std::uint64_t seed, index_t query,
                                     V* values, I* indices, index_t slots) {
  bounded_heap<V, I> drawn(values, indices, slots);
  if (team.leads()) { drawn.clear(); }
  random_order const order(seed, query, score.candidates());
  for (index_t position = 0; position < order.positions() && slots > 0; ++position) {
    index_t const candidate = order(position);
    if (candidate >= score.candidates() || !keep(query, candidate)) { continue; }
    V const value = store<V>(score_by(team, score, query, candidate));
    if (!admits(value, candidate)) { continue; }
    if (team.leads()) { drawn.offer(value, static_cast<I>(candidate)); }
    --slots;
  }
  if (team.leads()) { drawn.finish(); }
}

template <class Score, class Keep, class V, class I>
struct draw_rows {
  Score score;
  Keep keep;
  std::uint64_t seed;
  matrix_view<V> values;
  matrix_view<I> indices;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    draw_row(team, score, keep, admits_all{}, seed, i, values.row(i), indices.row(i),
             values.extent(1));
  }
};

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void mine_random(Policy const& policy, matrix_view<Q const> queries,
                 matrix_view<C const> candidates, std::uint64_t seed, matrix_view<V> values,
                 matrix_view<I> indices, Relation relation, Keep keep) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  using score_type = relation_score<Q, C, Relation>;
  for_each_row<Q, C>(policy, queries.extent(0),
                     draw_rows<score_type, Keep, V, I>{rows.score(), keep, seed, values, indices});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
