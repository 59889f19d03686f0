// SPDX-License-Identifier: Apache-2.0
// teacher_queue_loss: value, gradient, masks, small losses, edge data, errors, repeatability.
#include <coupleface/losses/teacher_queue.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"
#include "../support/student_loss.hpp"

namespace {

using namespace coupleface_test;
using coupleface::every_row;

template <class Q, class Keep = every_row>
auto queue_loss(matrix<Q> const& queue, double temperature = 0.1, Keep keep = {}) {
  return [=, &queue](auto const& by, auto s, auto t, auto loss, auto... gradient) {
    auto const call = [&](auto rows) {
      coupleface::teacher_queue_loss(by, s, t, rows, loss, gradient..., temperature, keep);
    };
    if constexpr (std::is_same_v<std::decay_t<decltype(by)>, std::decay_t<decltype(policy())>>) {
      call(queue.view());
    } else {  // a host policy
      auto const here = on_host(queue);
      call(here.view());
    }
  };
}

/// Value, and gradient with respect to the student.
struct plain_result {
  long double value = 0;
  std::vector<long double> gradient;
};

template <class S, class T, class Q, class Keep = every_row>
plain_result plain_loss(matrix<S> const& s, matrix<T> const& t, matrix<Q> const& queue,
                        double temperature, Keep keep = {}) {
  index_t const n = s.rows(), d = s.columns();
  auto const of_s = reference_units(s), of_t = reference_units(t), of_q = reference_units(queue);
  plain_result out;
  for (index_t i = 0; i < n; ++i) {
    long double const own = reference_product(of_s, i, of_t, i, d) / temperature;
    long double others = 0;
    std::vector<long double> pull(std::size_t(d), 0.0L);
    for (index_t q = 0; q < queue.rows(); ++q) {
      if (!keep(i, q)) { continue; }
      long double const share =
          std::exp(reference_product(of_s, i, of_q, q, d) / temperature - own);
      others += share;
      for (index_t j = 0; j < d; ++j) {
        pull[std::size_t(j)] +=
            share * (of_q[std::size_t(q * d + j)] - of_t[std::size_t(i * d + j)]);
      }
    }
    out.value += std::log1p(others) / n;
    long double along = 0;
    for (index_t j = 0; j < d; ++j) {
      pull[std::size_t(j)] /= (1 + others) * temperature * n;
      along += pull[std::size_t(j)] * of_s[std::size_t(i * d + j)];
    }
    long double const norm = reference_norm(s, i);
    for (index_t j = 0; j < d; ++j) {
      long double const across = pull[std::size_t(j)] - along * of_s[std::size_t(i * d + j)];
      out.gradient.push_back(norm == 0 ? 0 : across / norm);
    }
  }
  return out;
}

/// `plain_keep` is `keep` for the host.
template <class G, class Keep = every_row, class PlainKeep = every_row, class S, class T, class Q>
void expect_plain(matrix<S> const& s, matrix<T> const& t, matrix<Q> const& queue,
                  double temperature, Keep keep = {}, PlainKeep plain_keep = {}) {
  auto const found = result_of<G>(queue_loss(queue, temperature, keep), s, t);
  auto const expected = plain_loss(s, t, queue, temperature, plain_keep);
  index_t const d = s.columns();
  // Logits are sums of d products, off by their rounding times 1 / temperature; the loss by as
  // much, its gradient by that much of the largest pull, 2 / temperature.
  double const logits = tolerance<G>(std::sqrt(double(d)) + 16, 1 / temperature);
  EXPECT_NEAR(found.value(), double(expected.value), logits * double(expected.value));
  for (index_t i = 0; i < s.rows(); ++i) {
    double const norm = std::max(1e-30, double(reference_norm(s, i)));
    double const allowed = 2 * logits / temperature / norm / double(s.rows());
    for (index_t j = 0; j < d; ++j) {
      EXPECT_NEAR(found.gradient.at(i, j), double(expected.gradient[std::size_t(i * d + j)]),
                  allowed)
          << i << ", " << j;
    }
  }
}

TEST(teacher_queue_loss, hand_computed) {
  matrix<double> const s(1, 2, {2, 0}), t(1, 2, {0, 3}), queue(2, 2, {0, -1, 5, 0});
  // Cosines 0 with the teacher, 0 and 1 with the queue.
  auto const found = result_of<double>(queue_loss(queue, 1.0), s, t);
  double const e = std::exp(1.0);
  EXPECT_NEAR(found.value(), std::log(2 + e), 1e-15);
  // Only the part across s counts: the teacher's share minus 1, minus the share of (0, -1).
  EXPECT_NEAR(found.gradient.at(0, 0), 0, 1e-16);
  EXPECT_NEAR(found.gradient.at(0, 1), (1 / (2 + e) - 1 - 1 / (2 + e)) / 2, 1e-15);
}

template <class Types>
class teacher_queue_types : public testing::Test {};
template <class A, class B, class C>
struct of {
  using s = A;
  using t = B;
  using q = C;
};
using element_types =
    testing::Types<of<float, float, float>, of<double, double, double>,
                   of<coupleface::float16, float, coupleface::bfloat16>, of<float, double, float>>;
TYPED_TEST_SUITE(teacher_queue_types, element_types);

TYPED_TEST(teacher_queue_types, shapes_against_a_plain_loop) {
  using S = typename TypeParam::s;
  using T = typename TypeParam::t;
  using Q = typename TypeParam::q;
  constexpr bool wide = std::is_same_v<S, double> || std::is_same_v<T, double>;
  using G = std::conditional_t<wide, double, float>;  // what it is computed in
  for (index_t const n : {1, 2, 31, 33, 65}) {
    for (index_t const m : {1, 2, 127, 128, 129, 300}) {
      for (index_t const d : {1, 3, 16, 33, 65}) {
        SCOPED_TRACE(testing::Message() << n << " x " << d << ", " << m);
        auto const s = random_matrix<S>(n, d, 1, 3);
        auto const t = random_matrix<T>(n, d, 2, 1);
        auto const queue = random_matrix<Q>(m, d, 3, 2);
        expect_plain<G>(s, t, queue, 0.1);
      }
    }
  }
}

TEST(teacher_queue_loss, several_blocks_of_samples) {
  auto const s = random_matrix<float>(600, 24, 4), t = random_matrix<float>(600, 24, 5);
  expect_plain<float>(s, t, random_matrix<float>(260, 24, 6), 0.1);
}

TEST(teacher_queue_loss, gradient_agrees_with_central_differences) {
  auto const s = random_matrix<double>(7, 19, 3), t = random_matrix<double>(7, 19, 4);
  auto const queue = random_matrix<double>(140, 19, 5);
  for (double const temperature : {0.1, 1.0}) {
    expect_central_differences(queue_loss(queue, temperature), s, t, 1e-7);
  }
}

TEST(teacher_queue_loss, leaves_out_the_own_class_but_nothing_unknown) {
  auto const s = random_matrix<float>(40, 17, 7), t = random_matrix<float>(40, 17, 8);
  auto const queue = random_matrix<float>(150, 17, 9);
  auto const labels = random_labels(40, 5, 10), queue_labels = random_labels(150, 5, 11);
  coupleface::not_same_label const keep(labels.vector(), queue_labels.vector());
  auto const here = on_host(labels), there = on_host(queue_labels);
  expect_plain<float>(s, t, queue, 0.1, keep,
                      coupleface::not_same_label(here.vector(), there.vector()));
  // A sample of label -1 keeps the whole queue: its loss is that without labels.
  matrix<std::int32_t> const unknown(1, 40, std::vector<double>(40, -1.0));
  coupleface::not_same_label const all(unknown.vector(), queue_labels.vector());
  auto const whole = result_of<float>(queue_loss(queue, 0.1, all), s, t);
  auto const plain = result_of<float>(queue_loss(queue), s, t);
  if constexpr (coupleface::detail::is_host_policy_v<std::decay_t<decltype(policy())>>) {
    EXPECT_TRUE(whole.gradient.same_bits(plain.gradient));
  } else {  // a kernel for each predicate, in which compilers fuse products as they like
    for (index_t i = 0; i < 40; ++i) {
      for (index_t j = 0; j < 17; ++j) {
        EXPECT_NEAR(whole.gradient.at(i, j), plain.gradient.at(i, j), 1e-8);
      }
    }
  }
  coupleface::other_labels const none(unknown.vector(), queue_labels.vector());
  auto const nothing = result_of<float>(queue_loss(queue, 0.1, none), s, t);
  EXPECT_EQ(nothing.value(), 0);
  expect_zero(nothing.gradient);
}

/// On a device, products of floats are summed in another order than here, in double.
void expect_the_hosts(index_t n, index_t m) {
  index_t const d = 3;
  auto const s = random_matrix<float>(n, d, 31), t = random_matrix<float>(n, d, 32);
  auto const queue = random_matrix<double>(m, d, 33);
  auto const labels = random_labels(n, 5, 34), queue_labels = random_labels(m, 5, 35);
  auto const here_labels = on_host(labels), here_queue_labels = on_host(queue_labels);
  coupleface::not_same_label const keep(labels.vector(), queue_labels.vector());
  coupleface::not_same_label const here_keep(here_labels.vector(), here_queue_labels.vector());
  auto const found = result_of<double>(queue_loss(queue, 0.1, keep), s, t);
  auto const here_s = on_host(s), here_t = on_host(t);
  host_matrix<double> loss(1, 1), gradient(n, d);
  queue_loss(queue, 0.1, here_keep)(thrust::seq, here_s.view(), here_t.view(), loss.scalar(),
                                    gradient.view());
  // Both in double: of logits of 10 and sums of m terms; of slopes of 10 and norms that are rarely
  // below a hundredth.
  EXPECT_NEAR(found.value(), loss.at(0, 0), tolerance<double>(double(m), 10));
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < d; ++j) {
      EXPECT_NEAR(found.gradient.at(i, j), gradient.at(i, j),
                  tolerance<double>(double(m), 10.0 * 100 / double(n)));
    }
  }
}

TEST(teacher_queue_loss, samples_and_queues_beyond_a_tile) {
  // A device takes 4,096 rows of the queue and 2,048 samples at a time.
  expect_the_hosts(1, 8195);
  expect_the_hosts(3, 4097);
  expect_the_hosts(2050, 9);
}

/// Sample `only` alone keeps row `row`; all keep the others.
struct row_kept_by {
  index_t row, only;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t q) const {
    return q != row || i == only;
  }
};

TEST(teacher_queue_loss, a_broken_row_that_no_sample_keeps_does_not_count) {
  index_t const n = 37, d = 20;
  auto const s = random_matrix<float>(n, d, 41), t = random_matrix<float>(n, d, 42);
  for (index_t const row : {0, 128, 132}) {
    auto queue = random_matrix<float>(133, d, 43);
    row_kept_by const no_one{row, -1}, last_one{row, n - 1};
    auto const expected = result_of<float>(queue_loss(queue, 0.1, no_one), s, t);
    for (double const broken : {std::nan(""), HUGE_VAL}) {
      queue.set(row, 5, broken);
      auto const found = result_of<float>(queue_loss(queue, 0.1, no_one), s, t);
      EXPECT_TRUE(found.loss.same_bits(expected.loss));
      EXPECT_TRUE(found.gradient.same_bits(expected.gradient));
      EXPECT_TRUE(std::isnan(value_of(queue_loss(queue, 0.1, last_one), s, t)));
    }
  }
}

/// Sample `none` keeps nothing.
struct one_without_others {
  index_t none;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t) const { return i != none; }
};

TEST(teacher_queue_loss, a_sample_that_keeps_no_row_among_others) {
  auto s = random_matrix<float>(5, 6, 44);
  auto const t = random_matrix<float>(5, 6, 45), queue = random_matrix<float>(7, 6, 46);
  one_without_others const keep{2};
  expect_plain<float>(s, t, queue, 0.1, keep, keep);
  auto const found = result_of<float>(queue_loss(queue, 0.1, keep), s, t);
  for (index_t j = 0; j < 6; ++j) { EXPECT_EQ(found.gradient.at(2, j), 0); }
  s.set(2, 3, std::nan(""));  // its loss is not that of nothing
  EXPECT_TRUE(std::isnan(value_of(queue_loss(queue, 0.1, keep), s, t)));
}

TEST(teacher_queue_loss, an_own_entry_left_out_costs_nothing) {
  // The queue holds the teacher's own row: kept, it halves the probability.
  matrix<float> const s(1, 2, {1, 0}), t(1, 2, {1, 0}), queue(1, 2, {1, 0});
  matrix<std::int32_t> const label(1, 1, std::vector<double>{4});
  EXPECT_NEAR(value_of(queue_loss(queue), s, t), std::log(2.0), 1e-6);
  coupleface::not_same_label const keep(label.vector(), label.vector());
  EXPECT_EQ(value_of(queue_loss(queue, 0.1, keep), s, t), 0);
}

TEST(teacher_queue_loss, small_losses_keep_their_digits) {
  // One negative at cosine -1, the teacher at 1: the loss is log1p(e^(-2 / temperature)).
  for (double const temperature : {0.2, 0.1, 0.05, 0.03}) {
    matrix<float> const s(1, 2, {1, 1e-3}), t(1, 2, {1, 0}), queue(1, 2, {-1, 0});
    auto const found = result_of<double>(queue_loss(queue, temperature), s, t);
    auto const expected = plain_loss(s, t, queue, temperature);
    // Of the logit's relative error, 1 / temperature times 2^-23.
    double const allowed = tolerance<float>(4, 1 / temperature);
    EXPECT_NEAR(found.value() / double(expected.value), 1, allowed) << temperature;
    EXPECT_NEAR(found.gradient.at(0, 1) / double(expected.gradient[1]), 1, allowed) << temperature;
  }
}

TEST(teacher_queue_loss, rows_without_a_direction) {
  auto const t = random_matrix<float>(3, 4, 6), queue = random_matrix<float>(9, 4, 7);
  matrix<float> const zero(3, 4, std::vector<double>(12, 0.0));
  auto const of_student = result_of<float>(queue_loss(queue), zero, t);
  EXPECT_NEAR(of_student.value(), std::log(10.0), 1e-6);
  expect_zero(of_student.gradient);
  expect_plain<float>(t, zero, queue, 0.1);
  expect_plain<float>(t, t, zero, 0.1);
}

TEST(teacher_queue_loss, equal_rows_no_rows_and_an_empty_queue) {
  matrix<float> const same(3, 2, {1, 2, 1, 2, 1, 2}), none(0, 2);
  auto const equal = result_of<float>(queue_loss(same), same, same);
  EXPECT_NEAR(equal.value(), std::log(4.0), 1e-6);
  for (index_t i = 0; i < 3; ++i) { EXPECT_NEAR(equal.gradient.at(i, 0), 0, 1e-6); }
  EXPECT_EQ(result_of<float>(queue_loss(same), none, none).value(), 0);
  auto const alone = result_of<float>(queue_loss(none), same, same);
  EXPECT_EQ(alone.value(), 0);
  expect_zero(alone.gradient);
}

TEST(teacher_queue_loss, broken_input_breaks_the_loss) {
  auto queue = random_matrix<float>(130, 20, 8);
  auto const s = random_matrix<float>(3, 20, 9), t = random_matrix<float>(3, 20, 10);
  expect_broken_input_breaks(queue_loss(queue), s, t);
  for (index_t const row : {0, 128}) {
    double const before = queue.at(row, 5);
    queue.set(row, 5, std::nan(""));
    EXPECT_TRUE(std::isnan(value_of(queue_loss(queue), s, t)));
    queue.set(row, 5, before);
  }
}

TEST(teacher_queue_loss, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(3, 4, 11), t = random_matrix<float>(3, 5, 12);
  auto const queue = random_matrix<float>(7, 4, 13), wide = random_matrix<float>(7, 5, 14);
  matrix<float> loss(1, 1), gradient(3, 4), short_gradient(2, 4);
  matrix<std::int32_t> const labels(1, 3, {0, 1, 2});
  auto const message = [&](auto... arguments) {
    try {
      coupleface::teacher_queue_loss(policy(), arguments...);
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  EXPECT_EQ(message(s.view(), t.view(), queue.view(), loss.scalar(), gradient.view()),
            "coupleface::teacher_queue_loss: teacher is 3 x 5, but student is 3 x 4");
  EXPECT_EQ(message(s.view(), s.view(), wide.view(), loss.scalar()),
            "coupleface::teacher_queue_loss: width of queue is 5, but width of student is 4");
  EXPECT_NE(message(s.view(), s.view(), queue.view(), loss.scalar(), short_gradient.view()), "");
  EXPECT_NE(message(s.view(), s.view(), queue.view(), coupleface::scalar_view<float>(nullptr)), "");
  for (double const bad : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_EQ(message(s.view(), s.view(), queue.view(), loss.scalar(), gradient.view(), bad),
              "coupleface::teacher_queue_loss: temperature must be positive");
  }
  coupleface::not_same_label const keep(labels.vector(), labels.vector());
  EXPECT_NE(message(s.view(), s.view(), queue.view(), loss.scalar(), gradient.view(), 0.1, keep),
            "");
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && short_gradient.untouched());
}

TEST(teacher_queue_loss, same_bits_every_time) {
  auto const queue = random_matrix<float>(700, 67, 12);
  auto const s = random_matrix<float>(301, 67, 13), t = random_matrix<float>(301, 67, 14);
  expect_same_bits(queue_loss(queue), s, t);
  for_each_kernel_set([&] { expect_plain<float>(s, t, queue, 0.1); });
}

TEST(teacher_queue_loss, scratch_within_its_ceiling) {
  // Nothing grows with n m: three lanes here, each with 256 unit rows and 512 x 128 logits.
  auto const queue = random_matrix<float>(384, 64, 16);
  auto const s = random_matrix<float>(1000, 64, 17);
  std::size_t const lane = (256 * 64 + 512 * 128 + 1024 * 64) * sizeof(float);
  expect_scratch(queue_loss(queue), s, s, 3 * lane + 1024 * 64 * sizeof(float) + 1000 * 3 * 64);
}

#if COUPLEFACE_HAS_KERNELS && !COUPLEFACE_HAS_CUDA
TEST(teacher_queue_loss, scratch_of_a_device_does_not_grow_with_all_pairs) {
  index_t const n = 2060, m = 4200, d = 3;
  auto const s = random_matrix<float>(n, d, 18), queue = random_matrix<float>(m, d, 19);
  matrix<double> loss(1, 1);
  matrix<float> gradient(n, d);
  allocation_count count;
  counting_allocator allocator(count);
  coupleface::teacher_queue_loss(emulated_device{}(allocator), s.view(), s.view(), queue.view(),
                                 loss.scalar(), gradient.view());
  // Unit rows and their gradient, what is known of a row and of each of its two tiles, and a tile.
  index_t const rows = n * (2 * 4 * d + 44 + 2 * 16), tile = 4 * (4096 * d + 2048 * 4096);
  EXPECT_LE(count.most, std::size_t(rows + tile + 1024));
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
