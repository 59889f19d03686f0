// SPDX-License-Identifier: Apache-2.0
// torch_student: trains MobileFaceNet or IResNet with libtorch, alone or with a teacher: its cached
// embeddings, or a TorchScript file, which may come from this program. This file has the arguments,
// data, teacher and list of runs. The training loop is in face_kit/run/training_run.hpp, a step of
// it in student.hpp.
#include <omp.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "face_kit/data/eval_pairs.hpp"
#include "face_kit/data/synthetic_faces.hpp"
#include "face_kit/data/teacher_file.hpp"
#include "face_kit/distillation/teacher_variation.hpp"
#include "face_kit/report/evaluation_report.hpp"
#include "face_kit/report/json_output.hpp"
#include "face_kit/run/program_main.hpp"
#include "face_kit/run/digest.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/result_folder.hpp"
#include "face_kit/run/script_network.hpp"
#include "student.hpp"

namespace {

using namespace torch_student;

face_dataset read_faces(arguments const& a) {
  if (!a.faces.data.empty()) return load_faces(a.faces, a.run.side, a.out);
  synthetic_options synthetic;
  synthetic.people = a.people;
  synthetic.images_per_person = a.images;
  synthetic.dev_people = a.dev_people;
  synthetic.side = a.run.side;
  return make_synthetic_faces(synthetic);
}

torch::Tensor teacher_embeddings(arguments const& a, face_dataset const& faces) {
  if (!a.faces.teacher_embeddings.empty()) {
    auto rows = read_teacher(a.faces.teacher_embeddings, faces);
    return torch::from_blob(rows.values.data(), {faces.size(), rows.width}).clone();
  }
  if (a.teacher_script.empty()) return {};
  torch::Device const device(a.run.device);
  auto script = load_script(a.teacher_script, device);
  std::vector<int> all(faces.size());
  std::iota(all.begin(), all.end(), 0);
  auto const rows = embed(faces, all, [&](torch::Tensor const& images) {
    auto const x = a.teacher_rgb ? images.expand({-1, 3, -1, -1}) : images;
    return ask_script(a.teacher_script, [&] { return script.forward({x.to(device)}).toTensor(); });
  });
  auto const finite = torch::isfinite(rows).all(1);
  if (!finite.all().item<bool>()) {
    auto const first = torch::nonzero(~finite)[0].item<std::int64_t>();
    throw std::runtime_error(a.teacher_script + ": the embedding of " +
                             faces.paths[static_cast<std::size_t>(first)] + " is not finite");
  }
  return rows;
}

void centre_and_normalise(torch::Tensor& teacher, std::vector<int> const& train, bool centre) {
  std::vector<std::int64_t> const rows(train.begin(), train.end());
  if (centre) teacher = teacher - teacher.index_select(0, torch::tensor(rows)).mean(0, true);
  teacher = torch::nn::functional::normalize(teacher);
}

/// --q-quantile.
void choose_q(arguments& a, face_dataset const& faces, training_data const& data) {
  if (!a.run.q_quantile) return;
  a.run.q =
      variation_within_people(coupleface::matrix_view_of<float const>(data.teacher), data.train,
                              faces.labels, data.classes, a.run.k, *a.run.q_quantile);
  note("q = %g: the teacher's relations vary by no more within a person in %g %% of the cases",
       a.run.q, 100 * *a.run.q_quantile);
}

training_data prepare(arguments& a, face_dataset& faces) {
  training_data data;
  select_faces(a.faces, a.run.seed, faces, data);
  if (a.q) a.run.q = *a.q;
  auto const mines = [&](std::string const& method) {
    run_settings settings;
    settings.method = method;
    return settings.mines();
  };
  if (std::any_of(a.methods.begin(), a.methods.end(), mines))
    a.run.k = fitting_relations(a.run.k, data.classes);
  data.labels = torch::full({faces.size()}, -1, torch::kLong);
  for (int const row : data.train) data.labels[row] = std::int64_t{faces.labels[row]};
  if (!a.landmarks.empty()) data.landmarks = load_landmarks(a.landmarks, faces);
  data.teacher = teacher_embeddings(a, faces);
  digest check;
  if (data.teacher.defined()) {
    centre_and_normalise(data.teacher, data.train, a.faces.centre);
    a.run.embedding = static_cast<int>(data.teacher.size(1));
    check.add(data.teacher.data_ptr(), data.teacher.nbytes());
    choose_q(a, faces, data);
  }
  check.add(data.landmarks);
  data.text += "teacher and landmarks digest = " + check.text() +
               "\nthreads = " + std::to_string(at::get_num_threads()) + '\n';
  return data;
}

run_record teacher_record(training_data const& data) {
  run_record record;
  record.method = "teacher";
  std::vector<int> place(data.faces->size());
  std::iota(place.begin(), place.end(), 0);
  record.pair_scores = score_pairs(data.teacher, place, data.teacher, place, data.report);
  record.summary = summarise(record.pair_scores, data.report);
  return record;
}

/// Reports differences, intervals and ROC for pairs with a mask on one face.
nlohmann::ordered_json report_masked(std::string const& folder, std::vector<run_record> records,
                                     training_data const& data) {
  if (!json_wanted()) std::printf("\nOne face of each pair masked:\n");
  for (auto& record : records) {
    record.pair_scores = std::move(record.masked_scores);
    record.summary = record.masked_summary;
    record.masked_scores.clear();
    record.per_epoch.clear();
  }
  return write_report(folder, records, data.report, *data.faces, nullptr);
}

void run(arguments& a) {
  expect_valid(a);
  if (a.run.device == "cuda" && !torch::cuda::is_available())
    throw usage_error("--device cuda: libtorch finds no GPU");
  expect_result_folder(a.out);
  result_folder const folder(a.out);
  int const threads = a.threads > 0 ? a.threads : omp_get_num_procs();
  omp_set_num_threads(threads);
  at::set_num_threads(threads);
  at::globalContext().setDeterministicAlgorithms(true, false);
  face_dataset faces = read_faces(a);
  training_data const data = prepare(a, faces);
  note("%zu train images of %d people, %zu pairs in the table", data.train.size(), data.classes,
       data.report.size());
  std::vector<run_record> records;
  for (double const share : a.mask_shares) {
    for (auto const& method : a.methods) {
      run_settings settings = a.run;
      settings.method = method;
      settings.lambda = lambda_of(a.lambda, a.methods, method, method_of(method).lambda);
      settings.augmentation.mask = share;
      std::string const run_folder =
          a.out + '/' + settings.name() + "_seed" + std::to_string(settings.seed);
      records.push_back(training_run<student>(data, settings, run_folder).run());
    }
  }
  run_record teacher;
  // A file of embeddings has no rows for the images of a pack.
  bool const judged = data.teacher.defined() &&
                      (a.faces.teacher_embeddings.empty() || have_rows(faces, data.report));
  if (judged) teacher = teacher_record(data);
  auto tables = write_report(a.out, records, data.report, faces, judged ? &teacher : nullptr);
  if (!data.landmarks.empty()) tables["masked"] = report_masked(a.out + "/masked", records, data);
  if (json_wanted()) print_json(std::cout, tables);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program<arguments>(
      {"torch_student", "Trains a face-embedding network with libtorch, with or without a teacher.",
       libtorch_version},
      argc, argv, declare, run);
}
