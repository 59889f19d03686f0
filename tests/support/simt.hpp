// SPDX-License-Identifier: Apache-2.0
// Test support: runs the threads of a kernel's block on the host.
//
// Each thread is a fiber; blocks run one after the other. Block barriers, mask barriers, exchanges
// and votes need all the threads that they name: if one has ended or waits for something else, the
// launch throws. Shared memory starts as NaNs.
//
// Fibers run in thread order, in every other block in reverse: if a wait is missing, one of the two
// orders reads a value before it is written. Not detected: other races, orders of blocks, the
// memory model, limits on registers and launches, speed.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <ucontext.h>
#include <vector>

namespace coupleface_test {

// _longjmp under another name: with _FORTIFY_SOURCE, _longjmp aborts a jump to another stack.
extern "C" [[noreturn]] void unchecked_longjmp(std::jmp_buf, int) __asm__("_longjmp");

enum class pause { none, block, mask, exchange, vote, end };

/// One thread of a block.
struct fiber {
  ucontext_t start;
  std::jmp_buf at;
  std::unique_ptr<char[]> stack;
  bool started = false;
  pause state = pause::end;
  unsigned mask = 0;       // of the threads waited for, in this thread's warp
  int difference = 0;      // of an exchange: XOR of the lane numbers
  std::uint64_t sent = 0;  // the value to exchange, or the vote
  std::uint64_t received = 0;
};

/// The running block, and the scheduler of its threads.
class block_emulator {
 public:
  static block_emulator& here() {
    static block_emulator emulator;
    return emulator;
  }

  void run(std::int64_t blocks, int threads, std::int64_t shared_bytes,
           std::function<void()> const& body) {
    if (threads < 1 || threads > 1024 || shared_bytes > 48 * 1024 || blocks > 2147483647) {
      throw std::logic_error("emulator: no such launch");
    }
    while (int(fibers_.size()) < threads) { fibers_.push_back(std::make_unique<fiber>()); }
    body_ = &body;
    threads_ = threads;
    blocks_ = blocks;
    shared_.resize(std::size_t(shared_bytes / 16 + 1));
    ++launches;
    try {
      for (block_ = 0; block_ < blocks; ++block_) { run_block(); }
    } catch (...) {
      fibers_.clear();  // they are suspended in the middle of a kernel
      throw;
    }
  }

  int thread() const { return thread_; }
  int threads() const { return threads_; }
  std::int64_t block() const { return block_; }
  std::int64_t blocks() const { return blocks_; }
  unsigned char* shared() { return reinterpret_cast<unsigned char*>(shared_.data()); }

  std::uint64_t wait(pause state, unsigned mask, std::uint64_t sent, int difference) {
    fiber& self = *fibers_[std::size_t(thread_)];
    self.state = state;
    self.mask = mask;
    self.sent = sent;
    self.difference = difference;
    leave(self);
    return self.received;
  }

  std::int64_t launches = 0;

 private:
  struct alignas(16) sixteen_bytes {
    unsigned char bytes[16];
  };

  void run_block() {
    backwards_ = !backwards_;
    std::memset(shared_.data(), 0xff, shared_.size() * sizeof(sixteen_bytes));
    for (int t = 0; t < threads_; ++t) { fibers_[std::size_t(t)]->state = pause::none; }
    for (int ended = 0; ended < threads_;) {
      for (int turn = 0; turn < threads_; ++turn) {
        thread_ = backwards_ ? threads_ - 1 - turn : turn;
        fiber& f = *fibers_[std::size_t(thread_)];
        if (f.state != pause::none) { continue; }
        enter(f);
        ended += f.state == pause::end;
      }
      if (ended < threads_ && !release()) {
        throw std::logic_error(ended > 0 ? "emulator: a thread has ended that others wait for"
                                         : "emulator: deadlock: all threads wait");
      }
    }
  }

  // Resumes every thread whose wait is complete; returns whether there was one.
  bool release() {
    bool released = release_block();
    for (int first = 0; first < threads_; first += 32) {
      for (int lane = 0; lane < 32 && first + lane < threads_; ++lane) {
        fiber const& f = *fibers_[std::size_t(first + lane)];
        if (f.state == pause::mask || f.state == pause::exchange || f.state == pause::vote) {
          released |= release_mask(first, lane, f.state, f.mask);
        }
      }
    }
    return released;
  }

  bool release_block() {
    for (int t = 0; t < threads_; ++t) {
      if (fibers_[std::size_t(t)]->state != pause::block) { return false; }
    }
    for (int t = 0; t < threads_; ++t) { fibers_[std::size_t(t)]->state = pause::none; }
    return true;
  }

  bool release_mask(int first, int lane, pause state, unsigned mask) {
    auto const at = [&](int l) -> fiber& { return *fibers_[std::size_t(first + l)]; };
    if (!(mask >> lane & 1u)) { throw std::logic_error("emulator: a thread outside its own mask"); }
    std::uint64_t ballot = 0;
    for (int l = 0; l < 32; ++l) {
      if (!(mask >> l & 1u)) { continue; }
      if (first + l >= threads_ || at(l).state != state || at(l).mask != mask) { return false; }
      ballot |= std::uint64_t(at(l).sent != 0) << l;
    }
    for (int l = 0; l < 32; ++l) {
      if (!(mask >> l & 1u)) { continue; }
      at(l).received = ballot;
      if (state != pause::exchange) { continue; }
      int const from = l ^ at(l).difference;
      if (!(mask >> from & 1u)) { throw std::logic_error("emulator: a value from outside"); }
      at(l).received = at(from).sent;
    }
    for (int l = 0; l < 32; ++l) {
      if (mask >> l & 1u) { at(l).state = pause::none; }
    }
    return true;
  }

  // setjmp and longjmp switch stacks without a system call; ucontext only starts a fiber.
  [[gnu::noinline]] void enter(fiber& f) {
    if (_setjmp(scheduler_) != 0) { return; }
    if (f.started) { unchecked_longjmp(f.at, 1); }
    begin(f);
  }
  [[gnu::noinline]] void leave(fiber& f) {
    if (_setjmp(f.at) == 0) { unchecked_longjmp(scheduler_, 1); }
  }
  [[gnu::noinline]] void begin(fiber& f) {
    std::size_t const stack_bytes = 64 * 1024;
    f.started = true;
    f.stack = std::make_unique<char[]>(stack_bytes);
    getcontext(&f.start);
    f.start.uc_stack.ss_sp = f.stack.get();
    f.start.uc_stack.ss_size = stack_bytes;
    f.start.uc_link = nullptr;
    makecontext(&f.start, live, 0);
    setcontext(&f.start);
  }
  static void live() {
    for (;;) {
      (*here().body_)();
      here().wait(pause::end, 0, 0, 0);
    }
  }

  std::jmp_buf scheduler_;
  std::vector<std::unique_ptr<fiber>> fibers_;
  std::function<void()> const* body_ = nullptr;
  std::vector<sixteen_bytes> shared_;
  int thread_ = 0, threads_ = 0;
  std::int64_t block_ = 0, blocks_ = 0;
  bool backwards_ = false;
};

}  // namespace coupleface_test
