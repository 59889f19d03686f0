// SPDX-License-Identifier: Apache-2.0
// The student of a training run (face_kit/run/training_run.hpp) on libtorch: batches, forward,
// losses, one step of the optimizer; the best network so far as TorchScript.
#pragma once

#include <ATen/autocast_mode.h>

#include <cmath>
#include <coupleface/interop/torch.hpp>
#include <limits>

#include "distillation.hpp"
#include "face_kit/image/augmentation.hpp"
#include "face_kit/run/training_run.hpp"
#include "networks.hpp"
#include "optimizer.hpp"
#include "samplers.hpp"
#include "script_file.hpp"

namespace torch_student {

struct training_data : training_faces {
  torch::Tensor teacher;                  ///< [faces, d] unit rows; undefined without one
  torch::Tensor labels;                   ///< Long [faces], -1 outside of train
  std::vector<face_landmarks> landmarks;  ///< [faces]; may be empty
};

// Purposes of random streams; different numbers, so that no two streams are the same.
struct purpose {
  static constexpr std::uint64_t order = 2, augmentation = 3, masked_pairs = 4;
};

/// [n, 1, side, side], not augmented; with landmarks, masked in the same way in every run.
inline torch::Tensor images_of(face_dataset const& faces, std::vector<int> const& rows,
                               face_landmarks const* landmarks) {
  auto const n = static_cast<std::int64_t>(rows.size());
  torch::Tensor const images = torch::empty({n, 1, faces.side, faces.side});
  augmentation_options const masked{0, 0, 1};
  for (std::int64_t i = 0; i < n; ++i) {
    float* const to = images[i].data_ptr<float>();
    if (!landmarks) {
      to_float(faces.image(rows[i]), faces.side, to);
      continue;
    }
    random_stream const random({purpose::masked_pairs, static_cast<std::uint64_t>(rows[i])});
    augment(faces.image(rows[i]), faces.side, masked, random, to, landmarks + rows[i]);
  }
  return images;
}

/// Unit rows, computed in chunks; `ask` maps images to embeddings.
template <class Ask>
torch::Tensor embed(face_dataset const& faces, std::vector<int> const& rows, Ask const& ask,
                    face_landmarks const* landmarks = nullptr) {
  torch::NoGradGuard const guard;
  std::vector<torch::Tensor> parts;
  for (std::size_t first = 0; first < rows.size(); first += 64) {
    auto const last = std::min(rows.size(), first + 64);
    std::vector<int> const chunk(rows.begin() + first, rows.begin() + last);
    parts.push_back(ask(images_of(faces, chunk, landmarks)).to(torch::kCPU, torch::kFloat));
  }
  return torch::nn::functional::normalize(torch::cat(parts));
}

/// Embeddings of the faces a and b of each pair, and the row of each face.
inline std::vector<float> score_pairs(torch::Tensor const& of_a, std::vector<int> const& place_a,
                                      torch::Tensor const& of_b, std::vector<int> const& place_b,
                                      std::vector<verification_pair> const& pairs) {
  std::vector<float> scores;
  for (auto const& p : pairs)
    scores.push_back(of_a[place_a[p.a]].dot(of_b[place_b[p.b]]).item<float>());
  return scores;
}

class student {
 public:
  student(training_data const& data, run_settings const& settings)
      : data_(data),
        settings_(settings),
        device_(settings.device),
        net_(started_network(settings)),
        distillation_(data.teacher, data.labels, data.classes, settings),
        optimizer_(trained(), settings) {}

  std::vector<std::string> log_columns() const {
    std::vector<std::string> columns{"learning_rate", "total", "fcd", "relation", "classification"};
    // Not for all runs: unfinished ones of before would get a row of another length.
    if (logs_lambda()) columns.push_back("lambda");
    return columns;
  }

  void begin_epoch(int epoch) { distillation_.begin_epoch(epoch); }

  std::vector<int> order_of(int epoch) const {
    random_stream const random({settings_.seed, purpose::order, static_cast<std::uint64_t>(epoch)});
    return settings_.sampler == "plain" ? plain_order(data_.train, random)
                                        : balanced_order(data_.train, data_.faces->labels,
                                                         settings_.images_per_person, random);
  }

  /// @returns a row of the log
  std::vector<double> train_on(batch_rows const& batch) {
    std::int64_t const n = settings_.batch;
    int const side = data_.faces->side;
    torch::Tensor const images = torch::empty({n, 1, side, side});
    torch::Tensor const rows = torch::empty({n}, torch::kLong);
    float* const pixels = images.data_ptr<float>();
#pragma omp parallel for
    for (std::int64_t i = 0; i < n; ++i) {
      int const row = batch.rows[i];
      // Position included: a balanced batch may hold an image twice.
      random_stream const random({settings_.seed, purpose::augmentation,
                                  static_cast<std::uint64_t>(batch.epoch),
                                  static_cast<std::uint64_t>(batch.first + i)});
      augment(data_.faces->image(row), side, settings_.augmentation, random,
              pixels + i * side * side, data_.landmarks.empty() ? nullptr : &data_.landmarks[row]);
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
    optimizer_.clear_gradients();
    (terms.total * optimizer_.scale()).backward();
    double const warmup = settings_.warmup_epochs * static_cast<double>(batch.steps_per_epoch);
    double const rate =
        rate_at(settings_, batch.step, batch.steps, static_cast<std::int64_t>(warmup));
    optimizer_.step(rate);
    distillation_.renew(teacher, labels);
    std::vector<double> row{rate};
    for (auto const& term : {terms.total, terms.fcd, terms.relation, terms.classification})
      row.push_back(term.defined() ? term.item<double>()
                                   : std::numeric_limits<double>::quiet_NaN());
    if (logs_lambda()) row.push_back(terms.lambda);
    return row;
  }

  /// Masked: face b of each pair wears a mask; empty without landmarks.
  std::vector<float> scores(std::vector<verification_pair> const& pairs, bool masked) {
    if (masked && data_.landmarks.empty()) return {};
    auto const [rows, place] = rows_of_pairs(pairs, data_.faces->size());
    net_->eval();
    auto const ask = [&](torch::Tensor const& images) {
      return net_->forward(in_channels_last(images.to(device_)));
    };
    auto const plain = embed(*data_.faces, rows, ask);
    auto const of_b = masked ? embed(*data_.faces, rows, ask, data_.landmarks.data()) : plain;
    return score_pairs(plain, place, of_b, place, pairs);
  }

  void keep_best(std::string const& folder) {
    save_script(folder + "/best.pt", *net_,
                torch::zeros({2, 1, settings_.side, settings_.side}).to(device_));
  }

  void save(std::ostream& out) {
    visit_state([&](void* data, std::size_t size) { write_bytes(out, data, size); }, false);
  }
  void load(std::istream& in) {
    visit_state([&](void* data, std::size_t size) { read_bytes(in, data, size); }, true);
  }

 private:
  bool logs_lambda() const { return settings_.relation_share && settings_.uses_relations(); }

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

  // The fastest layout for convolutions. `contiguous` would leave one-channel tensors unchanged,
  // since they are in both layouts at once, and the next layer would choose the other one.
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

  /// visit(data, bytes) for the whole state, always in the same order. Sizes follow from the
  /// settings.
  template <class Visit>
  void visit_state(Visit const& visit, bool writes_back) {
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

  training_data const& data_;
  run_settings settings_;
  torch::Device device_;
  std::shared_ptr<embedding_network> net_;
  distillation distillation_;
  optimizer optimizer_;
};

}  // namespace torch_student
