// SPDX-License-Identifier: Apache-2.0
// The kernels that training, mining and evaluation spend their time in, for the element types that
// they use. Compiled for ptxas' report alone: cmake/CheckSpills.cmake reads it.
#include <coupleface/evaluation/agreement.hpp>
#include <coupleface/evaluation/all_pairs.hpp>
#include <coupleface/evaluation/templates.hpp>
#include <coupleface/feature_bank.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/normalize.hpp>
#include <coupleface/prototypes.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/top_k.hpp>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>

namespace {

using coupleface::matrix_view;
using coupleface::scalar_view;
using coupleface::vector_view;
using labels = vector_view<int const>;
using table = matrix_view<int const>;

template <class... T>
using device_vector = thrust::device_vector<T...>;

template <class S, class B>
void losses(matrix_view<S const> s, matrix_view<S const> t, matrix_view<B const> bank,
            labels classes, table neighbours, scalar_view<float> loss, matrix_view<S> gradient,
            matrix_view<B> weight_gradient) {
  auto const policy = thrust::cuda::par_nosync;
  coupleface::normalize_rows(policy, s, gradient);
  coupleface::normalize_rows_gradient(policy, s, t, gradient);
  coupleface::fcd_loss(policy, s, t, loss);
  coupleface::fcd_loss(policy, s, t, loss, gradient);
  auto const by_class = coupleface::class_neighbours(classes, neighbours);
  coupleface::rad_loss(policy, s, t, bank, by_class, loss);
  coupleface::rad_loss(policy, s, t, bank, by_class, loss, gradient);
  coupleface::rad_loss(policy, s, t, bank, bank, neighbours, loss, gradient);
  coupleface::margin_softmax_loss(policy, s, bank, classes, loss, gradient, weight_gradient);
  coupleface::relation_loss(policy, s, t, bank, bank, loss, gradient);
  coupleface::rkd_distance_loss(policy, s, t, loss, gradient);
  coupleface::pkt_loss(policy, s, t, loss, gradient);
  coupleface::pair_loss(policy, s, t, bank, bank, by_class, loss, gradient, coupleface::pkt_law{});
}

template <class T>
void primitives(matrix_view<T const> x, labels classes, matrix_view<T> out,
                matrix_view<int> indices) {
  auto const policy = thrust::cuda::par_nosync;
  coupleface::relation_matrix(policy, x, x, out);
  coupleface::top_k(policy, x, out, indices);
  if constexpr (std::is_floating_point_v<T>) {
    coupleface::mine_nearest(policy, x, x, out, indices);
  }
  coupleface::class_prototypes(policy, x, classes, out);
  coupleface::feature_bank<T, coupleface::latest_sample, device_vector> latest(policy, x);
  coupleface::feature_bank<T, coupleface::recent_ring, device_vector> ring(policy, x);
  latest.update(policy, classes, x);
  ring.update(policy, classes, x);
  if constexpr (std::is_floating_point_v<T>) {
    coupleface::feature_bank<T, coupleface::moving_average, device_vector> average(policy, x);
    average.update(policy, classes, x);
  }
}

template <class T>
void evaluation(matrix_view<T const> x, labels classes, matrix_view<T> out,
                vector_view<float> scores) {
  auto const policy = thrust::cuda::par_nosync;
  coupleface::pair_scores(policy, x, x, classes, classes, scores);
  coupleface::verify_all_pairs(policy, x, classes, {1e-3});
  coupleface::average_templates(policy, x, classes, classes, classes, out);
  coupleface::compare_with_teacher(policy, x, x, 10);
}

}  // namespace

void main_kernels() {
  using coupleface::bfloat16;
  using coupleface::float16;
  losses<float, float>({}, {}, {}, {}, {}, scalar_view<float>(nullptr), {}, {});
  losses<float16, bfloat16>({}, {}, {}, {}, {}, scalar_view<float>(nullptr), {}, {});
  losses<float, bfloat16>({}, {}, {}, {}, {}, scalar_view<float>(nullptr), {}, {});
  losses<double, double>({}, {}, {}, {}, {}, scalar_view<float>(nullptr), {}, {});
  primitives<float>({}, {}, {}, {});
  primitives<float16>({}, {}, {}, {});
  primitives<double>({}, {}, {}, {});
  evaluation<float>({}, {}, {}, {});
  evaluation<float16>({}, {}, {}, {});
}
