// SPDX-License-Identifier: Apache-2.0
// The library's functions behind a C interface, so that compare.py can call them in the process in
// which it calls FAISS and PyTorch. Matrices are row-major without gaps; float, ids of 64 bits.
#include <thrust/execution_policy.h>

#include <coupleface/io/npy.hpp>
#include <coupleface/kernels.hpp>
#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/prototypes.hpp>

#include <omp.h>

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>

#include "../../tests/support/counting_allocator.hpp"

#define COUPLEFACE_C_API extern "C" __attribute__((visibility("default")))

namespace {

using coupleface::index_t;
using coupleface::make_matrix_view;
using coupleface::make_scalar_view;
using coupleface::make_vector_view;
using mapped_matrix = coupleface::mapped_npy<float>;

enum status { done = 0, failed = 1, unavailable = 2 };
enum pair_loss {
  rkd = 0,
  similarity_preserving = 1,
  pkt = 2,
  correlation_congruence = 3,
  rkd_angle = 4
};
enum screen { automatic = 0, float_screen = 1, int16_screen = 2 };

std::string& last_error() {
  static thread_local std::string message;
  return message;
}

/// No exception may reach the caller: a status does.
template <class Function>
int guarded(Function f) {
  try {
    return f();
  } catch (std::exception const& error) {
    last_error() = error.what();
    return failed;
  }
}

/// mine_nearest with the screen that the processor suggests, or with one of the two.
template <class View, class V, class I>
int nearest_with(int screen, View rows, coupleface::matrix_view<V> values,
                 coupleface::matrix_view<I> indices) {
  namespace detail = coupleface::detail;
  if (screen == automatic) {
    coupleface::mine_nearest(thrust::device, rows, rows, values, indices);
    return done;
  }
  if (screen == int16_screen && detail::kernels_in_use() == detail::kernel_set::portable) {
    last_error() = "the portable kernels have no fast products of 16-bit whole numbers";
    return unavailable;
  }
  detail::mine_nearest(
      thrust::device, rows, rows, values, indices, coupleface::cosine{}, coupleface::other_rows{},
      detail::native_screen(screen == float_screen ? detail::screen_element::float32
                                                   : detail::screen_element::int16_pair));
  return done;
}

}  // namespace

COUPLEFACE_C_API char const* coupleface_last_error() { return last_error().c_str(); }

COUPLEFACE_C_API char const* coupleface_kernels() { return coupleface::kernels(); }

COUPLEFACE_C_API void coupleface_set_threads(int threads) { omp_set_num_threads(threads); }

/// The k nearest other rows of every row of x [n, d].
COUPLEFACE_C_API int coupleface_nearest(int screen, float const* x, index_t n, index_t d, index_t k,
                                        float* values, std::int32_t* indices) {
  return guarded([=] {
    auto const rows = make_matrix_view(x, n, d);
    return nearest_with(screen, rows, make_matrix_view(values, n, k),
                        make_matrix_view(indices, n, k));
  });
}

COUPLEFACE_C_API int coupleface_rad(float const* student, float const* teacher, index_t n,
                                    index_t d, float const* bank, index_t classes,
                                    std::int64_t const* neighbours, index_t k, double q,
                                    float* loss, float* gradient) {
  return guarded([=] {
    coupleface::rad_loss(thrust::device, make_matrix_view(student, n, d),
                         make_matrix_view(teacher, n, d), make_matrix_view(bank, classes, d),
                         make_matrix_view(neighbours, n, k), make_scalar_view(loss),
                         make_matrix_view(gradient, n, d), coupleface::hinge{q});
    return done;
  });
}

COUPLEFACE_C_API int coupleface_fcd(float const* student, float const* teacher, index_t n,
                                    index_t d, float* loss, float* gradient) {
  return guarded([=] {
    coupleface::fcd_loss(thrust::device, make_matrix_view(student, n, d),
                         make_matrix_view(teacher, n, d), make_scalar_view(loss),
                         make_matrix_view(gradient, n, d));
    return done;
  });
}

/// call(policy) with the library's policy, whose scratch is counted: the most bytes at one time.
template <class Call>
int counting_scratch(std::int64_t* scratch, Call call) {
  return guarded([&] {
    coupleface_test::allocation_count count;
    coupleface_test::counting_allocator allocator(count);
    call(thrust::omp::par(allocator));
    *scratch = std::int64_t(count.most);
    return done;
  });
}

/// A loss over the pairs of a batch, or over its triples. `which`: a pair_loss.
COUPLEFACE_C_API int coupleface_pairs(int which, float const* student, float const* teacher,
                                      index_t n, index_t d, float* loss, float* gradient,
                                      std::int64_t* scratch) {
  return counting_scratch(scratch, [=](auto const& policy) {
    auto const s = make_matrix_view(student, n, d), t = make_matrix_view(teacher, n, d);
    auto const value = make_scalar_view(loss);
    auto const g = make_matrix_view(gradient, n, d);
    switch (which) {
      case rkd:
        return coupleface::rkd_distance_loss(policy, s, t, value, g);
      case similarity_preserving:
        return coupleface::similarity_preserving_loss(policy, s, t, value, g);
      case pkt:
        return coupleface::pkt_loss(policy, s, t, value, g);
      case correlation_congruence:
        return coupleface::correlation_congruence_loss(policy, s, t, value, g);
      case rkd_angle:
        return coupleface::rkd_angle_loss(policy, s, t, value, g);
      default:
        throw std::invalid_argument("coupleface_pairs: no such loss");
    }
  });
}

/// The squared relation loss of a batch with a bank of m rows for each network.
COUPLEFACE_C_API int coupleface_pairs_bank(float const* student, float const* teacher, index_t n,
                                           index_t d, float const* student_bank,
                                           float const* teacher_bank, index_t m, float* loss,
                                           float* gradient, std::int64_t* scratch) {
  return counting_scratch(scratch, [=](auto const& policy) {
    coupleface::relation_loss(policy, make_matrix_view(student, n, d),
                              make_matrix_view(teacher, n, d), make_matrix_view(student_bank, m, d),
                              make_matrix_view(teacher_bank, m, d), make_scalar_view(loss),
                              make_matrix_view(gradient, n, d), coupleface::squared{});
  });
}

/// ArcFace. `keep`: whether logits are kept from the value to the gradients; `bfloat16`: whether
/// products are of bfloat16.
COUPLEFACE_C_API int coupleface_margin_softmax(float const* embeddings, index_t n, index_t d,
                                               float const* weights, index_t classes,
                                               std::int64_t const* labels, double margin,
                                               double scale, int keep, int bfloat16, float* loss,
                                               float* gradient, float* weight_gradient) {
  return guarded([=] {
    auto const compute = [=](auto logits) {
      coupleface::margin_softmax_loss(
          thrust::device, make_matrix_view(embeddings, n, d), make_matrix_view(weights, classes, d),
          make_vector_view(labels, n), make_scalar_view(loss), make_matrix_view(gradient, n, d),
          make_matrix_view(weight_gradient, classes, d), coupleface::arc_margin(margin, scale),
          logits);
    };
    if (bfloat16 != 0) {
      keep != 0 ? compute(coupleface::bfloat16_products<coupleface::keep_logits>{})
                : compute(coupleface::bfloat16_products<>{});
    } else {
      keep != 0 ? compute(coupleface::keep_logits{}) : compute(coupleface::recompute_logits{});
    }
    return done;
  });
}

/// A mapped .npy of float [n, d], or nullptr; to be given back to coupleface_unmap.
COUPLEFACE_C_API void* coupleface_map(char const* path) {
  void* result = nullptr;
  guarded([&] {
    result = new mapped_matrix(path);
    return done;
  });
  return result;
}

COUPLEFACE_C_API void coupleface_unmap(void* map) { delete static_cast<mapped_matrix*>(map); }

COUPLEFACE_C_API float const* coupleface_mapped_data(void const* map) {
  return static_cast<mapped_matrix const*>(map)->data();
}

COUPLEFACE_C_API int coupleface_class_means(void const* map, std::int64_t const* labels,
                                            index_t classes, float* prototypes) {
  return guarded([=] {
    auto const features = static_cast<mapped_matrix const*>(map)->matrix();
    coupleface::class_prototypes(thrust::device, features,
                                 make_vector_view(labels, features.extent(0)),
                                 make_matrix_view(prototypes, classes, features.extent(1)));
    return done;
  });
}
