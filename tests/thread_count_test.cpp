// SPDX-License-Identifier: Apache-2.0
// The same bits for any number of threads: every function, one input, 1 to 7 threads.
#include <coupleface/coupleface.hpp>

#include "support/matrix.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

struct results {
  static constexpr index_t n = 401, d = 37, classes = 310, k = 12;
  matrix<float> unit{n, d}, prototypes{classes, d}, values{classes, k}, fcd_gradient{n, d},
      rad_gradient{n, d}, softmax_gradient{n, d}, weight_gradient{classes, d}, bank{classes, d},
      relations{40, classes}, best{40, 5}, mixed_values{classes, k}, window_values{classes, k},
      order_values{n, k};
  matrix<std::int32_t> neighbours{classes, k}, best_indices{40, 5}, mixed{classes, k},
      window{classes, k}, order{n, k};
  matrix<double> losses{1, 3}, means{1, 2};

  results() {
    auto const x = random_matrix<float>(n, d, 1), teacher = random_matrix<float>(n, d, 2);
    auto const labels = random_labels(n, classes, 3);
    auto const loss = [&](int which) {
      return coupleface::make_scalar_view(losses.view().row(0) + which);
    };
    using namespace coupleface;
    normalize_rows(policy(), x.view(), unit.view());
    class_prototypes(policy(), teacher.view(), labels.vector(), prototypes.view());
    mine_nearest(policy(), prototypes.view(), prototypes.view(), values.view(), neighbours.view());
    mine_mixed(policy(), prototypes.view(), prototypes.view(), 5, 7, mixed_values.view(),
               mixed.view());
    mine_rank_window(policy(), prototypes.view(), prototypes.view(), 4, window_values.view(),
                     window.view());
    mine_teacher_order(policy(), x.view(), prototypes.view(), teacher.view(), prototypes.view(),
                       3 * k, order_values.view(), order.view(), other_classes(labels.vector()));
    auto const statistics = describe_table(policy(), values.view(), neighbours.view(), classes);
    means.set(0, 0, statistics.mean);
    means.set(0, 1, statistics.mean_nearest);
    fcd_loss(policy(), x.view(), teacher.view(), loss(0), fcd_gradient.view());
    rad_loss(policy(), x.view(), teacher.view(), prototypes.view(),
             class_neighbours(labels.vector(), neighbours.view()), loss(1), rad_gradient.view());
    margin_softmax_loss(policy(), x.view(), prototypes.view(), labels.vector(), loss(2),
                        softmax_gradient.view(), weight_gradient.view());
    feature_bank<float, moving_average> moving(policy(), prototypes.view(), {0.9});
    moving.update(policy(), labels.vector(), teacher.view());
    normalize_rows(policy(), moving.teacher(), bank.view());
    matrix_view<float const> const some(x.view().row(0), 40, d);
    relation_matrix(policy(), some, prototypes.view(), relations.view());
    top_k(policy(), relations.view(), best.view(), best_indices.view());
  }

  bool same_bits(results const& other) const {
    return unit.same_bits(other.unit) && prototypes.same_bits(other.prototypes) &&
           values.same_bits(other.values) && neighbours.same_bits(other.neighbours) &&
           fcd_gradient.same_bits(other.fcd_gradient) &&
           rad_gradient.same_bits(other.rad_gradient) &&
           softmax_gradient.same_bits(other.softmax_gradient) &&
           weight_gradient.same_bits(other.weight_gradient) && bank.same_bits(other.bank) &&
           relations.same_bits(other.relations) && best.same_bits(other.best) &&
           best_indices.same_bits(other.best_indices) && losses.same_bits(other.losses) &&
           mixed_values.same_bits(other.mixed_values) && mixed.same_bits(other.mixed) &&
           window_values.same_bits(other.window_values) && window.same_bits(other.window) &&
           order_values.same_bits(other.order_values) && order.same_bits(other.order) &&
           means.same_bits(other.means);
  }
};

TEST(thread_count, changes_no_bit) {
  results const expected;
  for (int const threads : {1, 2, 3, 7}) {
    with_threads(threads,
                 [&] { EXPECT_TRUE(results().same_bits(expected)) << threads << " threads"; });
  }
}

}  // namespace
