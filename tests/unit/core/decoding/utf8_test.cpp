#include "core/decoding/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid::core {
namespace {

using namespace std::string_literals;

// As the standard's table says it, bit by bit: what the quick way is compared with.
std::size_t plain_length(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    const std::uint32_t first = byte(at);
    const std::size_t length = first < 0x80              ? 1
                               : (first >> 5) == 0b110   ? 2
                               : (first >> 4) == 0b1110  ? 3
                               : (first >> 3) == 0b11110 ? 4
                                                         : 0;
    if (length == 0 || at + length > bytes.size()) return at;
    std::uint32_t point = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(at + i) >> 6) != 0b10) return at;
      point = (point << 6) | (byte(at + i) & 0x3F);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return at;
    at += length;
  }
  return at;
}

std::string encoded(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (point >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EachCodePointButSurrogatesIsText) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const std::string text = encoded(point);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(utf8_length(text), surrogate ? 0 : text.size()) << std::hex << point;
  }
}

TEST(Utf8, TheLengthEndsWhereTextDoes) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("plain text, longer than a word"), 30U);
  EXPECT_EQ(utf8_length("\0 is a character"s), 16U);
  EXPECT_EQ(utf8_length("12345678\xFF"), 8U);
  EXPECT_EQ(utf8_length("1234567\xFF"), 7U);
  EXPECT_EQ(utf8_length("caf\xC3\xA9"), 5U);
  EXPECT_EQ(utf8_length("caf\xC3"), 3U) << "cut";
  EXPECT_EQ(utf8_length("\xC0\x80"), 0U) << "overlong";
  EXPECT_EQ(utf8_length("\xE0\x80\x80"), 0U) << "overlong";
  EXPECT_EQ(utf8_length("\xF0\x80\x80\x80"), 0U) << "overlong";
  EXPECT_EQ(utf8_length("\xF4\x90\x80\x80"), 0U) << "beyond the last code point";
  EXPECT_EQ(utf8_length("\x80"), 0U) << "a tail without a head";
}

RC_GTEST_PROP(Utf8, AnyBytesAreAsLongAsTheTableSays, ()) {
  // Mostly text, with some bytes of it changed: bytes at random end at once.
  std::string bytes;
  for (const auto point : *rc::gen::container<std::vector<std::uint32_t>>(
           rc::gen::weightedOneOf<std::uint32_t>({{3, rc::gen::inRange(0U, 0x80U)},
                                                  {2, rc::gen::inRange(0x80U, 0x800U)},
                                                  {2, rc::gen::inRange(0x800U, 0x10000U)},
                                                  {1, rc::gen::inRange(0x10000U, 0x120000U)}}))) {
    bytes += encoded(point);
  }
  for (int changes = *rc::gen::inRange(0, 3); changes > 0 && !bytes.empty(); --changes) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  RC_ASSERT(utf8_length(bytes) == plain_length(bytes));
}

}  // namespace
}  // namespace braid::core
