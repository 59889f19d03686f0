// SPDX-License-Identifier: Apache-2.0
// coupleface: walks the valid neighbours of a sample in batches, with a look-ahead for prefetching.
#pragma once

#include <coupleface/detail/losses/gathered_rows.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Up to gathered_batch valid neighbours of one sample: rows of the bank.
struct neighbour_batch {
  index_t ids[gathered_batch];
  int count = 0;
};

/// Walks the batches of one sample. soon() is the batch read after now(), so that its rows can be
/// prefetched: of the same sample, or the first one of the next sample.
template <class Neighbours>
class neighbour_cursor {
 public:
  neighbour_cursor(Neighbours const& neighbours, index_t sample)
      : neighbours_(neighbours), sample_(sample), now_(batch_from(sample, place_)) {
    if (!at_end()) { look_ahead(); }
  }

  bool at_end() const { return now_.count == 0; }
  neighbour_batch const& now() const { return now_; }
  neighbour_batch const& soon() const { return soon_; }
  void advance() {
    now_ = next_;
    if (!at_end()) { look_ahead(); }
  }

 private:
  void look_ahead() {
    next_ = batch_from(sample_, place_);
    index_t first = 0;
    bool const is_last = next_.count == 0 && sample_ + 1 < neighbours_.samples();
    soon_ = is_last ? batch_from(sample_ + 1, first) : next_;
  }

  /// Up to gathered_batch valid neighbours of sample i, starting at the k-th; advances k past them.
  neighbour_batch batch_from(index_t i, index_t& k) const {
    neighbour_batch b;
    for (; k < neighbours_.count(i) && b.count < gathered_batch; ++k) {
      index_t const c = index_t(neighbours_.begin(i)[k]);
      b.ids[b.count] = c;
      b.count += int(c >= 0);
    }
    return b;
  }

  Neighbours const& neighbours_;
  index_t sample_;
  index_t place_ = 0;  ///< where the next batch starts; before now_, whose initialiser advances it
  neighbour_batch now_, next_, soon_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
