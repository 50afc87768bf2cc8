#pragma once

#include <braid/message.hpp>
#include <braid/recovery.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Dead letters as the replay sees them. Thread: values and pure functions; any.

namespace braid::app {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// A message of the dead letter topic. A view: it lives as long as the message does.
struct Letter {
  PartitionNumber partition{};
  Offset offset{};
  std::optional<std::string_view> key{};
  std::optional<std::string_view> payload{};
  std::vector<Header> headers{};
};
[[nodiscard]] Letter letter_of(const Message& message);

// The last value of that header; none where there is no such header, or a null value.
[[nodiscard]] std::optional<std::string_view> header_of(const Letter& letter, std::string_view name);

// What its headers tell of where it comes from and why. Views, as the letter.
struct Origin {
  std::string_view topic{};
  std::optional<PartitionNumber> partition{};
  std::string_view error_type{};
  std::string_view error_text{};
  std::optional<Time> last_failure{};
  std::uint32_t replays = 0;  // so far
};
// None where it is no dead letter: without an original topic, or with a number of replays that is no number, so
// that nobody could tell a loop.
[[nodiscard]] std::optional<Origin> origin_of(const Letter& letter);

// What goes back, as a value of its own.
struct Replay {
  std::string topic{};
  std::optional<PartitionNumber> partition{};  // none: by the key's hash
  std::optional<std::string> key{};
  std::optional<std::string> payload{};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers{};
};

// Where replays go, if not to where each comes from.
struct Destination {
  std::string topic{};  // empty: the original one
  // By the key's hash even in the original topic.
  bool by_key = false;
};

// Key, payload and headers of its own stay as they are. Of what was added to the dead letter the four headers stay
// that say which message it was (topic, partition, offset, timestamp): a consumer can tell by them that it has seen
// it before. The others are about a failure that is over, and go. The number of replays is raised by one.
// In its original topic it gets its original partition, so that it meets the other messages of its key.
[[nodiscard]] Replay replay_of(const Letter& letter, const Origin& origin, const Destination& destination);

}  // namespace braid::app
