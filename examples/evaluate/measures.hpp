// SPDX-License-Identifier: Apache-2.0
// Computes each part of the evaluation whose input is given.
#pragma once

#include <coupleface/evaluation/agreement.hpp>
#include <coupleface/evaluation/all_pairs.hpp>
#include <coupleface/evaluation/bootstrap.hpp>
#include <coupleface/evaluation/identification.hpp>
#include <coupleface/evaluation/retrieval.hpp>
#include <coupleface/mining/statistics.hpp>
#include <coupleface/prototypes.hpp>

#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/progress.hpp"
#include "inputs.hpp"

namespace evaluate {

struct pair_results {
  std::vector<double> scores;
  coupleface::roc_curve curve;
  index_t fold_count = 0;                             ///< 0: the list has no folds
  std::optional<coupleface::fold_accuracies> folds;   ///< only with two or more folds
  coupleface::percentile_interval accuracy;           ///< only with folds and people
  std::vector<coupleface::percentile_interval> tars;  ///< for each FAR, only with people
};

struct agreement_results {
  std::string of;  ///< rows, classes
  index_t k;       ///< neighbours: as requested, or all others
  std::vector<double> edges;
  std::vector<std::int32_t> labels;  ///< of the classes
  coupleface::teacher_agreement agreement;
};

struct results {
  std::optional<pair_results> pairs;
  std::optional<coupleface::all_pairs_rates> all_pairs, all_pairs_curve;
  std::optional<coupleface::identification_rates> identification;
  std::optional<coupleface::retrieval_rates> retrieval;
  std::vector<agreement_results> agreement;
};

/// Results that need only scores and labels, no people.
inline pair_results measure_scores(std::vector<double> scores,
                                   std::vector<unsigned char> const& same,
                                   std::vector<index_t> const& folds) {
  pair_results found;
  found.scores = std::move(scores);
  found.curve = coupleface::roc(thrust::omp::par, view_of(found.scores), view_of(same));
  found.fold_count = static_cast<index_t>(std::set<index_t>(folds.begin(), folds.end()).size());
  if (found.fold_count >= 2) {
    found.folds = coupleface::k_fold_accuracy(thrust::omp::par, view_of(found.scores),
                                              view_of(same), view_of(folds));
  }
  return found;
}

inline void measure_intervals(arguments const& a, inputs const& in, pair_results& found) {
  auto const& pairs = in.pairs;
  std::vector<std::int32_t> first, second;
  for (std::size_t i = 0; i < pairs.same.size(); ++i) {
    first.push_back(in.labels[static_cast<std::size_t>(pairs.first[i])]);
    second.push_back(in.labels[static_cast<std::size_t>(pairs.second[i])]);
    if (first.back() >= 0 && second.back() >= 0) continue;
    tell_fault("pair %zu has a row without a label: no intervals", i);
    return;
  }
  auto const folds = found.folds ? pairs.folds : std::vector<index_t>{};
  auto const resampled = coupleface::resample_identities(
      thrust::omp::par, view_of(found.scores), view_of(pairs.same), view_of(first), view_of(second),
      view_of(folds), a.fars, a.resamples, a.seed);
  if (found.folds) found.accuracy = coupleface::interval_of(resampled.accuracies);
  for (auto const& tars : resampled.tars) found.tars.push_back(coupleface::interval_of(tars));
}

inline pair_results measure_pairs(arguments const& a, inputs const& in) {
  auto const& pairs = in.pairs;
  std::vector<float> scores(pairs.same.size());
  coupleface::pair_scores(thrust::omp::par, in.rows.view(), in.rows.view(), view_of(pairs.first),
                          view_of(pairs.second),
                          coupleface::make_vector_view(scores.data(), pairs.size()));
  auto found = measure_scores({scores.begin(), scores.end()}, pairs.same, pairs.folds);
  if (!in.labels.empty() && a.resamples > 0) measure_intervals(a, in, found);
  return found;
}

/// The requested rates, and a curve with five points per decade.
inline void measure_all_pairs(arguments const& a, inputs const& in, results& found) {
  auto targets = a.fars;
  for (int step = 0; step <= 35; ++step) targets.push_back(std::pow(10.0, -step / 5.0));
  std::optional<progress> shown;
  int shown_pass = 0;
  auto const show = [&](int pass, index_t rows, index_t all) {
    if (pass != shown_pass) shown.emplace("all pairs: pass " + std::to_string(pass), "row", 0, all);
    shown_pass = pass;
    shown->show(rows);
  };
  auto rates = coupleface::verify_all_pairs(thrust::omp::par, in.rows.view(), view_of(in.labels),
                                            targets, coupleface::cosine{}, show);
  found.all_pairs_curve = rates;
  auto const wanted = static_cast<std::ptrdiff_t>(a.fars.size());
  found.all_pairs_curve->points.erase(found.all_pairs_curve->points.begin(),
                                      found.all_pairs_curve->points.begin() + wanted);
  rates.points.resize(a.fars.size());
  found.all_pairs = std::move(rates);
}

inline agreement_results compare_rows(arguments const& a, std::string of,
                                      matrix_view<float const> student,
                                      matrix_view<float const> teacher) {
  index_t const others = std::max<index_t>(student.extent(0) - 1, 1);
  agreement_results found{
      std::move(of), std::min<index_t>(a.k, others), coupleface::even_edges(80, -0.4, 0.4), {}, {}};
  if (student.extent(0) < 2) {
    note("agreement of %s: there is only one, so it has no neighbours", found.of.c_str());
  } else if (found.k < a.k) {
    note("--k %lld is reduced to %lld: there are %lld %s", static_cast<long long>(a.k),
         static_cast<long long>(found.k), static_cast<long long>(student.extent(0)),
         found.of.c_str());
  }
  found.agreement = coupleface::compare_with_teacher(thrust::omp::par, student, teacher, found.k,
                                                     found.edges, coupleface::hinge{a.q});
  return found;
}

inline row_matrix prototypes_of(row_matrix const& rows, std::vector<std::int32_t> const& labels,
                                std::size_t classes) {
  row_matrix result{static_cast<index_t>(classes), rows.width, {}};
  result.values.resize(classes * static_cast<std::size_t>(rows.width));
  coupleface::class_prototypes(
      thrust::omp::par, rows.view(), view_of(labels),
      coupleface::make_matrix_view(result.values.data(), result.rows, result.width));
  return result;
}

/// Agreement between rows, and between class prototypes; for the latter each row is a class.
inline void measure_agreement(arguments const& a, inputs const& in, results& found) {
  found.agreement.push_back(compare_rows(a, "rows", in.rows.view(), in.teacher.view()));
  if (in.labels.empty()) return;
  std::map<std::int32_t, std::int32_t> numbers;
  for (auto const label : in.labels) {
    if (label >= 0) numbers.emplace(label, 0);
  }
  std::vector<std::int32_t> present;
  for (auto& [label, number] : numbers) {
    number = static_cast<std::int32_t>(present.size());
    present.push_back(label);
  }
  std::vector<std::int32_t> dense;
  for (auto const label : in.labels) dense.push_back(label < 0 ? -1 : numbers.at(label));
  auto const student = prototypes_of(in.rows, dense, present.size());
  auto const teacher = prototypes_of(in.teacher, dense, present.size());
  found.agreement.push_back(compare_rows(a, "classes", student.view(), teacher.view()));
  found.agreement.back().labels = std::move(present);
}

/// Identification among the gallery's rows, or among the other rows.
inline void measure_search(arguments const& a, inputs const& in, results& found) {
  bool const within = in.gallery.rows == 0 || in.gallery_is_probes;
  auto const gallery = within ? in.rows.view() : in.gallery.view();
  auto const labels = view_of(within ? in.labels : in.gallery_labels);
  index_t const searched = gallery.extent(0) - (within ? 1 : 0);
  index_t const ranks = std::min<index_t>(a.ranks, std::max<index_t>(searched, 1));
  if (ranks < a.ranks) {
    note("--ranks %lld is reduced to %lld, the number of %srows searched",
         static_cast<long long>(a.ranks), static_cast<long long>(ranks), within ? "other " : "");
  }
  found.identification = coupleface::identify(thrust::omp::par, in.rows.view(), view_of(in.labels),
                                              gallery, labels, ranks);
  found.retrieval =
      coupleface::retrieve(thrust::omp::par, in.rows.view(), view_of(in.labels), gallery, labels);
}

inline results measure(arguments const& a, inputs const& in) {
  results found;
  if (!a.scores.empty())
    found.pairs = measure_scores(in.scores.scores, in.scores.same, in.scores.folds);
  stop_if_interrupted();
  if (!a.pairs.empty()) found.pairs = measure_pairs(a, in);
  if (!in.labels.empty()) {
    if (a.all_pairs) measure_all_pairs(a, in, found);
    stop_if_interrupted();
    measure_search(a, in, found);
  }
  stop_if_interrupted();
  if (!a.teacher.empty()) measure_agreement(a, in, found);
  return found;
}

}  // namespace evaluate
