// SPDX-License-Identifier: Apache-2.0
// Verification packs: pickles made by hand and by Python, and every kind of hostile one.
#include <coupleface/io/verification_pack.hpp>

#include "../support/scratch_folder.hpp"

#include <random>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using namespace std::string_literals;

cf::byte_view view_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), cf::index_t(bytes.size())};
}

class verification_pack : public scratch_folder {
 protected:
  std::string reading(std::string const& bytes) const {
    std::string const file = put("bad.bin", bytes);
    return message_of([&] { cf::verification_pack pack(file); });
  }
  std::string failure(std::string const& where_and_why) const {
    return "coupleface: " + path("bad.bin") + ": at byte " + where_and_why;
  }
  // "A", "B", "C", "D"; the first two show one person.
  void expect_letters(std::string const& bytes) const {
    SCOPED_TRACE(testing::PrintToString(bytes));
    std::string const file = put("good.bin", bytes);
    EXPECT_EQ(message_of([&] {
                cf::verification_pack const pack(file);
                ASSERT_EQ(pack.pairs(), 2);
                ASSERT_EQ(pack.size(), 4);
                EXPECT_TRUE(pack.same(0));
                EXPECT_FALSE(pack.same(1));
                std::string letters;
                for (cf::index_t i = 0; i < 4; ++i) {
                  letters += text_of(pack.sample(i).bytes);
                  EXPECT_EQ(pack.sample(i).label, i < 2 ? 1 : 0);
                }
                EXPECT_EQ(letters, "ABCD");
              }),
              "(nothing was thrown)");
  }
};

std::string const refusal =
    " is refused: a verification pack holds bytes, bools, integers, lists and tuples";

TEST_F(verification_pack, python_3_bytes) {
  // pickle.dumps(([b'A', b'B', b'C', b'D'], [True, False]), protocol) of Python 3.11.
  for (char const protocol : {'\x04', '\x05'}) {
    expect_letters("\x80"s + protocol + "\x95\x1d\0\0\0\0\0\0\0"s +
                   "]\x94(C\x01"
                   "A\x94"
                   "C\x01"
                   "B\x94"
                   "C\x01"
                   "C\x94"
                   "C\x01"
                   "D\x94"
                   "e]\x94"
                   "(\x88\x89"
                   "e\x86\x94.");
  }
  expect_letters(
      "\x80\x03]q\0(C\x01"
      "Aq\x01"
      "C\x01"
      "Bq\x02"
      "C\x01"
      "Cq\x03"
      "C\x01"
      "Dq\x04"
      "e]q\x05(\x88\x89"
      "e\x86q\x06."s);
}

TEST_F(verification_pack, python_2_strings) {
  expect_letters(
      "\x80\x02]q\x01(U\x01"
      "Aq\x02U\x01"
      "Bq\x03U\x01"
      "Cq\x04U\x01"
      "Dq\x05"
      "e]q\x06"
      "(\x88\x89"
      "e\x86q\x07."s);
  // Protocol 1: a tuple by its mark, bools as lines.
  expect_letters(
      "(]q\x01(U\x01"
      "Aq\x02U\x01"
      "Bq\x03U\x01"
      "Cq\x04U\x01"
      "Dq\x05"
      "e]q\x06"
      "(I01\nI00\netq\x07."s);
}

TEST_F(verification_pack, every_spelling_of_bytes_numbers_and_lists) {
  std::string const letters = "U\1AT\1\0\0\0BB\1\0\0\0C\x8e\1\0\0\0\0\0\0\0D"s;
  expect_letters("](" + letters +
                 "e](\x88\x89"
                 "e\x86.");
  expect_letters("]C\1Aa\x96\1\0\0\0\0\0\0\0BaC\1CaC\1Da]K\1aM\0\0a\x86."s);
  expect_letters("((" + letters + "l(J\1\0\0\0J\0\0\0\0lt."s);
  expect_letters("((" + letters + "t(\x8a\1\1\x8a\0tl."s);
  expect_letters("](" + letters + "e\x88\x89\x86\x86.");
}

TEST_F(verification_pack, the_memo_hands_out_what_was_put) {
  std::string const file = put("a.bin",
                               "](C\2xxq\7h\7h\7C\1y\x94j\x08\0\0\0h\7e](\x88\x88\x88"
                               "e\x86."s);
  cf::verification_pack const pack(file);
  std::string images;
  for (cf::index_t i = 0; i < pack.size(); ++i) { images += text_of(pack.sample(i).bytes) + " "; }
  EXPECT_EQ(images, "xx xx xx y y xx ");
}

TEST_F(verification_pack, empty_packs_and_images) {
  EXPECT_EQ(cf::verification_pack(put("a.bin", "]]\x86.")).pairs(), 0);
  cf::verification_pack const pack(put("b.bin",
                                       "](C\0U\0e]\x88"
                                       "a\x86."s));
  EXPECT_EQ(pack.sample(0).bytes.extent(0), 0);
  EXPECT_THROW(pack.sample(2), std::invalid_argument);
  EXPECT_THROW(pack.sample(-1), std::invalid_argument);
  EXPECT_THROW(pack.same(1), std::invalid_argument);
}

TEST_F(verification_pack, the_writer_and_back) {
  std::mt19937 generator(2);
  for (int const protocol : {2, 4}) {
    std::vector<std::string> images;
    cf::verification_pack_writer writer(path("a.bin"), protocol);
    for (int p = 0; p < 3000; ++p) {
      for (int side = 0; side < 2; ++side) {
        std::string image(p < 2 ? 255 + std::size_t(p) : 60 + generator() % 400, '\0');
        for (char& c : image) { c = char(generator()); }
        images.push_back(image);
      }
      writer.append(view_of(images[2 * std::size_t(p)]), view_of(images[2 * std::size_t(p) + 1]),
                    p % 3 == 0);
    }
    EXPECT_EQ(std::filesystem::exists(path("a.bin")), protocol == 4);  // the one before
    writer.commit();
    cf::verification_pack const pack(path("a.bin"));
    ASSERT_EQ(pack.pairs(), 3000);
    for (cf::index_t i = 0; i < pack.size(); ++i) {
      ASSERT_TRUE(text_of(pack.sample(i).bytes) == images[std::size_t(i)]) << i;
      ASSERT_EQ(pack.same(i / 2), i / 2 % 3 == 0);
    }
  }
  EXPECT_EQ(names().size(), 1u);
}

TEST_F(verification_pack, the_writer_refuses) {
  EXPECT_THROW(cf::verification_pack_writer(path("a.bin"), 3), std::invalid_argument);
  {
    cf::verification_pack_writer writer(path("a.bin"));
    EXPECT_THROW(writer.append({nullptr, 4}, {}, true), std::invalid_argument);
    std::string const x = "x";
    for (int p = 0; p < 5000; ++p) { writer.append(view_of(x), view_of(x), true); }
    EXPECT_NE(message_of<std::invalid_argument>([&] { writer.commit(); }).find("too small"),
              std::string::npos);
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(verification_pack, what_runs_code_is_refused_by_name) {
  EXPECT_EQ(reading("cposix\nsystem\n(S'echo'\ntR."),
            failure("0: GLOBAL of 'posix' 'system'" + refusal));
  EXPECT_EQ(reading("\x80\x04\x8c\x05posix\x8c\x06system\x93."),
            failure("17: STACK_GLOBAL of 'posix' 'system'" + refusal));
  EXPECT_EQ(
      reading("\x80\x04]]\x93."),
      failure("4: STACK_GLOBAL of a value that is no text a value that is no text" + refusal));
  EXPECT_EQ(reading("(iposix\nsystem\n."), failure("1: INST of 'posix' 'system'" + refusal));
  EXPECT_EQ(reading("])R."), failure("2: REDUCE" + refusal));
  EXPECT_EQ(reading("cno\033[31m\nend"), failure("0: GLOBAL: its line does not end"));
  EXPECT_EQ(reading("cno\033[31m\nend\n"), failure("0: GLOBAL of 'no?[31m' 'end'" + refusal));
  struct {
    char const* opcode;
    char const* name;
  } const others[] = {{"b", "BUILD"},
                      {"o", "OBJ"},
                      {"\x81", "NEWOBJ"},
                      {"\x92", "NEWOBJ_EX"},
                      {"\x82", "EXT1"},
                      {"\x83", "EXT2"},
                      {"\x84", "EXT4"},
                      {"P", "PERSID"},
                      {"Q", "BINPERSID"},
                      {"}", "EMPTY_DICT"},
                      {"d", "DICT"},
                      {"s", "SETITEM"},
                      {"u", "SETITEMS"},
                      {"\x8f", "EMPTY_SET"},
                      {"\x90", "ADDITEMS"},
                      {"\x91", "FROZENSET"},
                      {"\x97", "NEXT_BUFFER"},
                      {"\x98", "READONLY_BUFFER"},
                      {"G", "BINFLOAT"},
                      {"F", "FLOAT"},
                      {"S", "STRING"},
                      {"V", "UNICODE"},
                      {"L", "LONG"},
                      {"\x8b", "LONG4"},
                      {"g", "GET"},
                      {"p", "PUT"},
                      {"0", "POP"},
                      {"1", "POP_MARK"},
                      {"2", "DUP"},
                      {"\x99", "unknown opcode 153"}};
  for (auto const& other : others) {
    EXPECT_EQ(reading(std::string("]") + other.opcode),
              failure(std::string("1: ") + other.name + refusal));
  }
}

TEST_F(verification_pack, lengths_beyond_the_file) {
  EXPECT_EQ(reading(""), failure("0: file ends where an opcode should be"));
  EXPECT_EQ(reading("]"), failure("1: file ends where an opcode should be"));
  EXPECT_EQ(reading("C\5abc"), failure("0: SHORT_BINBYTES: 5 bytes should follow, but 3 do"));
  EXPECT_EQ(reading("B\1\0"s), failure("0: BINBYTES: 4 bytes should follow, but 2 do"));
  EXPECT_EQ(reading("T\xff\xff\xff\xff"
                    "abc"),
            failure("0: BINSTRING: 4294967295 bytes should follow, but 3 do"));
  EXPECT_EQ(reading("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
                    "abc"),
            failure("0: BINBYTES8: 18446744073709551615 bytes should follow, but 3 do"));
  EXPECT_EQ(reading("\x95\xff\xff\xff\xff\xff\xff\xff\xff"
                    "abc"),
            failure("0: FRAME: 18446744073709551615 bytes should follow, but 3 do"));
  EXPECT_EQ(reading("\x80\6]]\x86."), failure("0: PROTO: unknown protocol 6"));
  EXPECT_EQ(reading("I01"), failure("0: INT: its line does not end"));
  EXPECT_EQ(reading("I1x\n"), failure("0: INT: its line is no integer"));
  EXPECT_EQ(reading("\x8a\x09"
                    "123456789"),
            failure("0: LONG1: an integer of more than 8 bytes"));
}

TEST_F(verification_pack, nesting_and_numbers_are_bounded) {
  EXPECT_EQ(reading(std::string(1 << 20, '(')),
            failure("8: MARK: nests deeper than a verification pack"));
  EXPECT_EQ(reading(std::string(1 << 20, ']')),
            failure("16: more lists and tuples than a verification pack has"));
  EXPECT_EQ(reading("]" + std::string(1 << 20, '\x85')),
            failure("16: more lists and tuples than a verification pack has"));
  EXPECT_EQ(reading("](" + std::string(1 << 20, '\x88')),
            failure(std::to_string(4096 + ((1 << 20) + 2) / 24) +
                    ": more values than a verification pack of this size has"));
  EXPECT_EQ(reading("]r\xff\xff\xff\xff"), failure("1: memo key 4294967295 is out of range"));
  EXPECT_EQ(reading("h\0"s), failure("0: memo key 0 was never put"));
  EXPECT_EQ(reading("]q\5h\4"), failure("3: memo key 4 was never put"));
}

TEST_F(verification_pack, a_list_within_itself_ends) {
  EXPECT_EQ(reading("]q\0h\0ah\0\x86."s),
            failure("0: an image is a list or tuple, not a byte string"));
  EXPECT_EQ(reading("]q\0h\0h\0\x87."s), failure("7: the pack has 3 parts, not images and labels"));
  EXPECT_EQ(reading("]q\0h\0ah\0a."s),
            failure("0: an image is a list or tuple, not a byte string"));
}

TEST_F(verification_pack, stacks_that_do_not_fit) {
  EXPECT_EQ(reading("."), failure("0: there is no value on the stack"));
  EXPECT_EQ(reading("(."), failure("1: there is no value on the stack"));
  EXPECT_EQ(reading("e."), failure("0: there is no MARK on the stack"));
  EXPECT_EQ(reading("l."), failure("0: there is no MARK on the stack"));
  EXPECT_EQ(reading("a."), failure("0: there is no value on the stack"));
  EXPECT_EQ(reading("]a."), failure("1: there is no list to append to"));
  EXPECT_EQ(reading("C\1x]a."), failure("4: there is no list to append to"));
  EXPECT_EQ(reading("(]a."), failure("2: there is no list to append to"));
  EXPECT_EQ(reading("(]e."), failure("2: there is no list to append to"));
  EXPECT_EQ(reading("](]\x86."), failure("3: there is no value on the stack"));
  EXPECT_EQ(reading("q\0"s), failure("0: there is no value on the stack"));
  EXPECT_EQ(reading("]]."), failure("2: STOP: values are left on the stack"));
  EXPECT_EQ(reading("]]\x86.more"), failure("4: 4 bytes behind its end"));
}

TEST_F(verification_pack, pickles_that_are_no_pack) {
  EXPECT_EQ(reading("C\1x."), failure("2: the pack is a byte string, not a list or tuple"));
  EXPECT_EQ(reading("]."), failure("0: the pack has 0 parts, not images and labels"));
  EXPECT_EQ(reading("]\x88\x86."),
            failure("1: a part of the pack is a bool or integer, not a list or tuple"));
  EXPECT_EQ(reading("]\x88"
                    "a]\x86."),
            failure("1: an image is a bool or integer, not a byte string"));
  EXPECT_EQ(reading("]\x8c\1xa]\x86."), failure("3: an image is text, not a byte string"));
  EXPECT_EQ(reading("](C\1xC\1ye]C\1xa\x86."),
            failure("12: a label is a byte string, not a bool or integer"));
  EXPECT_EQ(reading("](C\1xC\1ye]K\2a\x86."), failure("10: a label is 2, neither 0 nor 1"));
  EXPECT_EQ(reading("](C\1xC\1ye]\x8a\1\xff"
                    "a\x86."),
            failure("10: a label is -1, neither 0 nor 1"));
  EXPECT_EQ(reading("](C\1xC\1ye]J\xff\xff\xff\xff"
                    "a\x86."),
            failure("10: a label is -1, neither 0 nor 1"));
  EXPECT_EQ(reading("](C\1xe]\x88"
                    "a\x86."),
            failure("9: 1 images for 1 pairs"));
  EXPECT_EQ(reading("](C\1xC\1yC\1ze]\x88"
                    "a\x86."),
            failure("15: 3 images for 1 pairs"));
}

TEST_F(verification_pack, every_truncation_is_noticed) {
  std::string const good = "\x80\x04](C\1AC\1BT\1\0\0\0CB\1\0\0\0De](\x88I00\ne\x86."s;
  expect_letters(good);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(reading(good.substr(0, size)), "(nothing was thrown)") << size;
  }
}

// Python's own pickle in both directions.
TEST_F(verification_pack, agrees_with_python) {
  if (std::system("python3 -c '' 2>/dev/null") != 0) { GTEST_SKIP() << "no python3"; }
  put("make.py", R"(
import pickle, sys
images = [bytes((i * k) % 256 for k in range(100 + i % 300 + 70000 * (i == 9))) for i in range(2200)]
images[5] = images[4]
same = [p % 3 == 0 for p in range(1100)]
for protocol in (3, 4, 5):
    pickle.dump((images, same), open('p%d.bin' % protocol, 'wb'), protocol)
    pickle.dump([images, [int(s) for s in same]], open('i%d.bin' % protocol, 'wb'), protocol)
for protocol in (1, 2):
    pickle.dump((images, same), open('bytes_as_%d.bin' % protocol, 'wb'), protocol)
for protocol in (3, 4):
    pickle.dump(([bytearray(i) for i in images], same), open('b%d.bin' % protocol, 'wb'), protocol)
try:
    import numpy
    arrays = [numpy.frombuffer(i, 'u1') for i in images]
    for protocol in (3, 4, 5):
        pickle.dump((arrays, numpy.array(same)), open('n%d.bin' % protocol, 'wb'), protocol)
        pickle.dump((images, [numpy.int64(s) for s in same]), open('l%d.bin' % protocol, 'wb'), protocol)
except ImportError:
    pass
pickle.dump(([bytearray(i) for i in images], same), open('b5.bin', 'wb'), 5)
pickle.dump((images, ['a']), open('text.bin', 'wb'), 4)
)");
  put("check.py", R"(
import pickle
exec(open('make.py').read().split('for protocol')[0])
for name in ('w2.bin', 'w4.bin'):
    found, labels = pickle.load(open(name, 'rb'), encoding='bytes')
    assert found == images and labels == same, name
)");
  std::string const run = "cd '" + path("") + "' && python3 ";
  ASSERT_EQ(std::system((run + "make.py").c_str()), 0);
  std::vector<std::string> found = {"p3", "p4", "p5", "i3", "i4", "i5", "b3", "b4", "b5"};
  if (std::filesystem::exists(path("n5.bin"))) {
    for (char const* const name : {"n3", "n4", "n5", "l3", "l4", "l5"}) { found.push_back(name); }
  }
  for (std::string const& name : found) {
    cf::verification_pack const pack(path(name + ".bin"));
    ASSERT_EQ(pack.pairs(), 1100) << name;
    for (cf::index_t i = 0; i < pack.size(); ++i) {
      auto const image = pack.sample(i).bytes;
      auto const seed = i == 5 ? 4 : i;
      ASSERT_EQ(image.extent(0), 100 + seed % 300 + (seed == 9 ? 70000 : 0));
      bool equal = true;
      for (cf::index_t k = 0; k < image.extent(0); ++k) { equal &= image(k) == seed * k % 256; }
      ASSERT_TRUE(equal) << i;
      ASSERT_EQ(pack.same(i / 2), i / 2 % 3 == 0);
    }
  }
  // Python 3 spells bytes in protocols 1 and 2 as a call of _codecs.encode.
  for (char const* const name : {"bytes_as_1.bin", "bytes_as_2.bin"}) {
    EXPECT_NE(message_of([&] {
                cf::verification_pack pack(path(name));
              }).find("GLOBAL of '_codecs' 'encode' is refused"),
              std::string::npos);
  }
  EXPECT_NE(message_of([&] {
              cf::verification_pack pack(path("text.bin"));
            }).find("a label is text, not a bool or integer"),
            std::string::npos);
  for (int const protocol : {2, 4}) {
    cf::verification_pack const pack(path("p4.bin"));
    cf::verification_pack_writer writer(path("w" + std::to_string(protocol) + ".bin"), protocol);
    for (cf::index_t p = 0; p < pack.pairs(); ++p) {
      writer.append(pack.sample(2 * p).bytes, pack.sample(2 * p + 1).bytes, pack.same(p));
    }
    writer.commit();
  }
  EXPECT_EQ(std::system((run + "check.py").c_str()), 0);
}

}  // namespace
