// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/evaluation_report.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <utility>

#include "face_kit/report/csv_writer.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/report/plot_files.hpp"
#include "face_kit/report/report_page.hpp"
#include "face_kit/report/report_plots.hpp"
#include "face_kit/report/text_table.hpp"
#include "face_kit/run/file_output.hpp"
#include "face_kit/run/program.hpp"

namespace face_kit {

namespace {

using detail::mean_and_deviation;
using detail::moments;
using detail::runs_of;

std::string with_deviation(mean_and_deviation const& value) {
  auto text = fixed(value.mean);
  if (!std::isnan(value.deviation)) text += " ± " + fixed(value.deviation);
  return text;
}

std::string with_interval(difference_interval const& difference) {
  auto const text = fixed(100 * difference.estimate, "%+.2f") + " [" +
                    fixed(100 * difference.low, "%+.2f") + ", " +
                    fixed(100 * difference.high, "%+.2f") + "]";
  return difference.undecided() ? text + " undecided" : text;
}

/// Columns of the table of methods, in percent except the seconds. The last three exist only if
/// runs were also evaluated with a mask on one face of each pair.
constexpr std::array<char const*, 8> column_titles = {
    "accuracy %", "TAR@FAR=1e-2 %",    "TAR@FAR=1e-3 %",        "EER %",
    "seconds",    "masked accuracy %", "masked TAR@FAR=1e-2 %", "masked TAR@FAR=1e-3 %"};
constexpr std::array<char const*, 8> column_names = {
    "accuracy", "tar_1e2",         "tar_1e3",        "eer",
    "seconds",  "masked_accuracy", "masked_tar_1e2", "masked_tar_1e3"};

std::size_t column_count(std::vector<run_record> const& runs) {
  bool const masked = !runs.empty() && !runs[0].masked_scores.empty();
  return masked ? column_names.size() : 5;
}

/// A teacher may have no training time and no masked scores.
bool has_column(run_record const& run, std::size_t column) {
  return column < 4 || (column == 4 ? run.seconds > 0 : !run.masked_scores.empty());
}

std::array<double, 8> columns_of(run_record const& run) {
  auto const &s = run.summary, &m = run.masked_summary;
  return {100 * s.accuracy, 100 * s.tar_1e2,  100 * s.tar_1e3, 100 * s.eer,
          run.seconds,      100 * m.accuracy, 100 * m.tar_1e2, 100 * m.tar_1e3};
}

std::array<mean_and_deviation, 8> moments_of(std::vector<run_record const*> const& runs) {
  std::array<std::vector<double>, 8> values;
  for (auto const* run : runs) {
    auto const columns = columns_of(*run);
    for (std::size_t i = 0; i < columns.size(); ++i) values[i].push_back(columns[i]);
  }
  std::array<mean_and_deviation, 8> result{};
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = moments(values[i]);
  return result;
}

text_table table_of_methods(std::vector<run_record> const& runs, run_record const* teacher) {
  text_table table{{"method", "seeds"}};
  auto const count = column_count(runs);
  table[0].insert(table[0].end(), column_titles.begin(), column_titles.begin() + count);
  if (teacher != nullptr) {
    auto const columns = columns_of(*teacher);
    table.push_back({"teacher", "-"});
    for (std::size_t i = 0; i < count; ++i)
      table.back().push_back(has_column(*teacher, i) ? fixed(columns[i]) : "-");
  }
  for (auto const& method : methods_of(runs)) {
    auto const chosen = runs_of(runs, method);
    table.push_back({method, std::to_string(chosen.size())});
    auto const values = moments_of(chosen);
    for (std::size_t i = 0; i < count; ++i) table.back().push_back(with_deviation(values[i]));
  }
  return table;
}

text_table table_of_differences(std::vector<paired_difference> const& differences) {
  text_table table{{"difference", "seeds", column_titles[0], column_titles[1], column_titles[2]}};
  for (auto const& d : differences) {
    table.push_back({d.better + " - " + d.base, std::to_string(d.seeds)});
    for (auto const& measure : d.measures) table.back().push_back(with_interval(measure));
  }
  return table;
}

constexpr char const* note_on_deviations = "± is the standard deviation over seeds.";
constexpr char const* note_on_intervals =
    "[ ] is the 95 % interval of the difference from resampling people (paired bootstrap, fixed "
    "seeds). Where it contains 0 the difference is undecided.";

void write_methods_csv(std::string const& file, std::vector<run_record> const& runs,
                       run_record const* teacher) {
  auto const count = column_count(runs);
  csv_writer table;
  table.cell("method").cell("seeds");
  for (std::size_t i = 0; i < count; ++i)
    table.cell(column_names[i]).cell(std::string(column_names[i]) + "_deviation");
  table.end_row();
  auto const write_row = [&](std::string const& name,
                             std::vector<run_record const*> const& chosen) {
    table.cell(name).cell(chosen.size());
    auto const values = moments_of(chosen);
    for (std::size_t i = 0; i < count; ++i) {
      bool const known = i < 5 || has_column(*chosen[0], i);
      table.cell(known ? values[i].mean : std::nan("")).cell(values[i].deviation);
    }
    table.end_row();
  };
  if (teacher != nullptr) write_row("teacher", {teacher});
  for (auto const& method : methods_of(runs)) write_row(method, runs_of(runs, method));
  table.write(file);
}

void write_runs_csv(std::string const& file, std::vector<run_record> const& runs) {
  auto const count = column_count(runs);
  csv_writer table;
  table.cell("method").cell("seed");
  for (std::size_t i = 0; i < count; ++i) table.cell(column_names[i]);
  table.row("accuracy_deviation_over_folds");
  for (auto const& run : runs) {
    table.cell(run.method).cell(run.seed);
    auto const columns = columns_of(run);
    for (std::size_t i = 0; i < count; ++i) table.cell(columns[i]);
    table.row(100 * run.summary.accuracy_deviation);
  }
  table.write(file);
}

void write_differences_csv(std::string const& file,
                           std::vector<paired_difference> const& differences) {
  csv_writer table({"better", "base", "seeds", "measure", "difference", "low", "high", "decided"});
  for (auto const& d : differences) {
    for (std::size_t m = 0; m < measure_count; ++m) {
      auto const& of = d.measures[m];
      table.row(d.better, d.base, d.seeds, column_names[m], 100 * of.estimate, 100 * of.low,
                100 * of.high, of.undecided() ? "no" : "yes");
    }
  }
  table.write(file);
}

nlohmann::ordered_json json_of_methods(std::vector<run_record> const& runs,
                                       run_record const* teacher) {
  auto list = nlohmann::ordered_json::array();
  auto const add = [&](std::string const& name, std::vector<run_record const*> const& chosen) {
    nlohmann::ordered_json row{{"method", name}, {"seeds", chosen.size()}};
    auto const values = moments_of(chosen);
    for (std::size_t i = 0; i < column_count(runs); ++i) {
      if (!has_column(*chosen[0], i)) continue;
      row[column_names[i]] = values[i].mean;
      if (!std::isnan(values[i].deviation))
        row[std::string(column_names[i]) + "_deviation"] = values[i].deviation;
    }
    list.push_back(std::move(row));
  };
  if (teacher != nullptr) add("teacher", {teacher});
  for (auto const& method : methods_of(runs)) add(method, runs_of(runs, method));
  return list;
}

nlohmann::ordered_json json_of_differences(std::vector<paired_difference> const& differences) {
  auto list = nlohmann::ordered_json::array();
  for (auto const& d : differences) {
    nlohmann::ordered_json row{{"better", d.better}, {"base", d.base}, {"seeds", d.seeds}};
    for (std::size_t m = 0; m < measure_count; ++m) {
      auto const& of = d.measures[m];
      row[column_names[m]] = {{"difference", 100 * of.estimate},
                              {"low", 100 * of.low},
                              {"high", 100 * of.high},
                              {"decided", !of.undecided()}};
    }
    list.push_back(std::move(row));
  }
  return list;
}

void print_tables(std::ostream& out, text_table const& methods, text_table const& differences,
                  bool markdown) {
  char const* const gap = markdown ? "\n" : "";
  if (!markdown) out << '\n';
  print_aligned(out, methods, markdown);
  out << gap << note_on_deviations << '\n';
  if (differences.size() == 1) return;
  out << '\n';
  print_aligned(out, differences, markdown);
  out << gap << note_on_intervals << '\n';
}

void write_markdown(std::string const& file, text_table const& methods,
                    text_table const& differences) {
  auto stream = text_of_file();
  print_tables(stream, methods, differences, true);
  write_atomically(file, stream.str());
}

/// The kind of a pair, for the page's table of similarities.
enum pair_kind { one_person, two_people, relatives, pair_kinds };

pair_kind kind_of(verification_pair const& pair, face_dataset const& faces) {
  if (pair.same) return one_person;
  auto const a = static_cast<std::size_t>(faces.labels[static_cast<std::size_t>(pair.a)]);
  auto const b = static_cast<std::size_t>(faces.labels[static_cast<std::size_t>(pair.b)]);
  auto const known = faces.families.size();
  return a < known && b < known && faces.families[a] == faces.families[b] ? relatives : two_people;
}

/// Mean similarity of the pairs of each kind, and the students' differences from their teacher.
text_table table_of_similarities(std::vector<run_record> const& runs, run_record const& teacher,
                                 std::vector<verification_pair> const& pairs,
                                 face_dataset const& faces) {
  std::array<double, pair_kinds> count{};
  for (auto const& pair : pairs) ++count[kind_of(pair, faces)];
  auto const means_of = [&](std::vector<run_record const*> const& chosen) {
    std::array<double, pair_kinds> means{};
    for (auto const* run : chosen) {
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        auto const kind = kind_of(pairs[i], faces);
        means[kind] += run->pair_scores[i] / (count[kind] * static_cast<double>(chosen.size()));
      }
    }
    return means;
  };
  text_table table{{"method", "one person", "two people"}};
  std::size_t const kinds = count[relatives] > 0 ? pair_kinds : relatives;
  if (kinds == pair_kinds) {
    table[0].back() = "two people, not related";
    table[0].push_back("two relatives");
  }
  auto const of_teacher = means_of({&teacher});
  table.push_back({"teacher"});
  for (std::size_t k = 0; k < kinds; ++k) table.back().push_back(fixed(of_teacher[k], "%.3f"));
  for (auto const& method : methods_of(runs)) {
    auto const means = means_of(runs_of(runs, method));
    table.push_back({method});
    for (std::size_t k = 0; k < kinds; ++k)
      table.back().push_back(fixed(means[k], "%.3f") + " (" +
                             fixed(means[k] - of_teacher[k], "%+.3f") + ")");
  }
  return table;
}

struct page_contents {
  text_table const &methods, &differences, &similarities;
  bool epochs, losses;
  std::vector<std::string> const& about;
};

void write_report_page(std::string const& out_dir, page_contents const& page) {
  std::vector<page_section> sections;
  if (!page.about.empty()) sections.push_back({"What was compared", page.about, {}, ""});
  sections.push_back(
      {"Methods",
       {"Verification: does a pair of images show one person? TAR is the true accept rate at a "
        "given false accept rate (FAR); EER is the rate at which both errors are equal.",
        note_on_deviations},
       page.methods,
       ""});
  if (page.differences.size() > 1)
    sections.push_back({"Differences between methods", {note_on_intervals}, page.differences, ""});
  sections.push_back({"ROC",
                      {"The share of pairs of one person that are accepted (vertical) against that "
                       "of pairs of two people (horizontal). Higher is better; the left end "
                       "matters where a false accept is costly."},
                      {},
                      out_dir + "/roc.svg"});
  if (page.similarities.size() > 1) {
    sections.push_back(
        {"Agreement with the teacher",
         {"Mean similarity (cosine) of the pairs, and in brackets its gap to the "
          "teacher's. Where a student rates two people as more alike than its teacher does, it "
          "accepts more strangers; the relation term of CoupleFace penalises only that."},
         page.similarities,
         ""});
  }
  if (page.epochs) {
    sections.push_back({"During training",
                        {"After each epoch, mean over seeds; the band is one standard deviation."},
                        {},
                        out_dir + "/epochs.svg"});
  }
  if (page.losses) {
    sections.push_back({"Losses",
                        {"Mean over the steps of each epoch and over seeds. The relation terms of "
                         "different methods are different penalties."},
                        {},
                        out_dir + "/losses.svg"});
  }
  write_page(out_dir + "/report.html", "Comparison of students", sections);
}

/// Names are written unescaped to tables and scripts.
void check_runs(std::vector<run_record> const& runs, std::size_t pairs, run_record const* teacher) {
  std::set<std::pair<std::string, std::uint64_t>> seen;
  auto const check_scores = [&](run_record const& run) {
    if (!run.masked_scores.empty() && run.masked_scores.size() != pairs) {
      throw std::invalid_argument("write_report: " + run.method + " has " +
                                  std::to_string(run.masked_scores.size()) + " masked scores for " +
                                  std::to_string(pairs) + " pairs");
    }
    if (run.pair_scores.size() != pairs) {
      throw std::invalid_argument("write_report: " + run.method + " has " +
                                  std::to_string(run.pair_scores.size()) + " scores for " +
                                  std::to_string(pairs) + " pairs");
    }
  };
  for (auto const& run : runs) {
    bool const plain = run.method.find_first_of(",'\"|\\\n\r") == std::string::npos;
    if (run.method.empty() || !plain) {
      throw std::invalid_argument("write_report: '" + run.method +
                                  "' is not a valid name for a method");
    }
    if (!seen.emplace(run.method, run.seed).second) {
      throw std::invalid_argument("write_report: " + run.method + " with seed " +
                                  std::to_string(run.seed) + " occurs twice");
    }
    check_scores(run);
  }
  if (runs.empty() && teacher == nullptr) throw std::invalid_argument("write_report: no runs");
  if (teacher != nullptr) check_scores(*teacher);
}

}  // namespace

nlohmann::ordered_json write_report(std::string const& out_dir, std::vector<run_record> const& runs,
                                    std::vector<verification_pair> const& pairs,
                                    face_dataset const& faces, run_record const* teacher,
                                    std::ostream& out, std::vector<std::string> const& about) {
  check_runs(runs, pairs.size(), teacher);
  std::error_code error;
  std::filesystem::create_directories(out_dir, error);
  if (error) throw std::runtime_error(out_dir + ": " + error.message());
  remove_report(out_dir);

  auto const differences = compare_methods(runs, pairs, faces);
  auto const methods_table = table_of_methods(runs, teacher);
  auto const differences_table = table_of_differences(differences);
  if (!json_wanted()) print_tables(out, methods_table, differences_table, false);

  write_markdown(out_dir + "/table.md", methods_table, differences_table);
  write_methods_csv(out_dir + "/table.csv", runs, teacher);
  write_runs_csv(out_dir + "/runs.csv", runs);
  write_differences_csv(out_dir + "/differences.csv", differences);
  int const epochs = detail::write_epochs(out_dir + "/epochs.dat", runs);
  detail::write_roc(out_dir + "/roc.dat", runs, pairs, teacher);
  auto const losses = detail::write_losses(out_dir + "/losses.dat", runs);
  detail::write_plot_script(out_dir + "/plots.gp", methods_of(runs), teacher, epochs, losses);
  out.flush();
  std::vector<std::string> pictures{"roc"};
  if (epochs > 0) pictures.push_back("epochs");
  if (losses.any()) pictures.push_back("losses");
  draw_plots(out_dir, pictures, json_wanted() ? std::cerr : out);
  auto const similarities =
      teacher != nullptr ? table_of_similarities(runs, *teacher, pairs, faces) : text_table{};
  write_report_page(
      out_dir, {methods_table, differences_table, similarities, epochs > 0, losses.any(), about});
  return {{"methods", json_of_methods(runs, teacher)},
          {"differences", json_of_differences(differences)}};
}

}  // namespace face_kit
