#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

// What stands before the consumers of a topic, as values. Thread: plain values; factories run on listeners.

namespace braid {

class Filter;

// Makes one filter; called on a listener's thread for each assignment of a partition.
using FilterFactory = std::function<std::unique_ptr<Filter>()>;

}  // namespace braid

namespace braid::routing {

struct FilterSettings {
  enum class Kind : std::uint8_t {
    throttle,  // at most `messages` in each `time`; the others wait
    delay,     // not before a message is `time` old
    expire,    // what is older than `time` is skipped
    custom,    // what the factory makes
  };
  // What a throttle counts for itself.
  enum class By : std::uint8_t { partition, key };

  Kind kind = Kind::custom;
  std::string name{};       // custom: the class, or the name it is registered under
  FilterFactory factory{};  // custom
  std::chrono::milliseconds time{};
  std::uint32_t messages = 1;            // throttle: at least 1
  By by = By::partition;                 // throttle
  std::optional<std::uint32_t> burst{};  // throttle: so many at once after a pause; not set: `messages`

  friend bool operator==(const FilterSettings& left, const FilterSettings& right);
};

// The kind, or the name of a user's own.
[[nodiscard]] std::string name_of(const FilterSettings& filter);

}  // namespace braid::routing

namespace braid {

// At most so many messages of each partition in each interval: a token bucket, so after a pause up to `burst` (as
// many as in one interval, unless said otherwise) go at once. The others wait, and those behind them; nothing is
// lost, and no thread waits. A new assignment of the partition starts with a full bucket.
[[nodiscard]] routing::FilterSettings throttle(std::uint32_t messages, std::chrono::milliseconds per,
                                               std::optional<std::uint32_t> burst = std::nullopt);

// The same for each message key; messages without one are not held. With `flow: continuous` a key that must wait
// holds its virtual partition; with `flow: batch` it holds the partition.
[[nodiscard]] routing::FilterSettings throttle_by_key(std::uint32_t messages, std::chrono::milliseconds per,
                                                      std::optional<std::uint32_t> burst = std::nullopt);

// Not before a message is so old, by its timestamp. The partition waits in its order.
[[nodiscard]] routing::FilterSettings delay(std::chrono::milliseconds age);

// Messages that are older than that, by their timestamp, are skipped when they would be taken.
[[nodiscard]] routing::FilterSettings expire(std::chrono::milliseconds age);

}  // namespace braid
