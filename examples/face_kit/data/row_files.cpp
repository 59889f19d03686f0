// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/row_files.hpp"

#include <coupleface/io/mapped_file.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "face_kit/run/program.hpp"

namespace face_kit {

namespace {

/// numpy's type string of a file, without the byte order: "f4".
std::string element_type(std::string const& file) {
  coupleface::mapped_file const map(file);
  std::string const type =
      coupleface::detail::parse_npy_header(file, 0, map.data(), map.size()).type;
  return type.empty() ? type : type.substr(1);
}

template <class L>
sample_labels read_labels_of_type(std::string const& file) {
  coupleface::mapped_npy<L> const array(file);
  auto const there = array.vector();
  sample_labels labels;
  labels.of.reserve(static_cast<std::size_t>(there.extent(0)));
  std::int64_t const most = std::numeric_limits<std::int32_t>::max() - 1;
  for (index_t i = 0; i < there.extent(0); ++i) {
    std::int64_t const label = there(i);
    if (label < -1 || label > most) {
      throw std::runtime_error(file + ": label " + std::to_string(label) + " of row " +
                               std::to_string(i) + " is outside [-1, " + std::to_string(most) +
                               "]");
    }
    labels.of.push_back(static_cast<std::int32_t>(label));
    if (label < labels.classes) continue;
    labels.classes = label + 1;
    labels.largest_in_row = i;
  }
  return labels;
}

/// As numpy writes it: "(480, 4, 6)".
std::string text_of(std::vector<index_t> const& shape) {
  std::string text;
  for (index_t const extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

any_rows open_array(std::string const& file, std::optional<bool> bfloat16_bits) {
  std::string const type = element_type(file);
  if (bfloat16_bits.value_or(false)) {
    if (type != "u2") {
      throw std::runtime_error(file + ": elements are '" + type +
                               "', but --bfloat16-bits is for uint16");
    }
    return coupleface::mapped_npy<coupleface::bfloat16>(file, coupleface::bits_as_uint16{});
  }
  if (type == "f4") return coupleface::mapped_npy<float>(file);
  if (type == "f8") return coupleface::mapped_npy<double>(file);
  if (type == "f2") return coupleface::mapped_npy<coupleface::float16>(file);
  if (type == "V2") return coupleface::mapped_npy<coupleface::bfloat16>(file);
  throw std::runtime_error(
      file + ": elements are '" + type +
      "'; supported types are float32, float64, float16 and bfloat16" +
      (type != "u2"    ? ""
       : bfloat16_bits ? " (for uint16 that holds the bits of bfloat16: --bfloat16-bits)"
                       : " (of uint16 that holds the bits of bfloat16, save the values instead: "
                         "(x.astype('uint32') << 16).view('float32'))"));
}

any_rows open_rows(std::string const& file, std::optional<bool> bfloat16_bits) {
  any_rows rows = open_array(file, bfloat16_bits);
  std::visit(
      [&](auto const& array) {
        auto const& shape = array.shape();
        if (shape.size() != 2) {
          throw std::runtime_error(file + ": has the shape " + text_of(shape) +
                                   "; rows are an array of two extents, (rows, columns)");
        }
        if (shape[1] == 0) throw std::runtime_error(file + ": the rows have no columns");
      },
      rows);
  return rows;
}

sample_labels read_labels(std::string const& file, std::string const& embeddings, index_t rows) {
  std::string const type = element_type(file);
  if (type != "i4" && type != "i8") {
    throw std::runtime_error(file + ": labels are '" + type +
                             "'; supported types are int32 and int64");
  }
  auto labels = type == "i4" ? read_labels_of_type<std::int32_t>(file)
                             : read_labels_of_type<std::int64_t>(file);
  if (static_cast<index_t>(labels.of.size()) != rows) {
    throw std::runtime_error(file + ": " + std::to_string(labels.of.size()) + " labels for " +
                             std::to_string(rows) + " rows of " + embeddings);
  }
  if (labels.classes == 0) throw std::runtime_error(file + ": no row has a class");
  labels.present = labels.of;
  std::sort(labels.present.begin(), labels.present.end());
  labels.present.erase(std::unique(labels.present.begin(), labels.present.end()),
                       labels.present.end());
  if (labels.present.front() < 0) labels.present.erase(labels.present.begin());
  return labels;
}

std::vector<std::int32_t> without_gaps(sample_labels const& labels) {
  std::vector<std::int32_t> result;
  result.reserve(labels.of.size());
  auto const begin = labels.present.begin(), end = labels.present.end();
  for (std::int32_t const label : labels.of) {
    auto const place = std::lower_bound(begin, end, label) - begin;
    result.push_back(label < 0 ? -1 : static_cast<std::int32_t>(place));
  }
  return result;
}

namespace {

/// Bytes that this process can still have: what the machine, its container and `ulimit -v` leave.
double available_memory() {
  double const page = double(::sysconf(_SC_PAGESIZE));
  double least = double(::sysconf(_SC_PHYS_PAGES)) * page, number = 0;
  std::ifstream machine("/proc/meminfo");
  for (std::string word; machine >> word;) {
    if (word != "MemAvailable:" || !(machine >> number)) continue;
    least = std::min(least, number * 1024);
    break;
  }
  for (char const* const limit :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    if (std::ifstream container(limit); container >> number) least = std::min(least, number);
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    std::ifstream own("/proc/self/statm");
    double const used = own >> number ? number * page : 0;
    least = std::min(least, double(limit.rlim_cur) - used);
  }
  return std::max(least, 0.0);
}

/// A sentence if that needs more memory than there is, else empty.
std::string beyond_memory(std::string const& what, index_t rows, index_t columns,
                          index_t bytes_each) {
  double const wanted = double(rows) * double(columns) * double(bytes_each);
  double const there = available_memory();
  if (wanted <= there) return "";
  auto const gigabytes = [](double bytes) {
    return std::to_string(static_cast<long>(bytes / 1e9));
  };
  return what + ": " + std::to_string(rows) + " x " + std::to_string(columns) + " need " +
         gigabytes(wanted) + " GB, more than the memory that is available, " + gigabytes(there) +
         " GB";
}

}  // namespace

void expect_memory(std::string const& what, index_t rows, index_t columns, index_t bytes_each) {
  if (auto const reason = beyond_memory(what, rows, columns, bytes_each); !reason.empty())
    throw std::runtime_error(reason);
}

void expect_option_fits(std::string const& what, index_t rows, index_t columns,
                        index_t bytes_each) {
  if (auto const reason = beyond_memory(what, rows, columns, bytes_each); !reason.empty())
    throw usage_error(reason);
}

}  // namespace face_kit
