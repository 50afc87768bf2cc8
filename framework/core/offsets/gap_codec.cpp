#include "core/offsets/gap_codec.hpp"

#include "core/assert.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace braid::core {
namespace {

constexpr std::string_view kMagic = "braid1:";
constexpr char kTextFollows = ':';
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kChecksumDigits = 6;
constexpr std::size_t kHead = kMagic.size() + kChecksumDigits;
constexpr unsigned kBitsADigit = 5;
constexpr std::uint64_t kMore = std::uint64_t{1} << kBitsADigit;

constexpr auto kValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::array<char, kChecksumDigits> checksum(CommitPosition position, std::string_view covered) {
  std::uint64_t bits =
      XXH3_64bits_withSeed(covered.data(), covered.size(), static_cast<std::uint64_t>(position.value));
  std::array<char, kChecksumDigits> digits{};
  for (char& digit : digits) {
    digit = kDigits[bits % kDigits.size()];
    bits /= kDigits.size();
  }
  return digits;
}

void append_number(std::string& out, std::uint64_t number) {
  do {
    const std::uint64_t low = number % kMore;
    number /= kMore;
    out.push_back(kDigits[low | (number > 0 ? kMore : 0)]);
  } while (number > 0);
}

// The number at the front of `body`, which loses it. Nothing if there is none that we would have written.
std::optional<std::int64_t> take_number(std::string_view& body) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; !body.empty(); shift += kBitsADigit) {
    const std::int8_t value = kValues[static_cast<unsigned char>(body.front())];
    if (value < 0) return std::nullopt;
    body.remove_prefix(1);
    const std::uint64_t low = static_cast<std::uint64_t>(value) % kMore;
    constexpr auto kHighest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (shift >= 63 || low > (kHighest >> shift)) return std::nullopt;
    number |= low << shift;
    if ((static_cast<std::uint64_t>(value) & kMore) != 0) continue;
    if (low == 0 && shift > 0) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

// How many offsets from the position on a range may lie in.
std::int64_t span_of(CommitPosition position, const GapLimits& limits) {
  // The position behind a range must be a number, too.
  auto span = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - position.value);
  span = std::min<std::uint64_t>(span, limits.max_window);
  if (!limits.log_end) return static_cast<std::int64_t>(span);
  if (*limits.log_end <= position) return 0;
  return static_cast<std::int64_t>(
      std::min(span, static_cast<std::uint64_t>(limits.log_end->value - position.value)));
}

// Nothing if the numbers are not what we would have written.
std::optional<std::vector<OffsetRange>> ranges_of(std::string_view body, CommitPosition position,
                                                  const GapLimits& limits) {
  std::vector<OffsetRange> ranges;
  std::int64_t at = position.value;
  std::int64_t left = span_of(position, limits);  // before any number is added to anything
  for (bool first = true; !body.empty(); first = false) {
    const auto gap = take_number(body);
    const auto done = take_number(body);
    if (!gap || !done || *done == 0 || (*gap == 0 && !first)) return std::nullopt;
    if (*gap >= left) left = 0;  // go on only to see whether the rest is sane
    if (left == 0) continue;
    left -= *gap;
    at += *gap;
    const std::int64_t length = std::min(*done, left);
    ranges.push_back({{at}, {at + length - 1}});
    left -= length;
    at += length;
  }
  return ranges;
}

}  // namespace

std::string encode_gaps(CommitPosition position, std::span<const OffsetRange> done, std::string_view user_text,
                        std::size_t most) {
  BRAID_ASSERT(is_user_text(user_text, most), "a user's text is printable, and leaves room for itself");
  const std::size_t tail = user_text.empty() ? 0 : user_text.size() + 1;
  if (most < kHead + tail) return {};
  std::string text(kMagic);
  text.resize(kHead);
  std::int64_t at = position.value;
  for (const OffsetRange range : done) {
    BRAID_ASSERT(range.first.value > at - (at == position.value ? 1 : 0) && range.last >= range.first,
                 "done ranges ascend, apart, from the position on");
    const std::size_t before = text.size();
    append_number(text, static_cast<std::uint64_t>(range.first.value - at));
    append_number(text, static_cast<std::uint64_t>(range.last.value - range.first.value) + 1);
    if (text.size() + tail > most) {
      text.resize(before);
      break;
    }
    at = range.last.value + 1;
  }
  if (!user_text.empty()) {
    text.push_back(kTextFollows);
    text.append(user_text);
  }
  if (text.size() == kHead) return {};
  const auto digits = checksum(position, std::string_view(text).substr(kHead));
  std::ranges::copy(digits, text.begin() + kMagic.size());
  return text;
}

std::string encode_gaps(const PartitionOffsets& offsets, std::string_view user_text, std::size_t most) {
  BRAID_ASSERT(offsets.position().has_value(), "metadata goes with a position");
  // A range takes two digits at least.
  return encode_gaps(*offsets.position(), offsets.done_ranges(most / 2), user_text, most);
}

bool is_user_text(std::string_view text, std::size_t most) {
  return text.empty() || (text.size() + kHead + 1 <= most && printable(text));
}

DecodedGaps decode_gaps(std::string_view text, CommitPosition position, const GapLimits& limits) {
  DecodedGaps decoded;
  if (text.empty()) return decoded;
  if (!text.starts_with(kMagic)) {
    decoded.verdict = DecodedGaps::Verdict::foreign;
    return decoded;
  }
  decoded.verdict = DecodedGaps::Verdict::corrupt;
  if (text.size() <= kHead || position.value < 0) return decoded;
  const std::string_view covered = text.substr(kHead);
  if (!std::ranges::equal(checksum(position, covered), text.substr(kMagic.size(), kChecksumDigits))) return decoded;
  const std::size_t colon = covered.find(kTextFollows);
  const std::string_view user_text = colon == covered.npos ? std::string_view() : covered.substr(colon + 1);
  if (!printable(user_text)) return decoded;
  auto ranges = ranges_of(covered.substr(0, colon), position, limits);
  if (!ranges) return decoded;
  return {DecodedGaps::Verdict::good, std::move(*ranges), std::string(user_text)};
}

}  // namespace braid::core
