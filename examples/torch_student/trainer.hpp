// The training loop: batches, forward, losses, one step of the optimizer; after each epoch an
// evaluation, the best network so far as TorchScript, and a checkpoint. On the CPU a run killed at
// any moment continues to the same bits.
#pragma once

#include <omp.h>

#include <ATen/autocast_mode.h>

#include <cmath>
#include <coupleface/interop/torch.hpp>
#include <fstream>
#include <numeric>
#include <sstream>

#include "../train_student/augmentation.hpp"
#include "../train_student/checkpoint.hpp"
#include "../train_student/dataset.hpp"
#include "../train_student/progress.hpp"
#include "../train_student/verification_run.hpp"
#include "distillation.hpp"
#include "networks.hpp"
#include "optimizer.hpp"
#include "samplers.hpp"
#include "script_file.hpp"

namespace torch_student {

using train_student::face_dataset;
using train_student::run_record;
using train_student::verification_pair;

/// What every run of a comparison shares.
struct training_data {
  face_dataset const* faces = nullptr;
  std::vector<int> train;
  std::int64_t classes = 0;
  torch::Tensor teacher;  // [faces, d] unit rows; undefined without one
  torch::Tensor labels;   // Long [faces], -1 outside of train
  std::vector<train_student::face_landmarks> landmarks;  // [faces], or none
  std::vector<verification_pair> select;                 // after each epoch
  std::vector<verification_pair> report;                 // of the last epoch, for the table
  std::string text;
};

// What a random stream is for; one number each, so that no two streams are the same.
struct purpose {
  static constexpr std::uint64_t order = 2, augmentation = 3, masked_pairs = 4;
};

/// [n, 1, side, side] as the network sees them when nothing is changed; or, given where faces are,
/// with masks, the same ones for every run.
inline torch::Tensor images_of(face_dataset const& faces, std::vector<int> const& rows,
                               train_student::face_landmarks const* landmarks) {
  auto const n = static_cast<std::int64_t>(rows.size());
  torch::Tensor const images = torch::empty({n, 1, faces.side, faces.side});
  train_student::augmentation_options const masked{0, 0, 1};
  for (std::int64_t i = 0; i < n; ++i) {
    float* const to = images[i].data_ptr<float>();
    if (!landmarks) {
      train_student::to_float(faces.image(rows[i]), faces.side, to);
      continue;
    }
    random_stream const random({purpose::masked_pairs, static_cast<std::uint64_t>(rows[i])});
    train_student::augment(faces.image(rows[i]), faces.side, masked, random, to,
                           landmarks + rows[i]);
  }
  return images;
}

/// Unit rows, by chunks; `ask` maps images to embeddings.
template <class Ask>
torch::Tensor embed(face_dataset const& faces, std::vector<int> const& rows, Ask const& ask,
                    train_student::face_landmarks const* landmarks = nullptr) {
  torch::NoGradGuard const guard;
  std::vector<torch::Tensor> parts;
  for (std::size_t first = 0; first < rows.size(); first += 64) {
    auto const last = std::min(rows.size(), first + 64);
    std::vector<int> const chunk(rows.begin() + first, rows.begin() + last);
    parts.push_back(ask(images_of(faces, chunk, landmarks)).to(torch::kCPU, torch::kFloat));
  }
  return torch::nn::functional::normalize(torch::cat(parts));
}

/// Embeddings of the faces a and b of each pair, and in which rows they are.
inline std::vector<float> score_pairs(torch::Tensor const& of_a, std::vector<int> const& place_a,
                                      torch::Tensor const& of_b, std::vector<int> const& place_b,
                                      std::vector<verification_pair> const& pairs) {
  std::vector<float> scores;
  for (auto const& p : pairs)
    scores.push_back(of_a[place_a[p.a]].dot(of_b[place_b[p.b]]).item<float>());
  return scores;
}

class trainer {
 public:
  trainer(training_data const& data, run_settings const& settings, std::string folder)
      : data_(data),
        settings_(settings),
        folder_(std::move(folder)),
        text_(settings.text(data.text)),
        device_(settings.device),
        net_(started_network(settings)),
        distillation_(data.teacher, data.labels, data.classes, settings),
        optimizer_(trained(), settings),
        steps_per_epoch_(static_cast<std::int64_t>(data.train.size()) / settings.batch) {
    if (steps_per_epoch_ == 0) throw std::invalid_argument("batch: larger than the train split");
  }

  run_record run() {
    std::filesystem::create_directories(folder_);
    resume();
    train_student::stopwatch watch;
    double const seconds_before = seconds_;
    std::int64_t const total = settings_.epochs * steps_per_epoch_;
    train_student::progress shown(settings_.name(), step_, total);
    while (step_ < total) {
      int const epoch = static_cast<int>(step_ / steps_per_epoch_);
      if (step_ % steps_per_epoch_ == 0) distillation_.begin_epoch(epoch);
      auto const order = order_of(epoch);
      while (step_ / steps_per_epoch_ == epoch) {
        double const loss = train_on(order, epoch);
        ++step_;
        char text[64];
        std::snprintf(text, sizeof text, "epoch %d/%d  loss %.4f", epoch + 1, settings_.epochs,
                      loss);
        shown.step(step_, text);
        if (step_ % steps_per_epoch_ == 0) break;
        if (train_student::interruption_requested()) stop(seconds_before + watch.seconds());
      }
      evaluate();
      seconds_ = seconds_before + watch.seconds();
      save();
      char text[96];
      std::snprintf(text, sizeof text, "epoch %d/%d  accuracy %.2f %%  TAR@1e-2 %.2f %%", epoch + 1,
                    settings_.epochs, 100 * per_epoch_.back().accuracy,
                    100 * per_epoch_.back().tar_1e2);
      shown.lasting(step_, text);
      if (train_student::interruption_requested()) stop(seconds_);
    }
    run_record record;
    record.method = settings_.name();
    record.seed = static_cast<int>(settings_.seed);
    record.directory = folder_;
    record.pair_scores = scores(data_.report);
    record.summary = train_student::summarise(record.pair_scores, data_.report);
    if (!data_.landmarks.empty()) {
      record.masked_scores = scores(data_.report, data_.landmarks.data());
      record.masked_summary = train_student::summarise(record.masked_scores, data_.report);
    }
    record.per_epoch = per_epoch_;
    record.seconds = seconds_;
    return record;
  }

 private:
  static std::shared_ptr<embedding_network> started_network(run_settings const& s) {
    torch::manual_seed(s.seed);
    return make_network(s.network, s.side, s.embedding);
  }

  std::vector<torch::Tensor> trained() {
    net_->to(device_);
    auto all = net_->parameters();
    torch::NoGradGuard const guard;
    for (auto& p : all)
      if (p.dim() == 4) p.set_data(in_channels_last(p));
    if (settings_.classification_weight() != 0) all.push_back(distillation_.class_weights());
    return all;
  }

  std::vector<int> order_of(int epoch) const {
    random_stream const random({settings_.seed, purpose::order, static_cast<std::uint64_t>(epoch)});
    return settings_.sampler == "plain" ? plain_order(data_.train, random)
                                        : balanced_order(data_.train, data_.faces->labels,
                                                         settings_.images_per_person, random);
  }

  /// One step on the next batch of `order`. An incomplete last batch of an epoch is left out.
  double train_on(std::vector<int> const& order, int epoch) {
    std::int64_t const n = settings_.batch, place = step_ % steps_per_epoch_ * n;
    int const side = data_.faces->side;
    torch::Tensor const images = torch::empty({n, 1, side, side});
    torch::Tensor const rows = torch::empty({n}, torch::kLong);
    float* const pixels = images.data_ptr<float>();
#pragma omp parallel for
    for (std::int64_t i = 0; i < n; ++i) {
      int const row = order[place + i];
      // The place too: balanced batches may hold an image twice.
      random_stream const random({settings_.seed, purpose::augmentation,
                                  static_cast<std::uint64_t>(epoch),
                                  static_cast<std::uint64_t>(place + i)});
      train_student::augment(data_.faces->image(row), side, settings_.augmentation, random,
                             pixels + i * side * side,
                             data_.landmarks.empty() ? nullptr : &data_.landmarks[row]);
      rows.data_ptr<std::int64_t>()[i] = row;
    }
    auto const labels = data_.labels.index_select(0, rows);
    auto const teacher =
        data_.teacher.defined() ? data_.teacher.index_select(0, rows) : torch::Tensor();

    net_->train();
    set_mixed_precision(settings_.amp);
    auto const embeddings = net_->forward(in_channels_last(images.to(device_)));
    set_mixed_precision(false);
    auto const terms = distillation_.loss(embeddings, teacher, labels);
    double const total = terms.total.item<double>();
    if (!std::isfinite(total))
      throw std::runtime_error("step " + std::to_string(step_) +
                               ": the loss is not finite; try a smaller --lr");
    optimizer_.clear_gradients();
    (terms.total * optimizer_.scale()).backward();
    double const rate = rate_at(
        settings_, step_, settings_.epochs * steps_per_epoch_,
        static_cast<std::int64_t>(settings_.warmup_epochs * static_cast<double>(steps_per_epoch_)));
    optimizer_.step(rate);
    distillation_.renew(teacher, labels);
    log(epoch, rate, terms);
    return total;
  }

  // The order in which convolutions are fastest. `contiguous` would leave tensors of one channel as
  // they are, in both orders at once, and the next layer would choose the other.
  static torch::Tensor in_channels_last(torch::Tensor const& t) {
    return t.to(t.options(), false, false, at::MemoryFormat::ChannelsLast);
  }

  static void set_mixed_precision(bool on) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    at::autocast::set_autocast_enabled(at::kCUDA, on);
#else
    at::autocast::set_enabled(on);
#endif
    if (!on) at::autocast::clear_cache();
  }

  /// Given where faces are, face b of each pair wears a mask.
  std::vector<float> scores(std::vector<verification_pair> const& pairs,
                            train_student::face_landmarks const* landmarks = nullptr) {
    std::vector<int> place(data_.faces->size(), -1), rows;
    for (auto const& p : pairs)
      for (int row : {p.a, p.b})
        if (place[row] < 0) {
          place[row] = static_cast<int>(rows.size());
          rows.push_back(row);
        }
    net_->eval();
    auto const ask = [&](torch::Tensor const& images) {
      return net_->forward(in_channels_last(images.to(device_)));
    };
    auto const plain = embed(*data_.faces, rows, ask);
    auto const of_b = landmarks ? embed(*data_.faces, rows, ask, landmarks) : plain;
    return score_pairs(plain, place, of_b, place, pairs);
  }

  void evaluate() {
    double best = -1;
    for (auto const& earlier : per_epoch_) best = std::max(best, earlier.accuracy);
    per_epoch_.push_back(train_student::summarise(scores(data_.select), data_.select));
    if (per_epoch_.back().accuracy > best)
      save_script(folder_ + "/best.pt", *net_,
                  torch::zeros({2, 1, settings_.side, settings_.side}).to(device_));
  }

  void log(int epoch, double rate, loss_terms const& terms) {
    char text[32];
    log_ += std::to_string(epoch) + ',' + std::to_string(step_);
    std::snprintf(text, sizeof text, ",%.9g", rate);
    log_ += text;
    for (auto const& term : {terms.total, terms.fcd, terms.relation, terms.classification}) {
      std::snprintf(text, sizeof text, ",%.9g", term.defined() ? term.item<double>() : 0.0);
      log_ += term.defined() ? text : ",";  // a term that this method does not have
    }
    log_ += '\n';
  }

  std::string log_file() const { return folder_ + "/steps.csv"; }
  std::string checkpoint_file() const { return folder_ + "/checkpoint.bin"; }
  // Apart, so that two runs with the same settings have the same checkpoint.
  std::string seconds_file() const { return folder_ + "/seconds.txt"; }

  /// visit(data, bytes) for the whole state, always in the same order. The sizes follow from the
  /// settings, but for the epochs' results, which come first.
  template <class Visit>
  void visit_state(Visit const& visit, bool writes_back) {
    visit(&step_, sizeof step_);
    visit(&log_size_, sizeof log_size_);
    std::uint64_t epochs = per_epoch_.size();
    visit(&epochs, sizeof epochs);
    per_epoch_.resize(epochs);
    visit(per_epoch_.data(), epochs * sizeof per_epoch_[0]);
    auto scale = optimizer_.scale_state();
    visit(&scale.first, sizeof scale.first);
    visit(&scale.second, sizeof scale.second);
    optimizer_.set_scale_state(scale);
    torch::NoGradGuard const guard;
    auto const visit_tensor = [&](torch::Tensor t) {
      auto const host = t.detach().to(torch::kCPU).contiguous();
      visit(host.data_ptr(), static_cast<std::size_t>(host.nbytes()));
      if (writes_back) t.copy_(host);
    };
    for (auto const& p : net_->parameters()) visit_tensor(p);
    for (auto const& b : net_->buffers()) visit_tensor(b);
    visit_tensor(distillation_.class_weights());
    optimizer_.visit_state(visit_tensor);
    distillation_.visit_state(visit);
  }

  void save() {
    std::ofstream out(log_file(), std::ios::binary | std::ios::app);
    if (!(out << log_).flush())
      throw std::runtime_error(log_file() + ": cannot be written (is the disk full?)");
    log_size_ += log_.size();
    log_.clear();
    std::string bytes;
    visit_state([&](void const* data,
                    std::size_t size) { bytes.append(static_cast<char const*>(data), size); },
                false);
    train_student::save_checkpoint(checkpoint_file(), text_, bytes);
    train_student::write_atomically(seconds_file(), std::to_string(seconds_) + '\n');
  }

  void resume() {
    auto const payload = train_student::load_checkpoint(checkpoint_file(), text_);
    if (!payload) {
      std::filesystem::remove(log_file());
      log_ = "epoch,step,learning_rate,total,fcd,relation,classification\n";
      return;
    }
    std::size_t at = 0;
    visit_state(
        [&](void* data, std::size_t size) {
          if (payload->size() - at < size)
            throw std::runtime_error(checkpoint_file() + ": is smaller than its settings say");
          std::memcpy(data, payload->data() + at, size);
          at += size;
        },
        true);
    if (!std::filesystem::exists(log_file()) || std::filesystem::file_size(log_file()) < log_size_)
      throw std::runtime_error(log_file() + ": is shorter than its checkpoint says; remove " +
                               folder_ + " to start over");
    // Rows of steps after the checkpoint will be written again.
    std::filesystem::resize_file(log_file(), log_size_);
    std::ifstream(seconds_file()) >> seconds_;
  }

  [[noreturn]] void stop(double seconds) {
    seconds_ = seconds;
    save();
    throw train_student::interrupted{checkpoint_file()};
  }

  training_data const& data_;
  run_settings settings_;
  std::string folder_, text_;
  torch::Device device_;
  std::shared_ptr<embedding_network> net_;
  distillation distillation_;
  optimizer optimizer_;
  std::int64_t steps_per_epoch_;
  std::int64_t step_ = 0;
  std::uint64_t log_size_ = 0;
  double seconds_ = 0;
  std::string log_;
  std::vector<train_student::verification_summary> per_epoch_;
};

}  // namespace torch_student
