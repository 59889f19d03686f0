// SPDX-License-Identifier: Apache-2.0
// Writes curves as .csv files, and a gnuplot script that plots them.
#pragma once

#include <coupleface/io/npy.hpp>

#include <cmath>
#include <limits>
#include <string>

#include "face_kit/report/csv_writer.hpp"
#include "face_kit/report/plot_files.hpp"
#include "face_kit/run/file_output.hpp"
#include "face_kit/run/output_folder.hpp"
#include "json_results.hpp"
#include "report.hpp"

namespace evaluate {

/// The text for NaN, as gnuplot and readers of the files expect it.
inline csv_style const all_digits{17, "nan"};

/// @param rate the name of the second rate: tar, or dir
inline void write_curve(std::string const& file, coupleface::roc_curve const& curve,
                        char const* rate) {
  csv_writer table({"threshold", "far", rate}, all_digits);
  for (std::size_t k = 0; k < curve.far.size(); ++k)
    table.row(curve.thresholds[k], curve.far[k], curve.tar[k]);
  table.write(file);
}

inline coupleface::roc_curve curve_of(std::vector<coupleface::operating_point> const& points) {
  coupleface::roc_curve curve;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    curve.thresholds.push_back(point->threshold);
    curve.far.push_back(point->far);
    curve.tar.push_back(point->tar);
  }
  return curve;
}

inline void write_ranks(std::string const& file, std::vector<double> const& rates) {
  csv_writer table({"rank", "identified"}, all_digits);
  for (std::size_t k = 0; k < rates.size(); ++k) table.row(k + 1, rates[k]);
  table.write(file);
}

inline void write_agreement(output_folder const& folder, agreement_results const& found) {
  auto const infinity = std::numeric_limits<double>::infinity();
  auto const& edges = found.edges;
  csv_writer gaps({"from", "to", "pairs"});
  gaps.row(-infinity, edges.front(), found.agreement.below);
  for (std::size_t b = 0; b + 1 < edges.size(); ++b)
    gaps.row(edges[b], edges[b + 1], found.agreement.histogram[b]);
  gaps.row(edges.back(), infinity, found.agreement.above);
  gaps.write(folder.path("gaps_of_" + found.of + ".csv"));
  csv_writer rows({"label", "neighbour_overlap", "rank_correlation"}, all_digits);
  for (std::size_t i = 0; i < found.agreement.overlaps.size(); ++i) {
    rows.row(found.labels.empty() ? static_cast<std::int32_t>(i) : found.labels[i],
             found.agreement.overlaps[i], found.agreement.rank_correlations[i]);
  }
  rows.write(folder.path("agreement_of_" + found.of + ".csv"));
}

/// float32, as computed; for a list of scores float64, as read.
inline void write_scores(std::string const& file, arguments const& a,
                         std::vector<double> const& scores) {
  if (!a.scores.empty()) return coupleface::write_npy(file, view_of(scores));
  std::vector<float> const computed(scores.begin(), scores.end());
  coupleface::write_npy(file, view_of(computed));
}

/// The content of plots.gp: names of .csv files without extension, in the order of the legend.
struct plots {
  std::vector<std::string> curves, agreements;
  int ranks = 0;
};

/// The title of a file's points in a legend.
inline std::string curve_title(std::string const& name) {
  if (name == "roc_pairs") return "1:1, listed pairs";
  if (name == "roc_all_pairs") return "1:1, all pairs";
  return "1:N with unknown people (DIR)";
}

/// Plots all ROC curves, the ranks, and the gaps of each agreement.
inline void write_plot_script(std::string const& file, plots const& drawn) {
  auto script = text_of_file();
  script << "# Draws the .csv files beside it: gnuplot plots.gp\n"
            "set encoding utf8\nset grid\nset key noenhanced above\n"
            "set datafile separator ','\nset datafile missing 'nan'\n"
         << plot_formats;
  if (!drawn.curves.empty()) {
    script << "  set output 'roc.'.format\n  set logscale x\n  set format x '10^{%L}'\n"
              "  set autoscale xfix\n  set yrange [*:1]\n"
              "  set title 'ROC'\n  set xlabel 'false accept rate'\n"
              "  set ylabel 'true accept (identification) rate'\n  plot ";
    for (std::size_t c = 0; c < drawn.curves.size(); ++c) {
      script << (c == 0 ? "" : ", \\\n    ") << '\'' << drawn.curves[c]
             << ".csv' every ::1 using ($2 > 0 ? $2 : NaN):3 with steps lw 2 "
             << plot_line(drawn.curves[c], c) << " title '" << curve_title(drawn.curves[c]) << "'";
    }
    script << "\n";
  }
  if (drawn.ranks > 0) {
    script << "  unset logscale x\n  set format x '%g'\n  set xtics " << whole_step(drawn.ranks)
           << "\n  set xrange [0.8:" << drawn.ranks
           << ".2]\n  set yrange [*:1]\n  set output 'cmc.'.format\n"
              "  set title 'Identification: the right person within the first ranks'\n"
              "  set xlabel 'rank'\n  set ylabel 'share of probes'\n"
              "  plot 'cmc.csv' every ::1 using 1:2 with linespoints pt 7 lw 2 lc rgb "
           << plot_colour("cmc", 0) << " notitle\n";
  }
  for (auto const& name : drawn.agreements) {
    // The first and the last row count the values outside the bins.
    script << "  unset logscale x\n  set format x '%g'\n  set xtics autofreq\n"
              "  set autoscale x\n  set yrange [0:*]\n  set output '"
           << name
           << ".'.format\n  set title 'Relations of the student against the teacher''s'\n"
              "  set xlabel 'gap: relation of the student minus relation of the teacher'\n"
              "  set ylabel 'pairs in the bin'\n  plot '"
           << name
           << ".csv' every ::1 using (abs($1) < 1e9 && abs($2) < 1e9 ? ($1 + $2) / 2 : NaN)"
              ":3:($2 - $1) with boxes fs solid 0.6 lc rgb "
           << plot_colour(name, 0) << " notitle\n";
  }
  script << "  unset output\n}\n";
  write_atomically(file, script.str());
}

/// What --replace may replace: a folder with results.json of this program and, beside it, only
/// files that it writes.
inline folder_check results_of_evaluate() {
  std::vector<std::string> files{"results.json",      "pair_scores.npy", "roc_pairs.csv",
                                 "roc_all_pairs.csv", "dir.csv",         "cmc.csv",
                                 "plots.gp",          "plots.log"};
  std::vector<std::string> pictures{"roc", "cmc"};
  for (std::string const of : {"rows", "classes"}) {
    files.push_back("agreement_of_" + of + ".csv");
    files.push_back("gaps_of_" + of + ".csv");
    pictures.push_back("gaps_of_" + of);
  }
  for (auto const& picture : pictures) {
    for (char const* const format : {".png", ".svg"}) files.push_back(picture + format);
  }
  return earlier_results("results.json", std::move(files), is_results_file);
}

/// @returns the pictures that plots.gp draws, without .png and .svg; empty: there is no plots.gp
inline std::vector<std::string> write_files(output_folder const& folder, arguments const& a,
                                            inputs const& in, results const& found) {
  plots drawn;
  auto const add = [&](std::string const& name, coupleface::roc_curve const& curve,
                       char const* rate) {
    write_curve(folder.path(name + ".csv"), curve, rate);
    bool drawable = false;  // on the logarithmic axis; no score may be a number
    for (std::size_t k = 0; k < curve.far.size(); ++k)
      drawable = drawable || (curve.far[k] > 0 && !std::isnan(curve.tar[k]));
    if (drawable) drawn.curves.push_back(name);
    else note("%s.csv: there is nothing to plot", name.c_str());
  };
  if (found.pairs) {
    add("roc_pairs", found.pairs->curve, "tar");
    write_scores(folder.path("pair_scores.npy"), a, found.pairs->scores);
  }
  if (found.all_pairs_curve) add("roc_all_pairs", curve_of(found.all_pairs_curve->points), "tar");
  if (found.identification) {
    if (found.identification->unmated > 0) add("dir", found.identification->open_set, "dir");
    write_ranks(folder.path("cmc.csv"), found.identification->rank_rates);
    auto const& rates = found.identification->rank_rates;
    if (!std::isnan(rates.front())) drawn.ranks = static_cast<int>(rates.size());
  }
  for (auto const& agreement : found.agreement) {
    write_agreement(folder, agreement);
    if (agreement.agreement.pairs > 0) drawn.agreements.push_back("gaps_of_" + agreement.of);
  }
  write_atomically(folder.path("results.json"), json_text(document_of(a, in, found)) + '\n');
  auto pictures = drawn.agreements;
  if (!drawn.curves.empty()) pictures.push_back("roc");
  if (drawn.ranks > 0) pictures.push_back("cmc");
  if (!pictures.empty()) write_plot_script(folder.path("plots.gp"), drawn);
  return pictures;
}

}  // namespace evaluate
