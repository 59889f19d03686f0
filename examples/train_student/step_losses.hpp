// SPDX-License-Identifier: Apache-2.0
// The losses of a step behind an abstract interface, so that the trainer does not depend on where
// they are computed: step_losses_at.hpp computes them, on the host or on a device.
#pragma once

#include <coupleface/view.hpp>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <stdexcept>

#include "loss_settings.hpp"

namespace train_student {

struct labelled_batch {
  coupleface::matrix_view<float const> student, teacher;  // [n, d]
  coupleface::vector_view<std::int32_t const> labels;     // [n]
};

/// The losses, and the class state of the relation terms: the bank of teacher embeddings and the
/// mined table of the K classes with which each class is compared. Views are of host memory.
class step_losses {
 public:
  virtual ~step_losses() = default;

  /// `seed` is for random strategies and differs in each epoch.
  virtual void mine_on_schedule(int epoch, std::uint64_t seed) = 0;

  /// Sets the batch for the next calls; it must stay alive until renew(). The teacher may be empty
  /// if no term needs it.
  virtual void begin(labelled_batch const& batch) = 0;
  /// FCD, or the term that replaces it.
  virtual void base(double& value, coupleface::matrix_view<float> gradient) = 0;
  /// Also returns the share of active pairs, or NaN for a method without a penalty. A strategy by
  /// batch mines first.
  virtual void relation(double& value, double& active, coupleface::matrix_view<float> gradient) = 0;
  virtual void classification(coupleface::matrix_view<float const> weights, double& value,
                              coupleface::matrix_view<float> gradient,
                              coupleface::matrix_view<float> weight_gradient) = 0;
  /// Updates the bank, or the term's own state, with the batch's teacher embeddings, after the
  /// losses were computed with the old entries.
  virtual void renew() = 0;

  virtual void save(std::ostream& out) = 0;
  /// Sizes follow from the settings, which the checkpoint has already compared.
  virtual void load(std::istream& in) = 0;
};

#if defined(TRAIN_STUDENT_CUDA)
/// @throws std::runtime_error  saying why no device can be used
void expect_cuda_device();
/// On the current CUDA device. `prototypes` [classes, d] start the bank; empty without a bank.
std::unique_ptr<step_losses> make_cuda_losses(loss_settings const& settings,
                                              coupleface::matrix_view<float const> prototypes);
#else
inline void expect_cuda_device() {
  throw std::runtime_error(
      "device: this program was built without CUDA; configure with "
      "-DCOUPLEFACE_CUDA=ON where nvcc is installed");
}
inline std::unique_ptr<step_losses> make_cuda_losses(loss_settings const&,
                                                     coupleface::matrix_view<float const>) {
  expect_cuda_device();
  return nullptr;
}
#endif

}  // namespace train_student
