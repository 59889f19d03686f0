// SPDX-License-Identifier: Apache-2.0
// Writes seeds for record_set_fuzz into a folder: sets of both layouts, with and without an index,
// records in several parts.
#include <coupleface/io/record_set.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "seed_maker.hpp"

namespace cf = coupleface;

namespace {

std::string get(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void put_seed(std::string const& path, std::string const& property, std::string const* index,
              std::string const& records) {
  std::size_t const length = index != nullptr ? index->size() : 0xffff;
  std::string bytes;
  bytes += {char(property.size()), char(length & 255), char(length >> 8)};
  bytes += property + (index != nullptr ? *index : "") + records;
  std::ofstream(path, std::ios::binary) << bytes;
}

cf::byte_view view_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), cf::index_t(bytes.size())};
}

std::string const magic = "\x0a\x23\xd7\xce";

void write_seeds(std::string const& folder) {
  std::string const path = folder + "/train.rec";
  std::string plain;
  {
    cf::record_io_writer writer(path);
    float const labels[3] = {4, 0.5f, -1};
    for (cf::index_t count = 1; count <= 3; ++count) {
      writer.write({labels, count}, std::uint64_t(count - 1), view_of("abc" + std::string(9, 'x')));
      writer.write({labels, count}, 7, view_of(magic + "abcd" + magic + magic + "e"));
    }
    writer.commit();
    plain = get(path);
  }
  std::string const offsets = "0\t0\n1\t44\r\n\n2\t120";
  put_seed(folder + "/plain", "", nullptr, plain);
  put_seed(folder + "/plain_indexed", "5,112,112", &offsets, plain);
  for (std::string const& image : {std::string("image"), magic + magic}) {
    cf::record_set_writer writer(path, 112, 96);
    for (cf::index_t label : {0, 0, 1, 2, 0}) { writer.append(view_of(image), label); }
    writer.commit();
    std::string const index = get(folder + "/train.idx");
    std::string const name = folder + (image[0] == 'i' ? "/set" : "/set_in_parts");
    put_seed(name, get(folder + "/property"), nullptr, get(path));
    put_seed(name + "_indexed", get(folder + "/property"), &index, get(path));
  }
  for (char const* name : {"/train.rec", "/train.idx", "/property"}) {
    std::remove((folder + name).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) { return make_seeds("make_record_seeds", argc, argv, write_seeds); }
