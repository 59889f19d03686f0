// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the example programs: what is refused, and how.
#include "face_kit/run/checkpoint.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "image_writing.hpp"

namespace {

using namespace face_kit;
using image_writing::failure;
using image_writing::temporary_folder;

TEST(checkpoint, one_byte_that_changed_is_noticed) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/checkpoint.bin", settings = "lr = 1\nseed = 2\n";
  std::string payload;
  for (int k = 0; k < 256; ++k) payload += static_cast<char>(k);
  save_checkpoint(file, settings, payload);
  EXPECT_EQ(load_checkpoint(file, settings).value(), payload);
  auto const bytes = read_whole_file(file);
  auto const refusal = [&](std::string const& changed) -> std::string {
    std::ofstream(file, std::ios::binary) << changed;
    try {
      load_checkpoint(file, settings);
    } catch (std::runtime_error const& error) { return error.what(); }
    return "";
  };
  std::size_t const settings_at = bytes.find(settings), payload_at = bytes.find(payload);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    auto const message = refusal(changed);
    ASSERT_NE(message, "") << at;
    bool const inside = (at >= settings_at && at < settings_at + settings.size()) ||
                        (at >= payload_at && at < payload_at + payload.size());
    if (inside) { EXPECT_NE(message.find("checksum mismatch"), std::string::npos) << message; }
  }
  EXPECT_NE(refusal(bytes + "x"), "");
  EXPECT_NE(refusal(bytes.substr(0, bytes.size() - 1)), "");
}

TEST(checkpoint, of_an_earlier_version_is_refused_with_a_sentence) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/checkpoint.bin";
  for (auto const* const magic :
       {"train_student checkpoint 1\n", "mine_relations checkpoint 1\n"}) {
    std::ofstream(file, std::ios::binary) << magic << std::string(200, 'x');
    EXPECT_EQ(failure([&] { load_checkpoint(file, "", "do that"); }),
              file +
                  ": is a checkpoint of an earlier version, whose state this version cannot "
                  "continue; do that");
  }
  std::ofstream(file, std::ios::binary) << "something else that is long enough to be one";
  EXPECT_EQ(failure([&] { load_checkpoint(file, "", "do that"); }),
            file + ": is not a checkpoint of this version; do that");
  std::filesystem::remove(file);
  EXPECT_FALSE(load_checkpoint(file, "").has_value());
}

TEST(checkpoint, names_the_settings_that_differ) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/checkpoint.bin";
  save_checkpoint(file, "k = 10\nlr = 1\nold = 3\n", "state");
  EXPECT_EQ(failure([&] { load_checkpoint(file, "k = 12\nlr = 1\nnew = 4\n", "do that"); }),
            file +
                ": belongs to another run (k: 10 there, 12 here; new: none there, 4 here; old: 3 "
                "there, none here); do that");
}

TEST(checkpoint, is_read_piece_by_piece) {
  temporary_folder const folder;
  std::string const file = folder.string() + "/checkpoint.bin";
  {
    checkpoint_writer out(file, "k = 1\n");
    for (int k = 0; k < 1000; ++k) out.write(&k, sizeof k);
    out.commit();
  }
  checkpoint_reader in(file, "do that");
  EXPECT_EQ(in.settings(), "k = 1\n");
  EXPECT_EQ(in.left(), 1000 * sizeof(int));
  int found[1000];
  in.read(found, 500 * sizeof(int));
  in.read(found + 500, 500 * sizeof(int));
  for (int k = 0; k < 1000; ++k) EXPECT_EQ(found[k], k);
  EXPECT_EQ(in.left(), 0U);
  EXPECT_NE(failure([&] { in.read(found, 1); }), "");
}

TEST(settings_text, keeps_all_digits) {
  settings_text text("first = 1\n");
  text("lr", 0.1);
  text("k", 3);
  EXPECT_EQ(text.str(), "first = 1\nlr = 0.10000000000000001\nk = 3\n");
}

}  // namespace
