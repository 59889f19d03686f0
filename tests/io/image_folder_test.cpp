// SPDX-License-Identifier: Apache-2.0
// Folders of people: one order, and images told by their content.
#include <coupleface/io/image_folder.hpp>

#include "../support/scratch_folder.hpp"

#include <set>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<cf::index_t>;

std::string const jpeg = "\xFF\xD8\xFF\xE0 jpeg", png = "\x89PNG\r\n\x1A\n png",
                  webp = "RIFF....WEBPVP8 ";

class image_folder : public scratch_folder {};

TEST_F(image_folder, people_then_files_in_the_order_of_bytes) {
  // '-', ' ' and '.' come before '/': whole paths would be sorted otherwise.
  for (char const* file :
       {"set/Ann.B/1.jpg", "set/Ann/2.jpg", "set/Ann/10.jpg", "set/Ann B/x y.jpg",
        "set/Ann-B/1.jpg", "set/\xC3\x84nn/1.jpg", "set/ann/1.jpg"}) {
    put(file, jpeg + file);
  }
  for (std::string const& folder : {path("set"), path("set/")}) {
    auto const list = cf::read_image_folder(folder);
    EXPECT_EQ(list.people, (strings{"Ann", "Ann B", "Ann-B", "Ann.B", "ann", "\xC3\x84nn"}));
    EXPECT_EQ(list.paths, (strings{"Ann/10.jpg", "Ann/2.jpg", "Ann B/x y.jpg", "Ann-B/1.jpg",
                                   "Ann.B/1.jpg", "ann/1.jpg", "\xC3\x84nn/1.jpg"}));
    EXPECT_EQ(list.labels, (numbers{0, 0, 1, 2, 3, 4, 5}));
    EXPECT_TRUE(list.skipped.empty());
    EXPECT_TRUE(list.lines.empty());
    EXPECT_EQ(text_of(list.sample(1).bytes), jpeg + "set/Ann/2.jpg");
    EXPECT_EQ(list.sample(1).label, 0);
  }
}

TEST_F(image_folder, content_tells_what_is_an_image) {
  put("set/Berta/a.txt", jpeg);
  put("set/Berta/b", png);
  put("set/Berta/c.jpg", webp);
  put("set/Berta/d.jpg", "GIF89a");
  put("set/Berta/e.jpg", "");
  put("set/Berta/f.png", png.substr(0, 7));
  put("set/Berta/g.webp", "RIFF....WAVEfmt ");
  put("set/Berta/Thumbs.db", "\xD0\xCF");
  put("set/Berta/.DS_Store", jpeg);
  put("set/Berta/.hidden/a.jpg", jpeg);
  put("set/Anna/notes.json", "{}");
  put("set/.hidden/a.jpg", jpeg);
  put("set/beside.jpg", jpeg);
  std::filesystem::create_directory(path("set/Clara"));
  put("set/Dora/1.jpg", jpeg);
  auto const list = cf::read_image_folder(path("set"));
  EXPECT_EQ(list.people, (strings{"Berta", "Dora"}));
  EXPECT_EQ(list.paths, (strings{"Berta/a.txt", "Berta/b", "Berta/c.jpg", "Dora/1.jpg"}));
  EXPECT_EQ(list.labels, (numbers{0, 0, 0, 1}));
  EXPECT_EQ(list.skipped, (strings{".hidden", "beside.jpg", "Anna/notes.json", "Berta/.DS_Store",
                                   "Berta/.hidden", "Berta/Thumbs.db", "Berta/d.jpg", "Berta/e.jpg",
                                   "Berta/f.png", "Berta/g.webp"}));
}

TEST_F(image_folder, what_cannot_be_read_is_named) {
  auto const reading = [&] { return message_of([&] { cf::read_image_folder(path("set")); }); };
  EXPECT_NE(reading().find("cannot read the folder"), std::string::npos);
  put("set/Berta/1.jpg", jpeg);
  std::filesystem::create_symlink("nowhere", path("set/Berta/2.jpg"));
  EXPECT_NE(reading().find("set/Berta/2.jpg: cannot open"), std::string::npos);
  std::filesystem::remove(path("set/Berta/2.jpg"));
  auto const list = cf::read_image_folder(path("set"));
  std::filesystem::remove(path("set/Berta/1.jpg"));
  EXPECT_NE(message_of([&] { list.sample(0); }).find("1.jpg: cannot open"), std::string::npos);
  std::filesystem::create_directories(path("set/Berta/more"));
  EXPECT_NE(reading().find("set/Berta/more: is a folder within a person's folder"),
            std::string::npos);
}

TEST(image_format_of, tells_three_formats) {
  auto const format = [](std::string const& text) {
    return cf::image_format_of({reinterpret_cast<std::uint8_t const*>(text.data()),
                                static_cast<cf::index_t>(text.size())});
  };
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_EQ(format(jpeg.substr(0, size)),
              size < 3 ? cf::image_format::unknown : cf::image_format::jpeg);
    EXPECT_EQ(format(png.substr(0, size)),
              size < 8 ? cf::image_format::unknown : cf::image_format::png);
    EXPECT_EQ(format(webp.substr(0, size)), cf::image_format::unknown);
  }
  EXPECT_EQ(format(webp.substr(0, cf::image_signature_bytes)), cf::image_format::webp);
}

// Real faces, where they are: the table and the folder agree on who has which label.
TEST_F(image_folder, real_faces) {
  char const* const data = std::getenv("COUPLEFACE_DATA");
  std::string const folder = std::string(data != nullptr ? data : "") + "/lfw";
  if (data == nullptr || !std::filesystem::exists(folder + "/list.csv")) {
    GTEST_SKIP() << "COUPLEFACE_DATA names no folder with lfw/list.csv";
  }
  auto const table = cf::read_image_table(folder + "/list.csv");
  auto const found = cf::read_image_folder(folder + "/images");
  EXPECT_EQ(table.people, found.people);
  EXPECT_TRUE(found.skipped.empty());
  ASSERT_EQ(table.size(), found.size());
  std::set<std::pair<std::string, cf::index_t>> in_table, in_folder;
  for (std::size_t i = 0; i < table.paths.size(); ++i) {
    in_table.emplace(table.paths[i], table.labels[i]);
    in_folder.emplace("images/" + found.paths[i], found.labels[i]);
  }
  EXPECT_TRUE(in_table == in_folder);
  for (cf::index_t i : {cf::index_t(0), table.size() / 2, table.size() - 1}) {
    EXPECT_TRUE(text_of(table.sample(i).bytes) == get(table.path(i)));
  }
}

}  // namespace
