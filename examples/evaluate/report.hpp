// Where the numbers go: tables on the screen, results.json and .csv files in a folder.
#pragma once

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>

#include "../shared/plot_files.hpp"
#include "../shared/text_table.hpp"
#include "measures.hpp"

namespace evaluate {

using namespace example_output;

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
    if (!found.tars.empty()) out << ", 95 % of resampled people " << percent(found.accuracy);
    out << '\n';
  }
  auto table = table_of_points(a.fars, points_of(found.curve, a.fars), "TAR");
  if (!found.tars.empty()) {
    table[0].push_back("95 % of resampled people");
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
  for (auto const& [of, edges, labels, found] : all) {
    table.push_back({of, percent(found.mean_overlap), fixed(found.mean_rank_correlation, "%.4f"),
                     fixed(found.mean_gap, "%+.4f"), percent(found.active_share)});
  }
  out << '\n';
  print_aligned(out, table, false);
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

/// All digits; what JSON has no word for is null.
inline std::string json(double value) {
  return std::isfinite(value) ? fixed(value, "%.17g") : "null";
}
inline std::string json(index_t value) { return std::to_string(value); }
inline std::string json(std::string const& text) { return '"' + text + '"'; }
inline std::string json(coupleface::operating_point const& point) {
  return "{\"threshold\": " + json(point.threshold) + ", \"far\": " + json(point.far) +
         ", \"tar\": " + json(point.tar) + "}";
}
inline std::string json(coupleface::percentile_interval const& x) {
  return "[" + json(x.low) + ", " + json(x.high) + "]";
}
template <class T>
std::string json(std::vector<T> const& values) {
  std::string text = "[";
  for (auto const& value : values) text += (text.size() > 1 ? ", " : "") + json(value);
  return text + "]";
}

using json_fields = std::vector<std::pair<std::string, std::string>>;

inline std::string json(json_fields const& fields) {
  std::string text = "{";
  for (auto const& [name, value] : fields)
    text += (text.size() > 1 ? ", \"" : "\"") + name + "\": " + value;
  return text + "}";
}

inline std::string json_of(arguments const& a, pair_results const& found) {
  json_fields fields{{"count", json(index_t(found.scores.size()))},
                     {"equal_error_rate", json(coupleface::equal_error_rate(found.curve))},
                     {"points", json(points_of(found.curve, a.fars))}};
  if (!found.tars.empty()) fields.emplace_back("tar_intervals", json(found.tars));
  if (found.folds) {
    fields.emplace_back("accuracy", json(found.folds->mean));
    fields.emplace_back("accuracy_deviation", json(found.folds->standard_deviation));
    fields.emplace_back("fold_accuracies", json(found.folds->accuracies));
    if (!found.tars.empty()) fields.emplace_back("accuracy_interval", json(found.accuracy));
  }
  return json(fields);
}

inline std::string json_of(coupleface::all_pairs_rates const& found) {
  return json(json_fields{{"same", json(found.same_pairs)},
                          {"different", json(found.different_pairs)},
                          {"equal_error_rate", json(found.equal_error_rate)},
                          {"points", json(found.points)}});
}

inline std::string json_of(arguments const& a, coupleface::identification_rates const& found) {
  return json(json_fields{{"mated", json(found.mated)},
                          {"unmated", json(found.unmated)},
                          {"rank_rates", json(found.rank_rates)},
                          {"points", json(points_of(found.open_set, a.fars))}});
}

inline std::string json_of(coupleface::retrieval_rates const& found) {
  return json(
      json_fields{{"queries", json(found.queries)},
                  {"precision_at_1", json(found.precision_at_1)},
                  {"r_precision", json(found.r_precision)},
                  {"mean_average_precision_at_r", json(found.mean_average_precision_at_r)}});
}

inline std::string json_of(arguments const& a, coupleface::teacher_agreement const& found) {
  return json(json_fields{{"k", json(index_t(a.k))},
                          {"neighbour_overlap", json(found.mean_overlap)},
                          {"rank_correlation", json(found.mean_rank_correlation)},
                          {"mean_gap", json(found.mean_gap)},
                          {"active_share", json(found.active_share)},
                          {"pairs", json(found.pairs)}});
}

inline void write_json(std::string const& file, arguments const& a, results const& found) {
  json_fields parts{{"fars", json(a.fars)}};
  if (found.pairs) parts.emplace_back("pairs", json_of(a, *found.pairs));
  if (found.all_pairs) parts.emplace_back("all_pairs", json_of(*found.all_pairs));
  if (found.identification) parts.emplace_back("identification", json_of(a, *found.identification));
  if (found.retrieval) parts.emplace_back("retrieval", json_of(*found.retrieval));
  for (auto const& [of, edges, labels, agreement] : found.agreement)
    parts.emplace_back("agreement_of_" + of, json_of(a, agreement));
  auto stream = open_to_write(file);
  stream << json(parts) << '\n';
  close_written(stream, file);
}

}  // namespace evaluate
