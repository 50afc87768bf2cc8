#pragma once

#include <braid/offset.hpp>
#include <braid/result.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// What is in a topic, and how far a consumer group is in it: for programs that work a topic off up to where it
// ended when they started, and for those who look.

namespace braid {

// One partition at the moment of asking.
struct PartitionPositions {
  PartitionNumber partition{};
  Offset begin{};                             // the lowest offset that is there
  Offset end{};                               // the next one to be written
  std::optional<CommitPosition> committed{};  // the group's; none: it has none
};

struct TopicPositionsQuery {
  routing::KafkaSettings kafka{};  // "bootstrap.servers" is required
  std::string topic{};
  std::string group{};
  std::chrono::milliseconds timeout{10'000};  // for all requests together
};

// All partitions of a topic, by their numbers. Joins no group and changes nothing. Blocks for the timeout at most.
// Error::Kind::unknown_topic: there is no such topic; invalid_setting: the client refuses a setting.
// Thread: any; each call has a client of its own.
[[nodiscard]] Result<std::vector<PartitionPositions>> topic_positions(const TopicPositionsQuery& query);

}  // namespace braid
