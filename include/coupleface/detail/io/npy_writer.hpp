// SPDX-License-Identifier: Apache-2.0
// coupleface: writes .npy arrays to a new file, and tracks how many rows are still missing.
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/npy_array.hpp>
#include <coupleface/error.hpp>

#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class npy_output {
 public:
  explicit npy_output(std::string path) : file_(std::move(path)) {}

  template <class T>
  void write_vector(vector_view<T const> x, std::string const& type) {
    expect_view("npy_writer::write", "x", x);
    write_header(type, "(" + std::to_string(x.extent(0)) + ",)");
    file_.write(x.data_handle(), static_cast<std::size_t>(x.extent(0)) * sizeof(T));
  }

  template <class T>
  void begin(index_t rows, index_t columns, std::string const& type) {
    expect(rows >= 0 && columns >= 0, "npy_writer::begin", "an extent is negative");
    write_header(type, "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")");
    rows_left_ = rows;
    columns_ = columns;
    element_type_ = npy_type<T, false>();
  }

  template <class T>
  void append(matrix_view<T const> x) {
    char const* const name = "npy_writer::append";
    expect_view(name, "x", x);
    expect((element_type_ == npy_type<T, false>()), name, "x has other elements than begin said");
    expect_equal(name, "width of x", x.extent(1), "width of the matrix", columns_);
    if (x.extent(0) > rows_left_) {
      fail(name, "x has " + std::to_string(x.extent(0)) + " rows, but the matrix lacks only " +
                     std::to_string(rows_left_));
    }
    auto const width = static_cast<std::size_t>(columns_) * sizeof(T);
    bool const gapless = x.stride(0) == columns_;
    if (gapless) { file_.write(x.data_handle(), static_cast<std::size_t>(x.extent(0)) * width); }
    for (index_t i = 0; !gapless && i < x.extent(0); ++i) { file_.write(x.row(i), width); }
    rows_left_ -= x.extent(0);
  }

  void commit() {
    expect_whole("npy_writer::commit");
    file_.commit();
  }

 private:
  void expect_whole(char const* function) const {
    if (rows_left_ > 0) {
      fail(function, "the matrix begun before lacks " + std::to_string(rows_left_) + " rows");
    }
  }

  void write_header(std::string const& type, std::string const& shape) {
    expect_whole("npy_writer");
    file_.write(make_npy_header(type, shape, file_.offset()));
  }

  atomic_file file_;
  index_t rows_left_ = 0;
  index_t columns_ = 0;
  std::string element_type_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
