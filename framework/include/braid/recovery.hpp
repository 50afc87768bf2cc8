#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/routing/recovery.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What user code sees of attempts that fail: how it says which message failed, what a strategy is asked about, and
// what a dead letter is.

namespace braid {

// Thrown by a consumer: that this very message failed, so that the others of its share need not be tried one by one
// to find out. Thread: any.
class MessageFailed : public std::runtime_error {
 public:
  // `message`: one of the batch in hand, not marked yet; else it counts as any other exception.
  MessageFailed(const Message& message, const std::string& reason) : MessageFailed(message.offset(), reason) {}
  MessageFailed(Offset offset, const std::string& reason) : std::runtime_error(reason), offset_(offset) {}
  [[nodiscard]] Offset offset() const { return offset_; }
  // Whether another attempt could end otherwise. If not, what follows used up retries follows at once; `retry_if`
  // is not asked.
  [[nodiscard]] virtual bool worth_retrying() const noexcept { return true; }

 private:
  Offset offset_;
};

// A failed attempt, for those who decide what follows. Valid during the call.
struct Failure {
  const Message& message;  // the one that failed; the first unfinished one where that is not known
  bool message_known;      // false: any of the unfinished ones of its share may have failed
  std::exception_ptr error;
  std::string_view text;              // what `error` says
  std::uint32_t attempt;              // from 1
  std::chrono::milliseconds elapsed;  // since the first failure of this message
};

// A message on its way to where dead letters go; a value of its own.
struct DeadLetter {
  std::string topic{};  // where it goes
  std::optional<std::string> key{};
  std::optional<std::string> payload{};  // none: a tombstone
  // Those of the message, in their order, and behind them those named below.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers{};
};

// The headers that are added to a dead letter. Numbers are decimal; times are milliseconds since the epoch. What is
// there under such a name from an earlier round is replaced, but for kReplays.
namespace dead_letter_headers {

inline constexpr std::string_view kTopic = "braid-original-topic";
inline constexpr std::string_view kPartition = "braid-original-partition";
inline constexpr std::string_view kOffset = "braid-original-offset";  // with topic and partition: its identity
inline constexpr std::string_view kTimestamp = "braid-original-timestamp";
inline constexpr std::string_view kGroup = "braid-consumer-group";
inline constexpr std::string_view kAttempts = "braid-attempts";
inline constexpr std::string_view kErrorType = "braid-error-type";
inline constexpr std::string_view kErrorText = "braid-error-text";  // at most 1,000 bytes
inline constexpr std::string_view kFirstFailure = "braid-first-failure";
inline constexpr std::string_view kLastFailure = "braid-last-failure";
// How often the message has been sent back to where it came from: set by the replay, kept by everybody.
inline constexpr std::string_view kReplays = "braid-replays";

}  // namespace dead_letter_headers

}  // namespace braid
