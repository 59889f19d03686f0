// SPDX-License-Identifier: Apache-2.0
// Fuzzes training sets: any index, property and records give samples whose bytes can be read, or a
// std::runtime_error. Input: a byte, the length of the property; two, the length of the index
// (0xffff: there is none); property, index, records. Seeds come from make_record_seeds.
#include <coupleface/io/record_set.hpp>

#include "memory_file.hpp"

#include <algorithm>

namespace cf = coupleface;

namespace {

volatile unsigned sink;

template <class View>
void touch(View view) {
  for (cf::index_t i = 0; i < view.extent(0); ++i) { sink = unsigned(view(i) != 0); }
}

template <class Call>
void expect_runtime_error_at_most(Call call) {
  try {
    call();
  } catch (std::runtime_error const&) {}
}

void read_everything(std::string const& path) {
  expect_runtime_error_at_most([&] {
    cf::record_io_reader reader(path);
    while (!reader.at_end()) {
      auto const record = reader.read();
      touch(record.labels);
      touch(record.bytes);
    }
  });
  expect_runtime_error_at_most([&] {
    cf::record_set const set(path);
    if (set.size() < 0 || set.identities() < 0) { std::abort(); }
    // An index may name one long record many times.
    for (cf::index_t i = 0; i < std::min<cf::index_t>(set.size(), 100); ++i) {
      expect_runtime_error_at_most([&] { touch(set.sample(i).bytes); });
    }
    for (cf::index_t k = 0; k < std::min<cf::index_t>(set.identities(), 100); ++k) {
      expect_runtime_error_at_most([&] {
        auto const range = set.identity(k);
        if (range.first < 0 || range.last < range.first || range.last > set.size()) {
          std::abort();
        }
      });
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  if (size < 3) { return 0; }
  static memory_file records("/fuzz/train.rec");
  static memory_file index("/fuzz/train.idx");
  static memory_file property("/fuzz/property");
  std::size_t const in_property = std::min<std::size_t>(data[0], size - 3);
  std::size_t const wanted = data[1] | std::size_t(data[2]) << 8;
  data += 3;
  size -= 3;
  property.put(data, in_property);
  data += in_property;
  size -= in_property;
  bool const indexed = wanted != 0xffff;
  std::size_t const in_index = indexed ? std::min(wanted, size) : 0;
  index.put(data, in_index);
  if (!indexed) { index.remove(); }
  records.put(data + in_index, size - in_index);
  read_everything(records.path());
  return 0;
}
