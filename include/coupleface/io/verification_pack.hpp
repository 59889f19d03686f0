// SPDX-License-Identifier: Apache-2.0
// coupleface: InsightFace's verification packs (lfw.bin, cfp_fp.bin, ...): a pickle of a list of
// encoded images and a list that says for each two of them whether they show one person.
//
// Pickles run code when Python loads them; here they cannot. Protocols 1 to 5 are read, byte
// strings of Python 2 and 3, bytearray, NumPy arrays of bytes, bools or integers 0 and 1, also
// NumPy's; every other called name and every opcode that a pack does not need is refused, and named
// in the error. Source: ours (layout: insightface, lfw2pack.py, build_eval_pack.py; pickle:
// CPython, Lib/pickletools.py).
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pack_parts.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/face_sample.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A pack, mapped. Everything const may be called from several threads at once.
class verification_pack {
 public:
  /// @throws std::runtime_error naming file, byte and reason for anything other than a pack
  /// @complexity O(values); memory at most a few times the file's size; the images stay in the
  ///   mapped file
  explicit verification_pack(std::string const& path)
      : file_(std::make_shared<detail::mapped_file const>(path)),
        parts_(detail::read_pack(*file_)) {}

  index_t pairs() const { return static_cast<index_t>(parts_.same.size()); }

  /// Number of images, 2 pairs().
  index_t size() const { return static_cast<index_t>(parts_.images.size()); }

  /// @brief Whether images 2 pair and 2 pair + 1 show one person, 0 <= pair < pairs().
  /// @throws std::invalid_argument for another pair
  bool same(index_t pair) const {
    detail::expect(pair >= 0 && pair < pairs(), "verification_pack::same", "there is no such pair");
    return parts_.same[static_cast<std::size_t>(pair)] != 0;
  }

  /// @brief Image i, 0 <= i < size(); its label is same(i / 2).
  /// @throws std::invalid_argument for another i
  face_sample sample(index_t i) const {
    detail::expect(i >= 0 && i < size(), "verification_pack::sample", "there is no such image");
    detail::byte_range const range = parts_.images[static_cast<std::size_t>(i)];
    return {{file_->data() + range.begin, static_cast<index_t>(range.size)},
            same(i / 2) ? 1 : 0,
            file_};
  }

 private:
  std::shared_ptr<detail::mapped_file const> file_;
  detail::pack_parts parts_;
};

/// @brief Writes a pack. commit() makes it appear at its path, whole and synced. Without commit()
/// nothing changes there and no temporary file remains.
class verification_pack_writer {
 public:
  /// @param protocol 4: byte strings of Python 3; 2: of Python 2, which Python 3 reads with
  ///   encoding='bytes', as InsightFace does
  /// @throws std::invalid_argument for another protocol
  explicit verification_pack_writer(std::string const& path, int protocol = 4)
      : file_(checked(path, protocol)), protocol_(protocol) {
    detail::begin_pack(file_, protocol);
  }

  /// @throws std::invalid_argument for invalid views, or views of 2^31 bytes and more with protocol
  ///   2; std::runtime_error if the system refuses
  void append(byte_view a, byte_view b, bool same) {
    for (byte_view const image : {a, b}) {
      detail::expect_view("verification_pack_writer::append", "image", image);
      detail::expect(protocol_ == 4 || image.extent(0) < index_t(1) << 31,
                     "verification_pack_writer::append", "protocol 2 has no longer strings");
    }
    for (byte_view const image : {a, b}) { detail::write_pack_bytes(file_, protocol_, image); }
    same_.push_back(same ? 1 : 0);
  }

  /// @brief Renames the file to its path.
  /// @throws std::invalid_argument if images are so small that the reader here would refuse the
  ///   pack (thousands of images below 48 bytes each); std::runtime_error if the system refuses
  void commit() {
    detail::end_pack(file_, same_);
    detail::expect(3 * same_.size() + 16 <= detail::most_pickle_values(file_.offset()),
                   "verification_pack_writer::commit", "images are too small for ones");
    file_.commit();
  }

 private:
  static std::string const& checked(std::string const& path, int protocol) {
    detail::expect(protocol == 2 || protocol == 4, "verification_pack_writer",
                   "the protocol is neither 2 nor 4");
    return path;
  }

  detail::atomic_file file_;
  int protocol_;
  std::vector<unsigned char> same_;
};

COUPLEFACE_NAMESPACE_END
