// SPDX-License-Identifier: Apache-2.0
// Passes over all pairs on a device: the host's counts, slot by slot, however tiles are divided
// among launches.
#include <coupleface/evaluation/all_pairs.hpp>

#include "../support/judged_pairs.hpp"

#include <gtest/gtest.h>

#if COUPLEFACE_HAS_KERNELS
namespace {

namespace cf = coupleface;
using namespace coupleface_test;
using cf::index_t;

template <class Policy>
using tiles_of =
    cf::detail::pair_tiles<Policy, cf::detail::relation_score<float, float, cf::cosine>>;

/// Rows of one set with themselves, or of two sets, for a policy whose memory they are in.
template <class Policy, class A, class B, class Use>
void with_tiles(Policy const& policy, A const& a, B const& b, Use use) {
  auto const q = a.view(), c = b.view();
  cf::detail::row_norm_pair<Policy, float, float> const norms(policy, q, c);
  use(cf::detail::relation_score<float, float, cf::cosine>{
      q, c, norms.queries(), norms.candidates(), {}});
}

struct pass_result {
  std::vector<cf::detail::score_slot> products, scores;
  std::vector<index_t> progress;
};

template <class Policy, class Tiles>
pass_result passes(Policy const& policy, Tiles const& tiles, int const* q_labels,
                   int const* c_labels, cf::detail::slot_layout layout) {
  pass_result result;
  cf::detail::pair_labels<int, int> const labels{q_labels, c_labels};
  auto const report = [&](index_t rows, index_t) { result.progress.push_back(rows); };
  result.products = cf::detail::count_products(policy, tiles, labels, report);
  cf::detail::count_scores(policy, tiles, labels, layout, report);
  result.scores = layout.slots();
  return result;
}

void expect_counts_of_host(labelled_rows<float> const& a, labelled_rows<float> const& b,
                           index_t in_launch) {
  bool const within = &a == &b;
  auto const host_a = on_host(a.rows), host_b = on_host(b.rows);
  auto const& host_other = within ? host_a : host_b;
  // Zones that leave many pairs open, and gaps beside them.
  auto const keys = [](float low, float high) {
    return cf::detail::key_range{cf::detail::key_of(low), cf::detail::key_of(high)};
  };
  cf::detail::slot_layout const layout({keys(-0.2f, -0.1f), keys(0.3f, 0.31f), keys(0.9f, 1.0f)});
  pass_result device, host;
  with_tiles(policy(), a.rows, b.rows, [&](auto score) {
    tiles_of<decltype(policy())> const tiles(policy(), score, in_launch);
    device = passes(policy(), tiles, view_of(a.labels).data_handle(),
                    view_of(b.labels).data_handle(), layout);
  });
  with_tiles(thrust::seq, host_a, host_other, [&](auto score) {
    tiles_of<std::decay_t<decltype(thrust::seq)>> const tiles(thrust::seq, score);
    host = passes(thrust::seq, tiles, a.labels.data(), b.labels.data(), layout);
  });
  ASSERT_EQ(device.scores.size(), host.scores.size());
  index_t all = 0, products = 0;
  for (std::size_t s = 0; s < host.scores.size(); ++s) {
    for (int same : {0, 1}) {
      ASSERT_EQ(device.scores[s].counts[same], host.scores[s].counts[same]) << s << " " << same;
      all += host.scores[s].counts[same];
    }
  }
  for (auto const& slot : device.products) { products += slot.counts[0] + slot.counts[1]; }
  EXPECT_EQ(products, all);
  EXPECT_EQ(device.progress.back(), b.rows.rows());
}

TEST(device_pair_counts, one_set_of_rows) {
  for (index_t n : {1, 127, 128, 129, 256, 380, 700}) {
    labelled_rows<float> const x(n, 24, 40, 0.7, unsigned(n));
    for (index_t in_launch : {1, 3, 2048}) { expect_counts_of_host(x, x, in_launch); }
  }
}

TEST(device_pair_counts, two_sets_of_rows) {
  for (index_t n : {1, 150, 300}) {
    for (index_t m : {1, 128, 410}) {
      labelled_rows<float> const a(n, 19, 40, 0.7, 1), b(m, 19, 40, 0.7, 2);
      for (index_t in_launch : {1, 5, 2048}) { expect_counts_of_host(a, b, in_launch); }
    }
  }
}

TEST(device_pair_counts, rows_without_columns) {
  labelled_rows<float> const x(140, 0, 9, 0.7, 3);
  expect_counts_of_host(x, x, 2);
}

}  // namespace
#endif
