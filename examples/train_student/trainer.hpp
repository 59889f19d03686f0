// The training loop: batches, the losses of the chosen method on the embeddings, one step of the
// optimizer; after each epoch an evaluation and a checkpoint. A run killed at any moment continues
// from its checkpoint to the same bits.
#pragma once

#include <algorithm>
#include <coupleface/io/npy.hpp>
#include <numeric>

#include "checkpoint.hpp"
#include "class_relations.hpp"
#include "dataset.hpp"
#include "embed_faces.hpp"
#include "progress.hpp"
#include "settings.hpp"
#include "verification_run.hpp"

namespace train_student {

/// What every run of a comparison shares.
struct training_data {
  face_dataset const* faces = nullptr;
  std::vector<int> train;                 // rows of faces
  int classes = 0;                        // labels of the train rows are 0 .. classes - 1
  matrix<float> teacher;                  // [faces, d], empty where no teacher is needed
  std::vector<verification_pair> select;  // after each epoch
  std::vector<verification_pair> report;  // of the last epoch, for the table
  std::string text;                       // lines of the settings that say which data this is
};

class trainer {
 public:
  trainer(training_data const& data, run_settings const& settings, std::string folder)
      : data_(data),
        settings_(settings),
        folder_(std::move(folder)),
        text_(settings.text(data.text)),
        net_(make_network<float>(settings.net)),
        class_weights_("classes", data.classes, settings.net.embedding, true),
        steps_per_epoch_(static_cast<int>(data.train.size()) / settings.batch) {
    if (steps_per_epoch_ == 0) throw std::invalid_argument("batch: larger than the train split");
    random_stream start({settings.seed, purpose::weights});
    net_.start(start);
    class_weights_.fill_normal(start, 1 / std::sqrt(static_cast<float>(settings.net.embedding)));
    matrix<float> prototypes(0, settings.net.embedding);
    if (settings.uses_relations())
      prototypes = teacher_prototypes(data.teacher, data.train, data.faces->labels, data.classes);
    losses_ = make_losses(settings, prototypes);
  }

  /// Starts, continues, or only reads the result of a run that is finished.
  run_record run() {
    std::filesystem::create_directories(folder_);
    if (std::filesystem::exists(result_file())) return read_result();
    resume();
    stopwatch watch;
    double const seconds_before = seconds_;
    std::int64_t const total = std::int64_t{settings_.epochs} * steps_per_epoch_;
    progress shown(settings_.name() + " seed " + std::to_string(settings_.seed), step_, total);
    while (step_ < total) {
      int const epoch = static_cast<int>(step_ / steps_per_epoch_);
      if (step_ % steps_per_epoch_ == 0 && settings_.uses_relations())
        losses_->mine_on_schedule(epoch, seed_of_mining(epoch));
      auto const order = epoch_order(epoch);
      while (step_ / steps_per_epoch_ == epoch) {
        double const loss = train_on(order, epoch);
        ++step_;
        char text[64];
        std::snprintf(text, sizeof text, "epoch %d/%d  loss %.4f", epoch + 1, settings_.epochs,
                      loss);
        shown.step(step_, text);
        if (step_ % steps_per_epoch_ == 0) break;
        if (interruption_requested()) stop(seconds_before + watch.seconds());
      }
      per_epoch_.push_back(summarise(score_pairs(net_, *data_.faces, data_.select), data_.select));
      seconds_ = seconds_before + watch.seconds();
      save();
      char text[96];
      std::snprintf(text, sizeof text, "epoch %d/%d  accuracy %.2f %%  TAR@1e-2 %.2f %%", epoch + 1,
                    settings_.epochs, 100 * per_epoch_.back().accuracy,
                    100 * per_epoch_.back().tar_1e2);
      shown.lasting(step_, text);
      if (interruption_requested()) stop(seconds_);
    }
    return write_result();
  }

  sequence<float>& network() { return net_; }

  /// Takes the state of the checkpoint, or begins where there is none.
  void resume() {
    auto const payload = load_checkpoint(checkpoint_file(), text_);
    if (!payload) {
      std::filesystem::remove(log_file());
      log_ =
          "epoch,step,learning_rate,total,fcd,relation,classification,active_share,"
          "fcd_gradient,relation_gradient,classification_gradient,weight_gradient\n";
      return;
    }
    try {
      std::istringstream in(*payload);
      read_bytes(in, &step_, sizeof step_);
      read_bytes(in, &log_size_, sizeof log_size_);
      std::uint64_t epochs = 0;
      read_bytes(in, &epochs, sizeof epochs);
      per_epoch_.resize(epochs);
      read_bytes(in, per_epoch_.data(), epochs * sizeof(verification_summary));
      load_state(in, net_);
      load_array(in, class_weights_.value, class_weights_.name);
      load_array(in, class_weights_.velocity, class_weights_.name);
      if (settings_.uses_relations()) losses_->load(in);
    } catch (std::runtime_error const& error) {
      throw std::runtime_error(checkpoint_file() + ": " + error.what());
    }
    // Rows of steps after the checkpoint will be written again.
    if (!std::filesystem::exists(log_file()) || std::filesystem::file_size(log_file()) < log_size_)
      throw std::runtime_error(log_file() + ": is shorter than its checkpoint says; remove " +
                               folder_ + " to start over");
    std::filesystem::resize_file(log_file(), log_size_);
    std::ifstream(seconds_file()) >> seconds_;
  }

 private:
  // What a random stream is for; one number each, so that no two streams are the same.
  struct purpose {
    static constexpr std::uint64_t weights = 1, order = 2, augmentation = 3, mining = 4;
  };

  std::uint64_t seed_of_mining(int epoch) const {
    return random_stream({settings_.seed, purpose::mining, static_cast<std::uint64_t>(epoch)})
        .bits();
  }

  std::vector<int> epoch_order(int epoch) const {
    std::vector<int> order = data_.train;
    random_stream({settings_.seed, purpose::order, static_cast<std::uint64_t>(epoch)})
        .shuffle(order);
    return order;
  }

  /// One step on the next batch of `order`. An incomplete last batch of an epoch is left out.
  double train_on(std::vector<int> const& order, int epoch) {
    int const n = settings_.batch, side = data_.faces->side, d = settings_.net.embedding;
    int const* rows = order.data() + step_ % steps_per_epoch_ * n;
    images_.resize(n, {side, side, 1});
    labels_.resize(n);
#pragma omp parallel for
    for (int i = 0; i < n; ++i) {
      random_stream const random({settings_.seed, purpose::augmentation,
                                  static_cast<std::uint64_t>(epoch),
                                  static_cast<std::uint64_t>(rows[i])});
      augment(data_.faces->image(rows[i]), side, settings_.augmentation, random, images_.image(i));
      labels_[i] = data_.faces->labels[rows[i]];
    }
    net_.forward(images_, embeddings_, pass::training);

    if (settings_.uses_teacher()) {
      teacher_.resize(n, d);
      for (int i = 0; i < n; ++i) teacher_.row(i) = data_.teacher.row(rows[i]);
    }
    losses_->begin({view_of(embeddings_), view_of(std::as_const(teacher_)),
                    coupleface::make_vector_view(std::as_const(labels_).data(), n)});
    gradient_.resize(n, {1, 1, d});
    gradient_.data.setZero();
    term_gradient_.resize(n, d);
    step_row row;
    auto const add = [&](float weight, double& norm) {
      norm = term_gradient_.norm();
      gradient_.rows() += weight * term_gradient_;
    };

    if (settings_.uses_teacher()) {
      losses_->fcd(row.fcd, view_of(term_gradient_));
      add(static_cast<float>(settings_.fcd_weight), row.fcd_norm);
    }
    if (settings_.uses_relations()) {
      losses_->relation(row.relation, row.active, view_of(term_gradient_));
      add(static_cast<float>(settings_.lambda), row.relation_norm);
    }
    float const cls_weight = static_cast<float>(settings_.classification_weight());
    if (cls_weight != 0) {
      losses_->classification(
          coupleface::make_matrix_view(std::as_const(class_weights_.value).data(), data_.classes,
                                       d),
          row.cls, view_of(term_gradient_),
          coupleface::make_matrix_view(class_weights_.gradient.data(), data_.classes, d));
      add(cls_weight, row.cls_norm);
      class_weights_.gradient *= cls_weight;
    }

    net_.backward(images_, gradient_, nullptr);
    double squares = 0;
    std::int64_t const warmup =
        static_cast<std::int64_t>(settings_.warmup_epochs * steps_per_epoch_);
    row.rate = rate_at(schedule_of(settings_.rate_schedule), settings_.learning_rate(), step_,
                       std::int64_t{settings_.epochs} * steps_per_epoch_, warmup);
    for_each_trained([&](parameter<float>& p) {
      squares += static_cast<double>(p.gradient.square().sum());
      sgd_step(p, settings_.sgd, row.rate);
    });
    row.weight_norm = std::sqrt(squares);
    if (settings_.uses_relations()) losses_->renew();

    row.total = (settings_.uses_teacher() ? settings_.fcd_weight * row.fcd : 0) +
                (settings_.uses_relations() ? settings_.lambda * row.relation : 0) +
                (cls_weight != 0 ? cls_weight * row.cls : 0);
    if (!std::isfinite(row.total))
      throw std::runtime_error("step " + std::to_string(step_) +
                               ": the loss is not finite; try a smaller --lr");
    log(epoch, row);
    return row.total;
  }

  template <class F>
  void for_each_trained(F const& visit) {
    net_.for_each_parameter(visit);
    if (settings_.classification_weight() != 0) visit(class_weights_);
  }

  struct step_row {
    double rate = 0, total = 0, fcd = nan, relation = nan, active = nan, cls = nan;
    double fcd_norm = nan, relation_norm = nan, cls_norm = nan, weight_norm = 0;
    static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  };

  /// steps.csv is collected in memory and appended before each checkpoint, which knows how long the
  /// file then is.
  void log(int epoch, step_row const& row) {
    char text[32];
    log_ += std::to_string(epoch) + ',' + std::to_string(step_);
    for (double value : {row.rate, row.total, row.fcd, row.relation, row.cls, row.active,
                         row.fcd_norm, row.relation_norm, row.cls_norm, row.weight_norm}) {
      std::snprintf(text, sizeof text, ",%.9g", value);
      log_ += std::isnan(value) ? "," : text;  // a term that this method does not have
    }
    log_ += '\n';
  }

  std::string log_file() const { return folder_ + "/steps.csv"; }
  std::string checkpoint_file() const { return folder_ + "/checkpoint.bin"; }
  // Apart, so that two runs with the same settings have the same checkpoint.
  std::string seconds_file() const { return folder_ + "/seconds.txt"; }
  std::string result_file() const { return folder_ + "/result.txt"; }
  std::string scores_file() const { return folder_ + "/scores.npy"; }

  void flush_log() {
    std::ofstream out(log_file(), std::ios::binary | std::ios::app);
    if (!(out << log_).flush())
      throw std::runtime_error(log_file() + ": cannot be written (is the disk full?)");
    log_size_ += log_.size();
    log_.clear();
  }

  void save() {
    flush_log();
    std::ostringstream out;
    write_bytes(out, &step_, sizeof step_);
    write_bytes(out, &log_size_, sizeof log_size_);
    std::uint64_t const epochs = per_epoch_.size();
    write_bytes(out, &epochs, sizeof epochs);
    write_bytes(out, per_epoch_.data(), epochs * sizeof(verification_summary));
    save_state(out, net_);
    save_array(out, class_weights_.value);
    save_array(out, class_weights_.velocity);
    if (settings_.uses_relations()) losses_->save(out);
    save_checkpoint(checkpoint_file(), text_, out.str());
    write_atomically(seconds_file(), std::to_string(seconds_) + '\n');
  }

  [[noreturn]] void stop(double seconds) {
    seconds_ = seconds;
    save();
    throw interrupted{checkpoint_file()};
  }

  /// The report reads no clock but `seconds`, and no weights: what it needs of a finished run is in
  /// two small files.
  run_record write_result() {
    run_record record = empty_record();
    record.pair_scores = score_pairs(net_, *data_.faces, data_.report);
    record.summary = summarise(record.pair_scores, data_.report);
    record.per_epoch = per_epoch_;
    record.seconds = seconds_;
    coupleface::npy_writer scores(scores_file());
    scores.write(coupleface::make_vector_view(
        record.pair_scores.data(), static_cast<coupleface::index_t>(record.pair_scores.size())));
    scores.commit();
    std::ostringstream out;
    out.precision(17);
    out << "seconds " << record.seconds << "\nepochs " << per_epoch_.size() << '\n';
    for (auto const& s : per_epoch_)
      out << s.accuracy << ' ' << s.accuracy_deviation << ' ' << s.tar_1e2 << ' ' << s.tar_1e3
          << ' ' << s.eer << '\n';
    out << "settings\n" << text_;
    write_atomically(result_file(), out.str());
    return record;
  }

  run_record read_result() {
    std::istringstream in(read_whole_file(result_file()));
    run_record record = empty_record();
    std::string word;
    std::size_t epochs = 0;
    in >> word >> record.seconds >> word >> epochs;
    record.per_epoch.resize(std::min<std::size_t>(epochs, 1000000));
    for (auto& s : record.per_epoch)
      in >> s.accuracy >> s.accuracy_deviation >> s.tar_1e2 >> s.tar_1e3 >> s.eer;
    in >> word >> std::ws;
    if (!in || word != "settings") throw std::runtime_error(result_file() + ": is damaged");
    expect_same_settings(result_file(), std::string(std::istreambuf_iterator<char>(in), {}), text_);
    record.pair_scores = read_scores();
    record.summary = summarise(record.pair_scores, data_.report);
    return record;
  }

  std::vector<float> read_scores() const {
    coupleface::mapped_npy<float> const array(scores_file());
    std::vector<float> const scores(array.data(), array.data() + array.size());
    if (scores.size() != data_.report.size())
      throw std::runtime_error(scores_file() + ": " + std::to_string(scores.size()) +
                               " scores for " + std::to_string(data_.report.size()) + " pairs");
    return scores;
  }

  run_record empty_record() const {
    run_record record;
    record.method = settings_.name();
    record.seed = static_cast<int>(settings_.seed);
    record.directory = folder_;
    return record;
  }

  training_data const& data_;
  run_settings settings_;
  std::string folder_, text_;
  sequence<float> net_;
  parameter<float> class_weights_;
  std::unique_ptr<step_losses> losses_;
  int steps_per_epoch_;
  std::int64_t step_ = 0;
  std::uint64_t log_size_ = 0;
  double seconds_ = 0;
  std::string log_;
  std::vector<verification_summary> per_epoch_;
  tensor<float> images_, embeddings_, gradient_;
  matrix<float> teacher_, term_gradient_;
  std::vector<std::int32_t> labels_;
};

}  // namespace train_student
