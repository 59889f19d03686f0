// SPDX-License-Identifier: Apache-2.0
// .npy files: bytes made by hand and by numpy, round trips, every kind of bad file, full disks.
#include <coupleface/io/npy.hpp>

#include "../support/scratch_folder.hpp"

#include <csignal>
#include <random>

#include <sys/resource.h>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

class npy : public scratch_folder {
 protected:
  std::string put(std::string const& bytes, std::string const& name = "file.npy") const {
    return scratch_folder::put(name, bytes);
  }
};

// A header made without the library: version 1.0, padded to `multiple`.
std::string header_of(std::string text, int version = 1, std::size_t multiple = 64) {
  std::size_t const fixed = version == 1 ? 10 : 12;
  while ((fixed + text.size() + 1) % multiple != 0) { text += ' '; }
  text += '\n';
  std::string bytes("\x93NUMPY");
  bytes += {char(version), '\0', char(text.size() & 255), char(text.size() >> 8)};
  if (version > 1) { bytes += {char(text.size() >> 16), char(text.size() >> 24)}; }
  return bytes + text;
}

std::string dictionary(std::string const& type, std::string const& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

template <class T>
std::string bytes_of(std::vector<T> const& v) {
  return {reinterpret_cast<char const*>(v.data()), v.size() * sizeof(T)};
}

template <class T = float>
std::string reading(std::string const& file) {
  return message_of([&] { cf::mapped_npy<T> array(file); });
}

std::string const two_floats = bytes_of<float>({1, 2});

TEST_F(npy, a_file_made_by_hand) {
  std::vector<float> const values{1, 2, 3, 4, 5, 6};
  cf::mapped_npy<float> const array(put(header_of(dictionary("<f4", "(2, 3)")) + bytes_of(values)));
  EXPECT_EQ(array.shape(), (std::vector<cf::index_t>{2, 3}));
  EXPECT_EQ(array.size(), 6);
  EXPECT_EQ(array.matrix().extent(0), 2);
  EXPECT_EQ(array.matrix().extent(1), 3);
  EXPECT_EQ(array.matrix()(1, 2), 6);
  EXPECT_EQ(std::vector<float>(array.data(), array.data() + 6), values);
}

TEST_F(npy, versions_spellings_and_shapes) {
  for (std::string const text : {
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
           "{'shape':(2L,),'fortran_order':False,'descr':'<f4'}",
           "  { \"descr\" : \"<f4\" , \"shape\" : ( 2 , ) ,\n \"fortran_order\" : False , }  ",
       }) {
    for (int version : {1, 2, 3}) {
      cf::mapped_npy<float> const array(put(header_of(text, version) + two_floats));
      EXPECT_EQ(array.vector().extent(0), 2) << text;
      EXPECT_EQ(array.vector()(1), 2) << text;
    }
  }
  cf::mapped_npy<float> const cube(put(header_of(dictionary("<f4", "(1, 2, 1)")) + two_floats));
  EXPECT_EQ(cube.matrix().extent(0), 1);
  EXPECT_EQ(cube.matrix().extent(1), 2);
  cf::mapped_npy<float> const scalar(
      put(header_of(dictionary("<f4", "()")) + bytes_of<float>({9})));
  EXPECT_TRUE(scalar.shape().empty());
  EXPECT_EQ(scalar.size(), 1);
  EXPECT_EQ(*scalar.data(), 9);
  cf::mapped_npy<float> const empty(put(header_of(dictionary("<f4", "(0, 7)"))));
  EXPECT_EQ(empty.size(), 0);
  EXPECT_EQ(empty.matrix().extent(1), 7);
}

TEST_F(npy, version_2_has_headers_longer_than_version_1_can_say) {
  std::string const text = dictionary("<f4", "(2,)");
  for (std::size_t const bytes : {70000, 200000}) {
    cf::mapped_npy<float> const array(
        put(header_of(text + std::string(bytes, ' '), 2) + two_floats));
    EXPECT_EQ(array.shape(), (std::vector<cf::index_t>{2})) << bytes;
    EXPECT_EQ(array.vector()(1), 2) << bytes;
  }
}

TEST_F(npy, rank_that_does_not_fit_the_view) {
  cf::mapped_npy<float> const vector(put(header_of(dictionary("<f4", "(2,)")) + two_floats, "v"));
  cf::mapped_npy<float> const matrix(put(header_of(dictionary("<f4", "(1, 2)")) + two_floats, "m"));
  EXPECT_EQ(message_of([&] { vector.matrix(); }),
            "coupleface: " + path("v") + ": array has 1 extents, not two or more");
  EXPECT_EQ(message_of([&] { matrix.vector(); }),
            "coupleface: " + path("m") + ": array has 2 extents, not one");
}

// What numpy 2 wrote for float32 [[1.5, -2]] and, with ml_dtypes, for bfloat16 [1.5].
TEST_F(npy, bytes_written_by_numpy) {
  std::string const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  std::string const file = std::string("\x93NUMPY\x01\x00v\x00", 10) + text +
                           std::string(118 - text.size() - 1, ' ') + "\n" +
                           std::string("\x00\x00\xc0\x3f\x00\x00\x00\xc0", 8);
  cf::mapped_npy<float> const array(put(file));
  EXPECT_EQ(array.matrix()(0, 0), 1.5f);
  EXPECT_EQ(array.matrix()(0, 1), -2.f);
  cf::mapped_npy<cf::bfloat16> const brain(
      put(header_of(dictionary("<V2", "(1,)")) + std::string("\xc0\x3f", 2)));
  EXPECT_EQ(float(brain.vector()(0)), 1.5f);
}

template <class T>
class npy_types : public npy {};
using every_type =
    testing::Types<float, double, cf::float16, cf::bfloat16, bool, std::int8_t, std::int16_t,
                   std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                   std::uint64_t, long long, unsigned long long>;
TYPED_TEST_SUITE(npy_types, every_type, );

TYPED_TEST(npy_types, round_trip) {
  using T = TypeParam;
  std::string const file = this->path("a.npy");
  std::mt19937 random(7);
  for (cf::index_t rows : {0, 3, 700}) {
    for (cf::index_t columns : {0, 1, 129}) {
      cf::index_t const stride = columns + 3;
      std::unique_ptr<T[]> const values(new T[std::size_t(rows * stride + 1)]);
      for (cf::index_t i = 0; i < rows * stride; ++i) { values[std::size_t(i)] = T(random() % 2); }
      cf::index_t const used = columns == 1 ? columns : stride;
      cf::matrix_view<T const> const x(values.get(), rows, columns, used);
      cf::write_npy(file, x);
      cf::mapped_npy<T> const y(file);
      ASSERT_EQ(y.shape(), (std::vector<cf::index_t>{rows, columns}));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(y.data()) % 64, 0u);
      for (cf::index_t i = 0; i < rows; ++i) {
        ASSERT_EQ(std::memcmp(x.row(i), y.matrix().row(i), std::size_t(columns) * sizeof(T)), 0);
      }
    }
    std::unique_ptr<T[]> const values(new T[std::size_t(rows + 1)]);
    for (cf::index_t i = 0; i < rows; ++i) { values[std::size_t(i)] = T(random() % 2); }
    cf::write_npy(file, cf::make_vector_view(values.get(), rows));
    cf::mapped_npy<T> const z(file);
    ASSERT_EQ(z.vector().extent(0), rows);
    ASSERT_EQ(std::memcmp(values.get(), z.data(), std::size_t(rows) * sizeof(T)), 0);
  }
  EXPECT_EQ(this->names().size(), 1u);  // no temporary file is left
}

TEST_F(npy, bfloat16_as_unsigned_integers_only_when_asked_for) {
  std::vector<cf::bfloat16> const values{cf::bfloat16(1.5), cf::bfloat16(-3)};
  auto const view = cf::make_vector_view(values.data(), 2);
  cf::write_npy(path("u"), view, cf::bits_as_uint16{});
  cf::write_npy(path("v"), view);
  EXPECT_NE(get(path("u")).find("'<u2'"), std::string::npos);
  EXPECT_NE(get(path("v")).find("'|V2'"), std::string::npos);
  cf::mapped_npy<cf::bfloat16> const u(path("u"), cf::bits_as_uint16{});
  EXPECT_EQ(float(u.vector()(1)), -3.f);
  EXPECT_EQ(reading<cf::bfloat16>(path("u")),
            "coupleface: " + path("u") + ": at byte 0: elements are '<u2', not '|V2'");
  EXPECT_EQ(message_of([&] { cf::mapped_npy<cf::bfloat16>(path("v"), cf::bits_as_uint16{}); }),
            "coupleface: " + path("v") + ": at byte 0: elements are '|V2', not '<u2'");
}

TEST_F(npy, several_arrays_in_a_file) {
  std::vector<std::uint8_t> const odd{1, 2, 3};
  std::vector<double> const numbers{4, 5, 6, 7, 8, 9};
  std::vector<cf::bfloat16> const brains{cf::bfloat16(2), cf::bfloat16(3)};
  cf::npy_writer writer(path("a.npy"));
  writer.write(cf::make_vector_view(odd.data(), 3));
  writer.write(cf::make_matrix_view(numbers.data(), 2, 3));
  writer.write(cf::make_vector_view(brains.data(), 2), cf::bits_as_uint16{});
  writer.write(cf::make_vector_view(odd.data(), 0));
  writer.commit();

  cf::npy_reader reader(path("a.npy"));
  auto const first = reader.read<std::uint8_t>();
  EXPECT_FALSE(reader.at_end());
  EXPECT_NE(message_of([&] { reader.expect_end(); }).find("bytes behind the last array"),
            std::string::npos);
  EXPECT_NE(message_of([&] { reader.read<float>(); }).find("'<f8', not '<f4'"), std::string::npos);
  auto const second = reader.read<double>();  // the failed read did not move the reader
  auto const third = reader.read<cf::bfloat16>(cf::bits_as_uint16{});
  auto const fourth = reader.read<std::uint8_t>();
  EXPECT_TRUE(reader.at_end());
  reader.expect_end();
  EXPECT_NE(message_of([&] { reader.read<float>(); }).find("file ends in the header"),
            std::string::npos);
  EXPECT_EQ(first.vector()(2), 3);
  EXPECT_EQ(second.matrix()(1, 2), 9);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second.data()) % 64, 0u);
  EXPECT_EQ(float(third.vector()(1)), 3.f);
  EXPECT_EQ(fourth.size(), 0);
  EXPECT_NE(reading<std::uint8_t>(path("a.npy")).find("bytes behind the last array"),
            std::string::npos);
}

// numpy pads a header from the array's own beginning, so behind an odd array elements lie askew.
TEST_F(npy, unaligned_elements_are_copied) {
  auto const odd = header_of(dictionary("|u1", "(3,)")) + "abc";
  cf::npy_reader reader(put(odd + header_of(dictionary("<f4", "(2,)")) + two_floats));
  reader.read<std::uint8_t>();
  auto array = std::make_unique<cf::mapped_npy<float>>(reader.read<float>());
  cf::mapped_npy<float> const copy = *array;
  array.reset();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.data()) % alignof(float), 0u);
  EXPECT_EQ(copy.vector()(0), 1);
  EXPECT_EQ(copy.vector()(1), 2);
}

TEST_F(npy, arrays_outlive_reader_and_file) {
  cf::write_npy(path("a"), cf::make_vector_view(std::vector<int>{5, 6}.data(), 2));
  auto reader = std::make_unique<cf::npy_reader>(path("a"));
  auto const array = reader->read<int>();
  reader.reset();
  cf::write_npy(path("a"), cf::make_vector_view(std::vector<int>{7, 8, 9}.data(), 3));
  ::unlink(path("a").c_str());
  EXPECT_EQ(array.vector()(1), 6);
}

TEST_F(npy, rows_in_blocks) {
  std::vector<float> const values{1, 2, 3, 4, 5, 6, 7, 8};
  auto const all = cf::make_matrix_view(values.data(), 4, 2);
  cf::npy_writer writer(path("blocks"));
  writer.begin<float>(4, 2);
  writer.append(cf::make_matrix_view(all.row(0), 3, 2));
  auto const invalid = [&](auto call) { return message_of<std::invalid_argument>(call); };
  EXPECT_EQ(invalid([&] { writer.append(cf::make_matrix_view(all.row(0), 2, 2)); }),
            "coupleface::npy_writer::append: x has 2 rows, but the matrix lacks only 1");
  EXPECT_EQ(invalid([&] { writer.append(cf::make_matrix_view(all.row(0), 1, 3)); }),
            "coupleface::npy_writer::append: width of x is 3, but width of the matrix is 2");
  double const wide[2] = {};
  EXPECT_EQ(invalid([&] { writer.append(cf::make_matrix_view(wide, 1, 2)); }),
            "coupleface::npy_writer::append: x has other elements than begin said");
  EXPECT_EQ(invalid([&] { writer.commit(); }),
            "coupleface::npy_writer::commit: the matrix begun before lacks 1 rows");
  EXPECT_EQ(invalid([&] { writer.write(all); }),
            "coupleface::npy_writer: the matrix begun before lacks 1 rows");
  writer.append(cf::make_matrix_view(all.row(3), 1, 2));
  writer.commit();
  cf::write_npy(path("whole"), all);
  EXPECT_EQ(get(path("blocks")), get(path("whole")));
}

TEST_F(npy, what_is_no_array_is_named_with_file_and_byte) {
  auto const expect_message = [&](std::string const& bytes, int byte, std::string const& reason) {
    std::string const file = put(bytes);
    EXPECT_EQ(reading(file),
              "coupleface: " + file + ": at byte " + std::to_string(byte) + ": " + reason);
  };
  auto const good = header_of(dictionary("<f4", "(2,)"));
  expect_message("", 0, "file ends in the header's first 10 bytes");
  expect_message(good.substr(0, 9), 0, "file ends in the header's first 10 bytes");
  expect_message("PK" + good.substr(2), 0, "no .npy magic");
  expect_message(good.substr(0, 6) + '\x04' + good.substr(7), 6, "unknown version 4.0");
  expect_message(good.substr(0, 7) + '\x01' + good.substr(8), 6, "unknown version 1.1");
  expect_message(header_of("{}", 2).substr(0, 11), 8, "file ends in the header's length");
  expect_message(good.substr(0, 100), 8, "header has 118 bytes, but only 90 follow");
  expect_message(good + two_floats.substr(1), 128,
                 "header promises 2 elements of 4 bytes, but 7 bytes follow");
  expect_message(good + two_floats + "x", 136, "1 bytes behind the last array");
}

TEST_F(npy, every_cut_of_a_good_file_is_refused) {
  auto const good = header_of(dictionary("<f4", "(2,)")) + two_floats;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(reading(put(good.substr(0, size))).find("at byte"), std::string::npos) << size;
  }
  EXPECT_EQ(reading(put(good)), "(nothing was thrown)");
}

TEST_F(npy, bad_dictionaries) {
  struct bad {
    char const* text;
    char const* reason;
  };
  for (auto const& [text, reason] : {
           bad{"", "not a dictionary"},
           bad{"[1]", "not a dictionary"},
           bad{"{", "a key in quotes expected"},
           bad{"{}", "no key 'descr'"},
           bad{"{'descr': '<f4', 'shape': (2,)}", "no key 'fortran_order'"},
           bad{"{'descr': '<f4', 'fortran_order': False}", "no key 'shape'"},
           bad{"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}",
               "unknown key 'x'"},
           bad{"{'descr': '<f4', 'descr': '<f4'}", "second key 'descr'"},
           bad{"{'descr' '<f4'}", "':' expected"},
           bad{"{'descr': '<f4' 'shape': (2,)}", "',' or '}' expected"},
           bad{"{'descr': '<f4", "string too long or not plain"},
           bad{"{'descr': '<f\\x34'}", "string too long or not plain"},
           bad{"{'descr': [('a', '<f4')]}", "structured types are not read"},
           bad{"{'fortran_order': 0}", "neither True nor False"},
           bad{"{'shape': [2]}", "shape is not a tuple"},
           bad{"{'shape': (2)}", "(n) instead of (n,)"},
           bad{"{'shape': (2 2)}", "',' or ')' expected"},
           bad{"{'shape': (-2,)}", "negative extent"},
           bad{"{'shape': (,)}", "an extent that is no number"},
           bad{"{'shape': (2.0,)}", "',' or ')' expected"},
           bad{"{'shape': (9223372036854775808,)}", "an extent over 2^63 - 1"},
           bad{"{'shape': (4294967296, 4294967296)}", "more elements than 2^63 - 1"},
           bad{"{'shape': (0, 4294967296, 4294967296)}", "more elements than 2^63 - 1"},
           bad{"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "text behind"},
           bad{"{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", "Fortran order"},
           bad{"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}",
               "header promises 9223372036854775807 elements of 4 bytes, but 8 bytes follow"},
       }) {
    auto const message = reading(put(header_of(text) + two_floats));
    EXPECT_NE(message.find(reason), std::string::npos) << text << "\n" << message;
    EXPECT_EQ(message.find("coupleface: " + path("file.npy") + ": at byte "), 0u) << message;
  }
  std::string ranks = "{'shape': (";
  for (int i = 0; i < 65; ++i) { ranks += "1,"; }
  EXPECT_NE(reading(put(header_of(ranks + ")}"))).find("more than 64"), std::string::npos);
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  auto const message = reading(put(header_of(text + std::string(1, '\0')) + two_floats));
  EXPECT_NE(message.find("text behind"), std::string::npos) << message;
}

TEST_F(npy, types_that_differ) {
  auto const file_of = [&](std::string const& type) {
    return put(header_of(dictionary(type, "(1,)")) + std::string(8, '\1'));
  };
  EXPECT_NE(reading<float>(file_of("<f8")).find("'<f8', not '<f4'"), std::string::npos);
  EXPECT_NE(reading<double>(file_of(">f8")).find("big-endian ('>f8'), not '<f8'"),
            std::string::npos);
  EXPECT_NE(reading<std::int32_t>(file_of("<u4")).find("'<u4', not '<i4'"), std::string::npos);
  EXPECT_NE(reading<std::uint8_t>(file_of("|b1")).find("'|b1', not '|u1'"), std::string::npos);
  EXPECT_NE(reading<float>(file_of("<U10")).find("'<U10', not '<f4'"), std::string::npos);
  EXPECT_NE(reading<float>(file_of("|f4")).find("'|f4', not '<f4'"), std::string::npos);
  EXPECT_NE(reading<float>(file_of("")).find("'', not '<f4'"), std::string::npos);
  auto const byte = put(header_of(dictionary("<i1", "(1,)")) + '\5');  // bytes have no order
  EXPECT_EQ(cf::mapped_npy<std::int8_t>(byte).vector()(0), 5);
}

TEST_F(npy, a_bool_is_0_or_1) {
  auto const file = put(header_of(dictionary("|b1", "(3,)")) + std::string("\1\0\2", 3));
  EXPECT_EQ(reading<bool>(file),
            "coupleface: " + file + ": at byte 130: a bool that is neither 0 nor 1");
}

TEST_F(npy, what_is_no_file) {
  EXPECT_EQ(reading(path("missing")),
            "coupleface: " + path("missing") + ": cannot open: No such file or directory");
  EXPECT_EQ(reading(path("")), "coupleface: " + path("") + ": is a folder, not a regular file");
  EXPECT_EQ(
      reading("/dev/null"),
      "coupleface: /dev/null: is not a regular file: save what the pipe or device yields to one");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_NE(reading(path("pipe")).find("not a regular file"), std::string::npos);  // does not hang
}

TEST_F(npy, writing_where_one_cannot) {
  float const values[2] = {1, 2};
  auto const writing = [&](std::string const& file) {
    return message_of([&] { cf::write_npy(file, cf::make_vector_view(values, 2)); });
  };
  EXPECT_NE(writing(path("no/such.npy")).find("No such file or directory"), std::string::npos);
  EXPECT_EQ(writing(path("")), "coupleface: " + path("") + ": exists and is not a regular file");
  EXPECT_NE(writing("/dev/null").find("not a regular file"), std::string::npos);
  EXPECT_TRUE(names().empty());
  auto const invalid = message_of<std::invalid_argument>(
      [&] { cf::write_npy(path("a"), cf::make_matrix_view(values, 2, 1, 0)); });
  EXPECT_EQ(invalid, "coupleface::npy_writer::write: x has row stride 0 but 1 columns");
  EXPECT_TRUE(names().empty());
}

TEST_F(npy, without_commit_the_old_file_stays) {
  auto const old = put("old contents", "a.npy");
  float const value = 1;
  {
    cf::npy_writer writer(old);
    writer.write(cf::make_vector_view(&value, 1));
    EXPECT_EQ(names().size(), 2u);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a.npy"});
  EXPECT_EQ(get(old), "old contents");
}

TEST_F(npy, a_leftover_temporary_file_is_no_obstacle) {
  put("dead", "a.npy." + std::to_string(::getpid()) + ".0.tmp");
  float const value = 1;
  cf::write_npy(path("a.npy"), cf::make_vector_view(&value, 1));
  EXPECT_EQ(cf::mapped_npy<float>(path("a.npy")).vector()(0), 1);
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(npy, a_full_disk_is_reported) {
  cf::detail::file_descriptor const full(::open("/dev/full", O_WRONLY));
  if (full.get() < 0) { GTEST_SKIP() << "There is no /dev/full."; }
  std::string const bytes(100, 'x');
  EXPECT_EQ(message_of([&] { cf::detail::write_all(full.get(), "f.npy", 7, bytes.data(), 100); }),
            "coupleface: f.npy: at byte 7: cannot write: No space left on device");
}

TEST_F(npy, a_limit_on_the_size_is_reported_and_nothing_is_left) {
  auto const old = put("old contents", "a.npy");
  std::vector<float> const values(1 << 18, 1.f);  // 1 MiB
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit const small{300000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto const view = cf::make_matrix_view(values.data(), 1 << 10, 1 << 8);
  auto const message = message_of([&] { cf::write_npy(old, view); });
  auto const by_rows = message_of([&] {
    cf::npy_writer writer(old);
    writer.begin<float>(1 << 10, 1 << 8);
    for (cf::index_t i = 0; i < 1 << 10; ++i) {
      try {
        writer.append(cf::make_matrix_view(view.row(i), 1, 1 << 8));
      } catch (std::runtime_error const&) { break; }
    }
    writer.append(cf::make_matrix_view(view.row(0), 1 << 8, 1 << 8));  // 256 KiB: not buffered
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "coupleface: " + old + ": at byte 300000: cannot write: File too large");
  EXPECT_NE(by_rows.find("an earlier write failed"), std::string::npos) << by_rows;
  EXPECT_EQ(names(), std::vector<std::string>{"a.npy"});
  EXPECT_EQ(get(old), "old contents");
}

TEST_F(npy, the_mask_of_the_process_decides_who_may_read) {
  float const value = 1;
  mode_t const before = ::umask(027);
  cf::write_npy(path("a.npy"), cf::make_vector_view(&value, 1));
  ::umask(before);
  struct stat status;
  ASSERT_EQ(::stat(path("a.npy").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(npy, real_files) {
  char const* const folder = std::getenv("COUPLEFACE_DATA");
  if (!folder) { GTEST_SKIP() << "COUPLEFACE_DATA names no folder with lfw/ in it."; }
  std::string const lfw = std::string(folder) + "/lfw/";
  if (::access((lfw + "teacher_dlib_128.npy").c_str(), R_OK) != 0) {
    GTEST_SKIP() << lfw << " has no teacher_dlib_128.npy.";
  }
  cf::mapped_npy<float> const teacher(lfw + "teacher_dlib_128.npy");
  EXPECT_EQ(teacher.matrix().extent(1), 128);
  cf::mapped_npy<float> const landmarks(lfw + "landmarks_5.npy");
  EXPECT_EQ(landmarks.shape(), (std::vector<cf::index_t>{teacher.matrix().extent(0), 5, 2}));
  EXPECT_EQ(landmarks.matrix().extent(1), 10);
  cf::write_npy(path("copy"), teacher.matrix());
  EXPECT_TRUE(get(path("copy")) == get(lfw + "teacher_dlib_128.npy"));
}

}  // namespace
