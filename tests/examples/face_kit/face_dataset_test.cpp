// SPDX-License-Identifier: Apache-2.0
// Checks how the training example reads faces: decoders on every kind of JPEG and PNG, damage in
// them, area averaging, lists, folders and pairs. Every file is written by the test.
#include "face_kit/data/face_dataset.hpp"
#include "face_kit/data/face_options.hpp"
#include "face_kit/data/eval_pairs.hpp"
#include "face_kit/run/file_output.hpp"

#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image_writing.hpp"

namespace {

using image_writing::bytes;
using image_writing::failure;
using image_writing::temporary_folder;
using image_writing::write_file;
using image_writing::write_text;
using namespace face_kit;
using ::testing::TestWithParam;

struct decoded {
  bytes pixels;
  int width = -1;
  int height = -1;
};

decoded decode(bytes const& file) {
  decoded image;
  image.pixels = decode_grey(file.data(), file.size(), image.width, image.height, "image");
  return image;
}

std::string decode_failure(bytes const& file) {
  decoded image;
  auto const message =
      failure([&] { decode_grey(file.data(), file.size(), image.width, image.height, "image"); });
  EXPECT_EQ(image.width, -1) << "size written although decoding failed";
  return message;
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

/// Smooth, so that JPEG keeps it within a few levels.
std::uint8_t ramp(int x, int y) { return static_cast<std::uint8_t>(40 + 5 * x + 3 * y); }

bytes ramp_pixels(int width, int height, int channels) {
  bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) pixels.push_back(ramp(x, y));
    }
  }
  return pixels;
}

void expect_ramp(decoded const& image, int width, int height, int tolerance) {
  ASSERT_EQ(image.width, width);
  ASSERT_EQ(image.height, height);
  ASSERT_EQ(image.pixels.size(), static_cast<std::size_t>(width * height));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) EXPECT_NEAR(image.pixels[y * width + x], ramp(x, y), tolerance);
  }
}

// ---- JPEG ----

TEST(decode_grey, reads_grey_colour_and_progressive_jpeg) {
  for (int const channels : {1, 3}) {
    for (bool const progressive : {false, true}) {
      SCOPED_TRACE(channels * 10 + progressive);
      auto const file =
          image_writing::jpeg(ramp_pixels(19, 13, channels), 19, 13, {channels, 98, progressive});
      expect_ramp(decode(file), 19, 13, 3);
    }
  }
}

TEST(decode_grey, refuses_cmyk_jpeg) {
  auto const file = image_writing::jpeg(bytes(16 * 16 * 4, 90), 16, 16, {4, 90, false});
  EXPECT_TRUE(contains(decode_failure(file), "only grey, YCbCr and RGB"));
}

TEST(decode_grey, refuses_jpeg_cut_anywhere) {
  for (bool const progressive : {false, true}) {
    auto const file = image_writing::jpeg(ramp_pixels(24, 24, 3), 24, 24, {3, 90, progressive});
    for (std::size_t size = 0; size < file.size(); ++size) {
      auto const message = decode_failure(bytes(file.begin(), file.begin() + size));
      EXPECT_TRUE(contains(message, "image")) << size << " of " << file.size();
      EXPECT_TRUE(contains(message, "byte")) << message;
    }
  }
}

TEST(decode_grey, survives_any_single_damaged_byte_of_a_jpeg) {
  auto const file = image_writing::jpeg(ramp_pixels(24, 24, 1), 24, 24);
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (int const flip : {0xFF, 0x01, 0x80}) {
      auto damaged = file;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ flip);
      decoded image;
      failure([&] { image = decode(damaged); });  // an image or std::runtime_error, nothing else
      if (image.width > 0) {
        EXPECT_EQ(image.pixels.size(), std::size_t(image.width) * std::size_t(image.height));
      }
    }
  }
}

TEST(decode_grey, refuses_large_jpeg_before_allocating) {
  auto file = image_writing::jpeg(ramp_pixels(16, 16, 1), 16, 16);
  for (std::size_t i = 0; i + 8 < file.size(); ++i) {
    if (file[i] == 0xFF && file[i + 1] == 0xC0) {  // frame header: length, depth, height, width
      file[i + 7] = 0x40;
      file[i + 8] = 0x01;
      break;
    }
  }
  EXPECT_TRUE(contains(decode_failure(file), "refused size 16385 x 16"));
}

TEST(decode_grey, refuses_more_pixels_than_asked_for) {
  auto const jpeg = image_writing::jpeg(ramp_pixels(16, 16, 1), 16, 16);
  auto const png = image_writing::png({bytes(16), bytes(16)}, 16);
  int width = 0;
  int height = 0;
  EXPECT_THROW(decode_grey(jpeg.data(), jpeg.size(), width, height, "j", 255), std::runtime_error);
  EXPECT_NO_THROW(decode_grey(jpeg.data(), jpeg.size(), width, height, "j", 256));
  EXPECT_THROW(decode_grey(png.data(), png.size(), width, height, "p", 31), std::runtime_error);
  EXPECT_NO_THROW(decode_grey(png.data(), png.size(), width, height, "p", 32));
}

TEST(decode_grey, refuses_what_is_no_image) {
  EXPECT_TRUE(contains(decode_failure({}), "empty file"));
  EXPECT_TRUE(
      contains(decode_failure({'G', 'I', 'F', '8', '9', 'a'}), "neither JPEG, PNG nor WebP"));
}

// ---- PNG ----

struct png_case {
  char const* name;
  image_writing::png_style style;
};

/// Rows of a PNG that shows ramp() rounded to what the style can hold.
std::vector<bytes> ramp_rows(int width, int height, image_writing::png_style style) {
  std::vector<bytes> rows;
  for (int y = 0; y < height; ++y) {
    bytes row;
    int bit = 0;
    for (int x = 0; x < width; ++x) {
      if (style.depth < 8) {
        int const levels = (1 << style.depth) - 1;
        if (bit % 8 == 0) row.push_back(0);
        int const sample = style.color_type == PNG_COLOR_TYPE_PALETTE
                               ? std::min(levels, (ramp(x, y) + 8) / 17)
                               : (ramp(x, y) * levels + 127) / 255;
        row.back() = static_cast<std::uint8_t>(row.back() | sample << (8 - style.depth - bit % 8));
        bit += style.depth;
        continue;
      }
      if (style.color_type == PNG_COLOR_TYPE_PALETTE) {
        row.push_back(static_cast<std::uint8_t>((ramp(x, y) + 8) / 17));
        continue;
      }
      bool const colour = (style.color_type & PNG_COLOR_MASK_COLOR) != 0;
      bool const alpha = (style.color_type & PNG_COLOR_MASK_ALPHA) != 0;
      for (int c = 0; c < (colour ? 3 : 1) + (alpha ? 1 : 0); ++c) {
        bool const is_alpha = alpha && c == (colour ? 3 : 1);
        row.push_back(is_alpha ? 255 : ramp(x, y));
        if (style.depth == 16) row.push_back(row.back());
      }
    }
    rows.push_back(row);
  }
  return rows;
}

class every_png : public TestWithParam<png_case> {};

TEST_P(every_png, is_read_and_refused_when_cut_or_damaged) {
  auto const style = GetParam().style;
  auto const file = image_writing::png(ramp_rows(19, 13, style), 19, style);
  bool const palette = style.color_type == PNG_COLOR_TYPE_PALETTE;
  if (!palette || style.depth >= 4) {
    expect_ramp(decode(file), 19, 13,
                palette ? 9 : (style.depth < 8 ? 255 / ((1 << style.depth) - 1) / 2 + 1 : 0));
  } else {
    EXPECT_EQ(decode(file).width, 19);
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(decode_failure(bytes(file.begin(), file.begin() + size)), "") << size;
  }
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto damaged = file;
    damaged[i] ^= 0x10;
    EXPECT_NE(failure([&] { decode(damaged); }), "") << i;  // every byte is under a checksum
  }
}

INSTANTIATE_TEST_SUITE_P(
    kinds, every_png,
    ::testing::Values(png_case{"grey1", {PNG_COLOR_TYPE_GRAY, 1, false}},
                      png_case{"grey2", {PNG_COLOR_TYPE_GRAY, 2, false}},
                      png_case{"grey4_interlaced", {PNG_COLOR_TYPE_GRAY, 4, true}},
                      png_case{"grey8", {PNG_COLOR_TYPE_GRAY, 8, false}},
                      png_case{"grey8_interlaced", {PNG_COLOR_TYPE_GRAY, 8, true}},
                      png_case{"grey16", {PNG_COLOR_TYPE_GRAY, 16, false}},
                      png_case{"grey_alpha8", {PNG_COLOR_TYPE_GRAY_ALPHA, 8, false}},
                      png_case{"grey_alpha16", {PNG_COLOR_TYPE_GRAY_ALPHA, 16, true}},
                      png_case{"rgb8", {PNG_COLOR_TYPE_RGB, 8, false}},
                      png_case{"rgb16_interlaced", {PNG_COLOR_TYPE_RGB, 16, true}},
                      png_case{"rgba8", {PNG_COLOR_TYPE_RGB_ALPHA, 8, false}},
                      png_case{"rgba16", {PNG_COLOR_TYPE_RGB_ALPHA, 16, false}},
                      png_case{"palette2", {PNG_COLOR_TYPE_PALETTE, 2, false}},
                      png_case{"palette4", {PNG_COLOR_TYPE_PALETTE, 4, false}},
                      png_case{"palette8_interlaced", {PNG_COLOR_TYPE_PALETTE, 8, true}}),
    [](auto const& info) { return std::string(info.param.name); });

TEST(decode_grey, weighs_colours_and_shows_black_through) {
  auto const rgb =
      image_writing::png({{255, 0, 0, 0, 255, 0, 0, 0, 255}}, 3, {PNG_COLOR_TYPE_RGB, 8, false});
  EXPECT_EQ(decode(rgb).pixels, (bytes{76, 150, 29}));
  auto const faded =
      image_writing::png({{200, 0, 200, 128, 200, 255}}, 3, {PNG_COLOR_TYPE_GRAY_ALPHA, 8, false});
  EXPECT_EQ(decode(faded).pixels, (bytes{0, 100, 200}));
}

TEST(decode_grey, rounds_16_bits_to_8) {
  auto const file =
      image_writing::png({{0x00, 0x00, 0x7F, 0xFF, 0x80, 0x80, 0xFF, 0xFF, 0x01, 0x00}}, 5,
                         {PNG_COLOR_TYPE_GRAY, 16, false});
  EXPECT_EQ(decode(file).pixels, (bytes{0, 127, 128, 255, 1}));
}

// ---- WebP ----

#ifdef FACE_KIT_WEBP
TEST(decode_grey, reads_webp) {
  bytes rgba{255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 200, 200, 200, 128, 9, 9, 9, 255};
  rgba.resize(5 * 4 * 4, 255);
  auto image = decode(image_writing::webp(rgba, 5, 4));
  ASSERT_EQ(image.width, 5);
  ASSERT_EQ(image.height, 4);
  image.pixels.resize(6);
  EXPECT_EQ(image.pixels, (bytes{76, 150, 29, 100, 9, 255}));
  expect_ramp(decode(image_writing::lossy_webp(ramp_pixels(19, 13, 3), 19, 13, 95)), 19, 13, 6);
}

TEST(decode_grey, refuses_webp_that_is_cut_or_large) {
  for (auto const& file : {image_writing::webp(bytes(16 * 16 * 4, 90), 16, 16),
                           image_writing::lossy_webp(ramp_pixels(16, 16, 3), 16, 16, 90)}) {
    for (std::size_t size = 12; size + 1 < file.size(); ++size) {
      EXPECT_TRUE(
          contains(decode_failure(bytes(file.begin(), file.begin() + size)), "image: bad WebP"))
          << size << " of " << file.size();
    }
    for (std::size_t i = 12; i < file.size(); ++i) {
      auto damaged = file;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ 0x10);
      failure([&] { decode(damaged); });  // an image or std::runtime_error, nothing else
    }
    int width = 0, height = 0;
    EXPECT_THROW(decode_grey(file.data(), file.size(), width, height, "w", 255), undecodable_image);
    EXPECT_NO_THROW(decode_grey(file.data(), file.size(), width, height, "w", 256));
  }
}
#else
TEST(decode_grey, names_webp_where_it_is_not_read) {
  bytes const file{'R', 'I', 'F', 'F', 9, 0, 0, 0, 'W', 'E', 'B', 'P'};
  EXPECT_EQ(decode_failure(file),
            "image: is WebP, which this build cannot read (built without libwebp)");
}
#endif

// ---- resizing ----

TEST(resize_area, averages_by_covered_area) {
  bytes const source{10, 20, 30,  //
                     40, 50, 60,  //
                     70, 80, 90};
  bytes target(4);
  resize_area(source.data(), 3, 3, 2, target.data());
  // 1.5 x 1.5 source pixels each: (10 + 20/2 + 40/2 + 50/4) / 2.25 = 23.33, and so on
  EXPECT_EQ(target, (bytes{23, 37, 63, 77}));
}

TEST(resize_area, matches_a_plain_double_loop) {
  for (int const length : {1, 5, 31, 56}) {
    for (int const side : {1, 4, 32}) {
      bytes source(length * length);
      for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::uint8_t>(i * 73);
      bytes target(side * side);
      resize_area(source.data(), length, length, side, target.data());
      auto const overlap = [&](int s, int t) {
        double const from = std::max<double>(s, double(t) * length / side);
        double const to = std::min<double>(s + 1.0, double(t + 1) * length / side);
        return std::max(0.0, to - from);
      };
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          double sum = 0;
          for (int v = 0; v < length; ++v) {
            for (int u = 0; u < length; ++u) {
              sum += overlap(v, y) * overlap(u, x) * source[v * length + u];
            }
          }
          double const mean = sum * side * side / (double(length) * length);
          // rounding to whole levels is half a level; the rest is the loop's own rounding
          EXPECT_NEAR(target[y * side + x], mean, 0.5 + 1e-9) << length << " " << side;
        }
      }
    }
  }
}

TEST(resize_area, keeps_constants_and_takes_the_centred_square) {
  bytes const white(17 * 17, 255);
  bytes target(25);
  resize_area(white.data(), 17, 17, 5, target.data());
  EXPECT_EQ(target, bytes(25, 255));
  bytes const wide{0, 9, 9, 0, 0, 9, 9, 0};
  bytes two(4);
  resize_area(wide.data(), 4, 2, 2, two.data());
  EXPECT_EQ(two, bytes(4, 9));
  bytes const tall{0, 9, 0};
  bytes one(1);
  resize_area(tall.data(), 1, 3, 1, one.data());
  EXPECT_EQ(one, bytes(1, 9));
}

// ---- lists ----

/// Three people, five faces: each a flat tone, so that which is which shows.
class faces_on_disk : public ::testing::Test {
 protected:
  faces_on_disk() {
    int tone = 50;
    for (auto const* path : {"ann/1.jpg", "ann/2.png", "bob/1.png", "cyd/1.PNG", "cyd/2.jpeg"}) {
      std::string const name = path;
      bytes const pixels(64, static_cast<std::uint8_t>(tone));
      bool const jpeg = contains(name, ".jp");
      write_file(folder / name,
                 jpeg ? image_writing::jpeg(pixels, 8, 8)
                      : image_writing::png(std::vector<bytes>(8, bytes(8, pixels[0])), 8));
      tone += 20;
    }
    write_text(folder / "notes.txt", "no folder of a person");
    write_text(folder / "ann/notes.txt", "no image");
  }
  std::string list(std::string const& text) {
    write_text(folder / "list.csv", text);
    return (folder / "list.csv").string();
  }
  std::string list_failure(std::string const& text) {
    auto const file = list(text);
    return failure([&] { load_faces(folder.string(), file, 4); });
  }
  temporary_folder folder;
};

TEST_F(faces_on_disk, load_in_list_order_with_train_people_first) {
  auto const faces = load_faces(folder.string(),
                                list("path,person,split\n"
                                     "cyd/1.PNG,cyd,dev\r\n"
                                     "bob/1.png,bob,train\n"
                                     "ann/2.png,ann,train\n"
                                     "cyd/2.jpeg,cyd,dev\n"),
                                4);
  ASSERT_EQ(faces.size(), 4);
  EXPECT_EQ(faces.people, (std::vector<std::string>{"bob", "ann", "cyd"}));
  EXPECT_EQ(faces.labels, (std::vector<std::int32_t>{2, 0, 1, 2}));
  EXPECT_EQ(faces.is_train, (bytes{0, 1, 1, 0}));
  EXPECT_EQ(faces.paths[2], "ann/2.png");
  EXPECT_EQ(faces.train_people(), 2);
  EXPECT_EQ(bytes(faces.image(0), faces.image(0) + 16), bytes(16, 110));
  EXPECT_EQ(bytes(faces.image(1), faces.image(1) + 16), bytes(16, 90));
  EXPECT_EQ(bytes(faces.image(3), faces.image(3) + 16), bytes(16, 130));
}

TEST_F(faces_on_disk, load_from_folders_in_order_of_names) {
  auto const faces = load_faces(folder.string(), "", 2);
  EXPECT_EQ(faces.paths, (std::vector<std::string>{"ann/1.jpg", "ann/2.png", "bob/1.png",
                                                   "cyd/1.PNG", "cyd/2.jpeg"}));
  EXPECT_EQ(faces.people.size(), 3U);
}

TEST_F(faces_on_disk, folders_come_before_files_in_the_order) {
  std::string rows = "path,person\n";
  std::vector<std::string> paths;
  for (auto const* person : {"ann", "ann b", "ann-b", "ann.b"}) {
    for (auto const* file : {"1.jpg", "2.png"}) {
      auto const name = std::string(person) + "/" + file;
      if (!std::filesystem::exists(folder / name)) {
        write_file(folder / name, image_writing::jpeg(bytes(64, 10), 8, 8));
      }
      paths.push_back(name);
    }
  }
  auto faces = load_faces(folder.string(), "", 2);
  faces.paths.resize(paths.size());
  EXPECT_EQ(faces.paths, paths);
  EXPECT_EQ(faces.no_images, (std::vector<std::string>{"notes.txt", "ann/notes.txt"}));
  EXPECT_EQ(faces.listed_rows(), faces.size());
  EXPECT_EQ(faces.listed_row(3), 3);
}

TEST_F(faces_on_disk, lists_of_every_kind) {
  auto const expect = [&](std::string const& file, std::vector<std::string> const& people) {
    auto const faces = load_faces(folder.string(), (folder / file).string(), 2);
    EXPECT_EQ(faces.paths, (std::vector<std::string>{"cyd/1.PNG", "ann/1.jpg"})) << file;
    EXPECT_EQ(faces.people[faces.labels[0]], people[0]) << file;
    EXPECT_EQ(faces.people[faces.labels[1]], people[1]) << file;
  };
  write_text(folder / "a.csv",
             "\xEF\xBB\xBFyear,person,path\r\n7,\"c, yd\", cyd/1.PNG\r\n\r\n8,ann,ann/1.jpg");
  expect("a.csv", {"c, yd", "ann"});
  write_text(folder / "a.txt", "cyd/1.PNG 4\nann/1.jpg\t9\n");
  expect("a.txt", {"00000004", "00000009"});
  write_text(folder / "a.lst", "1\tcyd/1.PNG\t4\n1\tann/1.jpg\t9\n");
  expect("a.lst", {"00000004", "00000009"});
}

TEST_F(faces_on_disk, undecodable_images_are_left_out_on_demand) {
  auto const whole = image_writing::jpeg(bytes(64, 80), 8, 8);
  write_file(folder / "ann/1a.jpg", bytes(whole.begin(), whole.end() - 9));
  write_file(folder / "aaa/1.jpg", bytes(whole.begin(), whole.begin() + 20));
  EXPECT_TRUE(
      contains(failure([&] { load_faces(folder.string(), "", 2); }), "aaa/1.jpg: bad JPEG"));
  auto const faces = load_faces(folder.string(), "", 2, true);
  EXPECT_EQ(faces.paths, (std::vector<std::string>{"ann/1.jpg", "ann/2.png", "bob/1.png",
                                                   "cyd/1.PNG", "cyd/2.jpeg"}));
  EXPECT_EQ(faces.people.size(), 3U);
  EXPECT_EQ(faces.rows, (std::vector<int>{1, 3, 4, 5, 6}));
  EXPECT_EQ(faces.listed_rows(), 7);
  EXPECT_EQ(faces.listed_row(1), 3);
  EXPECT_EQ(faces.sizes.size(), 5U);
  EXPECT_EQ(faces.pixels, load_faces(folder.string(),
                                     list("path,person\nann/1.jpg,ann\nann/2.png,ann\n"
                                          "bob/1.png,bob\ncyd/1.PNG,cyd\ncyd/2.jpeg,cyd\n"),
                                     2)
                              .pixels);
  ASSERT_EQ(faces.undecodable.size(), 2U);
  EXPECT_EQ(faces.undecodable[0].row, 0);
  EXPECT_EQ(faces.undecodable[0].reason.find("aaa/1.jpg: bad JPEG"), 0U);
  EXPECT_EQ(faces.undecodable[1].row, 2);
  EXPECT_EQ(faces.undecodable[1].path, "ann/1a.jpg");
  EXPECT_EQ(faces.undecodable[1].reason.find("ann/1a.jpg: bad JPEG"), 0U);
  // What is not there at all is an error still, and so is a set of nothing else.
  auto const gone = list("path,person\nann/1.jpg,ann\nann/9.jpg,ann\n");
  EXPECT_TRUE(contains(failure([&] { load_faces(folder.string(), gone, 2, true); }), "line 3: "));
  auto const bad = list("path,person\nann/1a.jpg,ann\nann/notes.txt,ann\n");
  EXPECT_TRUE(contains(failure([&] { load_faces(folder.string(), bad, 2, true); }),
                       "no image can be decoded"));
}

TEST_F(faces_on_disk, load_from_an_insightface_set_as_from_its_folders) {
  auto const file = (folder / "set/train.rec").string();
  std::filesystem::create_directories(folder / "set");
  coupleface::record_set_writer writer(file, 8, 8);
  for (int i = 0; i < 12; ++i) {
    auto const label = i / 3;
    auto const image = image_writing::jpeg(bytes(64, static_cast<std::uint8_t>(20 * i)), 8, 8);
    writer.append({image.data(), static_cast<std::int64_t>(image.size())}, label);
    char name[32];
    std::snprintf(name, sizeof name, "people/%08d/%08d", label, i);
    write_file(folder / (std::string(name) + ".jpg"), image);
  }
  writer.commit();
  auto const set = load_faces(file, "", 4),
             folders = load_faces((folder / "people").string(), "", 4);
  EXPECT_EQ(set.pixels, folders.pixels);
  EXPECT_EQ(set.labels, folders.labels);
  EXPECT_EQ(set.is_train, folders.is_train);
  EXPECT_EQ(set.people, folders.people);
  EXPECT_EQ(set.paths[5] + ".jpg", folders.paths[5]);
  EXPECT_EQ(failure([&] { load_faces(file, list("path,person\nbob/1.png,bob\n"), 4); }),
            file + ": a .rec set takes no list of images");
}

TEST_F(faces_on_disk, damaged_image_of_a_set_is_named) {
  auto const file = (folder / "train.rec").string();
  coupleface::record_set_writer writer(file, 8, 8);
  bytes const none(10, 7);
  writer.append({none.data(), 10}, 3);
  writer.commit();
  EXPECT_EQ(failure([&] { load_faces(file, "", 4); }).find(file + ": 00000003/00000000: "), 0U);
}

TEST_F(faces_on_disk, split_by_name_alone_where_no_split_is_given) {
  auto const some = load_faces(folder.string(), list("path,person\nbob/1.png,bob\n"), 2);
  auto const all = load_faces(folder.string(), "", 2);
  EXPECT_EQ(some.is_train[0], all.is_train[2]);
  int held_out = 0;
  for (int i = 0; i < 10000; ++i) held_out += !detail::trains_by_name("p" + std::to_string(i));
  EXPECT_NEAR(held_out, 2000, 5 * 40);  // five deviations of a fair one in five
}

TEST_F(faces_on_disk, bad_lists_are_named_by_line_and_reason) {
  struct {
    char const* text;
    char const* where;
    char const* reason;
  } const cases[] = {
      {"path,person\nann/1.jpg\n", "line 2 ", "has 1 fields, the header 2"},
      {"path,person\nann/1.jpg,ann,train\n", "line 2 ", "has 3 fields, the header 2"},
      {"path,person\nann/1.jpg,\n", "line 2 ", "an empty path or person"},
      {"path,person\nann/1.jpg,ann\nann/9.jpg,ann\n", "line 3: ", "ann/9.jpg"},
      {"path,person\nann/1.jpg,ann\n\nann/1.jpg,ann\n", "line 4: ", "first in line 2"},
      {"path,person\nann/1.jpg,ann\nann/notes.txt,ann\n", "line 3: ", "neither JPEG, PNG nor WebP"},
      {"path,person\nann,ann\n", "line 2: ", "ann"},
      {"path,person,split\nann/1.jpg,ann,test\n", "line 2: ", "neither train nor dev"},
      {"path,person,split\nann/1.jpg,ann,dev\nann/2.png,ann,train\n", "line 2: ", "both splits"},
      {"path,person\n", "list.csv: ", "no images"},
      {"", "list.csv: ", "has no header"},
      {"file,who\nann/1.jpg,ann\n", "line 1 ", "has no column 'path'"},
      {"path,name\nann/1.jpg,ann\n", "line 1 ", "has no column 'person'"},
      {"a,b,same\nann/1.jpg,ann/2.png,1\n", "list.csv: ", "contains pairs but no people"},
  };
  for (auto const& bad : cases) {
    auto const message = list_failure(bad.text);
    EXPECT_TRUE(contains(message, "list.csv: ")) << bad.text << "-> " << message;
    EXPECT_TRUE(contains(message, bad.where)) << bad.text << "-> " << message;
    EXPECT_TRUE(contains(message, bad.reason)) << bad.text << "-> " << message;
  }
}

TEST_F(faces_on_disk, damaged_image_is_named_by_line_file_and_byte) {
  auto const whole = image_writing::jpeg(bytes(64, 80), 8, 8);
  write_file(folder / "ann/cut.jpg", bytes(whole.begin(), whole.end() - 9));
  auto const message = list_failure("path,person\nann/1.jpg,ann\nann/cut.jpg,ann\n");
  for (auto const* part : {"list.csv: line 3: ", "ann/cut.jpg", "near byte", "remature end"}) {
    EXPECT_TRUE(contains(message, part)) << message;
  }
}

TEST_F(faces_on_disk, first_bad_row_is_reported_whatever_the_threads) {
  std::string text = "path,person\n";
  for (int i = 0; i < 200; ++i) text += "gone/" + std::to_string(i) + ".jpg,gone\n";
  for (int run = 0; run < 5; ++run) EXPECT_TRUE(contains(list_failure(text), "list.csv: line 2: "));
}

TEST_F(faces_on_disk, missing_list_folder_or_side) {
  EXPECT_TRUE(
      contains(failure([&] { load_faces(folder.string(), "nowhere.csv", 4); }), "nowhere.csv"));
  EXPECT_TRUE(contains(failure([&] { load_faces((folder / "none").string(), "", 4); }), "none"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_TRUE(
      contains(failure([&] { load_faces((folder / "empty").string(), "", 4); }), "no PERSON/FILE"));
  EXPECT_THROW(load_faces(folder.string(), "", 0), std::invalid_argument);
  EXPECT_THROW(load_faces(folder.string(), "", 1 << 20), std::invalid_argument);
}

// ---- pairs ----

void expect_pair(verification_pair const& pair, int fold, int a, int b, bool same) {
  EXPECT_EQ(pair.fold, fold);
  EXPECT_EQ(pair.a, a);
  EXPECT_EQ(pair.b, b);
  EXPECT_EQ(pair.same, same);
}

TEST_F(faces_on_disk, pairs_in_every_form) {
  write_file(folder / "ann/ann_0001.jpg", image_writing::jpeg(bytes(64, 10), 8, 8));
  write_file(folder / "cyd/cyd_0012.png", image_writing::png(std::vector<bytes>(8, bytes(8)), 8));
  // ann: 0, 1, 2 (ann_0001); bob: 3; cyd: 4, 5, 6 (cyd_0012).
  auto faces = load_faces(folder.string(), "", 2);
  auto const file = (folder / "pairs").string();
  write_text(file, "fold,a,b,same\n0,ann/1.jpg,ann/2.png,1\n3,bob/1.png,cyd/2.jpeg,0\n");
  auto found = load_pairs(file, faces);
  ASSERT_EQ(found.pairs.size(), 2U);
  EXPECT_FALSE(found.dealt);
  expect_pair(found.pairs[0], 0, 0, 1, true);
  expect_pair(found.pairs[1], 3, 3, 5, false);
  struct {
    char const* text;
    int a, b;
  } const others[] = {{"ann/1.jpg\tann/2.png\t1\r\nbob/1.png,cyd/2.jpeg, 0\r\n", 1, 5},
                      {"\xEF\xBB\xBF a, b ,same\r\n\"ann/1.jpg\",ann/2.png,1\n\n3,5,0", 1, 5},
                      {"0 1 1\n3 5 0\n", 1, 5}};
  for (auto const& other : others) {
    write_text(file, other.text);
    found = load_pairs(file, faces);
    ASSERT_EQ(found.pairs.size(), 2U) << other.text;
    EXPECT_TRUE(found.dealt) << other.text;
    expect_pair(found.pairs[0], 0, 0, other.a, true);
    expect_pair(found.pairs[1], 1, 3, other.b, false);
  }
  write_text(file, "ann\t1\tcyd\t12\n");
  expect_pair(load_pairs(file, faces).pairs.at(0), 0, 2, 6, false);
  EXPECT_TRUE(have_rows(faces, found.pairs));
}

TEST_F(faces_on_disk, pairs_without_two_folds_are_assigned_to_ten) {
  auto faces = load_faces(folder.string(), "", 2);
  auto const file = (folder / "pairs").string();
  auto const told = [&](std::string const& header, std::string const& end, int pairs) {
    std::string text = header;
    for (int i = 0; i < pairs; ++i) text += (i % 2 == 0 ? "0,1,1" : "1,2,0") + end + '\n';
    write_text(file, text);
    testing::internal::CaptureStderr();
    warn_of_pairs(file, load_pairs(file, faces), faces);
    return testing::internal::GetCapturedStderr();
  };
  std::string const none = "a,b,same\n", fold = "a,b,same,fold\n";
  EXPECT_EQ(told(none, "", 12), file + ": has no folds; pairs are assigned to ten folds in turn\n");
  EXPECT_EQ(told(fold, ",3", 12),
            file + ": has one fold; pairs are assigned to ten folds in turn\n");
  EXPECT_EQ(told(fold, ",3", 4), file + ": has one fold; pairs are assigned to 4 folds in turn\n");
  EXPECT_EQ(told(none, "", 1), "") << "refused later, as there is one fold";
}

TEST_F(faces_on_disk, pairs_of_left_out_images_are_left_out) {
  write_file(folder / "ann/0.jpg", {0xFF, 0xD8, 0xFF});
  auto faces = load_faces(folder.string(), "", 2, true);
  auto const file = (folder / "pairs").string();
  write_text(file, "ann/0.jpg ann/1.jpg 1\nann/1.jpg ann/2.png 1\nbob/1.png ann/0.jpg 0\n");
  auto found = load_pairs(file, faces);
  EXPECT_EQ(found.left_out, 2);
  ASSERT_EQ(found.pairs.size(), 1U);
  expect_pair(found.pairs[0], 1, 0, 1, true);
  write_text(file, "1 2 1\n2 3 0\n");  // numbers are rows of the folder
  found = load_pairs(file, faces);
  ASSERT_EQ(found.pairs.size(), 2U);
  expect_pair(found.pairs[0], 0, 0, 1, true);
  expect_pair(found.pairs[1], 1, 1, 2, false);
  write_text(file, "ann/0.jpg ann/1.jpg 1\n");
  EXPECT_TRUE(contains(failure([&] { load_pairs(file, faces); }), "no pair has both images"));
}

TEST_F(faces_on_disk, images_of_a_pack_become_faces) {
  auto const file = (folder / "lfw.bin").string();
  std::vector<bytes> images;
  for (int i = 0; i < 6; ++i) {
    images.push_back(image_writing::jpeg(bytes(64, static_cast<std::uint8_t>(40 * i)), 8, 8));
  }
  images[4].resize(images[4].size() - 9);
  coupleface::verification_pack_writer writer(file);
  for (std::size_t p = 0; p < 3; ++p) {
    auto const view = [&](bytes const& image) {
      return coupleface::byte_view(image.data(), std::int64_t(image.size()));
    };
    writer.append(view(images[2 * p]), view(images[2 * p + 1]), p == 0);
  }
  writer.commit();
  auto faces = load_faces(folder.string(), "", 2);
  auto const train_people = faces.train_people();
  auto const people = faces.people.size();
  EXPECT_TRUE(contains(failure([&] { load_pairs(file, faces); }), "lfw.bin: image 4: bad JPEG"));
  EXPECT_EQ(faces.size(), 5);
  auto const found = load_pairs(file, faces, true);
  EXPECT_EQ(found.left_out, 1);
  ASSERT_EQ(found.undecodable.size(), 1U);
  EXPECT_EQ(found.undecodable[0].row, 4);
  EXPECT_TRUE(contains(found.undecodable[0].reason, "lfw.bin: image 4: bad JPEG"));
  faces.out = (folder / "out").string();
  faces.undecodable.push_back({7, "Ann/7.jpg", "Ann/7.jpg: bad"});
  testing::internal::CaptureStderr();
  warn_of_pairs(file, found, faces);
  auto const warning = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(contains(warning, "lfw.bin: 1 pairs skipped: an image cannot be decoded (see " +
                                    faces.out + "/undecodable.txt); the first is " + file +
                                    ": image 4: bad JPEG"))
      << warning;
  EXPECT_EQ(read_whole_file(faces.out + "/undecodable.txt"),
            "Ann/7.jpg: bad\n" + found.undecodable[0].reason + "\n");
  faces.undecodable.clear();
  ASSERT_EQ(found.pairs.size(), 2U);
  expect_pair(found.pairs[0], 0, 5, 6, true);
  expect_pair(found.pairs[1], 3, 7, 8, false);
  ASSERT_EQ(faces.size(), 10);
  EXPECT_EQ(faces.train_people(), train_people);
  EXPECT_EQ(faces.people.size(), people + 4);
  EXPECT_EQ(faces.labels[5], faces.labels[6]);
  EXPECT_NE(faces.labels[7], faces.labels[8]);
  EXPECT_NE(faces.labels[9], faces.labels[8]);
  EXPECT_EQ(faces.is_train[9], 0);
  EXPECT_EQ(bytes(faces.image(8), faces.image(8) + 4), bytes(4, 120));
  EXPECT_EQ(faces.listed_rows(), 5);
  EXPECT_EQ(faces.listed_row(4), 4);
  EXPECT_FALSE(have_rows(faces, found.pairs));
  EXPECT_EQ(faces.sizes.size(), 10U);
}

TEST_F(faces_on_disk, lists_of_an_image_twice_of_nobody_or_of_no_file_are_refused) {
  auto const list = (folder / "list").string();
  auto const refused = [&](char const* text) {
    write_text(list, text);
    return failure([&] { load_faces(folder.string(), list, 2); });
  };
  EXPECT_EQ(refused("ann/1.jpg 1\nbob/1.png 2\nann/1.jpg 2\n"),
            list + ": line 3: ann/1.jpg is listed twice, first in line 1");
  EXPECT_EQ(refused("ann/1.jpg 1\nbob/1.png -1\n"),
            list + ": line 2: bob/1.png has the label -1, which is nobody's");
  EXPECT_EQ(refused("ann/1.jpg 1\n\nnone.jpg 2\n"),
            "coupleface: " + list + ": line 3: " + (folder / "none.jpg").string() +
                ": cannot open: No such file or directory");
}

TEST_F(faces_on_disk, bad_pairs_are_named_by_line_and_reason) {
  auto faces = load_faces(folder.string(), "", 2);
  auto const file = (folder / "pairs.csv").string();
  struct {
    char const* row;
    char const* reason;
  } const cases[] = {
      {"x,ann/1.jpg,ann/2.png,1", "has 'x' where fold should be an integer"},
      {"-1,ann/1.jpg,ann/2.png,1", "fold is -1"},
      {"99999999999,ann/1.jpg,ann/2.png,1", "fold is 99999999999"},
      {"0,ann/1.jpg,dan/1.jpg,0", "no row is called 'dan/1.jpg'"},
      {"0,ann/1.jpg,ann/2.png,yes", "has 'yes' where the label, 0 or 1, should be"},
      {"0,ann/1.jpg,ann/2.png,0", "same is 0, but"},
      {"0,ann/1.jpg,bob/1.png,1", "same is 1, but"},
      {"0,ann/1.jpg,ann/1.jpg,1", "with itself"},
      {"0,ann/1.jpg,ann/2.png", "has 3 fields"},
  };
  for (auto const& bad : cases) {
    write_text(file, std::string("fold,a,b,same\n1,ann/1.jpg,ann/2.png,1\n") + bad.row + "\n");
    auto const message = failure([&] { load_pairs(file, faces); });
    EXPECT_TRUE(contains(message, "line 3")) << bad.row << " -> " << message;
    EXPECT_TRUE(contains(message, bad.reason)) << bad.row << " -> " << message;
  }
  write_text(file, "a,b\nann/1.jpg,ann/2.png\n");
  EXPECT_TRUE(contains(failure([&] { load_pairs(file, faces); }), "pairs.csv"));
}

// ---- real faces, where somebody has them ----

TEST(real_faces, load_whole_when_present) {
  char const* const folder = std::getenv("COUPLEFACE_DATA");
  if (folder == nullptr || !std::filesystem::exists(std::string(folder) + "/lfw/list.csv")) {
    GTEST_SKIP() << "COUPLEFACE_DATA names no folder with lfw/list.csv";
  }
  std::string const data = std::string(folder) + "/lfw";
  auto faces = load_faces(data, data + "/list.csv", 32);
  auto const pairs = load_pairs(data + "/dev_pairs.csv", faces).pairs;
  EXPECT_GT(faces.size(), 1000);
  EXPECT_GT(pairs.size(), 100U);
  for (auto const& pair : pairs) {
    EXPECT_EQ(faces.is_train[pair.a], 0);
    EXPECT_EQ(faces.is_train[pair.b], 0);
  }
}

TEST(select_faces, needs_an_image_to_train_on) {
  face_options options;
  options.list = "people.csv";
  face_dataset faces;
  faces.labels = {0, 1};
  faces.is_train = {0, 0};
  training_faces data;
  EXPECT_EQ(failure([&] { select_faces(options, 1, faces, data); }),
            "people.csv: no image is in the train split");
}

}  // namespace
