// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::average_templates: media_ids must be integers
#include <coupleface/evaluation/templates.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using medium = float;
#else
using medium = unsigned;
#endif

void call(coupleface::matrix_view<float> x, coupleface::vector_view<int> ids,
          coupleface::vector_view<medium> media, coupleface::matrix_view<float> templates) {
  coupleface::average_templates(thrust::seq, x, ids, ids, media, templates);
}
