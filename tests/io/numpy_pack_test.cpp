// SPDX-License-Identifier: Apache-2.0
// Verification packs of NumPy arrays and bytearrays: what cv2.imencode returns, appended as it is,
// is what InsightFace's own build_eval_pack.py writes. Pickles by NumPy, by hand, and hostile ones.
#include <coupleface/io/verification_pack.hpp>

#include "../support/scratch_folder.hpp"

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using namespace std::string_literals;

// Pickles spelled as Python 2 does.
std::string short_string(std::string const& text) { return "U"s + char(text.size()) + text; }

std::string type_of(std::string const& code, std::string const& order = "|") {
  return "cnumpy\ndtype\n(" + short_string(code) + "K\0K\1tR(K\3"s + short_string(order) +
         "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
}

std::string const new_array =
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR"s;

std::string array_of(std::string const& bytes, std::string const& type,
                     std::string const& extents) {
  return new_array + "(K\1(" + extents + "t" + type + "\x89" + short_string(bytes) + "tb";
}

std::string scalar_of(std::string const& bytes, std::string const& type) {
  return "cnumpy.core.multiarray\nscalar\n(" + type + short_string(bytes) + "tR";
}

std::string const one = "K\1"s;

class numpy_pack : public scratch_folder {
 protected:
  std::string reading(std::string const& bytes) const {
    std::string const file = put("bad.bin", bytes);
    std::string const at = "coupleface: " + file + ": at byte ";
    std::string const message = message_of([&] { cf::verification_pack pack(file); });
    return message.rfind(at, 0) == 0 ? message.substr(message.find(": ", at.size()) + 2) : message;
  }
  // A pack of two images and one label, each given as a pickled value.
  std::string image(std::string const& value) const {
    return reading("](" + value +
                   "C\1xe]\x88"
                   "a\x86.");
  }
  std::string label(std::string const& value) const {
    return reading("](C\1xC\1ye](" + value + "e\x86.");
  }
  std::string labels(std::string const& value) const {
    return reading("](C\1xC\1ye" + value + "\x86.");
  }
  // "A", "B", "C", "D"; the first two show one person.
  void expect_letters(std::string const& bytes) const {
    SCOPED_TRACE(testing::PrintToString(bytes));
    std::string const file = put("good.bin", bytes);
    EXPECT_EQ(message_of([&] {
                cf::verification_pack const pack(file);
                ASSERT_EQ(pack.size(), 4);
                EXPECT_TRUE(pack.same(0));
                EXPECT_FALSE(pack.same(1));
                std::string letters;
                for (cf::index_t i = 0; i < 4; ++i) { letters += text_of(pack.sample(i).bytes); }
                EXPECT_EQ(letters, "ABCD");
              }),
              nothing_);
  }
  std::string const nothing_ = "(nothing was thrown)";
  std::string const refusal_ =
      " is refused: a verification pack holds bytes, bools, integers, lists and tuples";
};

TEST_F(numpy_pack, images_of_numpy_2) {  // 2.4.6, pickle.HIGHEST_PROTOCOL
  expect_letters(
      "\x80\x05\x95\xcf\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x13numpy._core.numeric\x94\x8c\x0b_"
      "frombuffer\x94\x93\x94(\x96\x01\x00\x00\x00\x00\x00\x00\x00"
      "A\x94\x8c\x05numpy\x94\x8c\x05"
      "dtype\x94\x93\x94\x8c\x02u1\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|"
      "\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94"
      "bK\x01\x85\x94\x8c\x01"
      "C\x94t\x94R\x94h\x03(\x96\x01\x00\x00\x00\x00\x00\x00\x00"
      "B\x94h\x0aK\x01\x85\x94h\x0et\x94R\x94h\x03(\x96\x01\x00\x00\x00\x00\x00\x00\x00"
      "C\x94h\x0aK\x01\x85\x94h\x0et\x94R\x94h\x03(\x96\x01\x00\x00\x00\x00\x00\x00\x00"
      "D\x94h\x0aK\x01\x85\x94h\x0et\x94R\x94"
      "e]\x94(\x88\x89"
      "e\x86\x94."s);
}

TEST_F(numpy_pack, images_of_two_extents_and_numpy_bools_of_numpy_1) {  // 1.23.5, protocol 4
  expect_letters(
      "\x80\x04\x95=\x01\x00\x00\x00\x00\x00\x00]\x94(\x8c\x15numpy.core.multiarray\x94\x8c\x0c_"
      "reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94"
      "C\x01"
      "b\x94\x87\x94R\x94(K\x01K\x01K\x01\x86\x94h\x04\x8c\x05"
      "dtype\x94\x93\x94\x8c\x02u1\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|"
      "\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94"
      "b\x89"
      "C\x01"
      "A\x94t\x94"
      "bh\x03h\x06K\x00\x85\x94h\x08\x87\x94R\x94(K\x01K\x01K\x01\x86\x94h\x10\x89"
      "C\x01"
      "B\x94t\x94"
      "bh\x03h\x06K\x00\x85\x94h\x08\x87\x94R\x94(K\x01K\x01K\x01\x86\x94h\x10\x89"
      "C\x01"
      "C\x94t\x94"
      "bh\x03h\x06K\x00\x85\x94h\x08\x87\x94R\x94(K\x01K\x01K\x01\x86\x94h\x10\x89"
      "C\x01"
      "D\x94t\x94"
      "be]\x94(h\x01\x8c\x06scalar\x94\x93\x94h\x0d\x8c\x02"
      "b1\x94\x89\x88\x87\x94R\x94(K\x03h\x11NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94"
      "bC\x01\x01\x94\x86\x94R\x94h)h,C\x01\x00\x94\x86\x94R\x94"
      "e\x86\x94."s);
}

TEST_F(numpy_pack, labels_as_an_array) {
  // Bools of NumPy 2.4.6, protocol 5; int64 of 1.23.5, protocol 3.
  expect_letters(
      "\x80\x05\x95\x8c\x00\x00\x00\x00\x00\x00\x00]\x94(C\x01"
      "A\x94"
      "C\x01"
      "B\x94"
      "C\x01"
      "C\x94"
      "C\x01"
      "D\x94"
      "e\x8c\x13numpy._core.numeric\x94\x8c\x0b_frombuffer\x94\x93\x94("
      "\x96\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x94\x8c\x05numpy\x94\x8c\x05"
      "dtype\x94\x93\x94\x8c\x02"
      "b1\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|"
      "\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94"
      "bK\x02\x85\x94\x8c\x01"
      "C\x94t\x94R\x94\x86\x94."s);
  expect_letters(
      "\x80\x03]q\x00(cnumpy.core.multiarray\x0a_reconstruct\x0aq\x01"
      "cnumpy\x0andarray\x0aq\x02K\x00\x85q\x03"
      "C\x01"
      "bq\x04\x87q\x05Rq\x06(K\x01K\x01\x85q\x07"
      "cnumpy\x0a"
      "dtype\x0aq\x08X\x02\x00\x00\x00u1q\x09\x89\x88\x87q\x0aRq\x0b(K\x03X\x01\x00\x00\x00|"
      "q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0d"
      "b\x89"
      "C\x01"
      "Aq\x0etq\x0f"
      "bh\x01h\x02K\x00\x85q\x10h\x04\x87q\x11Rq\x12(K\x01K\x01\x85q\x13h\x0b\x89"
      "C\x01"
      "Bq\x14tq\x15"
      "bh\x01h\x02K\x00\x85q\x16h\x04\x87q\x17Rq\x18(K\x01K\x01\x85q\x19h\x0b\x89"
      "C\x01"
      "Cq\x1atq\x1b"
      "bh\x01h\x02K\x00\x85q\x1ch\x04\x87q\x1dRq\x1e(K\x01K\x01\x85q\x1fh\x0b\x89"
      "C\x01"
      "Dq "
      "tq!beh\x01h\x02K\x00\x85q\"h\x04\x87q#Rq$(K\x01K\x02\x85q%h\x08X\x02\x00\x00\x00i8q&"
      "\x89\x88\x87q'Rq((K\x03X\x01\x00\x00\x00<q)NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq*"
      "b\x89"
      "C\x10\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00q+tq,b\x86q-."s);
}

TEST_F(numpy_pack, bytearrays_of_protocol_4) {
  expect_letters(
      "\x80\x04\x95L\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x08"
      "builtins\x94\x8c\x09"
      "bytearray\x94\x93\x94"
      "C\x01"
      "A\x94\x85\x94R\x94h\x03"
      "C\x01"
      "B\x94\x85\x94R\x94h\x03"
      "C\x01"
      "C\x94\x85\x94R\x94h\x03"
      "C\x01"
      "D\x94\x85\x94R\x94"
      "e]\x94(\x88\x89"
      "e\x86\x94."s);
}

TEST_F(numpy_pack, as_python_2_wrote_them) {
  std::string images;
  for (char const* const letter : {"A", "B", "C", "D"}) {
    images += array_of(letter, type_of("u1"), one);
  }
  expect_letters("](" + images +
                 "e](\x88\x89"
                 "e\x86.");
  expect_letters("](" + images + "e](" + scalar_of("\1", type_of("b1")) +
                 scalar_of("\0"s, type_of("b1")) + "e\x86.");
}

TEST_F(numpy_pack, more_arrays_than_lists_may_be) {
  std::string images, same;
  for (int i = 0; i < 200; ++i) {
    images += array_of(std::string(200, char(i)), type_of("u1"), "K\xc8" + one);
    if (i % 2 == 0) { same += scalar_of(std::string(1, char(i / 2 % 2)), type_of("u1")); }
  }
  cf::verification_pack const pack(put("a.bin", "](" + images + "e](" + same + "e\x86."));
  ASSERT_EQ(pack.pairs(), 100);
  for (cf::index_t i = 0; i < 200; ++i) {
    EXPECT_EQ(text_of(pack.sample(i).bytes), std::string(200, char(i)));
    EXPECT_EQ(pack.same(i / 2), i / 2 % 2 == 1);
  }
}

TEST_F(numpy_pack, labels_of_every_integer_type) {
  for (std::string const& kind : {"i"s, "u"s}) {
    for (int const size : {1, 2, 4, 8}) {
      std::string const type = type_of(kind + std::to_string(size), "<");
      std::string bytes(std::size_t(size), '\0');
      EXPECT_EQ(labels(array_of(bytes, type, one)), nothing_);
      bytes[0] = 1;
      EXPECT_EQ(labels(array_of(bytes, type, one)), nothing_);
      EXPECT_EQ(label(scalar_of(bytes, type)), nothing_);
      bytes[0] = 2;
      EXPECT_EQ(label(scalar_of(bytes, type)), "a label is 2, neither 0 nor 1");
      EXPECT_EQ(labels(array_of(bytes, type, one)), "a label is 2, neither 0 nor 1");
      bytes.assign(std::size_t(size), '\xff');
      if (kind == "i") {
        EXPECT_EQ(label(scalar_of(bytes, type)), "a label is -1, neither 0 nor 1");
      }
    }
  }
}

TEST_F(numpy_pack, arrays_that_are_no_image_or_label) {
  std::string const u1 = type_of("u1");
  EXPECT_EQ(image(array_of("x", u1, one)), nothing_);
  EXPECT_EQ(image(array_of("", u1, "K\0"s)), nothing_);
  EXPECT_EQ(image(array_of("abcd", u1, "K\2K\2")), "a NumPy array has more than one extent");
  EXPECT_EQ(image(array_of("abcd", u1, "J\xff\xff\xff\xff")),
            "a NumPy array has more than one extent");
  EXPECT_EQ(image(array_of("abcd", u1, "K\3")), "a NumPy array of 3 elements has 4 bytes");
  EXPECT_EQ(image(array_of("abcd", u1, "J\xff\xff\xff\x7f")),
            "a NumPy array of 2147483647 elements has 4 bytes");
  EXPECT_EQ(image(array_of("abc", type_of("i2", "<"), one)),
            "a NumPy array of 1 elements has 3 bytes");
  EXPECT_EQ(image(array_of("abcd", type_of("f4", "<"), one)),
            "a NumPy array's elements are no integers");
  EXPECT_EQ(image(array_of("abcdefgh", type_of("O8"), one)),
            "a NumPy array's elements are no integers");
  EXPECT_EQ(image(array_of("a", type_of("i1"), one)),
            "an image is a NumPy array of 'i1', not of bytes ('u1')");
  EXPECT_EQ(image(new_array), "a NumPy array has no data");
  EXPECT_EQ(labels(new_array), "a NumPy array has no data");
  EXPECT_EQ(image(u1), "an image is a NumPy type, not a byte string");
  EXPECT_EQ(image("N"), "an image is None, not a byte string");
  EXPECT_EQ(image("cnumpy\nndarray\n"), "an image is a name of Python's, not a byte string");
  EXPECT_EQ(label("N"), "a label is None, not a bool or integer");
  EXPECT_EQ(label(array_of("\1", u1, one)), "a label is a NumPy array, not a bool or integer");
  EXPECT_EQ(labels(u1), "a part of the pack is a NumPy type, not a list or tuple");
}

TEST_F(numpy_pack, other_names_and_arguments_are_refused) {
  EXPECT_EQ(image("cnumpy\nload\n(U\1xtR"), "GLOBAL of 'numpy' 'load'" + refusal_);
  EXPECT_EQ(image("cos\nscalar\n(U\1xtR"), "GLOBAL of 'os' 'scalar'" + refusal_);
  EXPECT_EQ(image("\x8c\5numpy\x8c\4load\x93"), "STACK_GLOBAL of 'numpy' 'load'" + refusal_);
  EXPECT_EQ(image("(inumpy\nndarray\n"), "INST of 'numpy' 'ndarray'" + refusal_);
  for (std::string const& arguments : std::vector<std::string>{
           "cnumpy\nndarray\n(K\1t"s, "cnumpy\ndtype\n(U\2u1t"s, "cnumpy\ndtype\n(NK\0K\1t"s,
           "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(K\0tU\1bt"s,
           "cnumpy.core.multiarray\nscalar\n(" + type_of("i8", "<") + "U\1xt",
           "cnumpy.core.multiarray\nscalar\n(" + type_of("f8", "<") + "U\10xxxxxxxxt",
           "cnumpy.core.numeric\n_frombuffer\n(U\1xU\2u1(K\1tU\1Ct"s,
           "cbuiltins\nbytearray\n(K\4t"s, "cbuiltins\nbytearray\n(U\1xU\1yt"s, "U\1x(t"s}) {
    EXPECT_EQ(image(arguments + "R"), "REDUCE" + refusal_) << testing::PrintToString(arguments);
  }
  EXPECT_EQ(image(type_of("i2", ">")), "BUILD" + refusal_);
  EXPECT_EQ(image("cnumpy\ndtype\n(U\2V4K\0K\1tR(K\3U\1|N(U\1atNtb"s), "BUILD" + refusal_);
  EXPECT_EQ(image(new_array + "(K\1tb"s), "BUILD" + refusal_);
  EXPECT_EQ(image("cnumpy\nndarray\n(K\1tb"s), "BUILD" + refusal_);
  EXPECT_EQ(image("U\1x(K\1tb"s), "BUILD" + refusal_);
}

TEST_F(numpy_pack, a_tuple_of_arguments_serves_once) {
  EXPECT_EQ(image("cbuiltins\nbytearray\n(U\1xtq\7Rh\7"), "memo key 7 is a tuple that was used up");
}

TEST_F(numpy_pack, every_truncation_is_noticed) {
  std::string const good = "](" + array_of("a", type_of("u1"), one) +
                           "cbuiltins\nbytearray\n(tRe](" + scalar_of("\1", type_of("b1")) +
                           "e\x86.";
  EXPECT_EQ(reading(good), nothing_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(reading(good.substr(0, size)), nothing_) << size;
  }
}

}  // namespace
