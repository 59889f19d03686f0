// SPDX-License-Identifier: Apache-2.0
// coupleface: two sets of labelled rows: argument checks, label counts and pair predicates.
#pragma once

#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/error.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Q, class L>
void expect_labels_of(char const* function, char const* argument, matrix_view<Q> rows,
                      char const* labels_argument, vector_view<L> labels) {
  expect_view(function, argument, rows);
  expect_view(function, labels_argument, labels);
  expect_equal(function, (std::string("size of ") + labels_argument).c_str(), labels.extent(0),
               (std::string("rows of ") + argument).c_str(), rows.extent(0));
}

/// Throws unless the same rows have the same labels.
template <class L, class M>
void expect_same_labels(char const* function, char const* a, vector_view<L const> a_labels,
                        char const* b, vector_view<M const> b_labels) {
  for (index_t i = 0; i < a_labels.extent(0); ++i) {
    if (index_t(a_labels(i)) != index_t(b_labels(i))) {
      fail(function, std::string(a) + " and " + b + " are the same rows, but label " +
                         std::to_string(i) + " is " + std::to_string(a_labels(i)) + " and " +
                         std::to_string(b_labels(i)));
    }
  }
}

/// Checks probes and gallery, or queries and references.
template <class Policy, class Q, class L, class C, class M>
void expect_labelled_rows(Policy const& policy, char const* function, char const* a,
                          matrix_view<Q> a_rows, char const* a_labels_argument,
                          vector_view<L> a_labels, char const* b, matrix_view<C> b_rows,
                          char const* b_labels_argument, vector_view<M> b_labels) {
  expect_labels_of(function, a, a_rows, a_labels_argument, a_labels);
  expect_labels_of(function, b, b_rows, b_labels_argument, b_labels);
  expect_equal(function, (std::string("width of ") + b).c_str(), b_rows.extent(1),
               (std::string("width of ") + a).c_str(), a_rows.extent(1));
  if (same_rows(matrix_view<Q const>(a_rows), matrix_view<C const>(b_rows)) &&
      static_cast<void const*>(a_labels.data_handle()) != b_labels.data_handle()) {
    auto const a_list = on_host(policy, a_labels);
    auto const b_list = on_host(policy, b_labels);
    expect_same_labels(function, a, a_list.vector(), b, b_list.vector());
  }
}

/// The labels >= 0, ascending.
template <class Derived, class L>
class sorted_labels {
 public:
  sorted_labels(Derived const& policy, vector_view<L const> labels)
      : memory_(policy, labels.extent(0)), end_(memory_.data()) {
    end_ = std::copy_if(labels.data_handle(), labels.data_handle() + labels.extent(0), end_,
                        [](L label) { return label >= 0; });
    std::sort(memory_.data(), end_);
  }
  L const* begin() const { return memory_.data(); }
  L const* end() const { return end_; }
  index_t size() const { return end() - begin(); }

  index_t count(index_t label) const {
    auto const less = [](L x, index_t y) { return index_t(x) < y; };
    auto const more = [](index_t x, L y) { return x < index_t(y); };
    return std::upper_bound(begin(), end(), label, more) -
           std::lower_bound(begin(), end(), label, less);
  }

 private:
  scratch<L, Derived> memory_;
  L* end_;
};

/// Keeps every pair, except a row with itself if both sides are the same rows.
struct not_itself {
  bool same_rows;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return !same_rows || query != candidate;
  }
};

/// The same, for pairs in which both rows have labels.
template <class L, class M>
struct labelled_pairs {
  not_itself other;
  L const* query_labels;
  M const* candidate_labels;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return query_labels[query] >= 0 && candidate_labels[candidate] >= 0 && other(query, candidate);
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
