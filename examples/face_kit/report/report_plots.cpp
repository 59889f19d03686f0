// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/report_plots.hpp"

#include <coupleface/io/csv_table.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <utility>

#include "face_kit/report/plot_files.hpp"
#include "face_kit/run/file_output.hpp"

namespace face_kit::detail {

mean_and_deviation moments(std::vector<double> const& values) {
  double mean = 0;
  for (double const value : values) mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (double const value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() < 2 ? std::nan("")
                                  : std::sqrt(squares / static_cast<double>(values.size() - 1))};
}

std::vector<run_record const*> runs_of(std::vector<run_record> const& runs,
                                       std::string const& method) {
  std::vector<run_record const*> chosen;
  for (auto const& run : runs) {
    if (run.method == method) chosen.push_back(&run);
  }
  return chosen;
}

int write_epochs(std::string const& file, std::vector<run_record> const& runs) {
  auto stream = text_of_file();
  int last = 0;
  for (auto const& method : methods_of(runs)) {
    stream << "# " << method << ": epoch accuracy deviation tar_1e2 deviation\n";
    std::size_t epochs = 0;
    auto const chosen = runs_of(runs, method);
    for (auto const* run : chosen) epochs = std::max(epochs, run->per_epoch.size());
    for (std::size_t e = 0; e < epochs; ++e) {
      std::vector<double> accuracy, tar;
      for (auto const* run : chosen) {
        if (e >= run->per_epoch.size()) continue;
        accuracy.push_back(100 * run->per_epoch[e].accuracy);
        tar.push_back(100 * run->per_epoch[e].tar_1e2);
      }
      auto const a = moments(accuracy);
      auto const t = moments(tar);
      stream << e + 1 << ' ' << a.mean << ' ' << (accuracy.size() > 1 ? a.deviation : 0.0) << ' '
             << t.mean << ' ' << (tar.size() > 1 ? t.deviation : 0.0) << '\n';
    }
    last = std::max(last, static_cast<int>(epochs));
    if (epochs == 0) stream << "NaN NaN NaN NaN NaN\n";  // keeps the number of blocks
    stream << "\n\n";
  }
  write_atomically(file, stream.str());
  return last;
}

void write_roc(std::string const& file, std::vector<run_record> const& runs,
               std::vector<verification_pair> const& pairs, run_record const* teacher) {
  auto const different =
      std::count_if(pairs.begin(), pairs.end(), [](auto const& pair) { return !pair.same; });
  double const lowest = 1.0 / static_cast<double>(std::max<std::ptrdiff_t>(different, 10));
  int const steps = static_cast<int>(std::ceil(-40 * std::log10(lowest)));
  std::vector<double> fars;
  for (int s = 0; s <= steps; ++s)
    fars.push_back(std::pow(lowest, 1.0 - static_cast<double>(s) / steps));
  auto stream = text_of_file();
  auto const write_block = [&](std::string const& name,
                               std::vector<run_record const*> const& chosen) {
    std::vector<std::vector<double>> tars;
    for (auto const* run : chosen) tars.push_back(tars_at(run->pair_scores, pairs, fars));
    stream << "# " << name << ": far tar\n";
    for (std::size_t s = 0; s < fars.size(); ++s) {
      std::vector<double> of_runs;
      for (auto const& run : tars) of_runs.push_back(run[s]);
      stream << fars[s] << ' ' << moments(of_runs).mean << '\n';
    }
    stream << "\n\n";
  };
  for (auto const& method : methods_of(runs)) write_block(method, runs_of(runs, method));
  if (teacher != nullptr) write_block("teacher", {teacher});
  write_atomically(file, stream.str());
}

namespace {

constexpr std::array<char const*, 2> loss_columns = {"fcd", "relation"};

/// Sums over the steps of an epoch.
struct epoch_losses {
  std::array<double, loss_columns.size()> sums{}, counts{};
};

void add_steps(std::string const& file, std::vector<epoch_losses>& epochs) {
  if (!std::filesystem::exists(file)) return;
  coupleface::csv_table steps(file, {"epoch"});
  while (steps.next()) {
    auto const epoch = static_cast<std::size_t>(steps.integer("epoch"));
    if (epoch >= epochs.size()) epochs.resize(epoch + 1);
    for (std::size_t i = 0; i < loss_columns.size(); ++i) {
      if (!steps.has(loss_columns[i]) || steps.text(loss_columns[i]).empty()) continue;
      epochs[epoch].sums[i] += std::strtod(steps.text(loss_columns[i]).c_str(), nullptr);
      ++epochs[epoch].counts[i];
    }
  }
}

}  // namespace

loss_blocks write_losses(std::string const& file, std::vector<run_record> const& runs) {
  std::vector<std::vector<epoch_losses>> methods;
  loss_blocks blocks;
  for (auto const& method : methods_of(runs)) {
    std::vector<epoch_losses> epochs;
    for (auto const* run : runs_of(runs, method)) add_steps(run->directory + "/steps.csv", epochs);
    auto const has = [&](std::size_t column) {
      return std::any_of(epochs.begin(), epochs.end(),
                         [&](auto const& epoch) { return epoch.counts[column] > 0; });
    };
    if (has(0)) blocks.fcd.push_back(methods.size());
    if (has(1)) blocks.relation.push_back(methods.size());
    methods.push_back(std::move(epochs));
  }
  if (!blocks.any()) return blocks;
  auto stream = text_of_file();
  for (auto const& epochs : methods) {
    stream << "# epoch";
    for (auto const* const name : loss_columns) stream << ' ' << name;
    stream << '\n';
    for (std::size_t e = 0; e < epochs.size(); ++e) {
      stream << e + 1;
      for (std::size_t i = 0; i < loss_columns.size(); ++i) {
        stream << ' ';
        if (epochs[e].counts[i] > 0) stream << epochs[e].sums[i] / epochs[e].counts[i];
        else stream << "NaN";
      }
      stream << '\n';
    }
    if (epochs.empty()) stream << "NaN NaN NaN\n";  // keeps the number of blocks
    stream << "\n\n";
  }
  write_atomically(file, stream.str());
  return blocks;
}

namespace {

/// plot clauses for one column of epochs.dat: a band of one deviation and the mean.
void write_epoch_clauses(std::ostream& script, std::vector<std::string> const& methods, int column,
                         double teacher_percent, bool has_teacher) {
  script << "  plot ";
  auto const value = "$" + std::to_string(column);
  auto const deviation = "$" + std::to_string(column + 1);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    std::string const block = "'epochs.dat' index " + std::to_string(m);
    std::string const colour = " lc rgb " + plot_colour(methods[m], m);
    script << (m == 0 ? "" : ", \\\n    ") << block << " using 1:(" << value << "-" << deviation
           << "):(" << value << "+" << deviation << ") with filledcurves fs transparent solid 0.15"
           << colour << " notitle, \\\n    " << block << " using 1:" << column
           << " with linespoints pt 7 ps 0.5 lw 2 " << plot_line(methods[m], m) << " title '"
           << plot_title(methods[m]) << "'";
  }
  if (has_teacher) {
    script << ", \\\n    " << teacher_percent << " with lines dt 2 lw 2 lc black title 'teacher'";
  }
  script << "\n";
}

void write_loss_clauses(std::ostream& script, std::vector<std::string> const& methods,
                        std::vector<std::size_t> const& blocks, int column, char const* title) {
  if (blocks.empty()) return;
  script << "  set title '" << title << "'\n  plot ";
  for (std::size_t const m : blocks) {
    script << (m == blocks[0] ? "" : ", \\\n    ") << "'losses.dat' index " << m
           << " using 1:" << column << " with linespoints pt 7 ps 0.5 lw 2 "
           << plot_line(methods[m], m) << " title '" << plot_title(methods[m]) << "'";
  }
  script << "\n";
}

}  // namespace

void write_plot_script(std::string const& file, std::vector<std::string> const& methods,
                       run_record const* teacher, int epochs, loss_blocks const& losses) {
  auto script = text_of_file();
  script << "# Draws the .dat files beside it: gnuplot plots.gp\n"
            "set encoding utf8\nset grid\n"
            "set key noenhanced above\nset datafile missing 'NaN'\n"
         << plot_formats;
  if (epochs > 0) {
    script << "  unset logscale x\n  set format x '%g'\n  set xtics " << whole_step(epochs)
           << "\n  set xrange [0.8:" << epochs << ".2]\n  set autoscale y\n"
           << "  set output 'epochs.'.format\n  set multiplot layout 1,2\n"
              "  set xlabel 'epoch'\n  set title 'Accuracy after each epoch'\n"
              "  set ylabel 'verification accuracy, %'\n";
    write_epoch_clauses(script, methods, 2, teacher ? 100 * teacher->summary.accuracy : 0, teacher);
    script << "  set title 'TAR at FAR 1e-2 after each epoch'\n"
              "  set ylabel 'true accept rate, %'\n";
    write_epoch_clauses(script, methods, 4, teacher ? 100 * teacher->summary.tar_1e2 : 0, teacher);
    script << "  unset multiplot\n";
  }
  if (losses.any()) {
    script << "  unset logscale x\n  set format x '%g'\n  set xtics autofreq\n  set autoscale x\n"
              "  set yrange [0:*]\n  set output 'losses.'.format\n  set multiplot layout 1,2\n"
              "  set xlabel 'epoch'\n  set ylabel 'mean over the steps'\n";
    write_loss_clauses(script, methods, losses.fcd, 2, "FCD term: distance to the teacher");
    write_loss_clauses(script, methods, losses.relation, 3, "Relation term, before its weight");
    script << "  unset multiplot\n";
  }
  script << "  set output 'roc.'.format\n  set logscale x\n  set format x '10^{%L}'\n"
            "  set xtics autofreq\n  set autoscale xfix\n  set yrange [*:1]\n"
            "  set title 'Verification ROC (mean over seeds)'\n"
            "  set xlabel 'false accept rate'\n  set ylabel 'true accept rate'\n  plot ";
  std::size_t block = 0;
  for (; block < methods.size(); ++block) {
    script << (block == 0 ? "" : ", \\\n    ") << "'roc.dat' index " << block << " with lines lw 2 "
           << plot_line(methods[block], block) << " title '" << plot_title(methods[block]) << "'";
  }
  if (teacher != nullptr) {
    script << (block == 0 ? "" : ", \\\n    ") << "'roc.dat' index " << block
           << " with lines dt 2 lw 2 lc black title 'teacher'";
  }
  script << "\n  unset output\n}\n";
  write_atomically(file, script.str());
}

}  // namespace face_kit::detail
