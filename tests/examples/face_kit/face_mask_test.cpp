// SPDX-License-Identifier: Apache-2.0
// Checks masks drawn over mouth and nose: which pixels they cover, that mirroring, shifting and
// resizing move them with the face, and what is said of landmarks that are none.
#include "face_kit/image/augmentation.hpp"

#include <cmath>
#include <coupleface/io/npy.hpp>
#include <limits>

#include <gtest/gtest.h>

#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::failure;
using image_writing::temporary_folder;

constexpr int side = 112;

/// Looks at us, as the middle of the usual crops does.
face_landmarks straight() { return {{{79, 51}, {66, 51}, {32, 51}, {45, 51}, {55.5, 77}}}; }
/// Tilted, and turned to one side.
face_landmarks turned() { return {{{84, 58}, {68.5, 54}, {31, 46}, {46, 49}, {45, 76}}}; }

/// Of the mirrored image: left and right change places, and so do the eyes.
face_landmarks mirrored(face_landmarks const& face) {
  face_landmarks const order{face[2], face[3], face[0], face[1], face[4]};
  face_landmarks result;
  for (std::size_t i = 0; i < order.size(); ++i) result[i] = {side - 1 - order[i].x, order[i].y};
  return result;
}

std::vector<std::uint8_t> mask_of(face_landmarks const& face, double top, int size = side) {
  return fill_outline(mask_outline(face, top), size);
}

bool at(std::vector<std::uint8_t> const& inside, double x, double y) {
  return inside[std::lround(y) * side + std::lround(x)] != 0;
}

/// Which pixels the mask covers after augmentation: those that do not depend on the face.
std::vector<std::uint8_t> covered(face_landmarks const& face, augmentation_options const& options) {
  std::vector<std::uint8_t> const black(side * side, 0), white(side * side, 255);
  std::vector<float> a(black.size()), b(black.size());
  augment(black.data(), side, options, random_stream({6}), a.data(), &face);
  augment(white.data(), side, options, random_stream({6}), b.data(), &face);
  std::vector<std::uint8_t> same(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) same[i] = a[i] == b[i];
  return same;
}

int count(std::vector<std::uint8_t> const& inside) {
  return static_cast<int>(std::count(inside.begin(), inside.end(), 1));
}

TEST(face_mask, covers_nose_mouth_and_chin_and_not_the_eyes) {
  for (auto const& face : {straight(), turned()}) {
    for (double const edge : {0.0, 0.5, 0.999}) {
      auto const inside = mask_of(face, mask_top(edge));
      double const x = (face[0].x + face[1].x + face[2].x + face[3].x) / 4;
      double const y = (face[0].y + face[1].y + face[2].y + face[3].y) / 4;
      EXPECT_TRUE(at(inside, face[4].x, face[4].y));
      EXPECT_TRUE(at(inside, face[4].x, 92)) << "mouth";
      EXPECT_TRUE(at(inside, face[4].x, 105)) << "chin";
      for (int eye = 0; eye < 4; ++eye) EXPECT_FALSE(at(inside, face[eye].x, face[eye].y));
      EXPECT_FALSE(at(inside, x, y)) << "between the eyes";
      for (int i = 0; i < side; ++i) {
        EXPECT_FALSE(at(inside, i, 0));
        EXPECT_FALSE(at(inside, 0, i)) << "background";
      }
    }
  }
}

TEST(face_mask, a_higher_edge_covers_more_of_the_nose) {
  auto const high = mask_of(straight(), mask_top(0)), low = mask_of(straight(), mask_top(0.999));
  for (std::size_t i = 0; i < low.size(); ++i) EXPECT_LE(low[i], high[i]);
  // The nose begins at row 51 and ends at row 77.
  int const first = static_cast<int>(std::ceil(51 + 26 * mask_top(0)));
  EXPECT_FALSE(at(high, 56, first - 1));
  EXPECT_TRUE(at(high, 56, first + 1));
  EXPECT_FALSE(at(low, 56, first + 1));
}

TEST(face_mask, fills_exactly_the_pixels_whose_middle_is_inside) {
  std::vector<face_point> const diamond{{4, 0.5}, {7.5, 4}, {4, 7.5}, {0.5, 4}};
  auto const filled = fill_outline(diamond, 9);
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 9; ++x)
      EXPECT_EQ(filled[y * 9 + x], std::abs(x - 4) + std::abs(y - 4) <= 3 ? 1 : 0) << x << ' ' << y;
  // Partly and wholly outside of the image.
  EXPECT_EQ(count(fill_outline({{-9.5, -9.5}, {2.5, -9.5}, {2.5, 1.5}, {-9.5, 1.5}}, 9)), 6);
  EXPECT_EQ(count(fill_outline({{20, 20}, {30, 20}, {30, 30}}, 9)), 0);
  EXPECT_EQ(count(fill_outline({{-20, 2}, {-10, 2}, {-10, 8}}, 9)), 0);
  EXPECT_EQ(count(fill_outline({{20, 2}, {10, 2}, {10, 8}}, 9)), 0);
}

TEST(face_mask, of_the_mirrored_face_is_mirrored) {
  auto const there = mask_of(turned(), 0.6), back = mask_of(mirrored(turned()), 0.6);
  ASSERT_GT(count(there), 1000);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      ASSERT_EQ(there[y * side + x], back[y * side + side - 1 - x]) << x << ' ' << y;
}

TEST(face_mask, is_mirrored_and_shifted_with_the_face) {
  auto const plain = covered(turned(), {0, 0, 1}), flipped = covered(turned(), {1, 0, 1}),
             shifted = covered(turned(), {0, 6, 1});
  ASSERT_GT(count(plain), 1000);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      ASSERT_EQ(plain[y * side + x], flipped[y * side + side - 1 - x]) << x << ' ' << y;
  // Where a face with one white pixel goes, its mask goes too.
  std::vector<std::uint8_t> face(side * side, 0);
  face[20 * side + 30] = 255;
  std::vector<float> out(face.size());
  augment(face.data(), side, {0, 6, 0}, random_stream({6}), out.data());
  int const found = static_cast<int>(std::max_element(out.begin(), out.end()) - out.begin());
  int const down = found / side - 20, right = found % side - 30;
  ASSERT_NE(down, 0);
  ASSERT_NE(right, 0);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      ASSERT_EQ(
          shifted[y * side + x],
          plain[std::clamp(y - down, 0, side - 1) * side + std::clamp(x - right, 0, side - 1)]);
}

TEST(face_mask, landmarks_are_resized_with_the_image) {
  // Blocks of 4 x 4 pixels become one; 8 columns at each end are cut off.
  int const width = 64, height = 48, small = 12;
  for (auto const& [x, y] : {std::pair(22, 13), std::pair(8, 0), std::pair(55, 47)}) {
    std::vector<std::uint8_t> image(width * height, 0);
    image[y * width + x] = 255;
    std::vector<std::uint8_t> target(small * small);
    resize_area(image.data(), width, height, small, target.data());
    auto const p = in_square({double(x), double(y)}, {width, height}, small);
    EXPECT_GT(target[std::lround(p.y) * small + std::lround(p.x)], 0) << x << ' ' << y;
  }
  auto const middle = in_square({31.5, 23.5}, {width, height}, small);
  EXPECT_DOUBLE_EQ(middle.x, 5.5);
  EXPECT_DOUBLE_EQ(middle.y, 5.5);
}

TEST(face_mask, follows_from_the_key_alone_and_the_share) {
  std::vector<std::uint8_t> const face(side * side, 7);
  auto const where = straight();
  std::vector<float> a(face.size()), b(face.size()), none(face.size());
  augment(face.data(), side, {0.5, 2, 0.5}, random_stream({1, 2}), a.data(), &where);
  augment(face.data(), side, {0.5, 2, 0.5}, random_stream({1, 2}), b.data(), &where);
  EXPECT_EQ(a, b);
  int masked = 0;
  to_float(face.data(), side, none.data());
  for (std::uint64_t i = 0; i < 1000; ++i) {
    augment(face.data(), side, {0.5, 2, 0.3}, random_stream({i}), a.data(), &where);
    masked += a != none;
  }
  EXPECT_NEAR(masked, 300, 60);
}

TEST(face_mask, of_no_face_is_refused) {
  auto const message_of = [](face_landmarks const& face) {
    try {
      mask_outline(face, 0.5);
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  auto eyes = straight(), above = straight(), level = straight(), lost = straight();
  for (int i : {0, 1, 2, 3}) eyes[i] = {50, 50};
  above[4] = {55.5, 30};
  level[4] = {55.5, 51};
  lost[4].y = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of(eyes), "mask_outline: the eyes coincide");
  for (auto const& face : {above, level, lost})
    EXPECT_EQ(message_of(face), "mask_outline: the nose is not below the eyes");
  lost[0].x = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message_of(lost), "mask_outline: the eyes coincide");
}

/// [faces, 5, 2]; npy_writer writes matrices.
void write_landmarks(std::string const& file, std::vector<face_landmarks> const& all,
                     std::string const& shape) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize(117, ' ');
  std::string bytes = std::string("\x93NUMPY\1\0\x76\0", 10) + header + '\n';
  for (auto const& face : all) {
    for (auto const& p : face) {
      float const xy[] = {static_cast<float>(p.x), static_cast<float>(p.y)};
      bytes.append(reinterpret_cast<char const*>(xy), sizeof xy);
    }
  }
  image_writing::write_text(file, bytes);
}

TEST(load_landmarks, are_in_pixels_of_the_faces) {
  temporary_folder const folder;
  auto const file = (folder / "landmarks.npy").string();
  face_dataset faces;
  faces.side = 56;
  faces.paths = {"ann/1.png", "bob/1.png"};
  faces.labels = {0, 1};
  faces.sizes = {{112, 112}, {132, 112}};
  write_landmarks(file, {straight(), turned()}, "2, 5, 2");
  auto const read = load_landmarks(file, faces);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_DOUBLE_EQ(read[0][4].x, 27.5);
  EXPECT_DOUBLE_EQ(read[0][4].y, 38.25);
  EXPECT_DOUBLE_EQ(read[1][4].x, 17.25);
  faces.sizes.clear();  // of drawn faces, which have no files
  EXPECT_DOUBLE_EQ(load_landmarks(file, faces)[1][4].x, 45);
}

TEST(load_landmarks, of_images_that_were_left_out_are_left_out) {
  temporary_folder const folder;
  auto const file = (folder / "landmarks.npy").string();
  face_dataset faces;
  faces.side = side;
  faces.paths = {"ann/1.png"};
  faces.labels = {0};
  faces.rows = {1};
  faces.listed = 2;
  write_landmarks(file, {straight(), turned()}, "2, 5, 2");
  EXPECT_DOUBLE_EQ(load_landmarks(file, faces)[0][4].x, turned()[4].x);
  // As numpy has them by itself: float64.
  std::vector<double> values;
  for (auto const& face : {straight(), turned()}) {
    for (auto const& p : face) values.insert(values.end(), {p.x, p.y});
  }
  coupleface::write_npy(file, coupleface::make_matrix_view(values.data(), 2, 10));
  std::ifstream written(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(written), {});
  auto const at = bytes.find("(2, 10), }   ");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 13, "(2, 5, 2), } ");
  image_writing::write_text(file, bytes);
  EXPECT_DOUBLE_EQ(load_landmarks(file, faces)[0][4].x, turned()[4].x);
}

TEST(load_landmarks, says_what_is_wrong) {
  temporary_folder const folder;
  auto const file = (folder / "landmarks.npy").string();
  face_dataset faces;
  faces.side = side;
  faces.paths = {"ann/1.png", "bob/1.png"};
  faces.labels = {0, 1};
  auto const message = [&] { return failure([&] { load_landmarks(file, faces); }); };
  write_landmarks(file, {straight()}, "1, 5, 2");
  EXPECT_EQ(message(), file + ": is [1, 5, 2], not [2, 5, 2]");
  write_landmarks(file, {straight(), straight()}, "2, 10");
  EXPECT_EQ(message(), file + ": is [2, 10], not [2, 5, 2]");
  auto upside_down = straight();
  upside_down[4].y = 20;
  write_landmarks(file, {straight(), upside_down}, "2, 5, 2");
  EXPECT_EQ(message(), file + ": row 1, bob/1.png: mask_outline: the nose is not below the eyes");
}

}  // namespace
