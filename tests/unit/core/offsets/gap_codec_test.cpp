#include "core/offsets/gap_codec.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using Ranges = std::vector<OffsetRange>;
using Verdict = DecodedGaps::Verdict;

constexpr std::size_t kMost = 4'095;
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

const Ranges kSome{{{101}, {140}}, {{142}, {142}}, {{5000}, {70'000}}};

std::string encoded(const Ranges& ranges, std::size_t most = kMost) {
  return encode_gaps({100}, ranges, "", most);
}
// A text of ours around any body of position 100, as a program that knows our checksum would write it.
std::string around(const std::string& body) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint64_t bits = XXH3_64bits_withSeed(body.data(), body.size(), 100);
  std::string text = "braid1:";
  for (int i = 0; i < 6; ++i, bits /= 64) text.push_back(kDigits[bits % 64]);
  return text + body;
}

TEST(GapCodec, TheFormatStaysWhatItIs) {
  // Stored by groups everywhere: an incompatible change needs another version, not another text here.
  EXPECT_EQ(encode_gaps({100}, kSome, "", kMost), "braid1:Q6JIOxBoBBB53Epv_B");
  EXPECT_EQ(encode_gaps({100}, kSome, "note", kMost), "braid1:Ploe-FBoBBB53Epv_B:note");
}

TEST(GapCodec, TellsWhatItWasTold) {
  const auto decoded = decode_gaps(encoded(kSome), {100});
  EXPECT_EQ(decoded.verdict, Verdict::good);
  EXPECT_EQ(decoded.done, kSome);
  EXPECT_EQ(decoded.user_text, "");
}

TEST(GapCodec, NothingToTellIsNoText) {
  EXPECT_EQ(encoded({}), "");
  const auto decoded = decode_gaps("", {100});
  EXPECT_EQ(decoded.verdict, Verdict::good);
  EXPECT_TRUE(decoded.done.empty());
}

TEST(GapCodec, ThePositionItselfMayBeDone) {
  const Ranges from_it{{{100}, {102}}, {{104}, {104}}};
  EXPECT_EQ(decode_gaps(encoded(from_it), {100}).done, from_it);
}

TEST(GapCodec, TheUsersTextRidesAlong) {
  const auto text = encode_gaps({100}, kSome, "shard: 7, \"x\" ~", kMost);
  const auto decoded = decode_gaps(text, {100});
  EXPECT_EQ(decoded.done, kSome);
  EXPECT_EQ(decoded.user_text, "shard: 7, \"x\" ~");
  EXPECT_EQ(decode_gaps(encode_gaps({100}, {}, "alone", kMost), {100}).user_text, "alone");
}

TEST(GapCodec, TheUsersTextHasItsPlaceBeforeTheGaps) {
  const std::string user(4'000, 'u');
  Ranges many;
  for (std::int64_t i = 0; i < 1'000; ++i) many.push_back({{101 + 2 * i}, {101 + 2 * i}});
  const auto text = encode_gaps({100}, many, user, kMost);
  EXPECT_LE(text.size(), kMost);
  const auto decoded = decode_gaps(text, {100});
  EXPECT_EQ(decoded.user_text, user);
  ASSERT_GT(decoded.done.size(), 30U);
  EXPECT_TRUE(std::equal(decoded.done.begin(), decoded.done.end(), many.begin()));
}

TEST(GapCodec, AUsersTextThatIsTooLongOrNotPrintableIsRefused) {
  EXPECT_TRUE(is_user_text("", 0));
  EXPECT_TRUE(is_user_text(std::string(86, 'u'), 100));
  EXPECT_FALSE(is_user_text(std::string(87, 'u'), 100));
  EXPECT_EQ(encode_gaps({100}, kSome, std::string(86, 'u'), 100).size(), 100U);
  EXPECT_FALSE(is_user_text("x", 0));
  EXPECT_FALSE(is_user_text("line\nbreak", kMost));
  EXPECT_FALSE(is_user_text(std::string("nul\0", 4), kMost));
  EXPECT_FALSE(is_user_text("\xC3\xA4", kMost));
}

TEST(GapCodec, WhatHasNoRoomIsLeftOutAtTheTail) {
  const std::string whole = encoded(kSome);
  for (std::size_t most = 0; most <= whole.size() + 1; ++most) {
    const std::string text = encoded(kSome, most);
    ASSERT_LE(text.size(), most);
    const auto decoded = decode_gaps(text, {100});
    ASSERT_EQ(decoded.verdict, Verdict::good);
    ASSERT_TRUE(std::equal(decoded.done.begin(), decoded.done.end(), kSome.begin()));
  }
  EXPECT_EQ(encoded(kSome, whole.size()), whole);
  EXPECT_EQ(decode_gaps(encoded(kSome, whole.size() - 1), {100}).done.size(), kSome.size() - 1);
}

TEST(GapCodec, IsPrintableAsciiWithoutBlanks) {
  const std::string text = encoded(kSome);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; })) << text;
}

TEST(GapCodec, MetadataOfOthersIsForeign) {
  for (const char* text : {"x", "braid", "braid2:AAAAAAAAA", "Braid1:AAAAAA", "{\"json\": 1}", " braid1:"}) {
    const auto decoded = decode_gaps(text, {100});
    EXPECT_EQ(decoded.verdict, Verdict::foreign) << text;
    EXPECT_TRUE(decoded.done.empty());
  }
}

TEST(GapCodec, MetadataOfAnotherPositionIsRefused) {
  const std::string text = encoded(kSome);
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{99}, std::int64_t{101}, kHighest}) {
    const auto decoded = decode_gaps(text, {position});
    EXPECT_EQ(decoded.verdict, Verdict::corrupt);
    EXPECT_TRUE(decoded.done.empty());
  }
}

TEST(GapCodec, NoRangeComesFromBeyondTheWindow) {
  const std::string text = encoded(kSome);
  EXPECT_EQ(decode_gaps(text, {100}, {.max_window = 1, .log_end = {}}).done, Ranges{});
  EXPECT_EQ(decode_gaps(text, {100}, {.max_window = 2, .log_end = {}}).done, (Ranges{{{101}, {101}}}));
  EXPECT_EQ(decode_gaps(text, {100}, {.max_window = 43, .log_end = {}}).done,
            (Ranges{{{101}, {140}}, {{142}, {142}}}));
}

TEST(GapCodec, NoRangeComesFromBehindTheEndOfTheLog) {
  const std::string text = encoded(kSome);
  EXPECT_EQ(decode_gaps(text, {100}, {.log_end = CommitPosition{90}}).done, Ranges{});
  EXPECT_EQ(decode_gaps(text, {100}, {.log_end = CommitPosition{100}}).done, Ranges{});
  EXPECT_EQ(decode_gaps(text, {100}, {.log_end = CommitPosition{120}}).done, (Ranges{{{101}, {119}}}));
}

// The checksum keeps accidents out; what was made to fit it must do no harm either.
TEST(GapCodec, NumbersThatMakeNoSenseAreRefusedThoughTheChecksumFits) {
  for (const char* body : {
           "B",                  // a gap without its run
           "g",                  // a number that does not end
           "BA",                 // a run of nothing
           "BBAB",               // a gap of nothing
           "BgA",                // a zero at the high end
           "B/",                 // no digit of ours
           "B_______________D",  // beyond any number
           "BgggggggggggggI",    // 2^63 and more
       }) {
    EXPECT_EQ(decode_gaps(around(body), {100}).verdict, Verdict::corrupt) << body;
  }
}

TEST(GapCodec, HugeNumbersAreCutAndNeverAdded) {
  const std::string highest = "____________H";  // 2^63 - 1
  EXPECT_EQ(decode_gaps(around("B" + highest), {100}, {.max_window = 50, .log_end = {}}).done,
            (Ranges{{{101}, {149}}}));
  EXPECT_EQ(decode_gaps(around(highest + highest + highest + highest), {100}).done, Ranges{});
}

TEST(GapCodec, RangesNearTheHighestNumberSurvive) {
  const Ranges last{{{kHighest - 3}, {kHighest - 1}}};
  const auto text = encode_gaps({kHighest - 5}, last, "", kMost);
  EXPECT_EQ(decode_gaps(text, {kHighest - 5}).done, last);
}

}  // namespace
}  // namespace braid::core
