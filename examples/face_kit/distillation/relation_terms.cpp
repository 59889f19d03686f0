// SPDX-License-Identifier: Apache-2.0
// Compiled once for both trainers and their tests.
#include "face_kit/distillation/relation_terms.hpp"

#include <thrust/system/omp/execution_policy.h>

#include "face_kit/distillation/relation_terms_at.hpp"

namespace face_kit {

std::unique_ptr<relation_terms> make_relation_terms(std::string const& method,
                                                    coupleface::index_t classes,
                                                    coupleface::index_t width) {
  using policy = std::decay_t<decltype(thrust::omp::par)>;
  return std::make_unique<host_terms<policy>>(method, classes, width);
}

}  // namespace face_kit
