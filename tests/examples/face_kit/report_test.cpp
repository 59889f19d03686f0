// SPDX-License-Identifier: Apache-2.0
// Checks how the training example judges and reports: summaries by hand, the bootstrap over people
// against plain counting and against data without a difference, and every file that a report
// leaves.
#include "face_kit/report/evaluation_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/random_stream.hpp"
#include "face_kit/distillation/methods.hpp"
#include "face_kit/report/plot_files.hpp"
#include "face_kit/report/report_page.hpp"
#include "face_kit/report/text_table.hpp"
#include "image_writing.hpp"

namespace {

using image_writing::failure;
using image_writing::temporary_folder;
using namespace face_kit;

/// Faces without pixels: only who is on them.
face_dataset faces_of(int people, int images) {
  face_dataset faces;
  for (int p = 0; p < people; ++p) {
    faces.people.push_back("p" + std::to_string(p));
    for (int i = 0; i < images; ++i) {
      faces.labels.push_back(p);
      faces.is_train.push_back(0);
      faces.paths.push_back(faces.people.back() + "/" + std::to_string(i));
    }
  }
  return faces;
}

/// Scores like those of embeddings: people differ in how well they can be told, pairs share that.
std::vector<float> scores_of(std::vector<verification_pair> const& pairs, face_dataset const& faces,
                             double separation, std::uint64_t seed) {
  std::vector<float> scores;
  random_stream random{seed};
  std::vector<double> ease;
  for (std::size_t p = 0; p < faces.people.size(); ++p) ease.push_back(random.normal());
  for (auto const& pair : pairs) {
    double const shared = ease[faces.labels[pair.a]] + ease[faces.labels[pair.b]];
    scores.push_back(
        static_cast<float>(random.normal() + 0.4 * shared + (pair.same ? separation : 0.0)));
  }
  return scores;
}

run_record run_of(std::string method, std::uint64_t seed, std::vector<float> scores,
                  std::vector<verification_pair> const& pairs) {
  run_record run;
  run.method = std::move(method);
  run.seed = seed;
  run.seconds = 10 + seed;
  run.pair_scores = std::move(scores);
  run.summary = summarise(run.pair_scores, pairs);
  run.per_epoch = {run.summary, run.summary};
  return run;
}

// ---- summaries ----

TEST(summarise, by_hand) {
  // Fold 0 sorts fully at 0.8; fold 1 at 0.4, but each is judged at the other's threshold.
  std::vector<verification_pair> const pairs{{0, 0, 1, true},  {0, 2, 3, true}, {0, 0, 2, false},
                                             {0, 1, 3, false}, {1, 4, 5, true}, {1, 6, 7, true},
                                             {1, 4, 6, false}, {1, 5, 7, false}};
  std::vector<float> const scores{0.9F, 0.8F, 0.6F, 0.5F, 0.7F, 0.4F, 0.2F, 0.1F};
  auto const summary = summarise(scores, pairs);
  EXPECT_DOUBLE_EQ(summary.accuracy,
                   (0.5 + 0.5) / 2);  // at 0.4 all of fold 0, at 0.8 none of fold 1
  EXPECT_DOUBLE_EQ(summary.accuracy_deviation, 0);
  EXPECT_DOUBLE_EQ(summary.tar_1e2, 0.75);  // above the best different pair, 0.6: three of four
  EXPECT_DOUBLE_EQ(summary.tar_1e3, 0.75);
  EXPECT_DOUBLE_EQ(summary.eer, 0.25);  // at 0.6: one of four on either side
}

TEST(summarise, accepts_as_many_as_each_rate_allows) {
  // Of 200 different pairs one is above all others: a hundredth may be accepted, a thousandth not.
  std::vector<verification_pair> pairs;
  std::vector<float> scores;
  for (int k = 0; k < 200; ++k) {
    pairs.push_back({k % 2, 2 * k, 2 * k + 1, false});
    scores.push_back(k == 0 ? 0.9F : 0.1F);
    pairs.push_back({k % 2, 2 * k, 2 * k + 1, true});
    scores.push_back(0.5F);
  }
  auto const summary = summarise(scores, pairs);
  EXPECT_EQ(summary.tar_1e2, 1);
  EXPECT_EQ(summary.tar_1e3, 0);
}

TEST(summarise, refuses_scores_that_do_not_fit) {
  std::vector<verification_pair> const pairs{{0, 0, 1, true}, {1, 0, 2, false}};
  EXPECT_THROW(summarise({0.5F}, pairs), std::invalid_argument);
  EXPECT_THROW(summarise({0.5F, 0.4F}, {{0, 0, 1, true}, {0, 0, 2, false}}), std::invalid_argument);
}

// ---- bootstrap ----

TEST(compare_methods, sees_a_clear_difference_and_none_between_equals) {
  auto const faces = faces_of(60, 5);
  auto const pairs = make_pairs(faces, 5, 200, 1);
  std::vector<run_record> runs;
  for (int seed = 1; seed <= 2; ++seed) {
    auto const base = scores_of(pairs, faces, 1.0, static_cast<std::uint64_t>(seed));
    runs.push_back(run_of("plain", seed, base, pairs));
    runs.push_back(run_of("copy", seed, base, pairs));
    runs.push_back(run_of("better", seed,
                          scores_of(pairs, faces, 3.0, static_cast<std::uint64_t>(seed)), pairs));
  }
  auto const differences = compare_methods(runs, pairs, faces, 1000);
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0].better, "copy");
  EXPECT_EQ(differences[0].base, "plain");
  EXPECT_EQ(differences[2].better, "better");
  EXPECT_EQ(differences[2].base, "copy");
  for (auto const& of : differences[0].measures) {
    EXPECT_EQ(of.estimate, 0);
    EXPECT_EQ(of.low, 0);
    EXPECT_EQ(of.high, 0);
    EXPECT_TRUE(of.undecided());
  }
  EXPECT_EQ(differences[1].seeds, 2);
  double accuracy = 0;
  for (int s : {0, 3}) accuracy += (runs[s + 2].summary.accuracy - runs[s].summary.accuracy) / 2;
  EXPECT_NEAR(differences[1].measures[measure_accuracy].estimate, accuracy, 1e-12);
  for (auto const& of : differences[1].measures) {
    EXPECT_FALSE(of.undecided());
    EXPECT_LE(of.low, of.estimate);
    EXPECT_GE(of.high, of.estimate);
  }
}

TEST(compare_methods, uses_only_seeds_that_both_have) {
  auto const faces = faces_of(20, 4);
  auto const pairs = make_pairs(faces, 2, 40, 1);
  auto const scores = [&](std::uint64_t s) { return scores_of(pairs, faces, 1.0, s); };
  std::vector<run_record> const runs{
      run_of("a", 1, scores(1), pairs), run_of("a", 2, scores(2), pairs),
      run_of("b", 2, scores(3), pairs), run_of("c", 7, scores(4), pairs)};
  auto const differences = compare_methods(runs, pairs, faces, 50);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].seeds, 1);
  EXPECT_NEAR(differences[0].measures[0].estimate,
              runs[2].summary.accuracy - runs[1].summary.accuracy, 1e-12);
}

TEST(compare_methods, same_bits_again_and_on_any_number_of_threads) {
  auto const faces = faces_of(20, 4);
  auto const pairs = make_pairs(faces, 2, 40, 1);
  std::vector<run_record> const runs{run_of("a", 1, scores_of(pairs, faces, 1.0, 1), pairs),
                                     run_of("b", 1, scores_of(pairs, faces, 1.4, 2), pairs)};
  auto const ends = [&] {
    auto const found = compare_methods(runs, pairs, faces, 300);
    return std::vector<double>{found[0].measures[0].low, found[0].measures[0].high,
                               found[0].measures[1].low, found[0].measures[2].high};
  };
  auto const first = ends();
  EXPECT_EQ(first, ends());
#ifdef _OPENMP
  int const threads = omp_get_max_threads();
  omp_set_num_threads(1);
  EXPECT_EQ(first, ends());
  omp_set_num_threads(threads);
#endif
}

TEST(compare_methods, rarely_decides_between_methods_that_do_not_differ) {
  auto const faces = faces_of(40, 4);
  auto const pairs = make_pairs(faces, 4, 60, 1);
  int decided = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    std::vector<run_record> const runs{
        run_of("a", 1, scores_of(pairs, faces, 1.5, 1000 + 2 * trial), pairs),
        run_of("b", 1, scores_of(pairs, faces, 1.5, 1001 + 2 * trial), pairs)};
    decided += !compare_methods(runs, pairs, faces, 200)[0].measures[measure_accuracy].undecided();
  }
  // 5 % of 200 is 10, deviation 3.1; drawing people errs on the wide side, 3 % over 600 trials
  EXPECT_LE(decided, 22);
}

// ---- the report ----

std::string text_of(std::filesystem::path const& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

class report : public ::testing::Test {
 protected:
  report() : faces(faces_of(40, 4)), pairs(make_pairs(faces, 5, 60, 1)) {
    for (int seed = 1; seed <= 3; ++seed) {
      auto const key = static_cast<std::uint64_t>(seed);
      runs.push_back(run_of("supervised", seed, scores_of(pairs, faces, 1.0, key), pairs));
      runs.push_back(run_of("coupleface", seed, scores_of(pairs, faces, 3.0, key + 5), pairs));
    }
    teacher = run_of("teacher", 0, scores_of(pairs, faces, 4.0, 20), pairs);
    teacher.seconds = 0;
  }
  std::string write(std::string const& directory, run_record const* with) {
    std::stringstream out;
    write_report(directory, runs, pairs, faces, with, out);
    return out.str();
  }
  face_dataset faces;
  std::vector<verification_pair> pairs;
  std::vector<run_record> runs;
  run_record teacher;
  temporary_folder folder;
};

TEST_F(report, shows_means_deviations_and_decisions) {
  auto const text = write(folder.string(), &teacher);
  double mean = 0;
  double squares = 0;
  for (int s : {0, 2, 4}) mean += 100 * runs[s].summary.accuracy / 3;
  for (int s : {0, 2, 4}) squares += std::pow(100 * runs[s].summary.accuracy - mean, 2);
  char expected[64];
  std::snprintf(expected, sizeof(expected), "%.2f ± %.2f", mean, std::sqrt(squares / 2));
  EXPECT_TRUE(contains(text, expected)) << expected << "\n" << text;
  EXPECT_TRUE(contains(text, "12.00 ± 1.00")) << text;  // seconds: 11, 12, 13
  EXPECT_TRUE(contains(text, "coupleface - supervised")) << text;
  EXPECT_TRUE(contains(text, "teacher")) << text;
  EXPECT_FALSE(contains(text, "nan")) << text;
}

TEST_F(report, has_columns_of_masked_pairs_where_runs_have_them) {
  EXPECT_FALSE(contains(write(folder.string(), &teacher), "masked"));
  EXPECT_FALSE(contains(text_of(folder / "table.csv"), "masked"));
  for (auto& run : runs) {
    run.masked_scores = scores_of(pairs, faces, 0.5, run.seed + 50);
    run.masked_summary = summarise(run.masked_scores, pairs);
  }
  auto const text = write(folder.string(), &teacher);
  EXPECT_TRUE(contains(text, "masked TAR@FAR=1e-3 %")) << text;
  double mean = 0;
  for (int s : {0, 2, 4}) mean += 100 * runs[s].masked_summary.accuracy / 3;
  char expected[64];
  std::snprintf(expected, sizeof(expected), "%.2f ± ", mean);
  EXPECT_TRUE(contains(text, expected)) << expected << "\n" << text;
  // What is not known of a teacher is left out.
  auto const rows = lines_of(text_of(folder / "table.csv"));
  EXPECT_TRUE(contains(rows[0], "seconds_deviation,masked_accuracy,masked_accuracy_deviation,"));
  EXPECT_EQ(rows[1].substr(rows[1].size() - 6), ",,,,,,") << rows[1];
  for (auto const& row : rows)
    EXPECT_EQ(std::count(row.begin(), row.end(), ','),
              std::count(rows[0].begin(), rows[0].end(), ','));
  runs[0].masked_scores.pop_back();
  EXPECT_THROW(write(folder.string(), &teacher), std::invalid_argument);
}

TEST_F(report, leaves_tables_data_and_script) {
  write(folder.string(), &teacher);
  auto const csv = lines_of(text_of(folder / "table.csv"));
  ASSERT_EQ(csv.size(), 4U);
  EXPECT_EQ(csv[0].substr(0, 40), "method,seeds,accuracy,accuracy_deviation");
  EXPECT_EQ(csv[1].substr(0, 10), "teacher,1,");
  EXPECT_EQ(csv[2].substr(0, 13), "supervised,3,");
  for (auto const& line : csv) EXPECT_EQ(std::count(line.begin(), line.end(), ','), 11) << line;
  EXPECT_EQ(lines_of(text_of(folder / "runs.csv")).size(), 7U);
  EXPECT_EQ(lines_of(text_of(folder / "differences.csv")).size(), 4U);

  auto const markdown = lines_of(text_of(folder / "table.md"));
  for (auto const& line : markdown) {
    if (line.empty() || line[0] != '|') continue;
    EXPECT_EQ(line.substr(0, 2), "| ");
    EXPECT_EQ(line.substr(line.size() - 2), " |");
  }
  EXPECT_EQ(width_of(markdown[0]), width_of(markdown[3]));

  auto const script = text_of(folder / "plots.gp");
  EXPECT_TRUE(contains(script, "'roc.dat' index 2 with lines dt 2 lw 2 lc black title 'teacher'"));
  std::stringstream roc(text_of(folder / "roc.dat"));
  double last_far = 2;
  double last_tar = 2;
  int blocks = 0;
  for (std::string line; std::getline(roc, line);) {
    if (line.empty()) continue;
    if (line[0] == '#') {
      ++blocks;
      last_far = last_tar = 0;
      continue;
    }
    double far = 0;
    double tar = 0;
    std::stringstream(line) >> far >> tar;
    EXPECT_GT(far, last_far);
    EXPECT_GE(tar, last_tar);
    last_far = far;
    last_tar = tar;
  }
  EXPECT_EQ(blocks, 3);
  EXPECT_DOUBLE_EQ(last_far, 1);
  EXPECT_DOUBLE_EQ(last_tar, 1);
}

TEST_F(report, draws_plots_or_says_that_it_cannot) {
  auto const awkward = folder.string() + "/a 'b' $(c)";
  auto const text = write(awkward, &teacher);
  bool const absent = contains(text, "gnuplot was not found");
  for (auto const* name : {"epochs.png", "epochs.svg", "roc.png", "roc.svg"}) {
    auto const file = std::filesystem::path(awkward) / name;
    EXPECT_TRUE(absent || (std::filesystem::exists(file) && std::filesystem::file_size(file) > 500))
        << name << "\n"
        << text;
  }
}

TEST_F(report, plots_have_titles_whole_epochs_and_a_colour_for_each_method) {
  runs[0].per_epoch.assign(25, runs[0].summary);
  write(folder.string(), &teacher);
  auto const script = text_of(folder / "plots.gp");
  EXPECT_TRUE(contains(script, "set xtics 3\n  set xrange [0.8:25.2]")) << script;
  for (auto const* title :
       {"set title 'Accuracy after each epoch'", "set title 'TAR at FAR 1e-2 after each epoch'",
        "set title 'Verification ROC (mean over seeds)'"}) {
    EXPECT_TRUE(contains(script, title)) << script;
  }
  // Supervised has its colour where it comes first, and where it comes second.
  EXPECT_TRUE(
      contains(script, "index 0 with lines lw 2 lc rgb '#009E73' title 'ArcFace, no teach"));
  EXPECT_TRUE(contains(script, "index 1 with lines lw 2 lc rgb '#D55E00' title 'CoupleFace'"));
  std::reverse(runs.begin(), runs.end());
  write(folder.string(), &teacher);
  EXPECT_TRUE(contains(text_of(folder / "plots.gp"),
                       "index 1 with lines lw 2 lc rgb '#009E73' title 'ArcFace, no teach"));
}

TEST(plot_line, tells_all_methods_apart) {
  std::set<std::string> lines;
  for (auto const& name : face_kit::method_names())
    EXPECT_TRUE(lines.insert(face_kit::plot_line(name, 0)).second) << name;
  EXPECT_EQ(face_kit::plot_line("sp", 3), "lc rgb '#E69F00'");
  EXPECT_EQ(face_kit::plot_line("sp_mined", 3), "lc rgb '#E69F00' dt 2");
  EXPECT_EQ(face_kit::plot_line("mine", 1), "lc rgb '#E69F00'");
  EXPECT_EQ(face_kit::plot_line("mine", 5), "lc rgb '#E69F00' dt 2");
}

TEST_F(report, page_holds_tables_and_pictures_and_names_no_other_file) {
  auto const text = write(folder.string(), &teacher);
  auto const page = text_of(folder / "report.html");
  EXPECT_TRUE(contains(page, "<td>coupleface</td><td>3</td>")) << page;
  EXPECT_TRUE(contains(page, "<td>coupleface - supervised</td>"));
  auto const count = [&](std::string const& part) {
    std::size_t found = 0;
    for (auto at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++found;
    return found;
  };
  if (contains(text, "gnuplot was not found")) {
    EXPECT_EQ(count("There is no picture"), 2U);
  } else {
    EXPECT_EQ(count("src=\"data:image/svg+xml;charset=utf-8,%3C"), 2U);
  }
  EXPECT_EQ(count("src="), count("src=\"data:"));
  EXPECT_EQ(count("<a ") + count("<link"), 0U);
}

// Similarities of 0.5 to 0.3 in a family of two, people 0 and 1, and a student 0.1 above its
// teacher for two people, 0.2 for relatives.
TEST_F(report, page_says_what_was_compared_and_how_far_students_are_from_their_teacher) {
  faces.families.resize(faces.people.size());
  for (std::size_t p = 0; p < faces.families.size(); ++p)
    faces.families[p] = static_cast<std::int32_t>(p < 2 ? 0 : p);
  pairs = {{0, 0, 1, true}, {0, 0, 4, false}, {1, 8, 9, true}, {1, 8, 12, false}};
  teacher = run_of("teacher", 0, {0.5F, 0.4F, 0.5F, 0.3F}, pairs);
  runs = {run_of("fcd", 1, {0.5F, 0.6F, 0.5F, 0.4F}, pairs)};
  std::stringstream out;
  write_report(folder.string(), runs, pairs, faces, &teacher, out, {"Two & two."});
  auto const page = text_of(folder / "report.html");
  EXPECT_TRUE(contains(page, "<h2>What was compared</h2>\n<p>Two &amp; two.</p>")) << page;
  for (auto const* row :
       {"<th>two people, not related</th><th>two relatives</th>",
        "<td>teacher</td><td>0.500</td><td>0.300</td><td>0.400</td>",
        "<td>fcd</td><td>0.500 (+0.000)</td><td>0.400 (+0.100)</td><td>0.600 (+0.200)</td>"})
    EXPECT_TRUE(contains(page, row)) << row << "\n" << page;
  faces.families.clear();
  write_report(folder.string(), runs, pairs, faces, &teacher, out);
  EXPECT_TRUE(contains(text_of(folder / "report.html"),
                       "<td>fcd</td><td>0.500 (+0.000)</td><td>0.500 (+0.150)</td></tr>"));
}

TEST_F(report, draws_the_losses_of_runs_that_log_them) {
  write(folder.string(), &teacher);
  EXPECT_FALSE(std::filesystem::exists(folder / "losses.dat"));
  for (std::size_t r = 0; r < runs.size(); ++r) {
    runs[r].directory = (folder / ("r" + std::to_string(r))).string();
    std::filesystem::create_directory(runs[r].directory);
    // Of seeds 1, 2 and 3 of coupleface: FCD 1, 2, 3 in the first epoch.
    bool const related = runs[r].method == "coupleface";
    auto const fcd = std::to_string(runs[r].seed);
    image_writing::write_text(runs[r].directory + "/steps.csv",
                              related ? "epoch,step,total,fcd,relation\n0,0,9," + fcd +
                                            ",0.25\n0,1,9," + fcd + ",0.75\n1,2,9,1,0.5\n"
                                      : "epoch,step,total,fcd,relation\n0,0,9,,\n");
  }
  auto const text = write(folder.string(), &teacher);
  EXPECT_EQ(text_of(folder / "losses.dat"),
            "# epoch fcd relation\n1 NaN NaN\n\n\n# epoch fcd relation\n1 2 0.5\n2 1 0.5\n\n\n");
  EXPECT_FALSE(contains(text_of(folder / "plots.gp"), "'losses.dat' index 0"));
  EXPECT_TRUE(contains(text_of(folder / "plots.gp"), "'losses.dat' index 1 using 1:3"));
  EXPECT_TRUE(contains(text_of(folder / "report.html"), "<h2>Losses</h2>"));
  EXPECT_TRUE(contains(text, "gnuplot was not found") ||
              std::filesystem::exists(folder / "losses.svg"));
}

TEST(write_page, escapes_text_and_encodes_pictures) {
  temporary_folder const folder;
  auto const svg = (folder / "a.svg").string();
  image_writing::write_text(svg, "<svg a=\"#1\">%\n</svg>");
  auto const file = (folder / "page.html").string();
  write_page(file, "a < b", {{"x & y", {"\"p\""}, {{"h<"}, {"c>"}}, svg}});
  auto const page = text_of(file);
  for (auto const* part :
       {"<title>a &lt; b</title>", "<h2>x &amp; y</h2>", "<p>&quot;p&quot;</p>", "<th>h&lt;</th>",
        "<td>c&gt;</td>",
        "src=\"data:image/svg+xml;charset=utf-8,%3Csvg%20a=%22%231%22%3E%25%0A%3C/svg%3E\""}) {
    EXPECT_TRUE(contains(page, part)) << part << "\n" << page;
  }
}

TEST_F(report, goes_on_without_gnuplot) {
  std::string const path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  setenv("PATH", folder.string().c_str(), 1);
  auto const text = write(folder.string(), &teacher);
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(contains(text, "gnuplot was not found")) << text;
  EXPECT_TRUE(std::filesystem::exists(folder / "plots.gp"));
  EXPECT_FALSE(std::filesystem::exists(folder / "plots.log"));
  EXPECT_FALSE(std::filesystem::exists(folder / "roc.png"));
}

TEST_F(report, of_one_run_without_teacher_or_epochs) {
  runs.resize(1);
  runs[0].per_epoch.clear();
  auto const text = write(folder.string(), nullptr);
  EXPECT_FALSE(contains(text, "teacher"));
  EXPECT_FALSE(contains(text, " - supervised"));
  EXPECT_FALSE(contains(text, "nan")) << text;
  EXPECT_FALSE(contains(text_of(folder / "plots.gp"), "'epochs.dat'"));
  EXPECT_EQ(lines_of(text_of(folder / "table.csv")).size(), 2U);
}

TEST_F(report, leaves_nothing_of_an_earlier_one) {
  write(folder.string(), &teacher);
  for (auto const* name : {"epochs.png", "roc.svg"})
    image_writing::write_text(folder / name, "old");
  std::filesystem::create_directory(folder / "supervised_seed1");
  for (auto& run : runs) run.per_epoch.clear();
  std::string const path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  setenv("PATH", folder.string().c_str(), 1);  // no gnuplot
  write(folder.string(), nullptr);
  setenv("PATH", path.c_str(), 1);
  for (auto const* name : {"epochs.png", "epochs.svg", "roc.svg"}) {
    EXPECT_FALSE(std::filesystem::exists(folder / name)) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "roc.dat"));
  EXPECT_TRUE(std::filesystem::exists(folder / "supervised_seed1"));
}

TEST(expect_result_folder, takes_new_empty_and_own_folders) {
  temporary_folder const folder;
  auto const out = (folder / "out").string();
  auto const reason = [&] { return failure([&] { expect_result_folder(out); }); };
  EXPECT_EQ(reason(), "");
  std::filesystem::create_directory(out);
  EXPECT_EQ(reason(), "");
  image_writing::write_text(folder / "out/notes.txt", "mine");
  EXPECT_EQ(reason(), "--out: " + out + ": exists and does not contain runs; choose another");
  image_writing::write_text(folder / "out/fcd_seed1", "mine");
  EXPECT_NE(reason(), "");
  for (auto const* name : {"table.md", "roc.png", "undecodable.txt"}) {  // anybody's
    image_writing::write_text(folder / (std::string("out/") + name), "mine");
    EXPECT_NE(reason(), "") << name;
  }
  std::filesystem::create_directory(folder / "out/mrd_seed12");
  EXPECT_EQ(reason(), "");
  image_writing::write_text(folder / "out/mrd_seed12/notes.txt", "mine");
  EXPECT_NE(reason(), "");
  for (auto const* own : {"checkpoint.bin", "checkpoint.bin.7.0.tmp", "steps.csv", "result.json"}) {
    image_writing::write_text(folder / (std::string("out/mrd_seed12/") + own), "ours");
    EXPECT_EQ(reason(), "") << own;
    std::filesystem::remove(folder / (std::string("out/mrd_seed12/") + own));
    EXPECT_NE(reason(), "");
  }
  std::filesystem::remove_all(out);
  std::filesystem::create_directory(out);
  image_writing::write_text(folder / "out/undecodable.txt", "ours");
  EXPECT_EQ(reason(), "");
  image_writing::write_text(folder / "out/notes.txt", "mine");
  EXPECT_EQ(failure([&] { expect_result_folder((folder / "out/notes.txt").string()); }),
            "--out: " + out + "/notes.txt: exists and is not a folder");
}

TEST_F(report, of_a_teacher_alone) {
  runs.clear();
  EXPECT_TRUE(contains(write(folder.string(), &teacher), "teacher"));
  EXPECT_FALSE(std::filesystem::exists(folder / "plots.log"));
}

TEST_F(report, refuses_what_it_cannot_report) {
  EXPECT_THROW(write_report(folder.string(), {}, pairs, faces, nullptr), std::invalid_argument);
  auto twice = runs;
  twice.push_back(runs[0]);
  EXPECT_THROW(write_report(folder.string(), twice, pairs, faces, nullptr), std::invalid_argument);
  auto short_of_scores = runs;
  short_of_scores[1].pair_scores.pop_back();
  EXPECT_THROW(write_report(folder.string(), short_of_scores, pairs, faces, nullptr),
               std::invalid_argument);
  for (auto const* name : {"", "a,b", "it's", "a|b", "a\nb"}) {
    auto named = runs;
    named[0].method = name;
    EXPECT_THROW(write_report(folder.string(), named, pairs, faces, nullptr),
                 std::invalid_argument);
  }
  image_writing::write_text(folder / "file", "in the way");
  EXPECT_THROW(write_report((folder / "file").string(), runs, pairs, faces, nullptr),
               std::runtime_error);
}

}  // namespace
