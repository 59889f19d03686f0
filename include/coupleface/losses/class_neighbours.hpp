// SPDX-License-Identifier: Apache-2.0
// coupleface: the neighbours of labelled samples, for losses over listed pairs.
#pragma once

#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The neighbours of labelled samples: row labels[i] of a table of class relations.
/// @param labels [n], -1 = sample without neighbours
/// @param table [C, K] ids of bank rows, -1 = none; mine_nearest's result for the prototypes
template <class L, class I>
detail::labelled_neighbours<L, I> class_neighbours(vector_view<L> labels, matrix_view<I> table) {
  return {labels, table};
}

COUPLEFACE_NAMESPACE_END
