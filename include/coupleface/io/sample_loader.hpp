// SPDX-License-Identifier: Apache-2.0
// coupleface: batches of samples from any source, read and decoded by its own threads, in an order
// that depends only on a seed.
//
//   record_set const faces("train.rec");
//   sample_loader loader(faces, settings, shuffled{7}, [](face_sample const& s) { return ...; });
//   while (auto batch = loader.next()) { ... batch->samples, batch->labels ... }
//
// Link the system's threads (CMake: Threads::Threads) if the C library lacks them.
#pragma once

#include <coupleface/detail/io/batch_queue.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/face_sample.hpp>
#include <coupleface/io/sample_order.hpp>

#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN

/// Position of a loader: the next batch to return.
struct loader_position {
  index_t epoch = 0;
  index_t batch = 0;
};

struct loader_settings {
  index_t batch_size = 128;       ///< the last batch of an epoch may be smaller
  index_t epochs = 1;             ///< the loader ends before this epoch
  loader_position begin;          ///< the first batch; from position() to resume
  int threads = 2;                ///< they read and decode
  index_t batches_in_flight = 4;  ///< in progress or waiting; this bounds the memory
};

/// Returns samples unchanged.
struct encoded {
  face_sample operator()(face_sample const& sample) const { return sample; }
};

/// Sample and epoch, with which a decoder can seed its augmentation.
struct sample_place {
  index_t epoch;
  index_t index;  ///< in the source
};

template <class T>
struct sample_batch {
  loader_position position;      ///< of this batch
  std::vector<index_t> indices;  ///< [n], in the source
  std::vector<index_t> labels;   ///< [n]
  std::vector<T> samples;        ///< [n], what the decoder returned
};

/// @brief Returns the same batches for any number of threads. `Source` is described in
/// face_sample.hpp and must outlive the loader; `Order` maps (epoch, place, size) to an index, one
/// to one; `Decode` is called as decode(sample) or decode(sample, sample_place), by several threads
/// at once.
template <class Source, class Order = shuffled, class Decode = encoded>
class sample_loader {
  template <class D>
  static auto decoded(D const& decode, face_sample const& sample, sample_place place) {
    if constexpr (std::is_invocable_v<D const&, face_sample const&, sample_place>) {
      return decode(sample, place);
    } else {
      return decode(sample);
    }
  }

 public:
  using batch = sample_batch<decltype(decoded(std::declval<Decode const&>(), face_sample{}, {}))>;

  /// @throws std::invalid_argument for settings that are not positive, or a first batch that no
  ///   epoch has
  explicit sample_loader(Source const& source, loader_settings const& settings = {},
                         Order order = {}, Decode decode = {})
      : source_(source),
        settings_(checked(settings)),
        order_(std::move(order)),
        decode_(std::move(decode)),
        size_(source.size()),
        per_epoch_(size_ / settings.batch_size + (size_ % settings.batch_size != 0)),
        queue_(first_ticket(), last_ticket(), settings.batches_in_flight) {
    queue_.start(settings.threads, [this](index_t ticket) { return make(ticket); });
  }

  /// @brief The next batch, or nothing after the last epoch or stop(). Waits until it is ready.
  /// @throws the exception of source or decoder at the first failing sample of this batch. The
  ///   batch is then skipped, and the next call continues with the following one
  std::optional<batch> next() { return queue_.next(); }

  /// Position of the next batch; a loader that begins there returns the same batches.
  loader_position position() const { return place_of(queue_.taken()); }

  index_t batches_per_epoch() const { return per_epoch_; }

  /// @brief Makes next() return nothing from now on, also if another thread is waiting in it. The
  /// destructor does the same and waits until no thread is in source or decoder.
  void stop() { queue_.stop(); }

 private:
  static loader_settings const& checked(loader_settings const& s) {
    detail::expect(s.batch_size > 0 && s.threads > 0 && s.batches_in_flight > 0, "sample_loader",
                   "batch size, threads or batches in flight are not positive");
    detail::expect(s.epochs >= 0 && s.begin.epoch >= 0 && s.begin.batch >= 0, "sample_loader",
                   "epochs or the place to begin at are negative");
    return s;
  }

  index_t first_ticket() const {
    loader_position const begin = settings_.begin;
    detail::expect(begin.batch == 0 || begin.batch < per_epoch_, "sample_loader",
                   "an epoch has fewer batches than the place to begin at says");
    return detail::ticket_of(begin.epoch, begin.batch, per_epoch_);
  }
  index_t last_ticket() const { return detail::ticket_of(settings_.epochs, 0, per_epoch_); }

  loader_position place_of(index_t ticket) const {
    return per_epoch_ == 0 ? settings_.begin
                           : loader_position{ticket / per_epoch_, ticket % per_epoch_};
  }

  batch make(index_t ticket) const {
    batch made;
    made.position = place_of(ticket);
    index_t const begin = made.position.batch * settings_.batch_size;
    index_t const end = std::min(size_, begin + settings_.batch_size);
    for (index_t i = begin; i < end && !queue_.stopped(); ++i) {
      index_t const index = order_(made.position.epoch, i, size_);
      face_sample const sample = source_.sample(index);
      made.indices.push_back(index);
      made.labels.push_back(sample.label);
      made.samples.push_back(decoded(decode_, sample, {made.position.epoch, index}));
    }
    return made;
  }

  Source const& source_;
  loader_settings settings_;
  Order order_;
  Decode decode_;
  index_t size_;
  index_t per_epoch_;
  detail::batch_queue<batch> queue_;  // last: its threads use all the others
};

COUPLEFACE_NAMESPACE_END
