// SPDX-License-Identifier: Apache-2.0
// coupleface: unit rows packed for the tensor cores, and the error bound of their products, which
// is measured on the device and never read back.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/search/device_plan.hpp>
#include <coupleface/detail/search/packed_rows.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/unit_row.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The relative error of one tensor core addition. Products of two-byte elements are exact. Sums
/// are not rounded to nearest: all terms of an addition are truncated to at least 24 bits below the
/// largest one. Sixteen products and the running sum are seventeen truncations, plus one of the
/// result, each at most 2^-23. That is below 2^-22 for each of the d additions that screen_error
/// counts.
inline constexpr double tensor_core_unit = 0x1p-22;

/// What the search must know about all rows, on the device.
struct device_survey {
  double error;        ///< bound on |screened score - exact score|
  int odd_candidates;  ///< 1: some rows are not finite
};

/// Packs the rows of one side. A residual is how far packing moved a unit row, -1 for a row that is
/// not finite.
template <class Element, class Score, bool queries>
struct pack_rows_body {
  Score score;
  Element* packed;
  index_t stride;
  double* residuals;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const width = score.packed_width();
    auto const unit = unit_of(i);
    double square = 0;
    team.columns(stride, [&](index_t j) {
      float const element = j < width ? unit(j) : 0.0f;
      Element const kept(static_cast<double>(element));
      double const gap = double(element) - double(float(kept));
      square += gap * gap;
      packed[i * stride + j] = kept;
    });
    double const sum = team.total(square);
    bool const odd = queries ? score.odd_query(i) : score.odd_candidate(i);
    // Degenerate rows of a relation that the screen does not cover are NaN too, but not odd.
    if (team.leads()) { residuals[i] = odd ? -1.0 : (is_nan(sum) ? 0.0 : std::sqrt(sum)); }
  }

 private:
  COUPLEFACE_HOST_DEVICE auto unit_of(index_t i) const {
    if constexpr (queries) {
      return score.query_unit(i);
    } else {
      return score.candidate_unit(i);
    }
  }
};

/// One block: computes the largest residual of both sides, and the error from it.
struct survey_kernel {
  static constexpr int threads = 512;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(double) + sizeof(int));
  double const* residuals;  ///< candidates first
  index_t candidates;
  index_t rows;
  index_t width;
  double magnitude;
  device_survey* survey;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const largest = reinterpret_cast<double*>(shared_memory());
    auto* const odd = reinterpret_cast<int*>(largest + threads);
    int const t = thread_in_block();
    largest[t] = 0;
    odd[t] = 0;
    for (index_t i = t; i < rows; i += threads) {
      if (residuals[i] > largest[t]) { largest[t] = residuals[i]; }
      if (residuals[i] < 0 && i < candidates) { odd[t] = 1; }
    }
    for (int half = threads / 2; half > 0; half /= 2) {
      wait_for_block();
      if (t < half) {
        if (largest[t + half] > largest[t]) { largest[t] = largest[t + half]; }
        odd[t] |= odd[t + half];
      }
    }
    if (t == 0) {
      *survey = {screen_error(width, magnitude, largest[0], tensor_core_unit), odd[0]};
    }
  }
};

/// Both sides packed, in stream-ordered memory; one array if a row packs the same on both sides.
template <class Derived, class Element, class Score>
class packed_sides {
 public:
  packed_sides(Derived const& policy, Score const& score)
      : stride_(rounded_up(score.packed_width(), packed_multiple)),
        once_(score.symmetric() && Score::packs_alike),
        rows_(score.candidates() + (once_ ? 0 : score.queries())),
        packed_(policy, rows_ * stride_),
        residuals_(policy, rows_),
        survey_(policy, 1) {
    constexpr int elements =
        vector_elements<typename Score::query_element, typename Score::candidate_element>;
    index_t const m = score.candidates();
    launch_rows<elements>(
        policy, m,
        pack_rows_body<Element, Score, false>{score, packed_.data(), stride_, residuals_.data()});
    if (!once_) {
      launch_rows<elements>(
          policy, score.queries(),
          pack_rows_body<Element, Score, true>{score, packed_.data() + m * stride_, stride_,
                                               residuals_.data() + m});
    }
    launch(policy, {1, survey_kernel::threads, survey_kernel::shared_bytes},
           survey_kernel{residuals_.data(), m, rows_, score.packed_width(), score.magnitude(),
                         survey_.data()});
    queries_ = packed_.data() + (once_ ? 0 : m * stride_);
  }
  Element const* queries() const { return queries_; }
  Element const* candidates() const { return packed_.data(); }
  index_t stride() const { return stride_; }
  device_survey const* survey() const { return survey_.data(); }

 private:
  index_t stride_;
  bool once_;
  index_t rows_;
  scratch<Element, Derived> packed_;
  scratch<double, Derived> residuals_;
  scratch<device_survey, Derived> survey_;
  Element const* queries_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
