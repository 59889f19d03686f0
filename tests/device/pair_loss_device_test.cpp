// SPDX-License-Identifier: Apache-2.0
// Losses over pairs on a device. Over all pairs: beside the host's in double, for all relations,
// laws and predicates, over one tile of pairs and over several. Over listed pairs: beside the
// host's.
#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/cross_relation.hpp>
#include <coupleface/losses/pair_loss.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace {

using namespace coupleface_test;
using coupleface::difference_law;
using coupleface::euclidean_distance;
using coupleface::every_row;
using coupleface::inner_product;
using coupleface::other_rows;

template <class S>
struct result {
  matrix<double> loss{1, 1};
  matrix<S> gradient;
  result(index_t n, index_t width) : gradient(n, width, 2) {}
};

/// What is called: call(policy, matrix, ..., loss[, gradient]). Its matrices are the student, the
/// teacher, and their banks if it has any.
template <class Call, class S, class... Others>
result<S> on_device(Call const& call, matrix<S> const& s, Others const&... others) {
  result<S> r(s.rows(), s.columns());
  call(policy(), s.view(), others.view()..., r.loss.scalar(), r.gradient.view());
  return r;
}

/// Largest difference of the gradients of a row beside the largest element of any gradient.
template <class S, class E>
double largest_error(matrix<S> const& found, host_matrix<E> const& expected) {
  double error = 0, largest = 0;
  for (index_t i = 0; i < found.rows(); ++i) {
    for (index_t j = 0; j < found.columns(); ++j) {
      error = std::max(error, std::fabs(found.at(i, j) - expected.at(i, j)));
      largest = std::max(largest, std::fabs(expected.at(i, j)));
      if (std::isnan(found.at(i, j))) { return NAN; }
    }
  }
  EXPECT_GT(largest, 0);
  return error / largest;
}

/// Sums of float products are off by d 2^-24 at most, a gradient's elements are sums of n of them;
/// of distances, close_share leaves 20 bits.
template <class S, class Call, class... Others>
void expect_the_hosts(Call const& call, matrix<S> const& s, Others const&... others) {
  auto const found = on_device(call, s, others...);
  host_matrix<double> loss(1, 1), gradient(s.rows(), s.columns());
  call(thrust::seq, doubles_on_host(s).view(), doubles_on_host(others).view()..., loss.scalar(),
       gradient.view());
  bool const wide = std::is_same_v<S, double>;
  double const stored = sizeof(S) == 2 ? 0x1p-9 : 0, allowed = wide ? 1e-12 : 2e-5;
  EXPECT_NEAR(found.loss.at(0, 0), loss.at(0, 0), allowed * loss.at(0, 0));
  EXPECT_LE(largest_error(found.gradient, gradient), allowed + stored);

  auto const again = on_device(call, s, others...);
  EXPECT_TRUE(again.loss.same_bits(found.loss) && again.gradient.same_bits(found.gradient));
  matrix<double> value(1, 1);
  call(policy(), s.view(), others.view()..., value.scalar());
  EXPECT_TRUE(value.same_bits(found.loss));
}

template <class Penalty, class Relation, class Keep>
auto relation_loss_of(Penalty penalty, Relation relation, Keep keep) {
  return [=](auto const& where, auto... arguments) {
    coupleface::relation_loss(where, arguments..., penalty, relation, keep);
  };
}

// Rows of both blocks of a panel; more columns than a block has threads.
constexpr index_t rows = 150, width = 19;

template <class S>
void expect_relations() {
  auto const s = random_matrix<S>(rows, width, 1, 3), t = random_matrix<S>(rows, 7, 2);
  using namespace coupleface;
  expect_the_hosts(relation_loss_of(squared{}, cosine{}, other_rows{}), s, t);
  expect_the_hosts(relation_loss_of(smooth_l1{0.2}, cosine{}, every_row{}), s, t);
  expect_the_hosts(relation_loss_of(squared{}, inner_product{}, every_row{}), s, t);
  expect_the_hosts(relation_loss_of(smooth_l1{}, euclidean_distance{}, other_rows{}), s, t);
  expect_the_hosts(relation_loss_of(squared{}, gaussian_kernel{}, other_rows{}), s, t);
  expect_the_hosts(relation_loss_of(squared{}, taylor_kernel{3, 0.5}, other_rows{}), s, t);
}

TEST(device_pair_loss, relations) { expect_relations<float>(); }
TEST(device_pair_loss, relations_of_doubles) { expect_relations<double>(); }
TEST(device_pair_loss, relations_of_halves) { expect_relations<coupleface::float16>(); }

TEST(device_pair_loss, laws_with_sums) {
  auto const s = random_matrix<float>(rows, width, 3), t = random_matrix<float>(rows, 7, 4);
  expect_the_hosts([](auto const&... a) { coupleface::rkd_distance_loss(a...); }, s, t);
  expect_the_hosts([](auto const&... a) { coupleface::similarity_preserving_loss(a...); }, s, t);
  expect_the_hosts([](auto const&... a) { coupleface::pkt_loss(a...); }, s, t);
  expect_the_hosts([](auto const&... a) { coupleface::correlation_congruence_loss(a...); }, s, t);
}

TEST(device_pair_loss, only_pairs_that_are_kept_count) {
  auto const s = random_matrix<float>(rows, width, 5), t = random_matrix<float>(rows, 7, 6);
  auto const labels = random_labels(rows, 5, 7);
  auto const on_host_labels = on_host(labels);
  auto const call = [&](auto const& where, auto... a) {
    bool constexpr here = coupleface::detail::is_host_policy_v<std::decay_t<decltype(where)>>;
    auto const of = [&] {
      if constexpr (here) {
        return on_host_labels.vector();
      } else {
        return labels.vector();
      }
    }();
    coupleface::relation_loss(where, a..., coupleface::squared{}, coupleface::cosine{},
                              coupleface::other_labels(of, of));
  };
  expect_the_hosts(call, s, t);
}

/// Keeps a third of the pairs with a bank.
struct some_pairs {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t c) const { return (i + c) % 3 == 1; }
};

TEST(device_pair_loss, a_bank) {
  auto const s = random_matrix<float>(5, width, 11), t = random_matrix<float>(5, 7, 12);
  // More than a tile has columns.
  auto const h = random_matrix<float>(2100, width, 13, 1), g = random_matrix<float>(2100, 7, 14);
  using namespace coupleface;
  expect_the_hosts(relation_loss_of(squared{}, cosine{}, every_row{}), s, t, h, g);
  expect_the_hosts(relation_loss_of(squared{}, euclidean_distance{}, every_row{}), s, t, h, g);
  expect_the_hosts(relation_loss_of(hinge{}, inner_product{}, some_pairs{}), s, t, h, g);
}

TEST(device_pair_loss, the_other_sides_rows_as_a_bank) {
  auto const s = random_matrix<float>(rows, width, 26), t = random_matrix<float>(rows, width, 27);
  expect_the_hosts([](auto const&... a) { coupleface::cross_relation_loss(a...); }, s, t);
  expect_the_hosts(
      [](auto const&... a) { coupleface::cross_relation_loss(a..., coupleface::squared{}); }, s, t);
}

TEST(device_pair_loss, several_tiles) {
  auto const s = random_matrix<float>(1030, 3, 15), t = random_matrix<float>(1030, 2, 16);
  expect_the_hosts([](auto const&... a) { coupleface::rkd_distance_loss(a...); }, s, t);
  auto const more_s = random_matrix<float>(2060, 3, 15), more_t = random_matrix<float>(2060, 2, 16);
  using namespace coupleface;
  expect_the_hosts(relation_loss_of(squared{}, inner_product{}, other_rows{}), more_s, more_t);
}

/// Rows that lie far from 0, in groups of close ones, some of them equal.
template <class S>
matrix<S> rows_in_groups(index_t n, index_t columns, unsigned seed) {
  auto const centres = random_matrix<double>(7, columns, seed);
  auto const parts = random_matrix<double>(n, columns, seed + 1);
  matrix<S> x(n, columns);
  for (index_t i = 0; i < n; ++i) {
    double const size = i % 5 == 4 ? 0 : 0.004;
    for (index_t j = 0; j < columns; ++j) {
      x.set(i, j, 8 + centres.at(i % 7, j) + size * parts.at(i, j));
    }
  }
  return x;
}

TEST(device_pair_loss, close_rows_keep_their_digits) {
  auto const s = rows_in_groups<float>(rows, 33, 17), t = random_matrix<float>(rows, 5, 18);
  using namespace coupleface;
  expect_the_hosts([](auto const&... a) { coupleface::rkd_distance_loss(a...); }, s, t);
  expect_the_hosts(relation_loss_of(squared{}, euclidean_distance{}, other_rows{}), s, t);
}

TEST(device_pair_loss, no_pairs) {
  for (index_t const n : {0, 1}) {
    auto const s = random_matrix<float>(n, width, 19);
    auto const found = on_device(
        relation_loss_of(coupleface::absolute{}, euclidean_distance{}, other_rows{}), s, s);
    EXPECT_EQ(found.loss.at(0, 0), 0);
    for (index_t j = 0; j < n * width; ++j) { EXPECT_EQ(found.gradient.at(0, j), 0); }
  }
  auto const s = random_matrix<float>(4, width, 20), none = random_matrix<float>(0, width, 21);
  auto const found =
      on_device(relation_loss_of(coupleface::absolute{}, coupleface::cosine{}, every_row{}), s, s,
                none, none);
  EXPECT_EQ(found.loss.at(0, 0), 0);
  for (index_t j = 0; j < width; ++j) { EXPECT_EQ(found.gradient.at(3, j), 0); }
}

TEST(device_pair_loss, rows_that_are_not_finite_are_not_hidden) {
  auto const t = random_matrix<float>(rows, 7, 22);
  for (double const broken : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    auto s = random_matrix<float>(rows, width, 23);
    s.set(140, 3, broken);
    auto const expect_nan = [&](auto relation) {
      auto const found =
          on_device(relation_loss_of(coupleface::absolute{}, relation, other_rows{}), s, t);
      EXPECT_TRUE(std::isnan(found.loss.at(0, 0)));
      EXPECT_TRUE(std::isnan(found.gradient.at(140, 0)));
    };
    expect_nan(coupleface::cosine{});
    expect_nan(inner_product{});
    expect_nan(euclidean_distance{});
  }
}

/// Keeps no pair of row 140 of the batch, and none of row 2050 of a bank.
struct without_some_rows {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t j) const {
    return i != j && i != 140 && j != 140 && j != 2050;
  }
};

TEST(device_pair_loss, rows_in_no_pair_change_nothing) {
  using namespace coupleface;
  for (double const broken : {std::nan(""), HUGE_VAL}) {
    auto s = random_matrix<float>(rows, width, 30), t = random_matrix<float>(rows, 7, 31);
    auto h = random_matrix<float>(2100, width, 32), g = random_matrix<float>(2100, 7, 33);
    s.set(140, 3, broken);
    t.set(140, 0, broken);
    h.set(2050, 18, broken);
    g.set(2050, 6, broken);
    auto const expect_it = [&](auto relation) {
      auto const call = relation_loss_of(squared{}, relation, without_some_rows{});
      expect_the_hosts(call, s, t);
      expect_the_hosts(call, s, t, h, g);
      EXPECT_EQ(on_device(call, s, t).gradient.at(140, 3), 0);
    };
    expect_it(cosine{});
    expect_it(inner_product{});
    expect_it(euclidean_distance{});
  }
}

/// Ids of a bank's rows: every fifth is -1, and so are the last ones of a row, more of them in each
/// of seven rows; the fourth has no other.
matrix<std::int32_t> ragged_neighbours(index_t n, index_t slots, index_t bank_rows, unsigned seed) {
  std::mt19937 generator(seed);
  matrix<std::int32_t> ids(n, slots, 2);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < slots; ++j) {
      bool const none = generator() % 5 == 0 || j * 7 >= slots * (7 - i % 7) || i % 7 == 3;
      ids.set(i, j, none ? -1.0 : double(generator() % unsigned(bank_rows)));
    }
  }
  return ids;
}

/// A law over listed pairs, on the device and on the host.
template <class Law, class Relation>
struct listed_loss {
  Law law;
  Relation relation;
  double allowed = 0;  ///< 0: the host's bits

  template <class S, class T, class H, class B>
  void expect_the_hosts(matrix<S> const& s, matrix<T> const& t, matrix<H> const& h,
                        matrix<B> const& g, matrix<std::int32_t> const& ids) const {
    result<S> found(s.rows(), s.columns()), again(s.rows(), s.columns());
    matrix<double> value(1, 1);
    call(policy(), s, t, h, g, ids, found.loss.scalar(), found.gradient.view());
    call(policy(), s, t, h, g, ids, again.loss.scalar(), again.gradient.view());
    call(policy(), s, t, h, g, ids, value.scalar());
    EXPECT_TRUE(again.loss.same_bits(found.loss) && again.gradient.same_bits(found.gradient));
    EXPECT_TRUE(value.same_bits(found.loss));

    host_matrix<double> loss(1, 1);
    host_matrix<S> gradient(s.rows(), s.columns(), 2);
    call(thrust::seq, on_host(s), on_host(t), on_host(h), on_host(g), on_host(ids), loss.scalar(),
         gradient.view());
    if (allowed == 0) {
      EXPECT_EQ(found.loss.at(0, 0), loss.at(0, 0));
      EXPECT_TRUE(found.gradient.same_bits(gradient));
    }
    EXPECT_GT(loss.at(0, 0), 0);
    EXPECT_NEAR(found.loss.at(0, 0), loss.at(0, 0), allowed * loss.at(0, 0));
    double const stored = std::is_same_v<S, double> ? 0 : sizeof(S) == 2 ? 0x1p-10 : 0x1p-23;
    EXPECT_LE(largest_error(found.gradient, gradient), allowed == 0 ? 0 : allowed + stored);
  }

 private:
  template <class Where, class S, class T, class H, class B, class Ids, class... Outputs>
  void call(Where const& where, S const& s, T const& t, H const& h, B const& g, Ids const& ids,
            Outputs... outputs) const {
    coupleface::pair_loss(where, s.view(), t.view(), h.view(), g.view(), ids.view(), outputs...,
                          law, relation);
  }
};

template <class Law, class Relation>
listed_loss<Law, Relation> over_list(Law law, Relation relation, double allowed = 0) {
  return {law, relation, allowed};
}

/// More slots than a block has threads.
constexpr index_t listed_rows = 23, slots = 131, bank_rows = 40;

template <class S, class T, class H, class B>
void expect_listed_bits() {
  auto const s = random_matrix<S>(listed_rows, width, 31, 3);
  auto const t = random_matrix<T>(listed_rows, 7, 32), g = random_matrix<T>(bank_rows, 7, 34);
  auto const h = random_matrix<H>(bank_rows, width, 33, 1);
  auto const ids = ragged_neighbours(listed_rows, slots, bank_rows, 35);
  using namespace coupleface;
  over_list(difference_law<hinge>({}), cosine{}).expect_the_hosts(s, t, h, g, ids);
  over_list(difference_law<squared>({}), inner_product{}).expect_the_hosts(s, t, h, g, ids);
  over_list(difference_law<smooth_l1>({}), euclidean_distance{}).expect_the_hosts(s, t, h, g, ids);
}

TEST(device_listed_pairs, floats_have_the_hosts_bits) {
  expect_listed_bits<float, float, float, float>();
}
TEST(device_listed_pairs, doubles_have_the_hosts_bits) {
  expect_listed_bits<double, double, double, double>();
}
TEST(device_listed_pairs, mixed_elements_have_the_hosts_bits) {
  expect_listed_bits<coupleface::float16, float, coupleface::bfloat16, float>();
}

template <class T>
matrix<T> times(matrix<T> x, double scale) {
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { x.set(i, j, x.at(i, j) * scale); }
  }
  return x;
}

TEST(device_listed_pairs, tiny_doubles_in_one_bank) {
  auto const s = times(random_matrix<double>(listed_rows, width, 36), 1e-170);
  auto const t = random_matrix<double>(listed_rows, width, 37);
  auto const bank = times(random_matrix<double>(bank_rows, width, 38), 1e-160);
  over_list(difference_law<coupleface::squared>({}), coupleface::cosine{})
      .expect_the_hosts(s, t, bank, bank, ragged_neighbours(listed_rows, slots, bank_rows, 39));
}

TEST(device_listed_pairs, more_samples_than_blocks) {
  index_t const n = 4100;
  auto const s = random_matrix<float>(n, 3, 40), t = random_matrix<float>(n, 2, 41);
  auto const h = random_matrix<float>(5, 3, 42), g = random_matrix<float>(5, 2, 43);
  over_list(difference_law<coupleface::absolute>({}), coupleface::cosine{})
      .expect_the_hosts(s, t, h, g, ragged_neighbours(n, 3, 5, 44));
}

/// Compilers fuse the products of these laws, as they like.
TEST(device_listed_pairs, laws_with_sums_and_kernels) {
  auto const s = random_matrix<float>(listed_rows, width, 45);
  auto const t = random_matrix<float>(listed_rows, 7, 46);
  auto const h = random_matrix<float>(bank_rows, width, 47),
             g = random_matrix<float>(bank_rows, 7, 48);
  auto const ids = ragged_neighbours(listed_rows, slots, bank_rows, 49);
  using namespace coupleface;
  auto const expect = [&](auto law, auto relation) {
    over_list(law, relation, 1e-12).expect_the_hosts(s, t, h, g, ids);
  };
  expect(rkd_distance_law<smooth_l1>({}), euclidean_distance{});
  expect(similarity_preserving_law{}, cosine{});
  expect(pkt_law{}, cosine{});
  expect(difference_law<squared>({}), taylor_kernel{});
  expect(difference_law<squared>({}), gaussian_kernel{});
}

#if !COUPLEFACE_HAS_CUDA
TEST(device_listed_pairs, scratch_is_as_documented) {
  index_t const n = 300;
  auto const s = random_matrix<float>(n, width, 50), t = random_matrix<float>(n, 7, 51);
  auto const h = random_matrix<float>(bank_rows, width, 52),
             g = random_matrix<float>(bank_rows, 7, 53);
  auto const ids = ragged_neighbours(n, slots, bank_rows, 54);
  matrix<double> loss(1, 1);
  matrix<float> gradient(n, width);
  allocation_count count;
  counting_allocator allocator(count);
  coupleface::pair_loss(emulated_device{}(allocator), s.view(), t.view(), h.view(), g.view(),
                        ids.view(), loss.scalar(), gradient.view(), coupleface::pkt_law{});
  // Of the law: two sums, two constants.
  EXPECT_LE(count.most, std::size_t(24 * n * slots + 8 * width * n + (4 + 4 * 8) * n + 3 * 8));
  EXPECT_EQ(count.live, 0u);
}
#endif

#if !COUPLEFACE_HAS_CUDA
TEST(device_pair_loss, scratch_does_not_grow_with_all_pairs) {
  auto const s = random_matrix<float>(2060, 3, 24), t = random_matrix<float>(2060, 2, 25);
  matrix<double> loss(1, 1);
  matrix<float> gradient(2060, 3);
  allocation_count count;
  counting_allocator allocator(count);
  coupleface::relation_loss(emulated_device{}(allocator), s.view(), t.view(), loss.scalar(),
                            gradient.view(), coupleface::squared{}, euclidean_distance{});
  // The tiles; the rows, the gradient, and ten numbers of each row.
  EXPECT_LE(count.most, std::size_t(2 * 1024 * 2048 * 4 + 2060 * (8 * 4 + 12 * 8) + 1024));
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
