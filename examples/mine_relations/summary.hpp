// The last lines of a run: how long it took, at which rate, and what the table looks like.
#pragma once

#include <sys/resource.h>

#include <cmath>
#include <cstdio>

#include "results.hpp"

namespace mine_relations {

inline double peak_memory_in_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline void print_rate(relation_table const& table, search_report const& report) {
  std::fprintf(stderr, "search: %.2f s, and %.2f s for checkpoints", report.seconds,
               report.checkpoint_seconds);
  if (report.steps_before > 0) {
    std::fprintf(stderr, ", for steps %lld to %lld",
                 static_cast<long long>(report.steps_before + 1),
                 static_cast<long long>(report.steps));
  }
  double const share =
      static_cast<double>(report.steps - report.steps_before) / static_cast<double>(report.steps);
  double const c = static_cast<double>(table.mined);
  double const gflop = share * 2 * c * c * static_cast<double>(report.width) * 1e-9;
  std::fprintf(stderr, "; %.1f GFLOP/s of the whole product, %.1f of its half that is computed\n",
               gflop / report.seconds, gflop * (c + 1) / (2 * c) / report.seconds);
}

inline void print_summary(arguments const& a, relation_table const& table,
                          search_report const& report, merge_summary const& merged,
                          double seconds) {
  double sum = 0;
  index_t nearest = 0, empty = 0;
  for (index_t c = 0; c < table.classes; ++c) {
    auto const at = static_cast<std::size_t>(c * table.k);
    if (table.neighbours[at] >= 0 && !std::isnan(table.values[at])) {
      sum += static_cast<double>(table.values[at]);
      ++nearest;
    }
  }
  for (std::int32_t const id : table.neighbours) empty += id < 0;
  empty -= (table.classes - table.mined) * table.k;  // rows of classes that nobody is in
  print_rate(table, report);
  std::fprintf(stderr, "exact relations: %.1f a class, after the %s screen\n",
               static_cast<double>(report.evaluated) / static_cast<double>(table.mined),
               report.screen.c_str());
  std::fprintf(stderr, "nearest class: similarity %.4f in the mean of %lld; %lld empty slots\n",
               nearest > 0 ? sum / static_cast<double>(nearest) : 0.0,
               static_cast<long long>(nearest), static_cast<long long>(empty));
  if (!a.merge_list.empty()) {
    std::fprintf(stderr, "%s: %zu pairs of similarity %g or more; merged, %lld classes are left\n",
                 a.merge_list.c_str(), merged.pairs, a.merge_threshold.value(),
                 static_cast<long long>(merged.classes_left));
    if (merged.truncated > 0) {
      std::fprintf(stderr, "%s: %zu classes may have more than their %lld neighbours show\n",
                   a.merge_list.c_str(), merged.truncated, static_cast<long long>(table.k));
    }
  }
  std::fprintf(stderr, "%.2f s in all; peak memory %.0f MiB, pages of mapped files included\n",
               seconds, peak_memory_in_mib());
}

}  // namespace mine_relations
