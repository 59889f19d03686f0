// SPDX-License-Identifier: Apache-2.0
// coupleface: writes the three files of a training set.
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/packed_label.hpp>
#include <coupleface/detail/io/record_property.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class record_set_output {
 public:
  record_set_output(std::string const& path, index_t height, index_t width)
      : index_(index_path(path)),
        property_(property_path(path)),
        records_(path),
        height_(height),
        width_(width) {}

  void append(vector_view<std::uint8_t const> image, index_t label) {
    // The identities have the last keys, which floats must represent exactly too.
    if (next_key_ + static_cast<index_t>(starts_.size()) + 2 > largest_float_label) {
      fail_file(records_.path(), records_.offset(),
                "more than 2^24 records: the format's labels are floats");
    }
    if (starts_.empty() || label != last_label_) { starts_.push_back(next_key_); }
    last_label_ = label;
    classes_ = std::max(classes_, label + 1);
    write(next_key_++, {static_cast<float>(label)}, image);
  }

  void commit() {
    auto const identities = static_cast<index_t>(starts_.size());
    write(0, {static_cast<float>(next_key_), static_cast<float>(next_key_ + identities)}, {});
    starts_.push_back(next_key_);
    for (std::size_t k = 0; k + 1 < starts_.size(); ++k) {
      write(next_key_ + static_cast<index_t>(k),
            {static_cast<float>(starts_[k]), static_cast<float>(starts_[k + 1])}, {});
    }
    property_.write(std::to_string(classes_) + "," + std::to_string(height_) + "," +
                    std::to_string(width_) + "\n");
    // The .rec file is what readers open, so it comes last.
    index_.commit();
    property_.commit();
    records_.commit();
  }

 private:
  void write(index_t key, std::vector<float> const& labels, vector_view<std::uint8_t const> bytes) {
    index_.write(std::to_string(key) + "\t" + std::to_string(records_.offset()) + "\n");
    pack_record(record_, {labels.data(), static_cast<index_t>(labels.size())},
                static_cast<std::uint64_t>(key), bytes);
    write_record(records_, record_.data(), record_.size());
  }

  atomic_file index_;
  atomic_file property_;
  atomic_file records_;
  index_t height_;
  index_t width_;
  index_t next_key_ = 1;
  index_t last_label_ = -1;
  index_t classes_ = 0;
  std::vector<index_t> starts_;  // the first key of each identity
  std::vector<unsigned char> record_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
