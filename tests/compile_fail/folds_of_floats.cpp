// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::resample_identities: folds must be integers
#include <coupleface/evaluation/bootstrap.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using fold = float;
#else
using fold = int;
#endif

void call(coupleface::vector_view<float> scores, coupleface::vector_view<int> ids,
          coupleface::vector_view<fold> folds) {
  coupleface::resample_identities(thrust::seq, scores, ids, ids, ids, folds, {0.1}, 1, 1);
}
