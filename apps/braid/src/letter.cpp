#include "apps/braid/src/letter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace braid::app {
namespace {

namespace names = dead_letter_headers;

// Headers that a dead letter gets and its replay loses.
constexpr std::array kOfTheFailure{names::kGroup,        names::kAttempts,    names::kErrorType, names::kErrorText,
                                   names::kFirstFailure, names::kLastFailure, names::kReplays};

template <class Number>
std::optional<Number> number(std::optional<std::string_view> text) {
  Number value{};
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::string> owned(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Letter letter_of(const Message& message) {
  Letter letter{.partition = message.partition(), .offset = message.offset(), .headers = message.headers()};
  if (message.has_key()) letter.key = message.key();
  if (message.has_payload()) letter.payload = message.payload();
  return letter;
}

std::optional<std::string_view> header_of(const Letter& letter, std::string_view name) {
  const auto found = std::find_if(letter.headers.rbegin(), letter.headers.rend(),
                                  [&](const Header& header) { return header.name == name; });
  return found == letter.headers.rend() ? std::nullopt : found->value;
}

std::optional<Origin> origin_of(const Letter& letter) {
  const auto topic = header_of(letter, names::kTopic);
  if (!topic || topic->empty()) return std::nullopt;
  Origin origin{.topic = *topic};
  if (const auto partition = number<std::int32_t>(header_of(letter, names::kPartition))) {
    origin.partition = PartitionNumber{*partition};
  }
  origin.error_type = header_of(letter, names::kErrorType).value_or("");
  origin.error_text = header_of(letter, names::kErrorText).value_or("");
  if (const auto time = number<std::int64_t>(header_of(letter, names::kLastFailure))) {
    origin.last_failure = Time{std::chrono::milliseconds{*time}};
  }
  const auto replays = header_of(letter, names::kReplays);
  if (!replays) return origin;
  const auto count = number<std::int64_t>(replays);
  if (!count || *count >= std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  origin.replays = static_cast<std::uint32_t>(*count);
  return origin;
}

Replay replay_of(const Letter& letter, const Origin& origin, const Destination& destination) {
  Replay replay{.topic = destination.topic.empty() ? std::string(origin.topic) : destination.topic,
                .key = owned(letter.key),
                .payload = owned(letter.payload)};
  // Another topic has other partitions.
  if (destination.topic.empty() && !destination.by_key) replay.partition = origin.partition;
  for (const Header& header : letter.headers) {
    if (std::find(kOfTheFailure.begin(), kOfTheFailure.end(), header.name) != kOfTheFailure.end()) continue;
    replay.headers.emplace_back(header.name, owned(header.value));
  }
  replay.headers.emplace_back(names::kReplays, std::to_string(origin.replays + 1));
  return replay;
}

}  // namespace braid::app
