// SPDX-License-Identifier: Apache-2.0
// The teacher's file: every element type, whose row is whose, and values that are no numbers.
#include "face_kit/data/teacher_file.hpp"

#include <cmath>
#include <coupleface/io/npy.hpp>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image_writing.hpp"

namespace {

using image_writing::failure;
using image_writing::temporary_folder;
using namespace face_kit;

face_dataset dataset(int size) {
  face_dataset faces;
  for (int i = 0; i < size; ++i) {
    faces.labels.push_back(i);
    faces.paths.push_back("p/" + std::to_string(i) + ".jpg");
  }
  return faces;
}

class teacher_file : public ::testing::Test {
 protected:
  template <class T>
  std::string write(std::vector<T> const& values, int columns) {
    coupleface::write_npy(file, coupleface::make_matrix_view(
                                    values.data(), std::int64_t(values.size()) / columns, columns));
    return file;
  }
  temporary_folder folder;
  std::string file = (folder / "teacher.npy").string();
};

TEST_F(teacher_file, of_every_float) {
  std::vector<float> const values{0.5f, -1, 2, 0.25f, 3, -0.125f};
  auto const expect = [&](auto type) {
    using T = decltype(type);
    std::vector<T> stored;
    for (float const v : values) stored.push_back(T(v));
    auto const rows = read_teacher(write(stored, 2), dataset(3));
    EXPECT_EQ(rows.width, 2);
    EXPECT_EQ(rows.values, values);
  };
  expect(float());
  expect(double());
  expect(coupleface::float16());
  expect(coupleface::bfloat16());
  write(std::vector<std::int32_t>{1, 2}, 1);
  EXPECT_EQ(
      failure([&] { read_teacher(file, dataset(2)); }),
      file + ": elements are 'i4'; supported types are float32, float64, float16 and bfloat16");
}

TEST_F(teacher_file, needs_columns) {
  std::vector<float> const none(1);
  coupleface::write_npy(file, coupleface::make_matrix_view(none.data(), 3, 0));
  EXPECT_EQ(failure([&] { read_teacher(file, dataset(3)); }), file + ": the rows have no columns");
}

TEST_F(teacher_file, rows_of_left_out_images_are_left_out) {
  auto faces = dataset(2);
  faces.rows = {1, 3};
  faces.listed = 4;
  float const nan = std::numeric_limits<float>::quiet_NaN();
  write(std::vector<float>{nan, nan, 1, 2, nan, nan, 3, 4}, 2);
  EXPECT_EQ(read_teacher(file, faces).values, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(failure([&] { read_teacher(file, dataset(2)); }), file + ": 4 rows for 2 images");
  write(std::vector<float>{1, 2, 3, 4}, 2);
  EXPECT_EQ(failure([&] { read_teacher(file, faces); }),
            file + ": 2 rows for 4 images; images that cannot be decoded need a row too");
}

TEST_F(teacher_file, faces_that_are_not_listed_get_zeros) {
  auto faces = dataset(3);  // the last two from a pack of pairs
  faces.rows = {0, -1, -1};
  faces.listed = 1;
  write(std::vector<float>{1, 2}, 2);
  EXPECT_EQ(read_teacher(file, faces).values, (std::vector<float>{1, 2, 0, 0, 0, 0}));
}

TEST_F(teacher_file, names_the_first_value_that_is_not_finite) {
  double const inf = std::numeric_limits<double>::infinity(),
               nan = std::numeric_limits<double>::quiet_NaN();
  struct {
    double value;
    char const* text;
  } const cases[] = {{nan, "nan"}, {inf, "inf"}, {-inf, "-inf"}, {1e39, "too large for float32"}};
  for (auto const& bad : cases) {
    std::vector<double> values(12, 1);
    values[5] = bad.value;
    values[8] = nan;
    EXPECT_EQ(
        failure([&] { read_teacher(write(values, 3), dataset(4)); }),
        file + ": row 1, column 2 is " + bad.text + " (counted from 0; the image is p/1.jpg)");
  }
  write(std::vector<coupleface::float16>{coupleface::float16(1.f), coupleface::float16(1e6f)}, 1);
  EXPECT_EQ(failure([&] { read_teacher(file, dataset(2)); }),
            file + ": row 1, column 0 is inf (counted from 0; the image is p/1.jpg)");
}

}  // namespace
