// train_student: trains a small face-embedding network, with or without a teacher, and compares
// ways of doing so. Without arguments it draws its own faces and trains its own teacher first. What
// is here: arguments, data, teacher, the list of runs. The loop itself is in trainer.hpp.
#include <omp.h>

#include <cstdio>

#include "arguments.hpp"
#include "eval_pairs.hpp"
#include "evaluation_report.hpp"
#include "folds.hpp"
#include "synthetic_faces.hpp"
#include "teacher_file.hpp"
#include "trainer.hpp"

namespace {

using namespace train_student;

/// Before any work is done.
void expect_valid_mining(arguments const& a) {
  for (auto const& strategy : a.mining) {
    mining_settings mining = a.run.mining;
    mining.strategy = strategy;
    mining.expect_valid(a.run.k);
  }
}

std::string describe(face_dataset const& faces, std::vector<verification_pair> const& pairs) {
  std::uint64_t check = digest(faces.pixels.data(), faces.pixels.size());
  check = digest(faces.labels.data(), faces.labels.size() * sizeof(std::int32_t), check);
  check = digest(faces.is_train.data(), faces.is_train.size(), check);
  for (auto const& p : pairs) {
    int const numbers[] = {p.fold, p.a, p.b, p.same ? 1 : 0};
    check = digest(numbers, sizeof numbers, check);
  }
  return "faces = " + std::to_string(faces.size()) + ", digest " + std::to_string(check) + '\n';
}

matrix<float> read_embeddings(std::string const& file, face_dataset const& faces) {
  auto const rows = read_teacher(file, faces);
  return const_matrix_map<float>(rows.values.data(), faces.size(), rows.width);
}

/// Larger than the student, trained on more people by margin softmax; its embeddings are kept
/// beside its run.
matrix<float> drawn_teacher(arguments const& a, training_data data) {
  run_settings settings;
  settings.how = method::supervised;
  settings.seed = a.data_seed;
  settings.net = a.run.net;
  settings.net.widths = {32, 64, 128};
  settings.net.blocks = {1, 2, 2};
  settings.epochs = a.teacher_epochs;
  settings.augmentation = a.run.augmentation;
  std::string const folder = a.out + "/teacher", file = folder + "/embeddings.npy";
  trainer teacher(data, settings, folder);
  teacher.run();
  if (!std::filesystem::exists(file)) {
    teacher.resume();
    std::vector<int> all(data.faces->size());
    std::iota(all.begin(), all.end(), 0);
    matrix<float> const embeddings = embed(teacher.network(), *data.faces, all);
    coupleface::npy_writer writer(file);
    writer.write(view_of(embeddings));
    writer.commit();
  }
  return read_embeddings(file, *data.faces);
}

void centre_and_normalise(matrix<float>& teacher, std::vector<int> const& train, bool centre) {
  if (centre) {
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(teacher.cols());
    for (int row : train) mean += teacher.row(row).cast<double>();
    teacher.rowwise() -= (mean / static_cast<double>(train.size())).cast<float>();
  }
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

std::vector<verification_pair> pairs_for(arguments const& a, face_dataset& faces) {
  if (a.eval_pairs.empty()) return make_pairs(faces, a.folds, a.pairs_per_fold, a.data_seed);
  auto found = load_pairs(a.eval_pairs, faces, a.skip_undecodable);
  say_pairs("train_student", a.eval_pairs, found);
  return std::move(found.pairs);
}

/// One for each line of the table: methods, and strategies of those that mine.
std::vector<run_settings> settings_of_methods(arguments const& a) {
  std::vector<run_settings> all;
  for (method m : {method::supervised, method::fcd, method::mrd, method::coupleface}) {
    if (!a.compare && a.how != name_of(m)) continue;
    run_settings settings = a.run;
    settings.how = m;
    for (auto const& strategy : a.mining) {
      settings.mining.strategy = strategy;
      all.push_back(settings);
      if (!settings.uses_relations()) break;
    }
  }
  return all;
}

int run(arguments a) {
  expect_valid_mining(a);
  expect_result_folder(a.out);
  if (a.run.device == "cuda") expect_cuda_device();
  omp_set_num_threads(a.threads > 0 ? a.threads : omp_get_num_procs());
  listen_for_interruption();
  bool const drawn = a.data.empty();
  if (a.run.epochs == 0) a.run.epochs = drawn ? 24 : 8;
  face_dataset faces;
  if (drawn) {
    synthetic_options all = a.synthetic;
    all.people = std::max(a.teacher_people, a.synthetic.people);
    all.side = a.run.net.side;
    all.seed = a.data_seed;
    faces = make_synthetic_faces(all);
  } else {
    faces = load_faces(a.data, a.list, a.run.net.side, a.skip_undecodable);
    say_left_out("train_student", a.data, faces, a.out);
  }
  auto const pairs = pairs_for(a, faces);
  training_data data;
  data.faces = &faces;
  data.select = pairs_of(pairs, a.select_folds);
  data.report = pairs_of(pairs, a.report_folds);
  data.classes = faces.train_people();
  for (int i = 0; i < faces.size(); ++i)
    if (faces.is_train[i]) data.train.push_back(i);
  data.text = describe(faces, pairs) + "select-folds = " + a.select_folds +
              "\nreport-folds = " + a.report_folds + '\n';

  if (drawn) {
    data.teacher = drawn_teacher(a, data);
    data.classes = std::min(data.classes, a.synthetic.people);
    data.train.erase(std::remove_if(data.train.begin(), data.train.end(),
                                    [&](int row) { return faces.labels[row] >= data.classes; }),
                     data.train.end());
  } else if (!a.teacher_embeddings.empty()) {
    data.teacher = read_embeddings(a.teacher_embeddings, faces);
  } else if (a.compare || a.how != "supervised") {
    throw std::invalid_argument(
        "--data without --teacher-embeddings leaves only --method supervised");
  }
  bool const taught = data.teacher.size() > 0, judged = taught && have_rows(faces, data.report);
  std::fprintf(stderr, "%zu train images of %d people, %zu pairs in the table\n", data.train.size(),
               data.classes, data.report.size());
  run_record teacher;
  if (taught) {
    centre_and_normalise(data.teacher, data.train, a.centre);
    a.run.net.embedding = static_cast<int>(data.teacher.cols());
    data.text +=
        "teacher digest = " +
        std::to_string(digest(data.teacher.data(),
                              sizeof(float) * static_cast<std::size_t>(data.teacher.size()))) +
        '\n';
    report_relation_spread(data.teacher, data.train, faces.labels, data.classes, a.run);
    if (judged) teacher = teacher_record(data);
  }

  std::vector<run_record> records;
  for (run_settings settings : settings_of_methods(a)) {
    for (int s = 0; s < a.seeds; ++s) {
      settings.seed = a.run.seed + static_cast<std::uint64_t>(s);
      std::string const folder =
          a.out + '/' + settings.name() + "_seed" + std::to_string(settings.seed);
      records.push_back(trainer(data, settings, folder).run());
    }
  }
  write_report(a.out, records, data.report, faces, judged ? &teacher : nullptr);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{
      "Trains a small face-embedding network; without --data on faces that it draws itself."};
  declare(app, a);
  app.set_config("--config", "", "The same options from a file");
  CLI11_PARSE(app, argc, argv);
  if (argc == 1) a.compare = true;
  try {
    return run(a);
  } catch (interrupted const& stop) {
    std::fprintf(stderr, "\nstopped; the state is in %s\nthe same command continues\n",
                 stop.checkpoint.c_str());
    return 130;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "\ntrain_student: %s\n", error.what());
    return 1;
  }
}
