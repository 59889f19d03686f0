// SPDX-License-Identifier: Apache-2.0
// coupleface: a law over listed pairs of samples and bank rows, on a CUDA device.
//
// The walks of walk_pairs() on products that are stored once. The number of pairs stays on the
// device.
#pragma once

#include <coupleface/detail/cuda/losses/listed_kernels.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/losses/listed_pairs.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// More than a device runs concurrently; each has a direction in scratch.
inline constexpr index_t most_listed_blocks = 4096;

/// Memory and launches of the walks over listed pairs.
template <class Derived, class S, class T, class H, class B, class Neighbours, class Law,
          class Relation, class Gradient>
class device_listed_pairs {
 public:
  static constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  static constexpr bool projects = with_gradient && Relation::how == prepared::unit;
  static constexpr int sum_count = Law::sums > 1 + Law::back_sums ? Law::sums : 1 + Law::back_sums;
  static constexpr int numbers_of_slot = projects ? 3 : 2;

  device_listed_pairs(Derived const& policy, both_sides<S const, T const> samples,
                      both_sides<H const, B const> bank, Neighbours neighbours, Law law,
                      Relation relation, Gradient gradient)
      : policy_(policy),
        samples_(samples),
        bank_(bank),
        neighbours_(neighbours),
        law_(law),
        relation_(relation),
        gradient_(gradient),
        products_(policy, rows() * most_neighbours(neighbours) * numbers_of_slot),
        counts_(policy, rows()),
        constants_(policy, rows() * Law::constants),
        sums_(policy, rows() * sum_count),
        totals_(policy, sum_count),
        mean_(policy, 1) {}

  template <class L>
  void run(scalar_view<L> loss) const {
    launch_rows<1>(policy_, rows(), count_pairs_body<Neighbours>{neighbours_, counts_.data()});
    store_inverse_count(policy_, counts_.data(), rows(), mean_.data());
    find_products();
    launch_indices(policy_, constants_.size(), zero_body<double>{constants_.data()});
    if constexpr (Law::sums > 0) {
      add_terms(statistic_terms<Law>{law_});
      finish<Law::sums>(sums(0), finish_of<Law>{law_});
    }
    add_terms(value_terms<Law>{law_});
    store_sum(policy_, sums_.data(), rows(), static_cast<double const*>(mean_.data()),
              loss.data_handle());
    if constexpr (with_gradient) {
      if constexpr (Law::back_sums > 0) {
        finish<Law::back_sums>(sums(1), finish_back_of<Law>{law_});
      }
      store_gradient();
    }
  }

 private:
  using slots_type = device_slots<Neighbours>;

  index_t rows() const { return samples_.student.extent(0); }
  slots_type slots() const {
    return {neighbours_, bank_.student.extent(0), most_neighbours(neighbours_), products_.data(),
            numbers_of_slot};
  }
  row_numbers constants() const { return {constants_.data(), rows()}; }
  row_numbers sums(int first) const { return {sums_.data() + index_t(first) * rows(), rows()}; }

  void find_products() const {
    using kernel = listed_products_kernel<Relation, S, T, H, B, slots_type, projects>;
    launch(policy_, shape_for(rows(), 1, kernel::threads),
           kernel{samples_.student, samples_.teacher, bank_.student, bank_.teacher, slots()});
  }

  template <class Terms>
  void add_terms(Terms terms) const {
    using kernel = listed_terms_kernel<Relation, slots_type, Terms>;
    launch(policy_, shape_for(rows(), 1, kernel::threads, kernel::shared_bytes),
           kernel{slots(), rows(), relation_, terms, constants(), sums(0)});
  }

  template <int Count, class Finish>
  void finish(row_numbers sums, Finish finish) const {
    finish_device_rows<Count, Law::constants>(policy_, sums, totals_.data(), constants(), finish);
  }

  void store_gradient() const {
    using G = typename Gradient::value_type;
    using kernel = listed_gradient_kernel<Relation, S, H, slots_type, Law, G>;
    index_t const blocks = lane_count(rows(), most_listed_blocks);
    scratch<double, Derived> const directions(policy_, projects ? blocks * gradient_.extent(1) : 0);
    launch(policy_, {blocks, kernel::threads},
           kernel{samples_.student, bank_.student, slots(), relation_, law_, constants(),
                  counts_.data(), mean_.data(), directions.data(), gradient_});
  }

  Derived const& policy_;
  both_sides<S const, T const> samples_;
  both_sides<H const, B const> bank_;
  Neighbours neighbours_;
  Law law_;
  Relation relation_;
  Gradient gradient_;
  scratch<double, Derived> products_;
  scratch<int, Derived> counts_;
  scratch<double, Derived> constants_, sums_, totals_, mean_;
};

template <class Derived, class S, class T, class H, class B, class N, class Law, class Relation,
          class L, class Gradient>
void listed_pair_loss(cuda_policy<Derived> const& base, char const*,
                      both_sides<S const, T const> samples, both_sides<H const, B const> bank,
                      N neighbours_argument, Law law, Relation relation, scalar_view<L> loss,
                      Gradient gradient) {
  auto const neighbours = as_neighbours(neighbours_argument);
  device_listed_pairs<Derived, S, T, H, B, decltype(neighbours), Law, Relation, Gradient> const
      pairs(static_cast<Derived const&>(base), samples, bank, neighbours, law, relation, gradient);
  pairs.run(loss);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
