#include "core/offsets/gap_codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using Verdict = DecodedGaps::Verdict;

std::int64_t between(std::int64_t first, std::int64_t last) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::int64_t>(first, last));
}
// Mostly short, now and then long.
std::int64_t length() {
  return between(0, 8) == 0 ? between(1, 20'000) : between(1, 9);
}

struct Told {
  CommitPosition position;
  std::vector<OffsetRange> done;
  std::string user_text;

  [[nodiscard]] std::string text(std::size_t most = 4'095) const {
    return encode_gaps(position, done, user_text, most);
  }
};

Told something() {
  Told told;
  told.position = {between(0, 2) == 0 ? between(0, 100) : between(0, std::int64_t{1} << 60)};
  std::int64_t at = told.position.value + (between(0, 10) == 0 ? 0 : length());
  for (std::int64_t i = between(0, 100); i > 0; --i) {
    const std::int64_t last = at + length() - 1;
    told.done.push_back({{at}, {last}});
    at = last + 1 + length();
  }
  for (std::int64_t i = between(0, 2) == 0 ? between(0, 40) : 0; i > 0; --i) {
    told.user_text.push_back(static_cast<char>(between(' ', '~' + 1)));
  }
  return told;
}

// Every range lies within one of the true ones.
bool only_true(const std::vector<OffsetRange>& ranges, const std::vector<OffsetRange>& truth) {
  return std::ranges::all_of(ranges, [&](OffsetRange range) {
    return std::ranges::any_of(truth,
                               [&](OffsetRange all) { return all.first <= range.first && range.last <= all.last; });
  });
}

RC_GTEST_PROP(GapCodecProperties, RoundTrip, ()) {
  const Told told = something();
  const auto decoded = decode_gaps(told.text(), told.position);
  RC_ASSERT(decoded.verdict == Verdict::good);
  RC_ASSERT(decoded.done == told.done);
  RC_ASSERT(decoded.user_text == told.user_text);
}

RC_GTEST_PROP(GapCodecProperties, WhatFitsIsAPrefix, ()) {
  const Told told = something();
  const auto most = static_cast<std::size_t>(between(0, 400));
  RC_PRE(is_user_text(told.user_text, most));
  const std::string text = told.text(most);
  RC_ASSERT(text.size() <= most);
  const auto decoded = decode_gaps(text, told.position);
  RC_ASSERT(decoded.verdict == Verdict::good);
  RC_ASSERT(decoded.done.size() <= told.done.size());
  RC_ASSERT(std::equal(decoded.done.begin(), decoded.done.end(), told.done.begin()));
  // No range was left out that had room: the next one costs at most 26 digits.
  if (decoded.done.size() < told.done.size()) RC_ASSERT(text.size() + 26 > most);
}

RC_GTEST_PROP(GapCodecProperties, WhatIsCutIsRefusedWhereverItIsCut, ()) {
  const Told told = something();
  const std::string text = told.text();
  for (std::size_t size = 1; size < text.size(); ++size) {
    const auto decoded = decode_gaps(std::string_view(text).substr(0, size), told.position);
    RC_ASSERT(decoded.verdict != Verdict::good);
    RC_ASSERT(decoded.done.empty() && decoded.user_text.empty());
  }
}

// Plainly random rather than generated: shrinking a damaged text tells nothing, and there are many.
TEST(GapCodecProperties, ADamagedTextIsRefusedAndNeverTellsWhatIsNotTrue) {
  std::mt19937_64 random(20'240'517);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  std::vector<Told> all;
  for (int i = 0; i < 50; ++i) {
    Told told;
    told.position = {static_cast<std::int64_t>(below(1'000'000))};
    std::int64_t at = told.position.value;
    for (std::size_t count = 1 + below(i % 5 == 0 ? 900 : 40); count > 0; --count) {
      at += 1 + static_cast<std::int64_t>(below(70));
      const std::int64_t last = at + static_cast<std::int64_t>(below(70));
      told.done.push_back({{at}, {last}});
      at = last + 1;
    }
    if (i % 3 == 0) told.user_text = "the user's text, number " + std::to_string(i);
    all.push_back(std::move(told));
  }
  std::size_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Told& told = all[below(all.size())];
    const std::string whole = told.text();
    std::string text = whole;
    switch (below(7)) {
      case 0:  // some bits
        for (std::size_t count = 1 + below(4); count > 0; --count) {
          text[below(text.size())] ^= static_cast<char>(1U << below(8));
        }
        break;
      case 1:  // a cut at the tail, the head, or between
        text.erase(below(text.size()), 1 + below(text.size()));
        break;
      case 2: {  // the tail of another one
        const std::string other = all[below(all.size())].text();
        text = text.substr(0, below(text.size())) + other.substr(below(other.size()));
        break;
      }
      case 3:  // digits swapped, as by a careless copy
        std::swap(text[below(text.size())], text[below(text.size())]);
        break;
      case 4:  // our head, and noise of our digits
        text.resize(13);
        for (std::size_t count = below(200); count > 0; --count)
          text.push_back(whole[13 + below(whole.size() - 13)]);
        break;
      case 5:  // noise
        text.clear();
        for (std::size_t count = below(5'000); count > 0; --count) text.push_back(static_cast<char>(random()));
        break;
      default:  // noise behind our magic word
        text.resize(7);
        for (std::size_t count = below(5'000); count > 0; --count) text.push_back(static_cast<char>(random()));
        break;
    }
    const auto decoded = decode_gaps(text, told.position);
    if (decoded.verdict == Verdict::good) ++good;
    ASSERT_TRUE(only_true(decoded.done, told.done)) << text;
    if (text != whole && !text.empty()) ASSERT_NE(decoded.verdict, Verdict::good) << text;
  }
  EXPECT_LT(good, 5'000U) << "most of them are meant to be damaged";
}

}  // namespace
}  // namespace braid::core
