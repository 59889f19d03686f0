// SPDX-License-Identifier: Apache-2.0
// coupleface: the sum of media averages of each template, host side.
#pragma once

#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// sum[j] += (mean of the entries' rows)[j] for the entries of one medium; `mean` is scratch.
template <class X, class R>
void add_media_average(matrix_view<X const> x, R const* rows, index_t const* entries, index_t count,
                       double* mean, double* sum) {
  index_t const width = x.extent(1);
  std::fill(mean, mean + width, 0.0);
  for (index_t e = 0; e < count; ++e) {
    X const* const face = x.row(rows[entries[e]]);
    for (index_t j = 0; j < width; ++j) { mean[j] += load(face[j]); }
  }
  for (index_t j = 0; j < width; ++j) { sum[j] += mean[j] / double(count); }
}

/// Sum of the media averages of a template; `entries` are sorted by medium.
template <class X, class R, class M>
void add_template(matrix_view<X const> x, R const* rows, M const* media, index_t const* entries,
                  index_t count, double* mean, double* sum) {
  for (index_t e = 0; e < count;) {
    index_t end = e + 1;
    while (end < count && media[entries[end]] == media[entries[e]]) { ++end; }
    add_media_average(x, rows, entries + e, end - e, mean, sum);
    e = end;
  }
}

template <class Derived, class X, class R, class T, class M, class Y>
void average_templates(host_policy<Derived> const& base, matrix_view<X const> x,
                       vector_view<R const> rows, vector_view<T const> template_ids,
                       vector_view<M const> media_ids, matrix_view<Y> templates) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const count = templates.extent(0), width = x.extent(1);
  expect_ids_inside("average_templates", "rows", rows, "x", x.extent(0));
  expect_ids("average_templates", "template_ids", template_ids, count);
  scratch<index_t, Derived> const begins(policy, count + 1), members(policy, rows.extent(0));
  group_by_label(template_ids, count, begins.data(), members.data());
  index_t const lanes = lane_count(count);
  scratch<double, Derived> const sums(policy, 2 * width * lanes);
  for_each_index(
      policy, lanes,
      [=, begin = begins.data(), entries = members.data(), memory = sums.data()](index_t lane) {
        double *const sum = memory + 2 * width * lane, *const mean = sum + width;
        for (index_t t = lane_begin(lane, lanes, count); t < lane_begin(lane + 1, lanes, count);
             ++t) {
          std::sort(entries + begin[t], entries + begin[t + 1], [=](index_t a, index_t b) {
            return media_ids(a) < media_ids(b) || (media_ids(a) == media_ids(b) && a < b);
          });
          std::fill(sum, sum + width, 0.0);
          add_template(x, rows.data_handle(), media_ids.data_handle(), entries + begin[t],
                       begin[t + 1] - begin[t], mean, sum);
          normalize_row(sum, templates.row(t), width);
        }
      });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/evaluation/templates.cuh>
#endif
