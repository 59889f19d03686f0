// SPDX-License-Identifier: Apache-2.0
// Writes results.json: inputs, settings, version, and all numbers with all digits.
#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "face_kit/report/json_output.hpp"
#include "report.hpp"

namespace evaluate {

using nlohmann::ordered_json;

/// The value of "program" in results.json, which tells these results from other files of that name.
inline constexpr char const* program_of_results = "coupleface evaluate";

inline bool is_results_file(std::string const& file) {
  std::ifstream stream(file);
  auto const document = nlohmann::json::parse(stream, nullptr, false);
  return document.is_object() && document.value("program", nlohmann::json{}) == program_of_results;
}

inline ordered_json json_of(std::vector<coupleface::operating_point> const& points,
                            char const* rate = "tar") {
  auto list = ordered_json::array();
  for (auto const& point : points) {
    list.push_back({{"threshold", point.threshold}, {"far", point.far}, {rate, point.tar}});
  }
  return list;
}

inline ordered_json json_of(coupleface::percentile_interval const& x) { return {x.low, x.high}; }

inline ordered_json json_of(arguments const& a, pair_results const& found) {
  ordered_json part{{"count", found.scores.size()},
                    {"equal_error_rate", coupleface::equal_error_rate(found.curve)},
                    {"points", json_of(points_of(found.curve, a.fars))}};
  if (!found.tars.empty()) {
    auto& intervals = part["tar_intervals"] = ordered_json::array();
    for (auto const& interval : found.tars) intervals.push_back(json_of(interval));
  }
  part["folds"] = found.fold_count;
  if (found.folds) {
    part["accuracy"] = found.folds->mean;
    part["accuracy_deviation"] = found.folds->standard_deviation;
    part["fold_accuracies"] = found.folds->accuracies;
    if (!found.tars.empty()) part["accuracy_interval"] = json_of(found.accuracy);
  }
  return part;
}

inline ordered_json json_of(coupleface::all_pairs_rates const& found) {
  return {{"same", found.same_pairs},
          {"different", found.different_pairs},
          {"equal_error_rate", found.equal_error_rate},
          {"points", json_of(found.points)}};
}

inline ordered_json json_of(arguments const& a, coupleface::identification_rates const& found) {
  return {{"mated", found.mated},
          {"unmated", found.unmated},
          {"rank_rates", found.rank_rates},
          {"points", json_of(points_of(found.open_set, a.fars), "dir")}};
}

inline ordered_json json_of(coupleface::retrieval_rates const& found) {
  return {{"queries", found.queries},
          {"precision_at_1", found.precision_at_1},
          {"r_precision", found.r_precision},
          {"mean_average_precision_at_r", found.mean_average_precision_at_r}};
}

inline ordered_json json_of(agreement_results const& of) {
  auto const& found = of.agreement;
  return {{"k", of.k},
          {"neighbour_overlap", found.mean_overlap},
          {"rank_correlation", found.mean_rank_correlation},
          {"mean_gap", found.mean_gap},
          {"active_share", found.active_share},
          {"pairs", found.pairs}};
}

inline ordered_json json_of_inputs(arguments const& a, inputs const& in) {
  auto files = ordered_json::object();
  for (auto const& file : in.files) {
    files[file.use] = {{"file", file.file},
                       {"rows", file.rows},
                       {"width", file.width},
                       {"rows_not_finite", file.faults.not_finite}};
  }
  std::pair<char const*, std::string const*> const lists[] = {
      {"labels", &a.labels},       {"list", &a.list},
      {"split", &a.split},         {"pairs", &a.pairs},
      {"scores", &a.scores},       {"gallery_labels", &a.gallery_labels},
      {"templates", &a.templates}, {"probe_templates", &a.probe_templates},
  };
  for (auto const& [use, file] : lists) {
    if (!file->empty()) files[use] = *file;
  }
  if (!a.gallery_templates.empty()) files["gallery_templates"] = a.gallery_templates;
  if (!a.scores.empty()) files["scores_not_numbers"] = in.scores_not_numbers;
  if (in.gallery.rows > 0) files["gallery_is_probes"] = in.gallery_is_probes;
  return files;
}

/// The settings that change results.
inline ordered_json json_of_settings(arguments const& a) {
  return {{"fars", a.fars},
          {"ranks", a.ranks},
          {"k", a.k},
          {"q", a.q},
          {"resamples", a.resamples},
          {"seed", a.seed},
          {"all_pairs", a.all_pairs},
          {"weigh_by_score", a.weigh_by_score}};
}

inline ordered_json document_of(arguments const& a, inputs const& in, results const& found) {
  ordered_json all{{"program", program_of_results},
                   {"version", coupleface_version()},
                   {"inputs", json_of_inputs(a, in)},
                   {"settings", json_of_settings(a)}};
  if (found.pairs) all["pairs"] = json_of(a, *found.pairs);
  if (found.all_pairs) all["all_pairs"] = json_of(*found.all_pairs);
  if (found.identification) all["identification"] = json_of(a, *found.identification);
  if (found.retrieval) all["retrieval"] = json_of(*found.retrieval);
  for (auto const& agreement : found.agreement)
    all["agreement_of_" + agreement.of] = json_of(agreement);
  return all;
}

}  // namespace evaluate
