// SPDX-License-Identifier: Apache-2.0
// train_student: trains a small face-embedding network, with or without a teacher, and compares
// methods. Without arguments it generates synthetic faces and first trains its own teacher. This
// file has the arguments, data, teacher and list of runs. The training loop is in
// face_kit/run/training_run.hpp, a step of it in student.hpp.
#include <omp.h>
#include <thrust/system/omp/execution_policy.h>

#include <algorithm>
#include <coupleface/io/npy.hpp>
#include <coupleface/normalize.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "arguments.hpp"
#include "class_relations.hpp"
#include "embed_faces.hpp"
#include "face_kit/data/eval_pairs.hpp"
#include "face_kit/data/pair_sampling.hpp"
#include "face_kit/data/row_files.hpp"
#include "face_kit/data/synthetic_faces.hpp"
#include "face_kit/data/teacher_file.hpp"
#include "face_kit/distillation/teacher_variation.hpp"
#include "face_kit/report/evaluation_report.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/run/program_main.hpp"
#include "face_kit/run/digest.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/result_folder.hpp"
#include "network_views.hpp"
#include "student.hpp"

namespace {

using namespace train_student;

matrix<float> read_embeddings(std::string const& file, face_dataset const& faces) {
  auto const rows = read_teacher(file, faces);
  return const_matrix_map<float>(rows.values.data(), faces.size(), rows.width);
}

/// A teacher larger than the student, trained on more people by margin softmax; its embeddings are
/// stored with its run.
matrix<float> synthetic_teacher(arguments const& a, training_data const& data) {
  run_settings settings;
  settings.method = "supervised";
  settings.seed = a.data_seed;
  settings.net = a.run.net;
  settings.net.widths = {32, 64, 128};
  settings.net.blocks = {1, 2, 2};
  settings.epochs = a.teacher_epochs;
  settings.batch = std::min(settings.batch, static_cast<int>(data.train.size()));
  settings.augmentation = a.run.augmentation;
  std::string const folder = a.out + "/teacher", file = folder + "/embeddings.npy";
  training_run<student> teacher(data, settings, folder);
  teacher.run();
  if (!std::filesystem::exists(file)) {
    teacher.resume();
    std::vector<int> all(data.faces->size());
    std::iota(all.begin(), all.end(), 0);
    matrix<float> const embeddings = embed(teacher.student().network(), *data.faces, all);
    coupleface::write_npy(file, view_of(embeddings));
  }
  return read_embeddings(file, *data.faces);
}

/// @throws std::runtime_error  naming the teacher, if no train image has a direction
void centre_and_normalise(matrix<float>& teacher, std::vector<int> const& train, bool centre,
                          std::string const& name) {
  if (centre) {
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(teacher.cols());
    for (int row : train) mean += teacher.row(row).cast<double>();
    teacher.rowwise() -= (mean / static_cast<double>(train.size())).cast<float>();
  }
  bool const all_zero =
      std::all_of(train.begin(), train.end(), [&](int row) { return teacher.row(row).isZero(0); });
  if (all_zero)
    throw std::runtime_error(name + ": the rows of all train images are " +
                             (centre ? "equal, and zero once centred" : "zero") +
                             ", so there is nothing to learn from them");
  matrix<float> const raw = teacher;
  coupleface::normalize_rows(thrust::omp::par, view_of(raw), view_of(teacher));
}

run_record teacher_record(training_data const& data) {
  run_record record;
  record.method = "teacher";
  std::vector<int> place(data.faces->size());
  std::iota(place.begin(), place.end(), 0);
  record.pair_scores = score_pairs(data.teacher, place, data.report);
  record.summary = summarise(record.pair_scores, data.report);
  return record;
}

/// "lambda = 10", or where methods have different weights "lambda = 10 (mrd), 1 (sp, cc)".
std::string weights(arguments const& a) {
  if (a.run.relation_share)
    return "relation terms with a share of " + number_text(*a.run.relation_share);
  std::vector<std::pair<double, std::string>> all;
  for (auto const& method : methods_of(a))
    if (method_of(method).pairs != relation_pairs::none)
      all.emplace_back(lambda_of(a, method), method);
  auto const other = [&](auto const& of) { return of.first != all[0].first; };
  if (std::any_of(all.begin(), all.end(), other)) return "lambda = " + grouped_lambdas(all);
  return "lambda = " + number_text(all.empty() ? 0 : all[0].first);
}

/// --q-quantile.
void choose_q(arguments& a, training_data const& data) {
  if (!a.run.q_quantile) return;
  a.run.q = variation_within_people(view_of(std::as_const(data.teacher)), data.train,
                                    data.faces->labels, data.classes, a.run.k, *a.run.q_quantile);
  note("q = %g: the teacher's relations vary by no more within a person in %g %% of the cases",
       a.run.q, 100 * *a.run.q_quantile);
}

/// One run per line of the table: methods, and the strategies of those that mine.
std::vector<run_settings> settings_of_methods(arguments const& a) {
  std::vector<run_settings> all;
  for (auto const& method : methods_of(a)) {
    run_settings settings = a.run;
    settings.method = method;
    settings.lambda = lambda_of(a, method);
    for (auto const& strategy : a.mining) {
      settings.mining.strategy = strategy;
      if (strategy == "in_batch") settings.k = std::min(settings.k, settings.batch - 1);
      all.push_back(settings);
      if (!settings.mines()) break;
    }
  }
  return all;
}

/// The state is copied twice while a checkpoint is written.
void expect_bank_fits(run_settings const& r, int classes) {
  if (r.bank == "ring")
    expect_option_fits("--bank-depth " + std::to_string(r.bank_depth) + ": the bank's rows",
                       coupleface::index_t{classes} * r.bank_depth, r.net.embedding,
                       3 * sizeof(float));
}

/// Chooses K for these classes, or checks it, and checks what else depends on them.
/// @throws usage_error  naming the option
void fit_relations(arguments& a, int classes) {
  run_settings const& r = a.run;
  auto const mined_by = [&](char const* strategy) {
    return std::find(a.mining.begin(), a.mining.end(), strategy) != a.mining.end();
  };
  a.run.k = r.k == 0 ? default_relations(classes) : fitting_relations(r.k, classes);
  expect_valid_mining(a);
  if (mined_by("rank_window") && r.mining.skip >= classes - 1)
    throw usage_error("--mining-skip: " + std::to_string(r.mining.skip) + " of the " +
                      std::to_string(classes - 1) + " other people leaves none");
  if (mined_by("in_batch") && r.k >= r.batch)
    warn("--mining in_batch: --k %d is reduced to %d, the others of a batch", r.k, r.batch - 1);
  expect_bank_fits(r, classes);
}

/// For synthetic faces without folds in the options: settings are chosen on the first two fifths of
/// the folds, and the table is on the others.
void split_folds(face_options& o, face_dataset const& faces) {
  if (!o.data.empty() || !o.eval_pairs.empty()) return;
  if (!o.select_folds.empty() || !o.report_folds.empty()) return;
  int const folds = fitting_folds(faces, o.folds, o.pairs_per_fold).folds, chosen = folds * 2 / 5;
  if (chosen < 2) return;  // too few for accuracy over folds
  o.select_folds = "0-" + std::to_string(chosen - 1);
  o.report_folds = std::to_string(chosen) + '-' + std::to_string(folds - 1);
}

face_dataset read_faces(arguments const& a) {
  if (!a.faces.data.empty()) return load_faces(a.faces, a.run.net.side, a.out);
  synthetic_options all = a.synthetic;
  all.people = std::max(a.teacher_people, a.synthetic.people);
  all.side = a.run.net.side;
  all.seed = a.data_seed;
  return make_synthetic_faces(all);
}

/// Gets the teacher's embeddings of all faces, not normalised.
void find_teacher(arguments const& a, face_dataset const& faces, training_data& data) {
  if (a.faces.data.empty()) {
    data.teacher = synthetic_teacher(a, data);
    data.classes = std::min(data.classes, a.synthetic.people);
    data.train.erase(std::remove_if(data.train.begin(), data.train.end(),
                                    [&](int row) { return faces.labels[row] >= data.classes; }),
                     data.train.end());
  } else if (!a.faces.teacher_embeddings.empty()) {
    data.teacher = read_embeddings(a.faces.teacher_embeddings, faces);
  }
}

/// The introduction of the report, for readers who have not seen the command.
std::vector<std::string> about(arguments const& a, training_data const& data) {
  auto const number = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return std::string(text);
  };
  std::string faces = "A small network learns to recognise people by their faces, from " +
                      std::to_string(data.train.size()) + " images of " +
                      std::to_string(data.classes) + " people. ";
  if (a.faces.data.empty()) {
    faces += "The faces are synthetic. Its teacher, a larger network, was trained on " +
             std::to_string(std::max(a.teacher_people, a.synthetic.people)) + " such people. ";
    if (a.synthetic.family_size > 1)
      faces +=
          "They come in families of " + std::to_string(a.synthetic.family_size) +
          ", whose members look alike. Each family is used either for training or for testing. ";
  }
  faces += "The tables are on other people. ";
  if (!a.faces.select_folds.empty() && !a.faces.report_folds.empty())
    faces += "They use folds " + a.faces.report_folds +
             " of the pairs; the curves over epochs use " + a.faces.select_folds + ".";
  return {faces, "Relations: each class is compared with its K = " + std::to_string(a.run.k) +
                     " most similar classes; weights: " + weights(a) + ". A gap of up to q = " +
                     number(a.run.q) + " is not penalised. Every method trains for " +
                     std::to_string(a.run.epochs) + " epochs, with " + std::to_string(a.seeds) +
                     (a.seeds == 1 ? " seed." : " seeds.")};
}

void run(arguments& a) {
  expect_valid(a);
  if (a.run.device == "cuda") expect_cuda_device();
  expect_result_folder(a.out);
  result_folder const folder(a.out);
  omp_set_num_threads(a.threads > 0 ? a.threads : omp_get_num_procs());
  bool const synthetic = a.faces.data.empty();
  a.run.epochs = epochs_of(a);
  // How those of synthetic faces were chosen: docs/training.md.
  a.run.q = a.q.value_or(synthetic ? 0.1 : 0.03);
  face_dataset faces = read_faces(a);
  split_folds(a.faces, faces);
  training_data data;
  select_faces(a.faces, a.data_seed, faces, data);
  int const classes = synthetic ? std::min(data.classes, a.synthetic.people) : data.classes;
  fit_relations(a, classes);
  find_teacher(a, faces, data);
  bool const taught = data.teacher.size() > 0, judged = taught && have_rows(faces, data.report);
  note("%zu train images of %d people, %zu pairs in the table; K = %d, %s, q %s", data.train.size(),
       data.classes, data.report.size(), a.run.k, weights(a).c_str(),
       a.run.q_quantile ? "from the teacher" : ("= " + number_text(a.run.q)).c_str());
  run_record teacher;
  if (taught) {
    centre_and_normalise(data.teacher, data.train, a.faces.centre,
                         synthetic ? "the synthetic teacher" : a.faces.teacher_embeddings);
    a.run.net.embedding = static_cast<int>(data.teacher.cols());
    expect_bank_fits(a.run, classes);
    digest check;
    check.add(data.teacher.data(), sizeof(float) * static_cast<std::size_t>(data.teacher.size()));
    data.text += "teacher digest = " + check.text() + '\n';
    choose_q(a, data);
    report_relation_spread(data.teacher, data.train, faces.labels, data.classes, a.run);
    if (judged) teacher = teacher_record(data);
  }

  std::vector<run_record> records;
  for (run_settings settings : settings_of_methods(a)) {
    for (int s = 0; s < a.seeds; ++s) {
      settings.seed = a.run.seed + static_cast<std::uint64_t>(s);
      std::string const run_folder =
          a.out + '/' + settings.name() + "_seed" + std::to_string(settings.seed);
      records.push_back(training_run<student>(data, settings, run_folder).run());
    }
  }
  auto const tables = write_report(a.out, records, data.report, faces, judged ? &teacher : nullptr,
                                   std::cout, about(a, data));
  if (json_wanted()) print_json(std::cout, tables);
}

/// The default without arguments.
void compare_all(arguments& a) {
  a.compare = true;
  run(a);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"train_student",
       "Trains a small face-embedding network; without --data, on generated synthetic faces."},
      argc, argv, declare, argc == 1 ? compare_all : run);
}
