// SPDX-License-Identifier: Apache-2.0
// Prints the last lines of a run: its duration and rate, and statistics of the table.
#pragma once

#include <sys/resource.h>

#include <cmath>
#include <iostream>
#include <string>

#include "face_kit/report/json_output.hpp"
#include "results.hpp"

namespace mine_relations {

inline double peak_memory_in_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// GFLOP/s of this run, counting the product of all rows with all rows.
inline double product_rate(relation_table const& table, search_report const& report) {
  double const share =
      static_cast<double>(report.steps - report.steps_before) / static_cast<double>(report.steps);
  double const c = static_cast<double>(table.mined);
  return share * 2 * c * c * static_cast<double>(report.width) * 1e-9 / report.seconds;
}

inline void note_rate(relation_table const& table, search_report const& report) {
  std::string steps;
  if (report.steps_before > 0)
    steps = ", for steps " + std::to_string(report.steps_before + 1) + " to " +
            std::to_string(report.steps);
  double const rate = product_rate(table, report), c = static_cast<double>(table.mined);
  note(
      "search: %.2f s, and %.2f s for checkpoints%s; %.1f GFLOP/s counting all pairs, %.1f "
      "counting the computed half",
      report.seconds, report.checkpoint_seconds, steps.c_str(), rate, rate * (c + 1) / (2 * c));
}

struct table_summary {
  double mean_similarity = 0;  ///< to the nearest class
  index_t nearest = 0;         ///< classes in that mean
  index_t empty = 0;           ///< empty slots of classes that have rows
};

inline table_summary summary_of(relation_table const& table) {
  table_summary found;
  for (index_t c = 0; c < table.classes; ++c) {
    auto const at = static_cast<std::size_t>(c * table.k);
    if (table.neighbours[at] >= 0 && !std::isnan(table.values[at])) {
      found.mean_similarity += static_cast<double>(table.values[at]);
      ++found.nearest;
    }
  }
  if (found.nearest > 0) found.mean_similarity /= static_cast<double>(found.nearest);
  for (std::int32_t const id : table.neighbours) found.empty += id < 0;
  found.empty -= (table.classes - table.mined) * table.k;  // rows of classes without samples
  return found;
}

inline void note_merged(arguments const& a, relation_table const& table,
                        merge_summary const& merged) {
  note("%s: %zu pairs with similarity %g or more; merging them leaves %lld classes",
       a.merge_list.c_str(), merged.pairs, a.merge_threshold.value(),
       static_cast<long long>(merged.classes_left));
  if (merged.truncated > 0) {
    note("%s: %zu classes may have more near-duplicates than their %lld neighbours can show",
         a.merge_list.c_str(), merged.truncated, static_cast<long long>(table.k));
  }
}

inline void print_summary(arguments const& a, relation_table const& table,
                          search_report const& report, merge_summary const& merged,
                          double seconds) {
  auto const found = summary_of(table);
  double const evaluated = double(report.evaluated) / double(table.mined);
  if (json_wanted()) {
    nlohmann::ordered_json summary{
        {"classes", table.classes},
        {"mined", table.mined},
        {"k", table.k},
        {"screen", report.screen},
        {"exact_relations_a_class", evaluated},
        {"nearest_similarity", found.nearest > 0 ? found.mean_similarity : std::nan("")},
        {"empty_slots", found.empty},
        {"search_seconds", report.seconds},
        {"checkpoint_seconds", report.checkpoint_seconds},
        {"gflops", product_rate(table, report)},
        {"seconds", seconds},
        {"peak_memory_mib", peak_memory_in_mib()}};
    if (!a.merge_list.empty())
      summary["merge"] = {{"pairs", merged.pairs}, {"classes_left", merged.classes_left}};
    print_json(std::cout, summary);
  }
  note_rate(table, report);
  note("%.1f exact relations per class after the %s screen", evaluated, report.screen.c_str());
  if (found.nearest > 0) {
    note("nearest class: mean similarity %.4f over %lld classes; %lld empty slots",
         found.mean_similarity, static_cast<long long>(found.nearest),
         static_cast<long long>(found.empty));
  } else {
    note("nearest class: no class has a similarity that is a number; %lld empty slots",
         static_cast<long long>(found.empty));
  }
  if (!a.merge_list.empty()) note_merged(a, table, merged);
  note("%.2f s in total; peak memory %.0f MiB including pages of mapped files", seconds,
       peak_memory_in_mib());
}

}  // namespace mine_relations
