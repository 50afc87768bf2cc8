#pragma once

#include "engine/listener/question.hpp"
#include "engine/ports/consumer_client.hpp"

#include <braid/snapshot.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

// What operators ask of a listener. Thread: values, but for the parts: any.

namespace braid::engine {

using DumpRequest = Question<std::string>;
using DumpPart = QuestionPart<std::string>;
using SnapshotRequest = Question<ConnectionSnapshot>;
using SnapshotPart = QuestionPart<ConnectionSnapshot>;

// As a consumer's PartitionControl, for partitions that are named.
struct SteerOrder {
  enum class What : std::uint8_t { pause, resume, seek };
  What what = What::pause;
  std::string topic{};
  std::optional<std::int32_t> partition{};      // none: all of the topic
  std::optional<std::string> consumer_group{};  // none: any
  std::optional<Duration> duration{};           // of a pause; none: until it is resumed
  StartPoint target{};                          // of a seek
};
// How many partitions it was about.
using SteerRequest = Question<std::uint32_t>;
struct SteerPart {
  std::shared_ptr<const SteerOrder> order;
  QuestionPart<std::uint32_t> part;
};

}  // namespace braid::engine
