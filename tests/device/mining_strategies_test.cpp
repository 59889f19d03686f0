// SPDX-License-Identifier: Apache-2.0
// Every mining strategy with a CUDA policy: the host's table, bit for bit.
#include <coupleface/mining/from_bank.hpp>
#include <coupleface/mining/gap.hpp>
#include <coupleface/mining/in_batch.hpp>
#include <coupleface/mining/mixed.hpp>
#include <coupleface/mining/random.hpp>
#include <coupleface/mining/rank_window.hpp>
#include <coupleface/mining/relative_margin.hpp>
#include <coupleface/mining/similarity_window.hpp>
#include <coupleface/mining/teacher_order.hpp>

#include "../support/mined_by_device.hpp"

#include <gtest/gtest.h>

#if COUPLEFACE_HAS_KERNELS
namespace {

using namespace coupleface_test;

/// Two sets of rows on the device and on the host, with labels.
template <class Q, class C = Q>
struct two_sides {
  matrix<Q> queries;
  matrix<C> candidates;
  matrix<std::int32_t> labels, classes;
  host_matrix<Q> host_queries;
  host_matrix<C> host_candidates;
  host_matrix<std::int32_t> host_labels, host_classes;

  two_sides(matrix<Q> const& q, matrix<C> const& c)
      : queries(q),
        candidates(c),
        labels(random_labels(q.rows(), 9, 1)),
        classes(random_labels(c.rows(), 9, 2)),
        host_queries(on_host(q)),
        host_candidates(on_host(c)),
        host_labels(on_host(labels)),
        host_classes(on_host(classes)) {}

  /// mine(policy, queries, candidates, keep, values, indices), with other labels and with a
  /// predicate of another kind.
  template <class V = float, class Mine>
  void expect_same(index_t slots, Mine mine, std::string const& what) {
    auto const compare = [&](auto keep, auto host_keep) {
      expect_same_table<V>(
          queries.rows(), slots,
          [&](auto v, auto i) {
            mine(policy(), std::as_const(queries).view(), std::as_const(candidates).view(), keep, v,
                 i);
          },
          [&](auto v, auto i) {
            mine(thrust::seq, std::as_const(host_queries).view(),
                 std::as_const(host_candidates).view(), host_keep, v, i);
          },
          what);
    };
    compare(coupleface::other_labels(labels.vector(), classes.vector()),
            coupleface::other_labels(host_labels.vector(), host_classes.vector()));
    compare(one_in_three{}, one_in_three{});
  }
};

template <class T>
two_sides<T> everything(unsigned seed) {
  return {rows_with_everything<T>(150, 11, seed), rows_with_everything<T>(170, 11, seed + 1)};
}
two_sides<coupleface::float16, coupleface::bfloat16> storage_types() {
  return {random_matrix<coupleface::float16>(90, 13, 7),
          random_matrix<coupleface::bfloat16>(140, 13, 8)};
}

/// Of both: rows in which everything occurs, and other element types.
template <class Mine>
void expect_same_of_all(index_t slots, Mine mine, std::string const& what) {
  everything<float>(3).expect_same(slots, mine, what);
  everything<double>(5).expect_same<double>(slots, mine, what + " of doubles");
  storage_types().expect_same(slots, mine, what + " of half");
}

TEST(device_mining, random) {
  for (index_t const slots : {1, 12, 180}) {
    expect_same_of_all(
        slots,
        [](auto p, auto q, auto c, auto keep, auto v, auto i) {
          coupleface::mine_random(p, q, c, 17, v, i, coupleface::cosine{}, keep);
        },
        "random");
  }
  everything<float>(9).expect_same(
      5,
      [](auto p, auto q, auto c, auto keep, auto v, auto i) {
        coupleface::mine_random(p, q, c, 17, v, i, taxicab{}, keep);
      },
      "random taxicab");
}

TEST(device_mining, mixed) {
  for (index_t const hard : {0, 5, 12}) {
    expect_same_of_all(
        12,
        [=](auto p, auto q, auto c, auto keep, auto v, auto i) {
          coupleface::mine_mixed(p, q, c, hard, 5, v, i, coupleface::cosine{}, keep);
        },
        "mixed");
  }
}

TEST(device_mining, rank_window) {
  for (index_t const skip : {0, 3, 160, 500}) {
    expect_same_of_all(
        9,
        [=](auto p, auto q, auto c, auto keep, auto v, auto i) {
          coupleface::mine_rank_window(p, q, c, skip, v, i, coupleface::inner_product{}, keep);
        },
        "rank window");
  }
}

TEST(device_mining, similarity_window) {
  for (double const highest : {-0.9, 0.3, 1.0}) {
    expect_same_of_all(
        10,
        [=](auto p, auto q, auto c, auto keep, auto v, auto i) {
          coupleface::mine_similarity_window(p, q, c, {-0.95, highest}, v, i, coupleface::cosine{},
                                             keep);
        },
        "similarity window");
  }
  everything<float>(9).expect_same(
      10,
      [](auto p, auto q, auto c, auto keep, auto v, auto i) {
        coupleface::mine_similarity_window(p, q, c, {-30, -4}, v, i,
                                           coupleface::negative_squared_distance{}, keep);
      },
      "similarity window of distances");
}

TEST(device_mining, relative_margin) {
  auto const positives = random_labels(150, 170, 4);
  auto const host_positives = on_host(positives);
  for (double const margin : {0.0, 0.05}) {
    everything<float>(3).expect_same(
        8,
        [&](auto p, auto q, auto c, auto keep, auto v, auto i) {
          bool const on_host = coupleface::detail::is_host_policy_v<decltype(p)>;
          coupleface::mine_relative_margin(p, q, c,
                                           on_host ? host_positives.vector() : positives.vector(),
                                           margin, v, i, coupleface::cosine{}, keep);
        },
        "relative margin");
  }
}

// Not inside the test: no kernel takes a type of a function.
struct squared_gap {
  COUPLEFACE_HOST_DEVICE double operator()(double s, double t) const { return (s - t) * (s - t); }
};

TEST(device_mining, gaps_and_the_teacher_s_order) {
  auto const teacher = random_matrix<float>(150, 6, 21);
  auto const teacher_candidates = rows_with_everything<float>(170, 6, 22);
  auto const host_teacher = on_host(teacher);
  auto const host_teacher_candidates = on_host(teacher_candidates);
  auto const sides = [&](auto p, auto use) {
    if constexpr (coupleface::detail::is_host_policy_v<decltype(p)>) {
      use(host_teacher.view(), host_teacher_candidates.view());
    } else {
      use(teacher.view(), teacher_candidates.view());
    }
  };
  auto const with_gap = [&](auto gap) {
    return [&sides, gap](auto p, auto q, auto c, auto keep, auto v, auto i) {
      sides(p, [&](auto t, auto h) { coupleface::mine_gap(p, q, c, t, h, v, i, gap, keep); });
    };
  };
  for (index_t const slots : {6, 171}) {
    everything<float>(3).expect_same(slots, with_gap(coupleface::violation{}), "violation");
    everything<float>(3).expect_same(slots, with_gap(coupleface::absolute_gap{}), "absolute gap");
    everything<float>(3).expect_same(slots, with_gap(squared_gap{}), "squared gap");
  }
  everything<double>(3).expect_same<double>(
      6,
      [&](auto p, auto q, auto c, auto keep, auto v, auto i) {
        sides(p, [&](auto t, auto h) {
          coupleface::mine_teacher_order(p, q, c, t, h, 20, v, i, keep);
        });
      },
      "teacher order");
}

TEST(device_mining, gaps_of_rows_among_themselves) {
  auto const student = rows_with_everything<float>(260, 9, 31);
  auto const teacher = random_matrix<float>(260, 5, 32);
  auto const host_student = on_host(student), host_teacher = on_host(teacher);
  expect_same_table(
      260, 9,
      [&](auto v, auto i) {
        auto const s = student.view(), t = teacher.view();
        coupleface::mine_gap(policy(), s, s, t, t, v, i);
      },
      [&](auto v, auto i) {
        auto const s = host_student.view(), t = host_teacher.view();
        coupleface::mine_gap(thrust::seq, s, s, t, t, v, i);
      },
      "symmetric gaps");
}

TEST(device_mining, in_a_batch_and_against_a_bank) {
  auto const x = rows_with_everything<float>(140, 10, 41);
  auto const bank = random_matrix<coupleface::float16>(9, 10, 42);
  auto const labels = random_labels(140, 9, 43);
  auto const host_x = on_host(x);
  auto const host_bank = on_host(bank);
  auto const host_labels = on_host(labels);
  expect_same_table(
      140, 7, [&](auto v, auto i) { mine_in_batch(policy(), x.view(), labels.vector(), v, i); },
      [&](auto v, auto i) {
        mine_in_batch(thrust::seq, host_x.view(), host_labels.vector(), v, i);
      },
      "in batch");
  expect_same_table(
      140, 4,
      [&](auto v, auto i) {
        mine_from_bank(policy(), x.view(), labels.vector(), bank.view(), v, i);
      },
      [&](auto v, auto i) {
        mine_from_bank(thrust::seq, host_x.view(), host_labels.vector(), host_bank.view(), v, i);
      },
      "from a bank");
}

}  // namespace
#endif
