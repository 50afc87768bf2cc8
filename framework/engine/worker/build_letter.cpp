#include "engine/worker/build_letter.hpp"

#include "core/recovery/error_text.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace braid::engine {

namespace {

namespace names = dead_letter_headers;

constexpr std::size_t kMostErrorText = 1000;
constexpr std::size_t kMostErrorType = 1000;

// But for kReplays, which is not ours.
constexpr std::array kOurs{names::kTopic,        names::kPartition,  names::kOffset,    names::kTimestamp,
                           names::kGroup,        names::kAttempts,   names::kErrorType, names::kErrorText,
                           names::kFirstFailure, names::kLastFailure};

std::string milliseconds(std::chrono::system_clock::time_point time) {
  return fmt::format("{}", std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

void warn(const Assignment& assignment, const Message& message, const char* what) {
  assignment.recovery().warn(fmt::format("{}/{}: the message at offset {}: {} threw {}",
                                         assignment.partition().topic, assignment.partition().partition.value,
                                         message.offset().value, what, describe_failure(std::current_exception())));
}

// Empty: nobody knows.
std::string topic_of(const Assignment& assignment, const Message& message) {
  const routing::DeadLetters& letters = assignment.topic().dead_letters;
  if (letters.to != routing::DeadLetters::To::function) return letters.topic;
  try {
    std::string topic = letters.topic_of(message);
    if (topic.empty()) {
      assignment.recovery().warn(fmt::format(
          "{}/{}: the message at offset {}: the topic of its dead letter is empty", assignment.partition().topic,
          assignment.partition().partition.value, message.offset().value));
    }
    return topic;
  } catch (...) {
    warn(assignment, message, "the function that says where its dead letter goes");
  }
  return {};
}

void add_headers(DeadLetter& letter, const Assignment& assignment, const Message& message,
                 const ShareRecovery::Cause& cause) {
  for (const Header& header : message.headers()) {
    if (std::ranges::find(kOurs, header.name) != kOurs.end()) continue;
    letter.headers.emplace_back(header.name,
                                header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  const auto add = [&](std::string_view name, std::string value) {
    letter.headers.emplace_back(name, std::move(value));
  };
  add(names::kTopic, assignment.partition().topic);
  add(names::kPartition, fmt::format("{}", assignment.partition().partition.value));
  add(names::kOffset, fmt::format("{}", message.offset().value));
  add(names::kTimestamp, milliseconds(message.timestamp()));
  add(names::kGroup, assignment.group());
  add(names::kAttempts, fmt::format("{}", cause.attempts));
  add(names::kErrorType, core::bounded_utf8(cause.error_type, kMostErrorType));
  add(names::kErrorText, core::bounded_utf8(cause.error_text, kMostErrorText));
  add(names::kFirstFailure, milliseconds(cause.first_failure));
  add(names::kLastFailure, milliseconds(cause.last_failure));
}

}  // namespace

std::optional<DeadLetter> build_letter(const Assignment& assignment, const Message& message,
                                       const ShareRecovery::Cause& cause) {
  DeadLetter letter;
  letter.topic = topic_of(assignment, message);
  if (letter.topic.empty()) return std::nullopt;
  if (message.has_key()) letter.key = std::string(message.key());
  if (message.has_payload()) letter.payload = std::string(message.payload());
  add_headers(letter, assignment, message, cause);
  const auto& hook = assignment.topic().dead_letters.on_dead_letter;
  if (!hook) return letter;
  DeadLetter changed = letter;
  try {
    hook(changed);
  } catch (...) {
    warn(assignment, message, "on_dead_letter");
    return letter;
  }
  // Where it goes is said elsewhere.
  changed.topic = letter.topic;
  return changed;
}

}  // namespace braid::engine
