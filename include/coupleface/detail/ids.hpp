// SPDX-License-Identifier: Apache-2.0
// coupleface: checks ids passed by the caller: labels, table entries, pairs.
#pragma once

#include <coupleface/error.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Throws unless every id is in [-1, limit); -1 means none. The message names `row` if it is >= 0.
template <class I>
void expect_ids(char const* function, char const* argument, I const* ids, index_t count,
                index_t limit, index_t row = -1) {
  for (index_t k = 0; k < count; ++k) {
    index_t const id = static_cast<index_t>(ids[k]);
    if (id < -1 || id >= limit) {
      fail(function, std::string(argument) + "(" + (row < 0 ? "" : std::to_string(row) + ", ") +
                         std::to_string(k) + ") is " + std::to_string(id) + ", outside [-1, " +
                         std::to_string(limit) + ")");
    }
  }
}

template <class I>
void expect_ids(char const* function, char const* argument, vector_view<I> ids, index_t limit) {
  expect_ids(function, argument, ids.data_handle(), ids.extent(0), limit);
}

template <class I>
void expect_table_ids(char const* function, matrix_view<I const> indices, index_t limit) {
  for (index_t i = 0; i < indices.extent(0); ++i) {
    expect_ids(function, "indices", indices.row(i), indices.extent(1), limit, i);
  }
}

/// Throws unless every id is a row of what `reference` names.
template <class Id>
void expect_ids_inside(char const* function, char const* argument, vector_view<Id const> ids,
                       char const* reference, index_t rows) {
  for (index_t i = 0; i < ids.extent(0); ++i) {
    if (ids(i) < 0 || index_t(ids(i)) >= rows) {
      fail(function, std::string(argument) + "(" + std::to_string(i) + ") is " +
                         std::to_string(ids(i)) + ", but " + reference + " has " +
                         std::to_string(rows) + " rows");
    }
  }
}

template <class I>
index_t count_ids(I const* ids, index_t count) {
  index_t valid = 0;
  for (index_t k = 0; k < count; ++k) { valid += ids[k] >= 0; }
  return valid;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
