// SPDX-License-Identifier: Apache-2.0
// coupleface: bootstrap resamples of sorted pairs on a CUDA device: a block per resample.
//
// All sums are of integers, so their order is irrelevant.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/evaluation/bootstrap.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A block's device memory, for one resample at a time.
struct resample_memory {
  int* drawn;               ///< [people] how often each is drawn
  std::uint64_t* folds;     ///< [folds, 2] weight, weight of correct decisions
  std::uint64_t* limits;    ///< [targets] most different pairs that may be accepted
  std::uint64_t* accepted;  ///< [targets] same pairs that are then accepted
};

struct resample_kernel {
  static constexpr int threads = 128;
  static constexpr index_t shared_bytes = 2 * (threads + 1) * index_t(sizeof(std::uint64_t));
  sorted_pairs sorted;
  double const* fars;
  index_t targets;
  index_t resamples;
  std::uint64_t seed;
  resample_memory memory;  ///< the first block's
  double* numbers;         ///< [resamples, 1 + targets]

  COUPLEFACE_HOST_DEVICE resample_memory mine() const {
    index_t const b = block_in_grid();
    return {memory.drawn + b * sorted.people, memory.folds + b * 2 * sorted.folds,
            memory.limits + b * targets, memory.accepted + b * targets};
  }

  COUPLEFACE_HOST_DEVICE void draw(index_t resample, int* drawn) const {
    for (index_t i = thread_in_block(); i < sorted.people; i += threads) {
      drawn[i] = resample == 0 ? 1 : 0;
    }
    wait_for_block();
    people_stream const stream(seed, std::uint64_t(resample));
    for (index_t i = thread_in_block(); resample > 0 && i < sorted.people; i += threads) {
      add_atomically(&drawn[stream.below(std::uint32_t(sorted.people), i)], 1);
    }
    wait_for_block();
  }

  COUPLEFACE_HOST_DEVICE static std::uint64_t weight(resampled_pair const& pair, int const* drawn) {
    auto const a = std::uint64_t(drawn[pair.a]);
    return pair.same ? a : a * std::uint64_t(drawn[pair.b]);
  }

  /// Returns the total weights of different and of same pairs; also sets those of the folds.
  COUPLEFACE_HOST_DEVICE void weigh(resample_memory const& own, std::uint64_t (&totals)[2]) const {
    auto* const shared = reinterpret_cast<std::uint64_t*>(shared_memory());
    if (thread_in_block() < 2) { shared[thread_in_block()] = 0; }
    for (index_t f = thread_in_block(); f < 2 * sorted.folds; f += threads) { own.folds[f] = 0; }
    wait_for_block();
    std::uint64_t sums[2] = {0, 0};
    for (index_t i = thread_in_block(); i < sorted.count; i += threads) {
      resampled_pair const pair = sorted.pairs[i];
      std::uint64_t const pair_weight = weight(pair, own.drawn);
      if (pair_weight == 0) { continue; }
      sums[pair.same] += pair_weight;
      if (sorted.folds == 0) { continue; }
      add_atomically(own.folds + 2 * pair.fold, pair_weight);
      if (pair.right) { add_atomically(own.folds + 2 * pair.fold + 1, pair_weight); }
    }
    for (int s = 0; s < 2; ++s) { add_atomically(shared + s, sums[s]); }
    wait_for_block();
    for (int s = 0; s < 2; ++s) { totals[s] = shared[s]; }
    wait_for_block();
  }

  /// Like weighed_pairs::accuracy.
  COUPLEFACE_HOST_DEVICE double accuracy(std::uint64_t const* folds) const {
    double sum = 0, met = 0;
    for (index_t f = 0; f < sorted.folds; ++f) {
      if (folds[2 * f] > 0) { sum += double(folds[2 * f + 1]) / double(folds[2 * f]), ++met; }
    }
    return sorted.folds > 0 ? sum / met : 0.0;
  }

  /// The largest count whose quotient by `total`, in double, is at most `far`; no limit if `total`
  /// is 0.
  COUPLEFACE_HOST_DEVICE static std::uint64_t limit_of(double far, std::uint64_t total) {
    if (total == 0) { return ~std::uint64_t(0); }
    auto most = static_cast<std::uint64_t>(far * double(total));
    while (most < total && double(most + 1) / double(total) <= far) { ++most; }
    while (most > 0 && double(most) / double(total) > far) { --most; }
    return most;
  }

  /// Inclusive prefix sums over the threads, in place; all threads of the block must call it.
  COUPLEFACE_HOST_DEVICE static void add_up(std::uint64_t* different, std::uint64_t* same) {
    int const t = thread_in_block();
    for (int step = 1; step < threads; step *= 2) {
      std::uint64_t const more[2] = {t >= step ? different[t - step] : 0,
                                     t >= step ? same[t - step] : 0};
      wait_for_block();
      different[t] += more[0];
      same[t] += more[1];
      wait_for_block();
    }
  }

  /// Processes pairs by descending score. If at the end of a tie the accepted different pairs are
  /// within a limit, they are at the end of every earlier tie too, so only the last such thread of
  /// a warp reports.
  COUPLEFACE_HOST_DEVICE void accept(resample_memory const& own) const {
    auto* const different = reinterpret_cast<std::uint64_t*>(shared_memory());
    auto* const same = different + threads;
    int const t = thread_in_block();
    std::uint64_t before[2] = {0, 0};
    for (index_t first = 0; first < sorted.ranked; first += threads) {
      // Targets ascend: past the last limit nothing more can be accepted.
      if (targets == 0 || before[0] > own.limits[targets - 1]) { break; }
      index_t const i = first + t;
      different[t] = same[t] = 0;
      if (i < sorted.ranked) {
        (sorted.pairs[i].same ? same : different)[t] = weight(sorted.pairs[i], own.drawn);
      }
      wait_for_block();
      add_up(different, same);
      bool const ends_tie =
          i < sorted.ranked &&
          (i + 1 == sorted.ranked || sorted.pairs[i + 1].score != sorted.pairs[i].score);
      for (index_t k = 0; k < targets; ++k) {
        unsigned const under = votes(ends_tie && before[0] + different[t] <= own.limits[k]);
        if (under >> t % warp_threads == 1) {
          raise_atomically(own.accepted + k, before[1] + same[t]);
        }
      }
      before[0] += different[threads - 1];
      before[1] += same[threads - 1];
      wait_for_block();
    }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    resample_memory const own = mine();
    for (index_t r = block_in_grid(); r < resamples; r += blocks_in_grid()) {
      std::uint64_t totals[2];
      draw(r, own.drawn);
      weigh(own, totals);
      for (index_t k = thread_in_block(); k < targets; k += threads) {
        own.limits[k] = limit_of(fars[k], totals[0]);
        own.accepted[k] = 0;
      }
      wait_for_block();
      accept(own);
      wait_for_block();
      double* const out = numbers + r * (1 + targets);
      if (thread_in_block() == 0) { out[0] = accuracy(own.folds); }
      for (index_t k = thread_in_block(); k < targets; k += threads) {
        out[1 + k] = totals[0] > 0 ? double(own.accepted[k]) / double(totals[1]) : not_a_number;
      }
      wait_for_block();
    }
  }
};

template <class Derived>
void walk_resamples(cuda_policy<Derived> const& base, sorted_pairs const& sorted,
                    std::vector<double> const& fars, index_t resamples, std::uint64_t seed,
                    double* numbers) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = resample_kernel;
  index_t const blocks = lane_count(resamples, 512), targets = index_t(fars.size());
  auto const pairs =
      in_memory_of(policy, vector_view<resampled_pair const>(sorted.pairs, sorted.count));
  auto const far_list = in_memory_of(policy, vector_view<double const>(fars.data(), targets));
  scratch<int, Derived> const drawn(policy, blocks * sorted.people);
  scratch<std::uint64_t, Derived> const sums(policy, blocks * 2 * (sorted.folds + targets));
  scratch<double, Derived> const found(policy, resamples * (1 + targets));
  std::uint64_t* const limits = sums.data() + blocks * 2 * sorted.folds;
  launch(policy, {blocks, kernel::threads, kernel::shared_bytes},
         kernel{{pairs.vector().data_handle(), sorted.count, sorted.ranked, sorted.folds,
                 sorted.people},
                far_list.vector().data_handle(),
                targets,
                resamples,
                seed,
                {drawn.data(), sums.data(), limits, limits + blocks * targets},
                found.data()});
  read_back(policy, static_cast<double const*>(found.data()), found.size(), numbers);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
