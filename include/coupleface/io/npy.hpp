// SPDX-License-Identifier: Apache-2.0
// coupleface: NumPy's .npy files, mapped for reading and written atomically, without Python.
//
// Elements: float, double, float16 ('<f2'), bool, integers of 8 to 64 bits, and bfloat16, for which
// NumPy has no type of its own: '|V2' (ml_dtypes writes that too), or '<u2' where bits_as_uint16{}
// is passed. Little-endian, row-major. A malformed file throws std::runtime_error with its name,
// the byte and the reason. All memory here is host memory. Source: ours (format: numpy.lib.format
// 1.0 to 3.0).
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/npy_array.hpp>
#include <coupleface/detail/io/npy_writer.hpp>
#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

struct as_own_type {};     ///< elements are stored as NumPy's type for them
struct bits_as_uint16 {};  ///< bfloat16 is stored as '<u2', unsigned integers of the same bits

namespace detail {
template <class Storage>
inline constexpr bool as_bits_v = std::is_same_v<Storage, bits_as_uint16>;
}

/// @brief A .npy array, read-only. The file is mapped: elements are read from disk when they are
/// first used. They are copied only if they are not aligned for `T` in the file. Copies of the
/// object share the elements; views are valid as long as one copy lives. The file must not be
/// shortened while it is mapped; replacing it (as write_npy does) is safe.
template <class T>
class mapped_npy {
 public:
  /// @param path a regular file that holds one array of `T` and nothing else
  /// @throws std::runtime_error naming file, byte and reason if it does not (also for a bool that
  ///   is neither 0 nor 1)
  /// @complexity O(1); O(size) for bool and unaligned elements
  template <class Storage = as_own_type>
  explicit mapped_npy(std::string const& path, Storage = {})
      : mapped_npy(std::make_shared<detail::mapped_file const>(path)) {
    array_ = detail::locate_npy<T, detail::as_bits_v<Storage>>(file_, 0);
    detail::expect_end_of_file(*file_, array_.end);
  }

  std::vector<index_t> const& shape() const { return array_.header.shape; }
  index_t size() const { return array_.header.elements; }
  T const* data() const { return static_cast<T const*>(array_.data); }

  /// @brief [n, d]; with more than two extents, all except the first make one row.
  /// @throws std::runtime_error if there are fewer than two
  matrix_view<T const> matrix() const {
    if (shape().size() < 2) { fail_rank("two or more"); }
    index_t columns = 1;
    for (std::size_t k = 1; k < shape().size(); ++k) { columns *= shape()[k]; }
    return {data(), shape()[0], columns};
  }

  /// @brief [n]
  /// @throws std::runtime_error unless there is one extent
  vector_view<T const> vector() const {
    if (shape().size() != 1) { fail_rank("one"); }
    return {data(), size()};
  }

 private:
  friend class npy_reader;
  explicit mapped_npy(std::shared_ptr<detail::mapped_file const> file) : file_(std::move(file)) {}

  [[noreturn]] void fail_rank(char const* wanted) const {
    detail::fail_file(file_->path(),
                      "array has " + std::to_string(shape().size()) + " extents, not " + wanted);
  }

  std::shared_ptr<detail::mapped_file const> file_;
  detail::npy_elements array_;
};

/// @brief Reads consecutive arrays of a file, as numpy.save to one handle writes them.
class npy_reader {
 public:
  explicit npy_reader(std::string const& path)
      : file_(std::make_shared<detail::mapped_file const>(path)) {}

  /// @brief The next array; it outlives the reader. After a throw the reader has not moved.
  /// @throws std::runtime_error as mapped_npy (so does the constructor); at the end of the file too
  template <class T, class Storage = as_own_type>
  mapped_npy<T> read(Storage = {}) {
    mapped_npy<T> array(file_);
    array.array_ = detail::locate_npy<T, detail::as_bits_v<Storage>>(file_, offset_);
    offset_ = array.array_.end;
    return array;
  }

  std::string const& path() const { return file_->path(); }
  std::uint64_t offset() const { return offset_; }
  bool at_end() const { return offset_ == file_->size(); }
  /// @throws std::runtime_error if bytes are left
  void expect_end() const { detail::expect_end_of_file(*file_, offset_); }

 private:
  std::shared_ptr<detail::mapped_file const> file_;
  std::uint64_t offset_ = 0;
};

/// @brief Writes consecutive arrays. commit() makes the file appear at `path`, whole and synced to
/// the disk. Without commit() nothing changes there and no temporary file remains. If the system
/// refuses, std::runtime_error names file, byte and reason, and the writer cannot be used any more.
class npy_writer {
 public:
  /// @param path new or existing file; anything other than a file is refused
  explicit npy_writer(std::string path) : output_(std::move(path)) {}

  /// @brief Writes a matrix or vector. @throws std::invalid_argument for an invalid view
  template <class T, class Storage = as_own_type>
  void write(matrix_view<T> x, Storage storage = {}) {
    detail::expect_view("npy_writer::write", "x", x);
    begin<std::remove_const_t<T>>(x.extent(0), x.extent(1), storage);
    append(x);
  }
  template <class T, class Storage = as_own_type>
  void write(vector_view<T> x, Storage = {}) {
    output_.write_vector(vector_view<T const>(x),
                         detail::npy_type<std::remove_const_t<T>, detail::as_bits_v<Storage>>());
  }

  /// @brief Begins a [rows, columns] matrix of `T`, whose rows follow in any number of append().
  /// @throws std::invalid_argument if an extent is negative or the previous matrix lacks rows
  template <class T, class Storage = as_own_type>
  void begin(index_t rows, index_t columns, Storage = {}) {
    output_.begin<T>(rows, columns, detail::npy_type<T, detail::as_bits_v<Storage>>());
  }
  /// @throws std::invalid_argument for another width or type than begun, or too many rows
  template <class T>
  void append(matrix_view<T> rows) {
    output_.append(matrix_view<T const>(rows));
  }

  /// @brief Renames the file to its path. @throws std::invalid_argument if a matrix lacks rows
  void commit() { output_.commit(); }

 private:
  detail::npy_output output_;
};

/// @brief Writes one array: view is a matrix_view or vector_view. Throws as npy_writer does.
template <class View, class Storage = as_own_type>
void write_npy(std::string const& path, View view, Storage storage = {}) {
  npy_writer writer(path);
  writer.write(view, storage);
  writer.commit();
}

COUPLEFACE_NAMESPACE_END
