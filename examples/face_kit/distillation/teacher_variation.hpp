// SPDX-License-Identifier: Apache-2.0
// How much the teacher's own relations vary: a scale for the gap that a relation term tolerates.
#pragma once

#include <coupleface/view.hpp>
#include <cstdint>
#include <vector>

namespace face_kit {

/// @brief A quantile of the variation of the teacher's relations within people, of
/// |R(t_i, g_c) - R(g_y, g_c)| over the training images i of each person y and the k classes c
/// nearest to y. R is the cosine, and g are the unit prototypes.
///
/// It is the smallest value that at least this share of all values does not exceed. People with one
/// training image are left out, since the image is their prototype. Source: ours.
/// @param teacher [faces, d] unit rows
/// @throws std::runtime_error  if no person has two training images, or no class has a neighbour
double variation_within_people(coupleface::matrix_view<float const> teacher,
                               std::vector<int> const& train,
                               std::vector<std::int32_t> const& labels, int classes, int k,
                               double quantile);

}  // namespace face_kit
