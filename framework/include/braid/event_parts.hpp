#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

// What events of the catalogue (braid/events.hpp) are made of. Thread: values; as any.

// The name by which logs and JSON know an event, and its fields in their order. A part is what several events have
// in common: its fields are theirs.
#define BRAID_EVENT(name, ...)                      \
  static constexpr std::string_view kName = (name); \
  BRAID_EVENT_PART(__VA_ARGS__)
#define BRAID_EVENT_PART(...)                               \
  static constexpr std::string_view kFields = #__VA_ARGS__; \
  [[nodiscard]] auto fields() const {                       \
    return std::tie(__VA_ARGS__);                           \
  }

namespace braid::events {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

// --- parts

// Where a connection belongs.
struct Connection {
  std::string consumer_group{};      // Kafka's group.id
  std::string subscription_group{};  // as the routes name it
  std::uint32_t connection = 0;      // its number in the subscription group
  BRAID_EVENT_PART(consumer_group, subscription_group, connection)
};

// Which partition it is, for whom.
struct Partition {
  std::string consumer_group{};  // Kafka's group.id
  std::string topic{};           // its name
  std::int32_t partition = 0;    // Kafka's number of it
  BRAID_EVENT_PART(consumer_group, topic, partition)
};

// Messages of one virtual partition, as a job has them.
struct Share {
  std::uint32_t virtual_partition = 0;  // below the topic's max_partitions
  std::int64_t first_offset = -1;       // of those that are not done; -1: none is left
  std::int64_t last_offset = -1;        // likewise
  std::uint32_t messages = 0;           // so many of them
  std::uint32_t attempt = 1;            // 1 for the first time that the first of them is tried
  BRAID_EVENT_PART(virtual_partition, first_offset, last_offset, messages, attempt)
};

// A partition in a list.
struct TopicPartition {
  std::string topic{};         // its name
  std::int32_t partition = 0;  // Kafka's number of it
  std::int64_t position = -1;  // the next offset to read; -1: nothing is said of it
  BRAID_EVENT_PART(topic, partition, position)
};

}  // namespace braid::events
