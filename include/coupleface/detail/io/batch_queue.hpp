// SPDX-License-Identifier: Apache-2.0
// coupleface: worker threads that compute numbered results, returned in the order of the numbers.
#pragma once

#include <coupleface/view.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The number of a batch counted over all epochs; saturates at the largest index_t.
inline index_t ticket_of(index_t epoch, index_t batch, index_t per_epoch) {
  index_t const largest = std::numeric_limits<index_t>::max();
  if (per_epoch > 0 && epoch > (largest - batch) / per_epoch) { return largest; }
  return epoch * per_epoch + batch;
}

/// @brief Results of `make(ticket)` for tickets [first, last), in this order. A ticket is started
/// only after the result `in_flight` tickets earlier has been taken.
template <class T>
class batch_queue {
 public:
  batch_queue(index_t first, index_t last, index_t in_flight)
      : begun_(first),
        taken_(first),
        last_(std::max(first, last)),
        slots_(static_cast<std::size_t>(std::min(in_flight, last_ - first))) {}
  batch_queue(batch_queue const&) = delete;
  batch_queue& operator=(batch_queue const&) = delete;
  ~batch_queue() { join(); }

  template <class Make>
  void start(int threads, Make make) {
    try {
      for (int t = 0; t < threads && !slots_.empty(); ++t) {
        threads_.emplace_back([this, make] { work(make); });
      }
    } catch (...) {
      join();
      throw;
    }
  }

  /// The result of the next ticket, or the exception it threw; nullopt after the last one or
  /// stop().
  std::optional<T> next() {
    std::unique_lock<std::mutex> lock(mutex_);
    made_.wait(lock, [&] { return stopped_ || taken_ == last_ || slot(taken_).ready; });
    if (stopped_ || taken_ == last_) { return std::nullopt; }
    entry result = std::exchange(slot(taken_), entry{});
    ++taken_;
    lock.unlock();
    free_.notify_one();
    if (result.error) { std::rethrow_exception(result.error); }
    return std::move(result.value);
  }

  void stop() {
    {
      std::lock_guard<std::mutex> const lock(mutex_);
      stopped_ = true;
    }
    free_.notify_all();
    made_.notify_all();
  }

  bool stopped() const {
    std::lock_guard<std::mutex> const lock(mutex_);
    return stopped_;
  }

  index_t taken() const {
    std::lock_guard<std::mutex> const lock(mutex_);
    return taken_;
  }

 private:
  struct entry {
    bool ready = false;
    std::optional<T> value;
    std::exception_ptr error;
  };

  // Tickets in flight at the same time have different slots.
  entry& slot(index_t ticket) {
    return slots_[static_cast<std::size_t>(ticket % static_cast<index_t>(slots_.size()))];
  }

  template <class Make>
  void work(Make const& make) {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      free_.wait(lock, [&] {
        return stopped_ || begun_ == last_ || begun_ - taken_ < index_t(slots_.size());
      });
      if (stopped_ || begun_ == last_) { return; }
      index_t const ticket = begun_++;
      lock.unlock();
      entry result;
      try {
        result.value.emplace(make(ticket));
      } catch (...) { result.error = std::current_exception(); }
      result.ready = true;
      lock.lock();
      slot(ticket) = std::move(result);
      lock.unlock();
      made_.notify_all();
    }
  }

  void join() {
    stop();
    for (std::thread& thread : threads_) { thread.join(); }
    threads_.clear();
  }

  mutable std::mutex mutex_;
  std::condition_variable free_;  // a ticket may be started
  std::condition_variable made_;  // a result is ready
  index_t begun_;
  index_t taken_;
  index_t last_;
  bool stopped_ = false;
  std::vector<entry> slots_;
  std::vector<std::thread> threads_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
