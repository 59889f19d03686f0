// SPDX-License-Identifier: Apache-2.0
// Prints the tables of results.
#pragma once

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>

#include "face_kit/run/messages.hpp"
#include "face_kit/report/text_table.hpp"
#include "measures.hpp"

namespace evaluate {

using namespace face_kit;

inline std::string percent(double share) { return fixed(100 * share, "%.3f"); }

inline std::string percent(coupleface::percentile_interval const& interval) {
  return "[" + percent(interval.low) + ", " + percent(interval.high) + "]";
}

inline std::string short_number(double value) { return fixed(value, "%.4g"); }

inline text_table table_of_points(std::vector<double> const& fars,
                                  std::vector<coupleface::operating_point> const& points,
                                  std::string const& rate) {
  text_table table{{"FAR at most", rate + " %", "threshold", "FAR"}};
  for (std::size_t k = 0; k < fars.size(); ++k) {
    table.push_back({short_number(fars[k]), percent(points[k].tar),
                     fixed(points[k].threshold, "%.6f"), short_number(points[k].far)});
  }
  return table;
}

inline std::vector<coupleface::operating_point> points_of(coupleface::roc_curve const& curve,
                                                          std::vector<double> const& fars) {
  std::vector<coupleface::operating_point> points;
  for (double const far : fars) points.push_back(coupleface::tar_at_far(curve, far));
  return points;
}

inline void print_pairs(std::ostream& out, arguments const& a, pair_results const& found) {
  out << "\nlisted pairs: " << found.scores.size() << ", EER "
      << percent(coupleface::equal_error_rate(found.curve)) << " %\n";
  if (found.folds) {
    out << "accuracy " << percent(found.folds->mean) << " % (deviation over "
        << found.folds->folds.size() << " folds " << percent(found.folds->standard_deviation)
        << ")";
    if (!found.tars.empty())
      out << ", 95 % interval over resampled people " << percent(found.accuracy);
    out << '\n';
  } else if (found.fold_count == 1) {
    out << "one fold: no accuracy, because its threshold comes from other folds\n";
  } else {
    out << "no folds: no accuracy\n";
  }
  if (std::isnan(found.curve.tar.back())) out << "no pair of one person: no TAR\n";
  if (std::isnan(found.curve.far.back())) out << "no pair of two people: no FAR, no threshold\n";
  auto table = table_of_points(a.fars, points_of(found.curve, a.fars), "TAR");
  if (!found.tars.empty()) {
    table[0].push_back("95 % interval over resampled people");
    for (std::size_t k = 0; k < a.fars.size(); ++k) table[k + 1].push_back(percent(found.tars[k]));
  }
  print_aligned(out, table, false);
}

inline void print_identification(std::ostream& out, arguments const& a,
                                 coupleface::identification_rates const& found) {
  out << "\nidentification: " << found.mated << " probes with a mate, " << found.unmated
      << " without\n";
  text_table ranks{{"rank", "identified %"}};
  for (std::size_t k = 1; k <= found.rank_rates.size(); k = k == 1 ? 5 : 2 * k) {
    ranks.push_back({std::to_string(k), percent(found.rank_rates[k - 1])});
  }
  print_aligned(out, ranks, false);
  print_aligned(out, table_of_points(a.fars, points_of(found.open_set, a.fars), "DIR"), false);
}

inline void print_agreement(std::ostream& out, std::vector<agreement_results> const& all) {
  text_table table{
      {"agreement of", "neighbours shared %", "rank correlation", "mean gap", "active pairs %"}};
  for (auto const& [of, k, edges, labels, found] : all) {
    table.push_back({of, percent(found.mean_overlap), fixed(found.mean_rank_correlation, "%.4f"),
                     fixed(found.mean_gap, "%+.4f"), percent(found.active_share)});
  }
  out << '\n';
  print_aligned(out, table, false);
}

inline void print_inputs(std::ostream& out, arguments const& a, inputs const& in) {
  if (a.scores.empty()) out << in.rows.rows << " x " << in.rows.width << " embeddings\n";
  if (in.scores_not_numbers > 0)
    tell_fault("%s: %lld of %zu scores are NaN (first: line %lld); such a pair is never accepted",
               a.scores.c_str(), static_cast<long long>(in.scores_not_numbers),
               in.scores.scores.size(), static_cast<long long>(in.first_score_not_a_number));
  if (in.gallery_is_probes)
    out << "the gallery has the same rows: each is searched for among the others\n";
  for (auto const& file : in.files) {
    if (file.faults.not_finite > 0)
      tell_fault("%s; their scores are NaN", file.faults.not_finite_in(file.file).c_str());
  }
  if (in.probes_in_gallery > 0)
    tell_fault("%s: %lld of %lld probes are also in it, bit for bit, and find themselves",
               a.gallery.c_str(), static_cast<long long>(in.probes_in_gallery),
               static_cast<long long>(in.rows.rows));
}

inline void print_results(std::ostream& out, arguments const& a, results const& found) {
  if (found.pairs) print_pairs(out, a, *found.pairs);
  if (found.all_pairs) {
    auto const& all = *found.all_pairs;
    out << "\nall pairs: " << all.same_pairs << " same, " << all.different_pairs
        << " different, EER " << percent(all.equal_error_rate) << " %\n";
    print_aligned(out, table_of_points(a.fars, all.points, "TAR"), false);
  }
  if (found.identification) print_identification(out, a, *found.identification);
  if (found.retrieval) {
    auto const& r = *found.retrieval;
    out << "\nretrieval: " << r.queries << " queries, P@1 " << percent(r.precision_at_1)
        << " %, R-precision " << percent(r.r_precision) << " %, mAP@R "
        << percent(r.mean_average_precision_at_r) << " %\n";
  }
  if (!found.agreement.empty()) print_agreement(out, found.agreement);
}

}  // namespace evaluate
