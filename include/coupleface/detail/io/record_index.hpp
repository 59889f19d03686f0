// SPDX-License-Identifier: Apache-2.0
// coupleface: locates the records of a training set, from its .idx file or from the records.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/record_keys.hpp>
#include <coupleface/detail/io/text_lines.hpp>

#include <algorithm>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct index_entry {
  index_t key;
  std::uint64_t offset;
};

/// Parses lines "key <tab> offset" and checks offsets against the size of the .rec file.
inline std::vector<index_entry> read_index(mapped_file const& index, std::uint64_t record_bytes) {
  std::vector<index_entry> entries;
  text_lines lines(index);
  while (lines.next()) {
    auto const fields = split_at(lines.line(), '\t');
    if (fields.size() != 2) { lines.fail("is not a key, a tab and an offset"); }
    index_t const key = expect_integer(lines, fields[0], "a key");
    index_t const offset = expect_integer(lines, fields[1], "an offset");
    if (key < 0) { lines.fail("has a negative key"); }
    if (offset < 0 || static_cast<std::uint64_t>(offset) >= record_bytes) {
      lines.fail("has offset " + std::to_string(offset) + ", but the .rec file has " +
                 std::to_string(record_bytes) + " bytes");
    }
    entries.push_back({key, static_cast<std::uint64_t>(offset)});
  }
  // Left by a writer that was never closed; accepted, the set would have no images.
  if (entries.empty() && record_bytes > 0) {
    fail_file(index.path(), "names no record, but the .rec file has " +
                                std::to_string(record_bytes) +
                                " bytes: it was not written to its end");
  }
  return entries;
}

/// The same without an index: a record's key is its id.
inline std::vector<index_entry> scan_records(std::shared_ptr<mapped_file const> const& file) {
  std::vector<index_entry> entries;
  for (std::uint64_t offset = 0; offset < file->size();) {
    record_bytes const record = read_record(file, offset);
    auto const id = unpack_head(file->path(), record).id;
    auto const largest = static_cast<std::uint64_t>(std::numeric_limits<index_t>::max());
    entries.push_back({static_cast<index_t>(std::min(id, largest)), offset});
    offset = record.end;
  }
  return entries;
}

/// @brief Contents of record 0: samples have the keys 1 ... samples, identities the next ones.
struct record_layout {
  std::vector<std::uint64_t> offsets;  ///< of the samples, then of the identities
  index_t samples = 0;
};

/// Sorts entries by key and throws unless keys are 0 ... n - 1; `path` is the file they come from.
inline void expect_every_key(std::string const& path, std::vector<index_entry>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](index_entry const& a, index_entry const& b) { return a.key < b.key; });
  for (std::size_t k = 0; k < entries.size(); ++k) {
    index_t const key = entries[k].key;
    if (key == static_cast<index_t>(k)) { continue; }
    fail_file(path,
              key < static_cast<index_t>(k)
                  ? "key " + std::to_string(key) + " occurs twice"
                  : "key " + std::to_string(k) + " is missing: record 0 requires contiguous keys");
  }
}

/// A set with a record 0 of two labels and no image, as InsightFace writes it. Entries are sorted.
inline record_layout ranged_layout(std::shared_ptr<mapped_file const> const& file,
                                   std::vector<index_entry> const& entries, packed_head const& head,
                                   std::uint64_t head_offset) {
  std::string const& path = file->path();
  auto const records = static_cast<index_t>(entries.size());
  auto const is_range = [&](index_t key) {
    auto const record = read_record(file, entries[static_cast<std::size_t>(key)].offset);
    return is_range_head(unpack_head(path, record));
  };
  index_t const first = settled_key(integral_label(path, head_offset, head.labels(0), largest_key),
                                    1, records, [&](index_t key) { return is_range(key); });
  index_t const end = settled_key(integral_label(path, head_offset, head.labels(1), largest_key),
                                  first, records, [&](index_t key) { return !is_range(key); });
  if (first < 1 || end < first || end > records) {
    fail_file(path, head_offset,
              "record 0 puts identities at keys " + std::to_string(first) + " to " +
                  std::to_string(end) + " (not included), but there are " +
                  std::to_string(records) + " records");
  }
  record_layout layout;
  layout.samples = first - 1;
  for (index_t key = 1; key < end; ++key) {
    layout.offsets.push_back(entries[static_cast<std::size_t>(key)].offset);
  }
  return layout;
}

/// `entries` as read from `entries_path`, in any order.
inline record_layout lay_out_records(std::shared_ptr<mapped_file const> const& file,
                                     std::string const& entries_path,
                                     std::vector<index_entry> entries) {
  auto const zero = std::find_if(entries.begin(), entries.end(),
                                 [](index_entry const& entry) { return entry.key == 0; });
  if (zero != entries.end()) {
    record_bytes const record = read_record(file, zero->offset);
    packed_head const head = unpack_head(file->path(), record);
    if (is_range_head(head)) {
      expect_every_key(entries_path, entries);
      return ranged_layout(file, entries, head, record.begin);
    }
  }
  record_layout layout;
  for (index_entry const& entry : entries) { layout.offsets.push_back(entry.offset); }
  std::sort(layout.offsets.begin(), layout.offsets.end());
  layout.samples = static_cast<index_t>(layout.offsets.size());
  return layout;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
