// SPDX-License-Identifier: Apache-2.0
// Makes the files of mine_relations_test.sh, and compares tables with brute force to the last bit.
//   relation_files make FOLDER SAMPLES CLASSES WIDTH
//   relation_files check EMBEDDINGS TYPE LABELS|- CENTRE K NEIGHBOURS VALUES STEP
//   relation_files spread NEIGHBOURS VALUES SPARSE_NEIGHBOURS SPARSE_VALUES
// TYPE: f4 f8 f2 V2 u2. CENTRE: 0 or 1. Every STEP-th class is checked. The sparse tables are of
// the labels 3 c + 5 instead of c.
#include <thrust/execution_policy.h>

#include <coupleface/io/npy.hpp>
#include <coupleface/prototypes.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/top_k.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace coupleface;

// What make() gives on top of plain samples: a class without any, samples without a class, two
// classes of the same samples (ties everywhere), and a direction that all share (for --centre).
index_t const empty_class = 5, first_twin = 3, second_twin = 7;

std::vector<float> make_embeddings(index_t samples, index_t classes, index_t width) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> centres(classes * width), embeddings(samples * width);
  for (float& x : centres) { x = 0.5f + normal(generator); }
  for (index_t i = 0; i < samples; ++i) {
    for (index_t j = 0; j < width; ++j) {
      embeddings[i * width + j] = centres[(i % classes) * width + j] + 0.5f * normal(generator);
    }
  }
  for (index_t i = 0; i + second_twin < samples; i += classes) {
    std::copy_n(&embeddings[(i + first_twin) * width], width,
                &embeddings[(i + second_twin) * width]);
  }
  return embeddings;
}

template <class T, class Storage = as_own_type>
void write_rows(std::string const& file, std::vector<float> const& x, index_t rows, index_t width,
                Storage storage = {}) {
  std::vector<T> elements(static_cast<std::size_t>(rows * width));
  for (std::size_t i = 0; i < elements.size(); ++i) { elements[i] = static_cast<T>(x[i]); }
  write_npy(file, make_matrix_view(elements.data(), rows, width), storage);
}

void make(std::string const& folder, index_t samples, index_t classes, index_t width) {
  auto const x = make_embeddings(samples, classes, width);
  auto const file = [&](char const* name) { return folder + '/' + name + ".npy"; };
  write_rows<float>(file("embeddings"), x, samples, width);
  write_rows<float>(file("f4"), x, classes, width);
  write_rows<double>(file("f8"), x, classes, width);
  write_rows<coupleface::float16>(file("f2"), x, classes, width);
  write_rows<bfloat16>(file("V2"), x, classes, width);
  write_rows<bfloat16>(file("u2"), x, classes, width, bits_as_uint16{});
  write_rows<std::int32_t>(file("i4"), x, classes, width);

  std::vector<std::int64_t> labels(static_cast<std::size_t>(samples));
  for (index_t i = 0; i < samples; ++i) {
    bool const nobody = i % classes == empty_class || (i % 9 == 0 && i % classes > second_twin);
    labels[i] = nobody ? -1 : i % classes;
  }
  std::vector<std::int32_t> const narrow(labels.begin(), labels.end());
  write_npy(file("labels"), make_vector_view(labels.data(), samples));
  write_npy(file("labels_i4"), make_vector_view(narrow.data(), samples));
  std::vector<std::int64_t> sparse;
  for (std::int64_t const label : labels) { sparse.push_back(label < 0 ? -1 : 3 * label + 5); }
  write_npy(file("labels_sparse"), make_vector_view(sparse.data(), samples));
  auto broken = x;
  broken[static_cast<std::size_t>(17 * width + 2)] = std::numeric_limits<float>::infinity();
  broken[static_cast<std::size_t>(20 * width)] = std::numeric_limits<float>::quiet_NaN();
  write_rows<float>(file("broken"), broken, samples, width);
  write_npy(file("labels_short"), make_vector_view(labels.data(), samples - 1));
  auto const write_with = [&](char const* name, std::int64_t label) {
    auto changed = labels;
    changed[4] = label;
    write_npy(file(name), make_vector_view(changed.data(), samples));
  };
  write_with("labels_low", -2);
  write_with("labels_wide", std::int64_t(1) << 40);
  write_with("labels_high", 2000000000);
  write_npy(file("labels_none"),
            make_vector_view(std::vector<std::int64_t>(samples, -1).data(), samples));
  write_npy(file("labels_one"),
            make_vector_view(std::vector<std::int64_t>(samples, 3).data(), samples));
  std::vector<double> large(x.begin(), x.end());
  large[static_cast<std::size_t>(3 * width + 2)] = 1e300;
  coupleface::write_npy(file("large"), coupleface::make_matrix_view(large.data(), samples, width));
}

/// The mean of the finite rows that have a label, or of all that are finite.
void subtract_mean(std::vector<float>& x, index_t rows, index_t width,
                   std::vector<std::int32_t> const& labels) {
  std::vector<bool> counts;
  for (index_t i = 0; i < rows; ++i) {
    float const* const row = &x[i * width];
    bool const finite = std::all_of(row, row + width, [](float v) { return std::isfinite(v); });
    counts.push_back(finite && (labels.empty() || labels[i] >= 0));
  }
  for (index_t j = 0; j < width; ++j) {
    double sum = 0;
    index_t count = 0;
    for (index_t i = 0; i < rows; ++i) {
      if (!counts[i]) { continue; }
      sum += double(x[i * width + j]);
      ++count;
    }
    for (index_t i = 0; i < rows; ++i) { x[i * width + j] -= float(sum / double(count)); }
  }
}

/// A row of the tables: id and value of each slot.
void expect_slot(index_t row, index_t slot, mapped_npy<std::int32_t> const& neighbours,
                 mapped_npy<float> const& values, std::int32_t wanted_id, float wanted_value) {
  std::int32_t const id = neighbours.matrix()(row, slot);
  float const value = values.matrix()(row, slot);
  if (id != wanted_id || std::memcmp(&value, &wanted_value, sizeof value) != 0) {
    throw std::runtime_error("class " + std::to_string(row) + ", slot " + std::to_string(slot) +
                             ": " + std::to_string(id) + " (" + std::to_string(value) + "), not " +
                             std::to_string(wanted_id) + " (" + std::to_string(wanted_value) + ")");
  }
}

void expect_empty_row(index_t row, mapped_npy<std::int32_t> const& neighbours,
                      mapped_npy<float> const& values) {
  for (index_t slot = 0; slot < neighbours.matrix().extent(1); ++slot) {
    expect_slot(row, slot, neighbours, values, -1, -std::numeric_limits<float>::infinity());
  }
}

/// top_k of relation_matrix without the class itself, row by row.
/// @param rows those of the classes `present`; nobody is in the others
template <class T>
void compare(matrix_view<T const> rows, std::vector<std::int32_t> const& present, index_t classes,
             index_t k, mapped_npy<std::int32_t> const& neighbours, mapped_npy<float> const& values,
             index_t step) {
  index_t const n = rows.extent(0);
  std::vector<index_t> const shape{classes, k};
  if (neighbours.shape() != shape || values.shape() != shape) {
    throw std::runtime_error("the tables have another shape");
  }
  matrix_view<T const> const queries(rows.data_handle(), (n + step - 1) / step, rows.extent(1),
                                     rows.stride(0) * step);
  index_t const checked = queries.extent(0);
  std::vector<float> relations(checked * n), best(checked * (k + 1));
  std::vector<std::int32_t> ids(checked * (k + 1));
  auto const all = make_matrix_view(relations.data(), checked, n);
  relation_matrix(thrust::device, queries, rows, all);
  top_k(thrust::device, all, make_matrix_view(best.data(), checked, k + 1),
        make_matrix_view(ids.data(), checked, k + 1));
  for (index_t q = 0; q < checked; ++q) {
    index_t const own = q * step;
    for (index_t slot = 0, at = q * (k + 1); slot < k; ++slot, ++at) {
      at += ids[at] == own;
      expect_slot(present[own], slot, neighbours, values, present[ids[at]], best[at]);
    }
  }
  for (index_t c = 0; c < classes; ++c) {
    bool const empty = !std::binary_search(present.begin(), present.end(), std::int32_t(c));
    if (empty) { expect_empty_row(c, neighbours, values); }
  }
}

template <class T>
void compare(matrix_view<T const> rows, index_t k, mapped_npy<std::int32_t> const& neighbours,
             mapped_npy<float> const& values, index_t step) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(rows.extent(0)));
  std::iota(all.begin(), all.end(), 0);
  compare(rows, all, rows.extent(0), k, neighbours, values, step);
}

/// Class 3 c + 5 of the sparse tables has the row of class c, all others have none.
void check_spread(char** files) {
  mapped_npy<std::int32_t> const ids(files[0]), sparse_ids(files[2]);
  mapped_npy<float> const values(files[1]), sparse_values(files[3]);
  index_t const classes = ids.matrix().extent(0), k = ids.matrix().extent(1);
  if (sparse_ids.shape() != std::vector<index_t>{3 * (classes - 1) + 6, k}) {
    throw std::runtime_error("the sparse table has another shape");
  }
  for (index_t row = 0; row < sparse_ids.matrix().extent(0); ++row) {
    if (row < 5 || (row - 5) % 3 != 0) {
      expect_empty_row(row, sparse_ids, sparse_values);
      continue;
    }
    for (index_t slot = 0; slot < k; ++slot) {
      std::int32_t const id = ids.matrix()((row - 5) / 3, slot);
      expect_slot(row, slot, sparse_ids, sparse_values, id < 0 ? -1 : 3 * id + 5,
                  values.matrix()((row - 5) / 3, slot));
    }
  }
}

template <class T>
void check(mapped_npy<T> const& file, char** more) {
  std::string const labels_file = more[0];
  bool const centre = std::stoi(more[1]) != 0;
  index_t const k = std::stoll(more[2]), step = std::stoll(more[5]);
  mapped_npy<std::int32_t> const neighbours(more[3]);
  mapped_npy<float> const values(more[4]);
  auto const rows = file.matrix();
  index_t const n = rows.extent(0), width = rows.extent(1);
  if (labels_file == "-" && !centre) { return compare(rows, k, neighbours, values, step); }

  std::vector<float> x(rows.data_handle(), rows.data_handle() + n * width);
  std::vector<std::int32_t> labels;
  if (labels_file != "-") {
    auto const there = mapped_npy<std::int64_t>(labels_file);
    labels.assign(there.data(), there.data() + there.size());
  }
  if (centre) { subtract_mean(x, n, width, labels); }
  matrix_view<float const> const samples(x.data(), n, width);
  if (labels.empty()) { return compare(samples, k, neighbours, values, step); }
  index_t const classes = 1 + *std::max_element(labels.begin(), labels.end());
  std::vector<float> prototypes(classes * width);
  auto const mu = make_matrix_view(prototypes.data(), classes, width);
  class_prototypes(thrust::device, samples, make_vector_view(labels.data(), n), mu);
  std::vector<std::int32_t> present;
  std::vector<float> theirs;
  for (index_t c = 0; c < classes; ++c) {
    if (std::find(labels.begin(), labels.end(), std::int32_t(c)) == labels.end()) { continue; }
    present.push_back(std::int32_t(c));
    theirs.insert(theirs.end(), mu.row(c), mu.row(c) + width);
  }
  compare(matrix_view<float const>(theirs.data(), index_t(present.size()), width), present, classes,
          k, neighbours, values, step);
}

int run(int argc, char** argv) {
  std::string const what = argc > 1 ? argv[1] : "";
  if (what == "make" && argc == 6) {
    make(argv[2], std::stoll(argv[3]), std::stoll(argv[4]), std::stoll(argv[5]));
    return 0;
  }
  if (what == "spread" && argc == 6) {
    check_spread(argv + 2);
    return 0;
  }
  if (what != "check" || argc != 10) { throw std::invalid_argument("see the source for usage"); }
  std::string const file = argv[2], type = argv[3];
  if (type == "f4") { check(mapped_npy<float>(file), argv + 4); }
  if (type == "f8") { check(mapped_npy<double>(file), argv + 4); }
  if (type == "f2") { check(mapped_npy<coupleface::float16>(file), argv + 4); }
  if (type == "V2") { check(mapped_npy<bfloat16>(file), argv + 4); }
  if (type == "u2") { check(mapped_npy<bfloat16>(file, bits_as_uint16{}), argv + 4); }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "relation_files: %s\n", error.what());
    return 1;
  }
}
