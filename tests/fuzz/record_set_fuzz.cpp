// SPDX-License-Identifier: Apache-2.0
// Fuzzes training sets: any index, property and records give samples whose bytes can be read, or a
// std::runtime_error. Input: a byte, the length of the property; two, the length of the index
// (0xffff: there is none); property, index, records. Seeds come from make_record_seeds.
#include <coupleface/io/record_set.hpp>

#include "memory_file.hpp"

#include <algorithm>
#include <filesystem>

namespace cf = coupleface;

namespace {

// The three files of a set by their names, links to memory.
class linked_set {
 public:
  linked_set() {
    folder_ = std::filesystem::temp_directory_path() / "record_set_fuzz_XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) { std::abort(); }
    link(records, "/train.rec");
    link(property, "/property");
  }
  ~linked_set() {
    for (char const* name : {"/train.rec", "/train.idx", "/property"}) {
      ::unlink((folder_ + name).c_str());
    }
    ::rmdir(folder_.c_str());
  }
  std::string path() const { return folder_ + "/train.rec"; }
  void with_index(bool wanted) const {
    ::unlink((folder_ + "/train.idx").c_str());
    if (wanted) { link(index, "/train.idx"); }
  }

  memory_file records, index, property;

 private:
  void link(memory_file const& file, char const* name) const {
    if (::symlink(file.path().c_str(), (folder_ + name).c_str()) != 0) { std::abort(); }
  }
  std::string folder_;
};

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
  static linked_set const set;
  std::size_t const property = std::min<std::size_t>(data[0], size - 3);
  std::size_t const index = data[1] | std::size_t(data[2]) << 8;
  data += 3;
  size -= 3;
  set.property.put(data, property);
  data += property;
  size -= property;
  bool const indexed = index != 0xffff;
  std::size_t const taken = indexed ? std::min(index, size) : 0;
  set.index.put(data, taken);
  set.with_index(indexed);
  set.records.put(data + taken, size - taken);
  read_everything(set.path());
  return 0;
}
