// SPDX-License-Identifier: Apache-2.0
// coupleface: templates: one row from all faces of a person. The aggregation of IJB-B and IJB-C,
// where all frames of one video count as much as one still.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/templates.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief One unit row for each template from a list of (face, template, medium).
///
/// template_t = u / ||u||, u = sum over its media of the mean of that medium's faces. Faces are
/// used unchanged; if the protocol wants unit faces, call normalize_rows first. Use the result with
/// identify, pair_scores and verify_all_pairs. A template without a face, or whose faces cancel,
/// becomes 0. A template with a face that is not finite becomes NaN.
///
/// @param policy any Thrust execution policy
/// @param x [n, d] faces; one may be in many templates
/// @param rows [p] the face of each entry; signed integers
/// @param template_ids [p] rows of `templates`; -1: the entry is ignored
/// @param media_ids [p] any integers; equal ones within a template are one medium
/// @param templates [t, d] result, not `x`
/// @throws std::invalid_argument if the shapes do not fit, a row is not in `x` or a template id is
///   outside [-1, t), before any write; a device does not read ids back: there a template with such
///   a row becomes NaN, and an entry with such a template is ignored
/// @complexity O(p d + p log p)
/// @scratch 8 (p + t + 1) bytes, and 16 d for each of at most 64 lanes; on a device 24 p + 8 t,
///   8 d for each of at most 2,048 blocks, and the sort's
/// @determinism bit-identical for any policy and thread count: media by their id, their faces in
///   the order of the list, in double
/// Source: IJB-B, IJB-C (stated: media averages, then templates); ours in its order of sums.
template <class Policy, class X, class R, class T, class M, class Y>
void average_templates(Policy const& policy, matrix_view<X> x, vector_view<R> rows,
                       vector_view<T> template_ids, vector_view<M> media_ids,
                       matrix_view<Y> templates) {
  detail::device_call<Policy> const call("average_templates");
  COUPLEFACE_EXPECT_POLICY("average_templates", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("average_templates", "x", X);
  COUPLEFACE_EXPECT_IDS("average_templates", "rows", R);
  COUPLEFACE_EXPECT_IDS("average_templates", "template_ids", T);
  static_assert(std::is_integral_v<std::remove_cv_t<M>>,
                "coupleface::average_templates: media_ids must be integers");
  COUPLEFACE_EXPECT_ELEMENTS("average_templates", "templates", Y);
  COUPLEFACE_EXPECT_OUTPUT("average_templates", "templates", Y);
  detail::expect_view("average_templates", "x", x);
  detail::expect_view("average_templates", "templates", templates);
  detail::expect_equal("average_templates", "width of templates", templates.extent(1), "width of x",
                       x.extent(1));
  detail::expect_pairs("average_templates", "template_ids", template_ids, "rows", rows);
  detail::expect_pairs("average_templates", "media_ids", media_ids, "rows", rows);
  detail::average_templates(policy, matrix_view<std::remove_cv_t<X> const>(x),
                            vector_view<std::remove_cv_t<R> const>(rows),
                            vector_view<std::remove_cv_t<T> const>(template_ids),
                            vector_view<std::remove_cv_t<M> const>(media_ids), templates);
}

COUPLEFACE_NAMESPACE_END
