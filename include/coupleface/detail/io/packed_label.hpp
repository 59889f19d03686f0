// SPDX-License-Identifier: Apache-2.0
// coupleface: the header of an image record: 24 bytes and the labels that it announces.
//
// uint32 flag, float label, uint64 id, uint64 id2; if flag > 0, that many floats follow and replace
// the label. Source: ours (format: mxnet, python/mxnet/recordio.py, pack and unpack).
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/record_frames.hpp>

#include <cmath>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr std::size_t label_head_bytes = 24;
/// Larger integers are not all representable as float.
inline constexpr index_t largest_float_label = index_t(1) << 24;

struct packed_head {
  std::uint32_t flag;
  std::uint64_t id;
  std::uint64_t id2;
  vector_view<float const> labels;
  vector_view<std::uint8_t const> bytes;
};

/// Records begin at multiples of 4 in a map or at the start of an allocation, so the floats are
/// aligned.
inline packed_head unpack_head(std::string const& path, record_bytes const& record) {
  unsigned char const* const data = record.bytes.data_handle();
  auto const size = static_cast<std::size_t>(record.bytes.extent(0));
  if (size < label_head_bytes) {
    fail_file(path, record.begin,
              "record of " + std::to_string(size) + " bytes, too few for an image's head of 24");
  }
  packed_head head;
  head.flag = load_as<std::uint32_t>(data);
  head.id = load_as<std::uint64_t>(data + 8);
  head.id2 = load_as<std::uint64_t>(data + 16);
  std::size_t const left = size - label_head_bytes;
  if (head.flag > left / sizeof(float)) {
    fail_file(path, record.begin,
              "record promises " + std::to_string(head.flag) + " labels, but " +
                  std::to_string(left) + " bytes follow its head");
  }
  std::size_t const more = head.flag * sizeof(float);
  auto const* const labels =
      reinterpret_cast<float const*>(data + (head.flag == 0 ? 4 : label_head_bytes));
  head.labels = {labels, head.flag == 0 ? 1 : static_cast<index_t>(head.flag)};
  head.bytes = {data + label_head_bytes + more, static_cast<index_t>(left - more)};
  return head;
}

/// The header with which InsightFace sets store ranges of keys: two labels and no image.
inline bool is_range_head(packed_head const& head) {
  return head.flag == 2 && head.bytes.extent(0) == 0;
}

/// A label as an integer; throws if it is not integral or too large.
inline index_t integral_label(std::string const& path, std::uint64_t offset, float label,
                              index_t largest = largest_float_label) {
  // Negated, so that NaN is rejected too.
  if (!(std::abs(label) <= static_cast<float>(largest)) || label != std::trunc(label)) {
    int bits = 0;
    while (index_t(1) << bits < largest) { ++bits; }
    fail_file(path, offset,
              "label " + std::to_string(label) + " is no integer within 2^" + std::to_string(bits));
  }
  return static_cast<index_t>(label);
}

/// The bytes of a record. A single label is stored in the header, any other number of them after
/// it.
inline void pack_record(std::vector<unsigned char>& record, vector_view<float const> labels,
                        std::uint64_t id, vector_view<std::uint8_t const> bytes) {
  auto const count = static_cast<std::size_t>(labels.extent(0));
  bool const inside = count == 1;
  std::size_t const more = inside ? 0 : count * sizeof(float);
  auto const size = static_cast<std::size_t>(bytes.extent(0));
  record.assign(label_head_bytes + more, 0);
  auto const flag = static_cast<std::uint32_t>(inside ? 0 : count);
  std::memcpy(record.data(), &flag, sizeof flag);
  std::memcpy(record.data() + 8, &id, sizeof id);
  if (count > 0) {
    std::memcpy(record.data() + (inside ? 4 : label_head_bytes), labels.data_handle(),
                count * sizeof(float));
  }
  if (size > 0) { record.insert(record.end(), bytes.data_handle(), bytes.data_handle() + size); }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
