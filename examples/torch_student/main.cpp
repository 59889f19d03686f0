// torch_student: trains MobileFaceNet or IResNet with libtorch, alone or after a teacher: its
// cached embeddings, or a TorchScript file, which may come from this program. What is here:
// arguments, data, teacher, the list of runs.
#include "../train_student/eval_pairs.hpp"
#include "../train_student/evaluation_report.hpp"
#include "../train_student/folds.hpp"
#include "../train_student/pair_drawing.hpp"
#include "../train_student/synthetic_faces.hpp"
#include "../train_student/teacher_file.hpp"
#include "trainer.hpp"

namespace {

using namespace torch_student;

face_dataset read_faces(arguments const& a) {
  if (!a.data.empty()) {
    auto faces = train_student::load_faces(a.data, a.list, a.run.side, a.skip_undecodable);
    train_student::say_left_out("torch_student", a.data, faces, a.out);
    return faces;
  }
  train_student::synthetic_options drawn;
  drawn.people = a.people;
  drawn.images_per_person = a.images;
  drawn.dev_people = a.dev_people;
  drawn.side = a.run.side;
  return train_student::make_synthetic_faces(drawn);
}

torch::Tensor teacher_embeddings(arguments const& a, face_dataset const& faces) {
  if (!a.teacher_embeddings.empty()) {
    auto rows = train_student::read_teacher(a.teacher_embeddings, faces);
    return torch::from_blob(rows.values.data(), {faces.size(), rows.width}).clone();
  }
  if (a.teacher_script.empty()) return {};
  torch::Device const device(a.run.device);
  auto script = torch::jit::load(a.teacher_script, device);
  script.eval();
  std::vector<int> all(faces.size());
  std::iota(all.begin(), all.end(), 0);
  auto const rows = embed(faces, all, [&](torch::Tensor const& images) {
    auto const x = a.teacher_rgb ? images.expand({-1, 3, -1, -1}) : images;
    return script.forward({x.to(device)}).toTensor();
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

std::string describe(arguments const& a, face_dataset const& faces, training_data const& data,
                     std::vector<verification_pair> const& pairs) {
  using train_student::digest;
  std::uint64_t check = digest(faces.pixels.data(), faces.pixels.size());
  check = digest(faces.labels.data(), faces.labels.size() * sizeof(std::int32_t), check);
  if (data.teacher.defined()) check = digest(data.teacher.data_ptr(), data.teacher.nbytes(), check);
  for (auto const& face : data.landmarks)
    check = digest(face.data(), face.size() * sizeof face[0], check);
  for (auto const& p : pairs) {
    int const numbers[] = {p.fold, p.a, p.b, p.same ? 1 : 0};
    check = digest(numbers, sizeof numbers, check);
  }
  return "faces = " + std::to_string(faces.size()) + ", digest " + std::to_string(check) +
         "\nselect-folds = " + a.select_folds +
         "\nthreads = " + std::to_string(at::get_num_threads()) + '\n';
}

std::vector<verification_pair> pairs_for(arguments const& a, face_dataset& faces) {
  if (a.eval_pairs.empty())
    return train_student::make_pairs(faces, a.folds, a.pairs_per_fold, a.run.seed);
  auto found = train_student::load_pairs(a.eval_pairs, faces, a.skip_undecodable);
  train_student::say_pairs("torch_student", a.eval_pairs, found);
  return std::move(found.pairs);
}

training_data prepare(arguments& a, face_dataset& faces) {
  auto const pairs = pairs_for(a, faces);
  training_data data;
  data.faces = &faces;
  data.classes = faces.train_people();
  data.labels = torch::full({faces.size()}, -1, torch::kLong);
  for (int i = 0; i < faces.size(); ++i) {
    if (!faces.is_train[i]) continue;
    data.train.push_back(i);
    data.labels[i] = std::int64_t{faces.labels[i]};
  }
  data.select = train_student::pairs_of(pairs, a.select_folds);
  data.report = train_student::pairs_of(pairs, a.report_folds);
  if (!a.landmarks.empty()) data.landmarks = train_student::load_landmarks(a.landmarks, faces);
  data.teacher = teacher_embeddings(a, faces);
  if (data.teacher.defined()) {
    centre_and_normalise(data.teacher, data.train, a.centre);
    a.run.embedding = static_cast<int>(data.teacher.size(1));
  }
  data.text = describe(a, faces, data, pairs);
  return data;
}

run_record teacher_record(training_data const& data) {
  run_record record;
  record.method = "teacher";
  std::vector<int> place(data.faces->size());
  std::iota(place.begin(), place.end(), 0);
  record.pair_scores = score_pairs(data.teacher, place, data.teacher, place, data.report);
  record.summary = train_student::summarise(record.pair_scores, data.report);
  return record;
}

/// Differences, intervals and ROC of the pairs of which one face wears a mask.
void report_masked(std::string const& folder, std::vector<run_record> records,
                   training_data const& data) {
  std::printf("\nOne face of each pair masked:\n");
  for (auto& record : records) {
    record.pair_scores = std::move(record.masked_scores);
    record.summary = record.masked_summary;
    record.masked_scores.clear();
    record.per_epoch.clear();
  }
  train_student::write_report(folder, records, data.report, *data.faces, nullptr);
}

int run(arguments a) {
  train_student::expect_result_folder(a.out);
  int const threads = a.threads > 0 ? a.threads : omp_get_num_procs();
  omp_set_num_threads(threads);
  at::set_num_threads(threads);
  at::globalContext().setDeterministicAlgorithms(true, false);
  train_student::listen_for_interruption();
  if (a.run.amp && a.run.device != "cuda")
    throw std::invalid_argument("--amp: needs --device cuda");
  if (a.run.device == "cuda" && !torch::cuda::is_available())
    throw std::invalid_argument("--device cuda: this libtorch sees no GPU");
  for (double const share : a.mask_shares)
    if (share > 0 && a.landmarks.empty())
      throw std::invalid_argument("--mask-share: needs --landmarks");
  face_dataset faces = read_faces(a);
  training_data const data = prepare(a, faces);
  std::fprintf(stderr, "%zu train images of %d people, %zu pairs in the table\n", data.train.size(),
               static_cast<int>(data.classes), data.report.size());
  std::vector<run_record> records;
  for (double const share : a.mask_shares) {
    for (auto const& method : a.methods) {
      run_settings settings = a.run;
      settings.method = method;
      settings.augmentation.mask = share;
      if (settings.uses_teacher() && !data.teacher.defined())
        throw std::invalid_argument("method " + method +
                                    ": needs --teacher-embeddings or --teacher-script");
      std::string const folder =
          a.out + '/' + settings.name() + "_seed" + std::to_string(settings.seed);
      records.push_back(trainer(data, settings, folder).run());
    }
  }
  run_record teacher;
  // A file of embeddings has no rows for the images of a pack.
  bool const judged = data.teacher.defined() && (a.teacher_embeddings.empty() ||
                                                 train_student::have_rows(faces, data.report));
  if (judged) teacher = teacher_record(data);
  train_student::write_report(a.out, records, data.report, faces, judged ? &teacher : nullptr);
  if (!data.landmarks.empty()) report_masked(a.out + "/masked", records, data);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{"Trains a face-embedding network with libtorch, alone or after a teacher."};
  declare(app, a);
  app.set_config("--config", "", "The same options from a file");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(a);
  } catch (train_student::interrupted const& stop) {
    std::fprintf(stderr, "\nstopped; the state is in %s\nthe same command continues\n",
                 stop.checkpoint.c_str());
    return 130;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "\ntorch_student: %s\n", error.what());
    return 1;
  }
}
