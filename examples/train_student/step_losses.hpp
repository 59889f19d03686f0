// SPDX-License-Identifier: Apache-2.0
// The losses of a step behind a plain interface, so that the trainer does not know where they are
// computed: step_losses_at.hpp computes them, on the host or on a device.
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

/// The losses, and what those on relations know about classes: the bank of teacher embeddings and
/// the mined table of the K classes that each is compared with. Views are of the host's memory.
class step_losses {
 public:
  virtual ~step_losses() = default;

  /// `seed` is of the strategies that draw at random; another one each epoch.
  virtual void mine_on_schedule(int epoch, std::uint64_t seed) = 0;

  /// What the next calls are about; it must live until renew. The teacher may be empty where no
  /// term needs it.
  virtual void begin(labelled_batch const& batch) = 0;
  virtual void fcd(double& value, coupleface::matrix_view<float> gradient) = 0;
  /// And the share of pairs that it pushes. A strategy by batch mines first.
  virtual void relation(double& value, double& active, coupleface::matrix_view<float> gradient) = 0;
  virtual void classification(coupleface::matrix_view<float const> weights, double& value,
                              coupleface::matrix_view<float> gradient,
                              coupleface::matrix_view<float> weight_gradient) = 0;
  /// The batch's teacher embeddings enter the bank, after the losses have been taken against the
  /// old ones.
  virtual void renew() = 0;

  virtual void save(std::ostream& out) = 0;
  /// The sizes follow from the settings, which the checkpoint has compared already.
  virtual void load(std::istream& in) = 0;
};

#if defined(TRAIN_STUDENT_CUDA)
/// @throws std::runtime_error  saying why there is no device to be used
void expect_cuda_device();
/// On the current CUDA device. `prototypes` [classes, d] start the bank; empty where there is none.
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
