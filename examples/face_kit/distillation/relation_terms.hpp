// SPDX-License-Identifier: Apache-2.0
// The relation terms of all methods but mrd and coupleface, which are calls of rad_loss in the
// trainers, and the state of those that have one.
#pragma once

#include <coupleface/view.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace face_kit {

/// Views of the memory of the place where terms are computed.
struct relation_inputs {
  coupleface::matrix_view<float const> student, teacher;  ///< [n, d]
  coupleface::vector_view<std::int32_t const> labels;     ///< [n], classes
  coupleface::matrix_view<float const> bank;              ///< teacher rows of classes; or, of
                                                          ///< mined pairs, what `table` lists
  coupleface::matrix_view<std::int32_t const> table;      ///< [rows, k] rows of `bank`, or -1
  bool by_class = true;  ///< whether the table has a row for each class, or for each sample
};

class relation_terms {
 public:
  virtual ~relation_terms() = default;

  /// The term and its gradient with respect to the student, both overwritten. May update the state.
  virtual void compute(relation_inputs const& in, coupleface::scalar_view<double> loss,
                       coupleface::matrix_view<float> gradient) = 0;
  /// After the loss of a batch was computed.
  virtual void renew(relation_inputs const& in) = 0;
  /// visit(data, bytes) for the state in host memory, of one size from the start.
  virtual void visit_state(std::function<void(void*, std::size_t)> const& visit) = 0;
  /// The same for the state in memory that the host cannot reach; it follows the other one.
  virtual void visit_device_state(std::function<void(void*, std::size_t)> const&) {}
};

/// On the host's OpenMP threads.
std::unique_ptr<relation_terms> make_relation_terms(std::string const& method,
                                                    coupleface::index_t classes,
                                                    coupleface::index_t width);

}  // namespace face_kit
