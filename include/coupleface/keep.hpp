// SPDX-License-Identifier: Apache-2.0
// coupleface: predicates that decide which pairs may be mined, or count in a loss. A `Keep` is a
// predicate on (query, candidate) that does not throw. If it has a member expect_fits(function,
// queries, candidates), that is called first.
#pragma once

#include <coupleface/detail/keep.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Every pair.
struct every_row {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t, index_t) const { return true; }
};

/// @brief Every pair except a row with itself, if queries and candidates are the same rows.
struct other_rows {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return query != candidate;
  }
};

/// @brief Pairs whose labels differ. Rows labelled -1 are never mined and mine nothing.
template <class A, class B = A>
class other_labels {
  COUPLEFACE_EXPECT_IDS("other_labels", "labels", A);
  COUPLEFACE_EXPECT_IDS("other_labels", "labels", B);

 public:
  /// @param query_labels [n], @param candidate_labels [m], in the policy's memory
  COUPLEFACE_HOST_DEVICE other_labels(vector_view<A> query_labels, vector_view<B> candidate_labels)
      : query_labels_(query_labels), candidate_labels_(candidate_labels) {}

  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    auto const a = query_labels_(query);
    auto const b = candidate_labels_(candidate);
    return a != b && a >= 0 && b >= 0;
  }

  void expect_fits(char const* function, index_t queries, index_t candidates) const {
    detail::expect_view(function, "query labels", query_labels_);
    detail::expect_view(function, "candidate labels", candidate_labels_);
    detail::expect_equal(function, "size of the query labels", query_labels_.extent(0),
                         "rows of queries", queries);
    detail::expect_equal(function, "size of the candidate labels", candidate_labels_.extent(0),
                         "rows of candidates", candidates);
  }

 protected:
  vector_view<A> query_labels_;
  vector_view<B> candidate_labels_;
};

/// @brief Pairs that are not known to share a label: unlike other_labels, it keeps the pairs of
/// rows labelled -1. For losses in which other rows are negatives.
template <class A, class B = A>
class not_same_label : public other_labels<A, B> {
 public:
  /// @param query_labels [n], @param candidate_labels [m], in the policy's memory
  COUPLEFACE_HOST_DEVICE not_same_label(vector_view<A> query_labels,
                                        vector_view<B> candidate_labels)
      : other_labels<A, B>(query_labels, candidate_labels) {}

  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    auto const own = this->query_labels_(query);
    return own < 0 || own != this->candidate_labels_(candidate);
  }
};

/// @brief Candidates are classes (row c of prototypes or of a bank is class c): every class except
/// the query's own. Queries labelled -1 mine nothing.
template <class L>
class other_classes {
  COUPLEFACE_EXPECT_IDS("other_classes", "labels", L);

 public:
  /// @param query_labels [n] classes of the queries, in the policy's memory
  COUPLEFACE_HOST_DEVICE explicit other_classes(vector_view<L> query_labels)
      : query_labels_(query_labels) {}

  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    auto const own = query_labels_(query);
    return own >= 0 && index_t(own) != candidate;
  }

  void expect_fits(char const* function, index_t queries, index_t) const {
    detail::expect_view(function, "query labels", query_labels_);
    detail::expect_equal(function, "size of the query labels", query_labels_.extent(0),
                         "rows of queries", queries);
  }

 private:
  vector_view<L> query_labels_;
};

/// @brief Pairs that both predicates keep. The second is called only if the first returns true.
template <class A, class B>
class both {
 public:
  COUPLEFACE_HOST_DEVICE both(A first, B second) : first_(first), second_(second) {}

  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return first_(query, candidate) && second_(query, candidate);
  }

  void expect_fits(char const* function, index_t queries, index_t candidates) const {
    detail::expect_keep_fits(function, first_, queries, candidates);
    detail::expect_keep_fits(function, second_, queries, candidates);
  }

 private:
  A first_;
  B second_;
};

COUPLEFACE_NAMESPACE_END
