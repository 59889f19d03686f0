// SPDX-License-Identifier: Apache-2.0
// coupleface: RAD on a CUDA device: a block per sample, a team of threads per neighbour.
//
// A block processes as many gathered rows at once as it has teams. Each row is read from memory
// once: while its team sums the products, it copies the row to shared memory for the gradient. One
// thread adds the rows to a column in their order, so there are no atomics and the bits are the
// host's.
#pragma once

#include <coupleface/detail/cuda/losses/neighbours.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/losses/rad.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A team's result for one neighbour.
struct pair_result {
  double value;
  double scale;  ///< factor of the bank row in the direction
};

template <class S, class T, class H, class TeacherBank, class Neighbours, class Penalty,
          class Gradient>
struct rad_kernel {
  static constexpr int threads = 128;
  static constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  static constexpr bool one_bank = std::is_same_v<TeacherBank, shared_bank>;
  static constexpr int elements = smaller(vector_elements<S, H>, vector_elements<T>);
  using team_type = row_team<elements>;
  static constexpr int teams = threads / team_type::threads;

  matrix_view<S> student;
  matrix_view<T> teacher;
  matrix_view<H> student_bank;
  TeacherBank teacher_bank;
  Neighbours neighbours;
  Penalty penalty;
  int const* counts;
  double const* mean;
  double* terms;
  double* directions;  ///< [blocks, d_s]; null: in shared memory
  gathered_shape gathered;
  Gradient gradient;

  using bank_element = std::remove_const_t<H>;

  COUPLEFACE_HOST_DEVICE pair_result* results() const {
    return reinterpret_cast<pair_result*>(shared_memory());
  }
  COUPLEFACE_HOST_DEVICE double* direction() const {
    if (directions != nullptr) { return directions + block_in_grid() * student.extent(1); }
    return reinterpret_cast<double*>(shared_memory() + teams * sizeof(pair_result));
  }
  /// The copy of a team's row for the gradient; null if there is no room.
  COUPLEFACE_HOST_DEVICE bank_element* kept_row(index_t team) const {
    if (!with_gradient || gathered.row_bytes == 0) { return nullptr; }
    return reinterpret_cast<bank_element*>(shared_memory() + gathered.rows_begin +
                                           team * gathered.row_bytes);
  }

  template <class SRow, class TRow>
  COUPLEFACE_HOST_DEVICE pair_result relate(team_type const& team, SRow const& s, TRow const& t,
                                            index_t c, bank_element* copy) const {
    bank_element const* const h = student_bank.row(c);
    index_t const width = student.extent(1);
    double h_norm, gap;
    if constexpr (one_bank) {
      double sums[3];
      team.dots(h, copy, width, sums, s.data, t.data);
      h_norm = norm_of_square(team, h, width, sums[0]);
      gap = cosine_of(team, s.data, s.norm, h, h_norm, width, sums[1]) -
            cosine_of(team, t.data, t.norm, h, h_norm, width, sums[2]);
    } else {
      double sums[2], teacher_sums[2];
      auto const* const g = teacher_bank.row(c);
      using teacher_element = std::remove_const_t<std::remove_reference_t<decltype(*g)>>;
      team.dots(h, copy, width, sums, s.data);
      team.dots(g, static_cast<teacher_element*>(nullptr), t.width, teacher_sums, t.data);
      h_norm = norm_of_square(team, h, width, sums[0]);
      gap = cosine_of(team, s.data, s.norm, h, h_norm, width, sums[1]) -
            cosine_of(team, t.data, t.norm, g, norm_of_square(team, g, t.width, teacher_sums[0]),
                      t.width, teacher_sums[1]);
    }
    penalty_value const p = penalty(gap);
    return {p.value, p.slope == 0 ? 0.0 : p.slope * inverse_norm<bank_element>(h_norm)};
  }

  /// direction += the scaled rows of one round; each column is added by one thread.
  template <class Ids>
  COUPLEFACE_HOST_DEVICE void push(Ids const* ids, index_t round) const {
    double* const sum = direction();
    for (index_t j = thread_in_block(); j < student.extent(1); j += threads) {
      double column = sum[j];
      for (index_t r = 0; r < round; ++r) {
        double const scale = results()[r].scale;
        if (scale == 0) { continue; }
        bank_element const* const kept = kept_row(r);
        bank_element const& h = kept != nullptr ? kept[j] : student_bank.row(ids[r])[j];
        column += rounded_product(scale, load(h));
      }
      sum[j] = column;
    }
  }

  /// Returns the sum of penalties in thread 0 of the block; adds up the direction if there is a
  /// gradient.
  COUPLEFACE_HOST_DEVICE double go_round(team_type const& team, index_t i, index_t count) const {
    int const own = thread_in_block() / team_type::threads;
    row<std::remove_const_t<S>> const s{student.row(i), student.extent(1),
                                        row_norm(team, student.row(i), student.extent(1))};
    row<std::remove_const_t<T>> const t{teacher.row(i), teacher.extent(1),
                                        row_norm(team, teacher.row(i), teacher.extent(1))};
    double sum = 0;
    for (index_t first = 0; first < count; first += gathered.rows) {
      auto const* const ids = neighbours.begin(i) + first;
      index_t const round = smaller(gathered.rows, count - first);
      if (own < round) {
        index_t const c = static_cast<index_t>(ids[own]);
        pair_result result{c == -1 ? 0.0 : not_a_number, 0.0};
        if (c >= 0 && c < student_bank.extent(0)) { result = relate(team, s, t, c, kept_row(own)); }
        if (team.leads()) { results()[own] = result; }
      }
      wait_for_block();
      for (index_t r = 0; r < round && thread_in_block() == 0; ++r) { sum += results()[r].value; }
      if constexpr (with_gradient) { push(ids, round); }
      wait_for_block();
    }
    return sum;
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    block_team<elements> const team;
    index_t const width = student.extent(1);
    for (index_t i = block_in_grid(); i < student.extent(0); i += blocks_in_grid()) {
      if constexpr (with_gradient) {
        for (index_t j = thread_in_block(); j < width; j += threads) { direction()[j] = 0; }
      }
      bool const broken = lists_none(neighbours, i);
      double const sum = go_round(team, i, broken ? 0 : neighbours.count(i));
      if (thread_in_block() == 0) { terms[i] = broken ? not_a_number : sum; }
      if constexpr (with_gradient) {
        wait_for_block();
        // A row in no pair gets gradient 0, even if it is not finite.
        double const norm = counts[i] > 0 ? row_norm(team, student.row(i), width) : 0.0;
        project_gradient(team, student.row(i), norm, direction(), *mean, gradient.row(i), width);
        wait_for_block();
      }
    }
  }
};

/// More than a device runs concurrently; each may have a direction in scratch.
inline constexpr index_t most_rad_blocks = 4096;

template <class Derived, class S, class T, class H, class TeacherBank, class N, class L,
          class Gradient, class Penalty>
void rad_loss(cuda_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<H> student_bank, TeacherBank teacher_bank, N neighbours_argument,
              scalar_view<L> loss, Gradient gradient, Penalty penalty) {
  auto const& policy = static_cast<Derived const&>(base);
  auto const neighbours = as_neighbours(neighbours_argument);
  expect_valid("rad_loss", "a setting of the penalty is out of range", penalty);
  using kernel = rad_kernel<S, T, H, TeacherBank, decltype(neighbours), Penalty, Gradient>;
  index_t const n = student.extent(0), width = student.extent(1);
  index_t const blocks = lane_count(n, most_rad_blocks);
  bool const with_gradient = kernel::with_gradient;
  gathered_shape const shape = gathered_shape_for(kernel::teams, sizeof(pair_result),
                                                  with_gradient ? width : 0, index_t(sizeof(H)));
  scratch<double, Derived> const terms(policy, n + 1);
  scratch<int, Derived> const counts(policy, n);
  scratch<double, Derived> const directions(
      policy, with_gradient && !shape.direction_in_shared ? blocks * width : 0);
  double* const mean = terms.data() + n;
  launch_rows<1>(policy, n, count_pairs_body<decltype(neighbours)>{neighbours, counts.data()});
  store_inverse_count(policy, counts.data(), n, mean);
  launch(policy, {blocks, kernel::threads, shape.shared_bytes},
         kernel{student, teacher, student_bank, teacher_bank, neighbours, penalty, counts.data(),
                mean, terms.data(), directions.data(), shape, gradient});
  store_sum(policy, terms.data(), n, static_cast<double const*>(mean), loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
