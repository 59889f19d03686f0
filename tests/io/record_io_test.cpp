// SPDX-License-Identifier: Apache-2.0
// RecordIO files: bytes made by hand, round trips with the magic at every place, every kind of
// damage.
#include <coupleface/io/record_io.hpp>

#include "../support/scratch_folder.hpp"

#include <cmath>
#include <random>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

std::string const magic = bytes_of(std::uint32_t{0xced7230a});

// One part of a record as dmlc-core frames it.
std::string part(std::uint32_t kind, std::string const& bytes) {
  return magic + bytes_of(kind << 29 | std::uint32_t(bytes.size())) + bytes +
         std::string((4 - bytes.size() % 4) % 4, '\0');
}

std::string bytes_of_float(float value) {
  return std::string(reinterpret_cast<char const*>(&value), sizeof value);
}

// mxnet's pack with one label.
std::string packed(float label, std::uint64_t id, std::string const& image) {
  return bytes_of(std::uint32_t{0}) + bytes_of_float(label) + bytes_of(id) +
         bytes_of(std::uint64_t{0}) + image;
}

cf::byte_view view_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), cf::index_t(bytes.size())};
}

class record_io : public scratch_folder {
 protected:
  std::string reading(std::string const& bytes) const {
    std::string const file = put("bad.rec", bytes);
    return message_of([&] {
      cf::record_io_reader reader(file);
      while (!reader.at_end()) { reader.read(); }
    });
  }
  std::string failure(std::string const& where_and_why) const {
    return "coupleface: " + path("bad.rec") + ": at byte " + where_and_why;
  }
};

TEST_F(record_io, a_file_made_by_hand) {
  std::string const two_labels = bytes_of(std::uint32_t{2}) + bytes_of_float(0) +
                                 bytes_of(std::uint64_t{9}) + bytes_of(std::uint64_t{3}) +
                                 bytes_of_float(1.5f) + bytes_of_float(-2) + "second";
  std::string const bytes = part(0, packed(7, 5, "first")) + part(0, two_labels);
  cf::record_io_reader reader(put("a.rec", bytes));
  auto const first = reader.read();
  EXPECT_EQ(first.offset, 0u);
  EXPECT_EQ(first.flag, 0u);
  EXPECT_EQ(first.id, 5u);
  ASSERT_EQ(first.labels.extent(0), 1);
  EXPECT_EQ(first.labels(0), 7);
  EXPECT_EQ(text_of(first.bytes), "first");
  std::uint64_t const offset = reader.offset();
  EXPECT_EQ(offset, 8u + 32u);
  auto const second = reader.read();
  EXPECT_EQ(second.flag, 2u);
  EXPECT_EQ(second.id, 9u);
  EXPECT_EQ(second.id2, 3u);
  ASSERT_EQ(second.labels.extent(0), 2);
  EXPECT_EQ(second.labels(0), 1.5f);
  EXPECT_EQ(second.labels(1), -2);
  EXPECT_EQ(text_of(second.bytes), "second");
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(text_of(reader.at(offset).bytes), "second");
  EXPECT_EQ(message_of([&] { reader.read(); }),
            "coupleface: " + path("a.rec") + ": at byte " + std::to_string(bytes.size()) +
                ": file ends where the 8 bytes before a record should be");
}

TEST_F(record_io, parts_are_joined_by_the_magic) {
  std::string const head = packed(1, 2, "");
  std::string const bytes = part(1, head + "abcd") + part(2, "") + part(2, "efgh") +
                            part(3, "last!") + part(0, packed(3, 4, "next"));
  cf::record_io_reader reader(put("a.rec", bytes));
  auto const joined = reader.read();
  EXPECT_EQ(text_of(joined.bytes), "abcd" + magic + magic + "efgh" + magic + "last!");
  EXPECT_EQ(joined.labels(0), 1);
  EXPECT_EQ(text_of(reader.read().bytes), "next");
  EXPECT_TRUE(reader.at_end());
}

TEST_F(record_io, the_writer_frames_as_dmlc_does) {
  std::string const file = path("a.rec");
  float const label = 4;
  {
    cf::record_io_writer writer(file);
    std::string const plain = "12345";
    std::string const cut = "abcd" + magic + magic + "xyz";
    std::string const unaligned = "ab" + magic;
    EXPECT_EQ(writer.write({&label, 1}, 6, view_of(plain)), 0u);
    EXPECT_EQ(writer.write({&label, 1}, 7, view_of(cut)), 40u);
    writer.write({&label, 1}, 8, view_of(unaligned));
    writer.write({&label, 1}, 9, view_of("abcd" + magic));
    EXPECT_EQ(names().size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(file));
    writer.commit();
  }
  EXPECT_EQ(get(file), part(0, packed(4, 6, "12345")) + part(1, packed(4, 7, "abcd")) +
                           part(2, "") + part(3, "xyz") + part(0, packed(4, 8, "ab" + magic)) +
                           part(1, packed(4, 9, "abcd")) + part(3, ""));
}

TEST_F(record_io, what_is_written_comes_back) {
  std::mt19937 generator(1);
  std::vector<std::string> images;
  std::vector<std::vector<float>> labels;
  for (int i = 0; i < 300; ++i) {
    std::string image;
    int const pieces = int(generator() % 6);
    for (int k = 0; k < pieces; ++k) {
      image += generator() % 2 == 0 ? magic : std::string(generator() % 9, char(generator()));
    }
    images.push_back(image);
    labels.emplace_back(1 + generator() % 4, float(i));
  }
  // A label that is the magic as bits.
  std::uint32_t const bits = 0xced7230a;
  labels[5].assign(3, 0);
  for (float& label : labels[5]) { std::memcpy(&label, &bits, sizeof bits); }
  cf::record_io_writer writer(path("a.rec"));
  std::vector<std::uint64_t> offsets;
  for (std::size_t i = 0; i < images.size(); ++i) {
    offsets.push_back(
        writer.write({labels[i].data(), cf::index_t(labels[i].size())}, i, view_of(images[i])));
  }
  writer.commit();
  cf::record_io_reader reader(path("a.rec"));
  for (std::size_t i = 0; i < images.size(); ++i) {
    EXPECT_EQ(reader.offset(), offsets[i]);
    auto const record = reader.read();
    EXPECT_EQ(record.id, i);
    EXPECT_EQ(text_of(record.bytes), images[i]) << i;
    ASSERT_EQ(record.labels.extent(0), cf::index_t(labels[i].size()));
    EXPECT_EQ(std::memcmp(record.labels.data_handle(), labels[i].data(), labels[i].size() * 4), 0);
    EXPECT_EQ(text_of(reader.at(offsets[i]).bytes), images[i]);
  }
  EXPECT_TRUE(reader.at_end());
}

TEST_F(record_io, bytes_outlive_the_reader) {
  put("a.rec", part(1, packed(1, 2, "")) + part(3, "joined") + part(0, packed(3, 4, "mapped")));
  cf::packed_record joined, mapped;
  {
    cf::record_io_reader reader(path("a.rec"));
    joined = reader.read();
    mapped = reader.read();
  }
  std::filesystem::remove(path("a.rec"));
  EXPECT_EQ(text_of(joined.bytes), magic + "joined");
  EXPECT_EQ(text_of(mapped.bytes), "mapped");
}

TEST_F(record_io, damage_is_named) {
  std::string const good = part(0, packed(1, 2, "image"));
  EXPECT_EQ(reading(good + "xx"),
            failure("40: file ends where the 8 bytes before a record should be"));
  EXPECT_EQ(reading(good + std::string(8, 'x')),
            failure("40: no record begins here: the magic is missing"));
  EXPECT_EQ(reading(good + magic + bytes_of(std::uint32_t{5})),
            failure("44: record of 5 bytes, but 0 follow"));
  EXPECT_EQ(reading(magic + bytes_of(std::uint32_t{(1u << 29) - 1}) + "123"),
            failure("4: record of 536870911 bytes, but 3 follow"));
  EXPECT_EQ(reading(magic + bytes_of(4u << 29)), failure("4: unknown kind of part 4"));
  EXPECT_EQ(reading(part(2, "1234")),
            failure("0: a later part of a record whose first is not before it"));
  EXPECT_EQ(reading(part(3, "1234")),
            failure("0: a later part of a record whose first is not before it"));
  EXPECT_EQ(reading(part(1, "1234") + good),
            failure("12: a new record begins, but the one at byte 0 lacks its last part"));
  EXPECT_EQ(reading(part(1, "1234") + part(2, "1234")),
            failure("24: file ends where the 8 bytes before a record should be"));
  EXPECT_EQ(reading(good + part(0, "too short")),
            failure("40: record of 9 bytes, too few for an image's head of 24"));
  std::string flagged = packed(1, 2, "1234567");
  flagged.replace(0, 4, bytes_of(std::uint32_t{2}));
  EXPECT_EQ(reading(part(0, flagged)),
            failure("0: record promises 2 labels, but 7 bytes follow its head"));
  flagged.replace(0, 4, bytes_of(std::uint32_t{0xffffffff}));
  EXPECT_EQ(reading(part(0, flagged)),
            failure("0: record promises 4294967295 labels, but 7 bytes follow its head"));
  cf::record_io_reader const reader(put("a.rec", good + good));
  EXPECT_NE(message_of([&] { reader.at(2); }).find("at byte 2: no record begins off"),
            std::string::npos);
  EXPECT_NE(message_of([&] { reader.at(1u << 20); }).find("at byte 1048576: file ends"),
            std::string::npos);
  EXPECT_NE(message_of([&] { cf::record_io_reader(path("none.rec")); }).find("cannot open"),
            std::string::npos);
}

TEST_F(record_io, every_truncation_is_noticed) {
  std::string const good =
      part(0, packed(1, 2, "image")) + part(1, packed(3, 4, "ab")) + part(3, "cd");
  for (std::size_t size = 1; size < good.size(); ++size) {
    if (size == 40) { continue; }  // one record
    EXPECT_NE(reading(good.substr(0, size)), "(nothing was thrown)") << size;
  }
  EXPECT_EQ(reading(good), "(nothing was thrown)");
}

TEST_F(record_io, a_failed_read_can_be_repeated) {
  cf::record_io_reader reader(put("a.rec", part(0, packed(1, 2, "image")) + "junkjunk"));
  reader.read();
  std::uint64_t const offset = reader.offset();
  EXPECT_THROW(reader.read(), std::runtime_error);
  EXPECT_EQ(reader.offset(), offset);
}

TEST_F(record_io, the_writer_refuses) {
  cf::record_io_writer writer(path("a.rec"));
  float const label = 1;
  EXPECT_EQ(message_of<std::invalid_argument>([&] { writer.write({}, 1, {}); }),
            "coupleface::record_io_writer::write: there is no label");
  EXPECT_THROW(writer.write({&label, 1}, 1, {nullptr, 5}), std::invalid_argument);
  EXPECT_THROW(writer.write({nullptr, 2}, 1, {}), std::invalid_argument);
  EXPECT_THROW(cf::record_io_writer(path("nowhere/a.rec")), std::runtime_error);
}

}  // namespace
