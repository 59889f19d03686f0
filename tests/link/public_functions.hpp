// SPDX-License-Identifier: Apache-2.0
// Calls the public functions that promise bits, each with the element types and the widths at which
// inner loops change their form, and digests what they write. A unit that includes this has set the
// macros and has been given the flags that it stands for.
#pragma once

#include <coupleface_all_headers.hpp>

#include <thrust/execution_policy.h>

#include "results.hpp"

#include <cmath>
#include <cstddef>
#include <cstring>

// Where the functions run. No bit depends on it.
#ifndef COUPLEFACE_DIGEST_POLICY
#define COUPLEFACE_DIGEST_POLICY thrust::seq
#endif

namespace {

namespace cf = coupleface;

auto const policy = COUPLEFACE_DIGEST_POLICY;

// FNV-1a over the bytes; all NaNs count as one, since their sign is nobody's promise.
class digest_of {
 public:
  template <class T>
  digest_of& add(T const* values, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      T x = values[i];
      if constexpr (!std::is_integral_v<T>) {
        if (cf::detail::is_nan(double(x))) { x = T(std::numeric_limits<float>::quiet_NaN()); }
      }
      unsigned char bytes[sizeof(T)];
      std::memcpy(bytes, &x, sizeof x);
      for (unsigned char byte : bytes) { state_ = (state_ ^ byte) * 1099511628211u; }
    }
    return *this;
  }
  template <class T>
  digest_of& add(std::vector<T> const& values) {
    return add(values.data(), values.size());
  }
  digest_of& add(double value) { return add(&value, 1); }
  std::uint64_t bits() const { return state_; }

 private:
  std::uint64_t state_ = 14695981039346656037u;
};

/// Rows of one type, the same numbers everywhere: exact in every type that is wide enough.
template <class T>
struct rows {
  std::int64_t count, width;
  std::vector<T> data;

  rows(std::int64_t n, std::int64_t d) : count(n), width(d), data(std::size_t(n * d)) {}
  rows(std::int64_t n, std::int64_t d, std::uint32_t seed) : rows(n, d) {
    std::uint32_t state = seed;
    for (T& x : data) {
      double sum = 0;  // of a few uniform numbers: not all rows then are about equally alike
      for (int k = 0; k < 3; ++k) {
        state = state * 1664525u + 1013904223u;
        sum += double(state >> 8) / 16777216.0 - 0.5;
      }
      x = T(sum);
    }
  }
  cf::matrix_view<T> view() { return {data.data(), count, width}; }
};

template <class T>
cf::vector_view<T> view_of(std::vector<T>& x) {
  return {x.data(), std::int64_t(x.size())};
}

class collector {
 public:
  void put(std::string const& of, digest_of const& d) { made.push_back({of + suffix_, d.bits()}); }
  void suffix(std::string const& text) { suffix_ = text; }
  digests made;

 private:
  std::string suffix_;
};

inline std::vector<std::int32_t> cyclic_labels(std::int64_t n, std::int32_t classes) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) { labels.push_back(std::int32_t(i * 7 % classes)); }
  return labels;
}

template <class X, class G>
void digest_normalize(collector& out, std::int64_t width) {
  rows<X> x(33, width, 1), gradient_in(33, width, 2);
  rows<G> y(33, width), gradient(33, width);
  cf::normalize_rows(policy, x.view(), y.view());
  out.put("normalize_rows", digest_of().add(y.data));
  cf::normalize_rows_gradient(policy, x.view(), gradient_in.view(), gradient.view());
  out.put("normalize_rows_gradient", digest_of().add(gradient.data));
}

template <class X, class G>
void digest_losses(collector& out, std::int64_t width) {
  std::int64_t const n = 33, classes = 24, k = 13;
  rows<X> student(n, width, 3), teacher(n, width, 4), bank(classes, width, 5),
      other_bank(classes, width, 6);
  rows<G> gradient(n, width);
  double loss = 0;
  auto const view = cf::make_scalar_view(&loss);
  cf::fcd_loss(policy, student.view(), teacher.view(), view, gradient.view());
  out.put("fcd_loss", digest_of().add(loss).add(gradient.data));
  cf::angular_loss(policy, student.view(), teacher.view(), view, gradient.view());
  out.put("angular_loss", digest_of().add(loss).add(gradient.data));
  cf::feature_loss(policy, student.view(), teacher.view(), view, gradient.view());
  out.put("feature_loss", digest_of().add(loss).add(gradient.data));

  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < n * k; ++i) {
    ids.push_back(std::int32_t(i * 5 % (classes + 1)) - 1);
  }
  cf::matrix_view<std::int32_t> const neighbours(ids.data(), n, k);
  auto const rad = [&](char const* name, auto penalty) {
    cf::rad_loss(policy, student.view(), teacher.view(), bank.view(), neighbours, view,
                 gradient.view(), penalty);
    out.put(name, digest_of().add(loss).add(gradient.data));
  };
  rad("rad_loss hinge", cf::hinge{});
  rad("rad_loss squared", cf::squared{});
  cf::rad_loss(policy, student.view(), teacher.view(), bank.view(), other_bank.view(), neighbours,
               view, gradient.view(), cf::squared{});
  out.put("rad_loss of two banks", digest_of().add(loss).add(gradient.data));
}

template <class X, class G>
void digest_relations(collector& out, std::int64_t width) {
  rows<X> a(31, width, 7), b(29, width, 8);
  rows<G> matrix(31, 29), best(31, 5);
  std::vector<std::int32_t> ids(31 * 5);
  auto const matrix_of = [&](char const* name, auto relation) {
    cf::relation_matrix(policy, a.view(), b.view(), matrix.view(), relation);
    out.put(name, digest_of().add(matrix.data));
  };
  matrix_of("relation_matrix inner_product", cf::inner_product{});
  matrix_of("relation_matrix negative_squared_distance", cf::negative_squared_distance{});
  matrix_of("relation_matrix cosine", cf::cosine{});
  cf::top_k(policy, matrix.view(), best.view(), cf::matrix_view<std::int32_t>(ids.data(), 31, 5));
  out.put("top_k", digest_of().add(best.data).add(ids));
}

template <class X, class P>
void digest_prototypes(collector& out, std::int64_t width) {
  rows<X> x(60, width, 9);
  rows<P> prototypes(8, width);
  auto labels = cyclic_labels(60, 8);
  cf::class_prototypes(policy, x.view(), view_of(labels), prototypes.view());
  out.put("class_prototypes", digest_of().add(prototypes.data));

  auto const bank_of = [&](char const* name, auto update) {
    cf::feature_bank<P, decltype(update)> bank(policy, prototypes.view(), update);
    for (int step = 0; step < 3; ++step) { bank.update(policy, view_of(labels), x.view()); }
    auto const entries = bank.teacher();
    out.put(name, digest_of().add(entries.data_handle(),
                                  std::size_t(entries.extent(0) * entries.extent(1))));
  };
  bank_of("feature_bank latest_sample", cf::latest_sample{});
  bank_of("feature_bank recent_ring", cf::recent_ring{3, 10});
  if constexpr (std::is_floating_point_v<P>) {
    bank_of("feature_bank moving_average", cf::moving_average{0.9});
  }
}

inline void digest_mining(collector& out, std::int64_t width) {
  std::int64_t const n = 150, k = 6;
  rows<float> a(n, width, 10), b(n, width, 11), values(n, k);
  std::vector<std::int32_t> ids(std::size_t(n * k)), positives;
  auto labels = cyclic_labels(n, 20);
  for (std::int64_t i = 0; i < n; ++i) { positives.push_back(std::int32_t((i + 20) % n)); }
  cf::matrix_view<std::int32_t> const table(ids.data(), n, k);
  auto const put = [&](char const* name) { out.put(name, digest_of().add(values.data).add(ids)); };
  auto const x = a.view(), y = b.view();
  auto const v = values.view();
  cf::mine_nearest(policy, x, y, v, table);
  put("mine_nearest of two sets");
  cf::mine_nearest(policy, x, x, v, table, cf::negative_squared_distance{});
  put("mine_nearest by distance");
  cf::mine_nearest(policy, x, x, v, table);
  put("mine_nearest");
  auto const described = cf::describe_table(policy, v, table, n);
  out.put("describe_table",
          digest_of().add(described.mean).add(described.smallest).add(described.mean_nearest));
  out.put("active_pair_share", digest_of().add(cf::active_pair_share(policy, v, table)));
  auto const doubles = cf::near_duplicates(policy, v, table, 0.1);
  digest_of of_pairs;
  for (auto const& pair : doubles.pairs) {
    of_pairs.add(&pair.first, 1).add(&pair.second, 1).add(pair.similarity);
  }
  out.put("near_duplicates", of_pairs);
  std::vector<std::int64_t> changed{3, 77};
  for (std::int64_t i : changed) { a.data[std::size_t(i * width)] += 0.25f; }
  cf::refresh_nearest(policy, x, x, view_of(changed), view_of(changed), v, table);
  put("refresh_nearest");
  std::vector<std::int32_t> classes(40);
  cf::sample_classes(policy, view_of(labels), n, table, 5, view_of(classes));
  out.put("sample_classes", digest_of().add(classes));
  cf::mine_gap(policy, x, x, y, y, v, table);
  put("mine_gap");
  cf::mine_gap(policy, x, x, y, y, v, table, cf::absolute_gap{});
  put("mine_gap absolute");
  cf::mine_teacher_order(policy, x, x, y, y, 12, v, table);
  put("mine_teacher_order");
  cf::mine_relative_margin(policy, x, x, view_of(positives), 0.95, v, table);
  put("mine_relative_margin");
  cf::mine_random(policy, x, x, 3, v, table);
  put("mine_random");
  cf::mine_mixed(policy, x, x, 2, 3, v, table);
  put("mine_mixed");
  cf::mine_rank_window(policy, x, x, 4, v, table);
  put("mine_rank_window");
  cf::mine_similarity_window(policy, x, x, {-0.1, 0.1}, v, table);
  put("mine_similarity_window");
  cf::mine_in_batch(policy, x, view_of(labels), v, table);
  put("mine_in_batch");
  cf::mine_from_bank(policy, x, view_of(labels), y, v, table);
  put("mine_from_bank");
}

inline void digest_verification(collector& out, rows<float>& a, rows<float>& b,
                                std::vector<std::int32_t>& labels) {
  std::size_t const n = labels.size(), pair_count = 4 * n;
  std::vector<std::int32_t> first, second, folds, a_people, b_people;
  std::vector<std::uint8_t> same;
  for (std::size_t i = 0; i < pair_count; ++i) {
    std::size_t const p = i % n, q = (i * 13 + i / n) % n;
    first.push_back(std::int32_t(p)), second.push_back(std::int32_t(q));
    a_people.push_back(labels[p]), b_people.push_back(labels[q]);
    same.push_back(labels[p] == labels[q]), folds.push_back(std::int32_t(i % 10));
  }
  std::vector<float> scores(pair_count);
  cf::pair_scores(policy, a.view(), b.view(), view_of(first), view_of(second), view_of(scores));
  out.put("pair_scores", digest_of().add(scores));
  auto const curve = cf::roc(policy, view_of(scores), view_of(same));
  auto const point = cf::tar_at_far(curve, 0.1);
  out.put("roc", digest_of()
                     .add(curve.thresholds)
                     .add(curve.far)
                     .add(curve.tar)
                     .add(cf::equal_error_rate(curve))
                     .add(point.threshold)
                     .add(point.tar));
  auto const accuracy = cf::k_fold_accuracy(policy, view_of(scores), view_of(same), view_of(folds));
  out.put("k_fold_accuracy", digest_of()
                                 .add(accuracy.mean)
                                 .add(accuracy.standard_deviation)
                                 .add(accuracy.accuracies)
                                 .add(accuracy.thresholds));
  auto const again =
      cf::resample_identities(policy, view_of(scores), view_of(same), view_of(a_people),
                              view_of(b_people), view_of(folds), {0.1, 0.01}, 20, 4);
  auto const interval = cf::interval_of(again.accuracies);
  out.put(
      "resample_identities",
      digest_of().add(again.accuracies).add(again.tars[0]).add(interval.low).add(interval.high));
}

inline void digest_evaluation(collector& out, std::int64_t width) {
  std::int64_t const n = 120;
  rows<float> a(n, width, 12), b(n, width, 13), means(24, width);
  auto labels = cyclic_labels(n, 24);
  for (std::int64_t i = 0; i < n * width; ++i) {  // probes look like their gallery
    b.data[std::size_t(i)] = 0.5f * a.data[std::size_t(i)] + b.data[std::size_t(i)];
  }
  digest_verification(out, a, b, labels);
  auto const all = cf::verify_all_pairs(policy, a.view(), view_of(labels), {0.1, 0.01});
  out.put(
      "verify_all_pairs",
      digest_of().add(all.equal_error_rate).add(all.points[0].threshold).add(all.points[1].tar));
  auto const found = cf::identify(policy, b.view(), view_of(labels), a.view(), view_of(labels), 5);
  out.put("identify", digest_of().add(found.rank_rates).add(found.open_set.thresholds));
  auto const ranked = cf::retrieve(policy, b.view(), view_of(labels), a.view(), view_of(labels));
  out.put("retrieve", digest_of()
                          .add(ranked.precision_at_1)
                          .add(ranked.r_precision)
                          .add(ranked.mean_average_precision_at_r));
  auto const agreement = cf::compare_with_teacher(policy, a.view(), b.view(), 7);
  out.put("compare_with_teacher", digest_of()
                                      .add(agreement.overlaps)
                                      .add(agreement.rank_correlations)
                                      .add(agreement.mean_gap)
                                      .add(agreement.mean_overlap)
                                      .add(agreement.mean_rank_correlation));
  std::vector<std::int32_t> face_rows, media;
  for (std::int32_t i = 0; i < n; ++i) { face_rows.push_back(i), media.push_back(i % 50); }
  cf::average_templates(policy, a.view(), view_of(face_rows), view_of(labels), view_of(media),
                        means.view());
  out.put("average_templates", digest_of().add(means.data));
}

template <class X, class G>
void digest_types(collector& out, std::string const& types, std::int64_t width) {
  out.suffix(" of " + types + ", width " + std::to_string(width));
  digest_normalize<X, G>(out, width);
  digest_losses<X, G>(out, width);
  if constexpr (std::is_same_v<X, G>) { digest_relations<X, G>(out, width); }
  digest_prototypes<X, G>(out, width);
}

/// With one set of kernels, or without digests where this machine or unit does not have it.
digests digest_public_functions([[maybe_unused]] int kernels) {
  collector out;
#if COUPLEFACE_KERNEL_SETS
  if (kernels > int(cf::detail::best_kernels())) { return {}; }
  cf::detail::chosen_kernels = kernels;
#else
  if (kernels > 0) { return {}; }
#endif
  for (std::int64_t width : {1, 19, 64, 512}) {
    digest_types<float, float>(out, "float, float", width);
    digest_types<float, double>(out, "float, double", width);
    digest_types<double, double>(out, "double, double", width);
    digest_types<cf::float16, float>(out, "float16, float", width);
    out.suffix(", width " + std::to_string(width));
    digest_mining(out, width);
    digest_evaluation(out, width);
  }
  return out.made;
}

}  // namespace
