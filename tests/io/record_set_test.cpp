// SPDX-License-Identifier: Apache-2.0
// InsightFace training sets: the layout of face2rec2 made by hand, with and without its index, and
// real faces there and back.
#include <coupleface/io/record_set.hpp>

#include "../support/scratch_folder.hpp"

#include <algorithm>
#include <cmath>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

cf::byte_view view_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), cf::index_t(bytes.size())};
}

struct record {
  std::uint64_t key;
  std::vector<float> labels;
  std::string bytes;
};

class record_set : public scratch_folder {
 protected:
  // The records in this order, with their index.
  std::string put_set(std::vector<record> const& records, bool indexed = true) const {
    cf::record_io_writer writer(path("train.rec"));
    std::string index;
    for (auto const& r : records) {
      auto const offset =
          writer.write({r.labels.data(), cf::index_t(r.labels.size())}, r.key, view_of(r.bytes));
      index += std::to_string(r.key) + "\t" + std::to_string(offset) + "\n";
    }
    writer.commit();
    std::filesystem::remove(path("train.idx"));
    if (indexed) { put("train.idx", index); }
    return path("train.rec");
  }
  std::string opening(std::string const& file) const {
    return message_of([&] { cf::record_set set(file); });
  }
  // As face2rec2 writes it: images, record 0, identities; labels with a second number behind.
  std::vector<record> const layout_ = {{1, {0, 1}, "a"}, {2, {0, 1}, "b"}, {3, {1, 1}, "c"},
                                       {4, {2, 1}, "d"}, {0, {5, 8}, ""},  {5, {1, 3}, ""},
                                       {6, {3, 4}, ""},  {7, {4, 5}, ""}};
};

TEST_F(record_set, the_layout_of_insightface) {
  put("property", "3,112,96");
  for (bool const indexed : {true, false}) {
    cf::record_set const set(put_set(layout_, indexed));
    ASSERT_EQ(set.size(), 4);
    std::string images;
    std::vector<cf::index_t> labels;
    for (cf::index_t i = 0; i < set.size(); ++i) {
      auto const sample = set.sample(i);
      images += text_of(sample.bytes);
      labels.push_back(sample.label);
    }
    EXPECT_EQ(images, "abcd");
    EXPECT_EQ(labels, (std::vector<cf::index_t>{0, 0, 1, 2}));
    ASSERT_EQ(set.identities(), 3);
    EXPECT_EQ(set.identity(0).first, 0);
    EXPECT_EQ(set.identity(0).last, 2);
    EXPECT_EQ(set.identity(2).first, 3);
    EXPECT_EQ(set.identity(2).last, 4);
    ASSERT_TRUE(set.property().has_value());
    EXPECT_EQ(set.property()->classes, 3);
    EXPECT_EQ(set.property()->height, 112);
    EXPECT_EQ(set.property()->width, 96);
    EXPECT_THROW(set.sample(4), std::invalid_argument);
    EXPECT_THROW(set.sample(-1), std::invalid_argument);
    EXPECT_THROW(set.identity(3), std::invalid_argument);
  }
}

TEST_F(record_set, keys_decide_the_order_where_record_0_makes_them_ranges) {
  auto shuffled = layout_;
  std::reverse(shuffled.begin(), shuffled.end());
  for (bool const indexed : {true, false}) {
    cf::record_set const set(put_set(shuffled, indexed));
    std::string images;
    for (cf::index_t i = 0; i < set.size(); ++i) { images += text_of(set.sample(i).bytes); }
    EXPECT_EQ(images, "abcd");
  }
}

TEST_F(record_set, the_layout_of_im2rec) {
  // Any keys, also all alike, and record 0 is an image.
  for (auto const& keys : {std::vector<std::uint64_t>{0, 1, 2}, {7, 3, 0}, {0, 0, 0}}) {
    for (bool const indexed : {true, false}) {
      cf::record_set const set(
          put_set({{keys[0], {4}, "x"}, {keys[1], {2}, "y"}, {keys[2], {4}, "z"}}, indexed));
      ASSERT_EQ(set.size(), 3);
      EXPECT_EQ(set.identities(), 0);
      EXPECT_FALSE(set.property().has_value());
      EXPECT_EQ(text_of(set.sample(0).bytes), "x");
      EXPECT_EQ(text_of(set.sample(2).bytes), "z");
      EXPECT_EQ(set.sample(1).label, 2);
    }
  }
  cf::record_set const empty(put_set({}));
  EXPECT_EQ(empty.size(), 0);
}

TEST_F(record_set, an_image_of_two_labels_is_no_range_of_keys) {
  for (bool const indexed : {true, false}) {
    cf::record_set const set(put_set({{0, {3, 1}, "x"}, {1, {2}, "y"}}, indexed));
    ASSERT_EQ(set.size(), 2);
    EXPECT_EQ(set.identities(), 0);
    EXPECT_EQ(set.sample(0).label, 3);
    EXPECT_EQ(text_of(set.sample(0).bytes), "x");
    EXPECT_EQ(set.sample(1).label, 2);
  }
}

TEST_F(record_set, the_writer_lays_out_as_insightface) {
  cf::record_set_writer writer(path("train.rec"), 112, 112);
  for (auto const& [image, label] :
       {std::pair<std::string, cf::index_t>{"a", 0}, {"b", 0}, {"c", 1}, {"d", 0}}) {
    writer.append(view_of(image), label);
  }
  writer.commit();
  EXPECT_EQ(get(path("property")), "2,112,112\n");
  // 8 + 24 + 1 bytes and padding each; record 0 and identities have 8 + 24 + 8.
  EXPECT_EQ(get(path("train.idx")), "1\t0\n2\t36\n3\t72\n4\t108\n0\t144\n5\t184\n6\t224\n7\t264\n");
  cf::record_io_reader reader(path("train.rec"));
  auto const head = reader.at(144);
  EXPECT_EQ(head.flag, 2u);
  EXPECT_EQ(head.labels(0), 5);
  EXPECT_EQ(head.labels(1), 8);
  cf::record_set const set(path("train.rec"));
  ASSERT_EQ(set.size(), 4);
  ASSERT_EQ(set.identities(), 3);
  EXPECT_EQ(set.identity(0).last, 2);
  EXPECT_EQ(set.identity(2).first, 3);
  EXPECT_EQ(set.sample(3).label, 0);
  EXPECT_EQ(names().size(), 3u);
}

TEST_F(record_set, nothing_is_left_without_a_commit) {
  {
    cf::record_set_writer writer(path("train.rec"), 112, 112);
    writer.append(view_of("x"), 0);
    EXPECT_THROW(writer.append(view_of("x"), -1), std::invalid_argument);
    EXPECT_THROW(writer.append(view_of("x"), (1 << 24) + 1), std::invalid_argument);
    EXPECT_THROW(writer.append({}, 0), std::invalid_argument);
  }
  EXPECT_TRUE(names().empty());
  EXPECT_THROW(cf::record_set_writer(path("train.rec"), -1, 0), std::invalid_argument);
  EXPECT_THROW(cf::record_set_writer(path("train.bin"), 1, 1), std::runtime_error);
  EXPECT_TRUE(names().empty());
}

TEST_F(record_set, records_appear_last_or_not_at_all) {
  for (std::string const taken : {"train.idx", "property"}) {
    cf::record_set_writer writer(path("train.rec"), 112, 112);
    writer.append(view_of("x"), 0);
    put(taken + "/in_the_way", "");  // no file can take the name of a folder that holds something
    EXPECT_NE(message_of([&] { writer.commit(); }).find(taken), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(path("train.rec"))) << taken;
    std::filesystem::remove_all(path(taken));
    std::filesystem::remove(path("train.idx"));
  }
}

TEST_F(record_set, damaged_indices_are_named) {
  put_set(layout_);
  auto const with_index = [&](std::string const& text) {
    put("train.idx", text);
    return opening(path("train.rec"));
  };
  std::string const whole = "coupleface: " + path("train.idx") + ": ", at = whole + "at byte ";
  EXPECT_EQ(with_index("1\t0\nx\t5\n"), at + "4: line 2 has 'x' where a key should be");
  for (std::string const none : {"", "\n"}) {
    EXPECT_EQ(with_index(none), whole +
                                    "names no record, but the .rec file has 336 bytes: it was "
                                    "not written to its end");
  }
  EXPECT_EQ(with_index("1 0\n"), at + "0: line 1 is not a key, a tab and an offset");
  EXPECT_EQ(with_index("1\t0x\n"), at + "0: line 1 has '0x' where an offset should be");
  EXPECT_EQ(with_index("1\t99999999999999999999\n"),
            at + "0: line 1 has '99999999999999999999' where an offset should be");
  EXPECT_EQ(with_index("-1\t0\n"), at + "0: line 1 has a negative key");
  EXPECT_EQ(with_index("1\t-4\n"), at + "0: line 1 has offset -4, but the .rec file has 336 bytes");
  EXPECT_EQ(with_index("1\t336\n"),
            at + "0: line 1 has offset 336, but the .rec file has 336 bytes");
  EXPECT_EQ(with_index("0\t176\n0\t176\n"), whole + "key 0 occurs twice");
  EXPECT_EQ(with_index("0\t176\n1\t0\n3\t0\n"),
            whole + "key 2 is missing: record 0 requires contiguous keys");
  EXPECT_NE(with_index("0\t176\n1\t0\n2\t44\n").find("record 0 puts identities at keys 5 to 8"),
            std::string::npos);
  EXPECT_NE(with_index("0\t160\n").find("the magic is missing"), std::string::npos);
  EXPECT_NE(with_index("0\t176\n1\t0\n2\t44\n").find("but there are 3 records"), std::string::npos);
  // An offset within a record is found when the image is read.
  put("train.idx", "4\t4\n");
  cf::record_set const set(path("train.rec"));
  EXPECT_THROW(set.sample(0), std::runtime_error);
}

TEST_F(record_set, damaged_heads_are_named) {
  auto const expect = [&](std::vector<float> const& range, std::string const& message) {
    auto records = layout_;
    records[4].labels = range;
    for (bool const indexed : {true, false}) {
      EXPECT_NE(opening(put_set(records, indexed)).find(message), std::string::npos)
          << opening(path("train.rec"));
    }
  };
  expect({0, 8}, "record 0 puts identities at keys 0 to 8");
  expect({5, 4}, "record 0 puts identities at keys 5 to 4");
  expect({5, 9}, "record 0 puts identities at keys 5 to 9 (not included), but there are 8");
  expect({1e30f, 8}, "is no integer within 2^40");
  expect({std::nanf(""), 8}, "label nan is no integer within 2^40");
  expect({5, 7.5f}, "label 7.500000 is no integer");

  auto records = layout_;
  records[5].labels = {1, 6};
  records[6].labels = {3, 4, 5};
  records[1].labels = {0.5f};
  cf::record_set const set(put_set(records));
  EXPECT_NE(message_of([&] { set.identity(0); }).find("the keys 1 to 6 of 4 images"),
            std::string::npos);
  EXPECT_NE(message_of([&] { set.identity(1); }).find("without two labels"), std::string::npos);
  EXPECT_NE(message_of([&] { set.sample(1); }).find("label 0.500000 is no integer"),
            std::string::npos);
  EXPECT_EQ(set.record(1).labels(0), 0.5f);
}

// Sets of more than 2^24 records: what their floats say is the key nearest to the true one.
TEST(record_keys, are_settled_where_floats_round_them) {
  EXPECT_EQ(cf::detail::key_rounding((1 << 24) - 1), 0);
  EXPECT_EQ(cf::detail::key_rounding(1 << 24), 1);
  EXPECT_EQ(cf::detail::key_rounding((1 << 25) - 1), 1);
  EXPECT_EQ(cf::detail::key_rounding(1 << 25), 2);
  EXPECT_EQ(cf::detail::key_rounding(42474560), 2);
  for (cf::index_t const around : {17091658, (1 << 25) - 3, 1 << 25, 42474558, 1 << 26}) {
    for (cf::index_t key = around - 9; key <= around + 9; ++key) {
      auto const rounded = static_cast<cf::index_t>(static_cast<float>(key));
      EXPECT_LE(std::abs(rounded - key), cf::detail::key_rounding(rounded)) << key;
      auto const found = [&](cf::index_t lowest, cf::index_t records) {
        return cf::detail::settled_key(rounded, lowest, records, [&](cf::index_t k) {
          EXPECT_LT(k, records);
          return k >= key;
        });
      };
      EXPECT_EQ(found(1, key + 100), key);
      EXPECT_EQ(found(key, key + 1), key);
      EXPECT_EQ(found(1, key), key);  // the last key there is comes before
    }
  }
  EXPECT_EQ(cf::detail::settled_key(5, 1, 3, [](cf::index_t) { return true; }), 5);
}

// RecBuilder of insightface 2.1: records from 0 on, each an image, and a second line in property.
TEST_F(record_set, the_layout_of_rec_builder) {
  auto const set = put_set({{0, {0}, "x"}, {1, {0}, "y"}, {2, {1}, "z"}}, true);
  put("property", "2,112,96\n3\n");
  EXPECT_EQ(cf::record_set(set).size(), 3);
  EXPECT_EQ(cf::record_set(set).property()->images, 3);
  EXPECT_EQ(cf::record_set(set).property()->width, 96);
  put("property", " 2, 112,\t96 \r\n\r\n 3 \r\n");
  EXPECT_EQ(cf::record_set(set).property()->images, 3);
  EXPECT_EQ(cf::record_set(set).property()->height, 112);
  put("property", "2,112,96\n");
  EXPECT_EQ(cf::record_set(set).property()->images, -1);
  put("property", "2,112,96\n4\n");
  EXPECT_EQ(opening(set), "coupleface: " + path("property") +
                              ": the second line says 4 images, but the .rec file has 3");
  // Identities are no images.
  put_set(layout_);
  put("property", "3,112,112\n4\n");
  EXPECT_EQ(opening(path("train.rec")), "(nothing was thrown)");
  put("property", "3,112,112\n8\n");
  EXPECT_NE(opening(path("train.rec")).find("says 8 images, but the .rec file has 4"),
            std::string::npos);
}

TEST_F(record_set, damaged_properties_are_named) {
  put_set(layout_);
  auto const with_property = [&](std::string const& text) {
    put("property", text);
    return opening(path("train.rec"));
  };
  EXPECT_EQ(with_property("\xEF\xBB\xBF"
                          "3,112,112\r\n"),
            "(nothing was thrown)");
  EXPECT_NE(with_property("").find("property: is empty"), std::string::npos);
  EXPECT_NE(with_property("3,112").find("line 1 is not classes,height,width"), std::string::npos);
  EXPECT_NE(with_property("3,x,1").find("line 1 has 'x' where a count"), std::string::npos);
  EXPECT_NE(with_property("3,-1,1").find("negative count"), std::string::npos);
  EXPECT_NE(with_property("3,1,1\nmore").find("line 2 has 'more' where a count"),
            std::string::npos);
  EXPECT_NE(with_property("3,1,1\n-1").find("line 2 has a negative count"), std::string::npos);
  EXPECT_NE(with_property("3,1,1\n4,4").find("line 2 is not the number of images"),
            std::string::npos);
  EXPECT_NE(with_property("3,1,1\n4\n4").find("line 3 is one too many"), std::string::npos);
  EXPECT_NE(opening(path("train.bin")).find("cannot open"), std::string::npos);
  std::filesystem::remove(path("property"));
  put("other.bin", "");
  EXPECT_NE(opening(path("other.bin")).find("does not end in .rec"), std::string::npos);
}

// Real faces, where they are: 200 images to a set and back.
TEST_F(record_set, real_faces_come_back) {
  char const* const data = std::getenv("COUPLEFACE_DATA");
  std::string const folder = std::string(data != nullptr ? data : "") + "/lfw/images";
  if (data == nullptr || !std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "COUPLEFACE_DATA names no folder with lfw/images";
  }
  std::vector<std::pair<std::string, cf::index_t>> faces;
  cf::record_set_writer writer(path("train.rec"), 250, 250);
  std::vector<std::string> people;
  for (auto const& person : std::filesystem::directory_iterator(folder)) {
    people.push_back(person.path().string());
  }
  std::sort(people.begin(), people.end());
  for (std::size_t person = 0; faces.size() < 200; ++person) {
    for (auto const& image : std::filesystem::directory_iterator(people.at(person))) {
      faces.emplace_back(get(image.path().string()), person);
      writer.append(view_of(faces.back().first), faces.back().second);
    }
  }
  writer.commit();
  for (bool const indexed : {true, false}) {
    if (!indexed) { std::filesystem::remove(path("train.idx")); }
    cf::record_set const set(path("train.rec"));
    ASSERT_EQ(set.size(), cf::index_t(faces.size()));
    EXPECT_EQ(set.identities(), faces.back().second + 1);
    for (std::size_t i = 0; i < faces.size(); ++i) {
      auto const sample = set.sample(cf::index_t(i));
      EXPECT_EQ(sample.label, faces[i].second);
      EXPECT_TRUE(text_of(sample.bytes) == faces[i].first) << i;
    }
  }
}

}  // namespace
