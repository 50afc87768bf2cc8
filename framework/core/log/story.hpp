#pragma once

#include "core/time.hpp"

#include <braid/events.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid::core {

// Some seconds of one topic's processing, summed up.
struct Chapter {
  std::string consumer_group;
  std::string topic;
  std::set<std::int32_t> partitions;  // that had batches
  std::uint64_t batches = 0;
  std::uint64_t messages = 0;
  std::chrono::microseconds took{};  // all batches together
  std::chrono::microseconds slowest{};
  std::chrono::milliseconds consumption_lag{};  // the longest
  std::chrono::microseconds processing_lag{};   // the longest
  std::uint32_t virtual_partitions = 0;         // most of a batch
  std::uint64_t failures = 0;                   // attempts that threw
  std::uint64_t skipped = 0;
  std::uint64_t parked = 0;
  std::uint64_t dropped = 0;
  std::uint64_t dead_letters = 0;
  std::optional<std::int64_t> committed_lag{};  // of all partitions that are known, at present; none: no one is
  std::chrono::milliseconds over{};             // that it took; 0: one batch behind a pause

  [[nodiscard]] std::string text() const;
  bool operator==(const Chapter&) const = default;
};

// What is said of an application's work, in few lines: of each topic the first batch at once, then what has
// happened since, each so often. Who has nothing to say is silent; what is left when nothing more happens is said
// with the next measurement. Thread: none; pure.
class Story {
 public:
  explicit Story(Duration each) : each_(each) {}

  // What is to be said now.
  std::optional<Chapter> hear(const events::BatchSettled& batch, Time now);
  std::optional<Chapter> hear(const events::AttemptFailed& failed, Time now);
  std::optional<Chapter> hear(const events::MessageSkipped& skipped, Time now);
  std::optional<Chapter> hear(const events::MessageParked& parked, Time now);
  std::optional<Chapter> hear(const events::MessagesDropped& dropped, Time now);
  std::optional<Chapter> hear(const events::DeadLetterSent& sent, Time now);
  std::optional<Chapter> hear(const events::PartitionMeasured& measured, Time now);
  // What goes with its partitions is not known any more.
  void hear(const events::PartitionsRevoked& revoked);
  // All that has not been said.
  [[nodiscard]] std::vector<Chapter> finish(Time now);

 private:
  struct Topic {
    Chapter next;
    std::optional<Time> began;  // the first of what is next; none: nothing is
    std::optional<Time> told_at;
    std::map<std::int32_t, std::int64_t> lags;  // committed, by partition
  };

  Topic& topic_of(const events::Partition& where);
  std::optional<Chapter> look(Topic& topic, Time now);
  Chapter tell(Topic& topic, Time now);

  const Duration each_;
  std::map<std::pair<std::string, std::string>, Topic> topics_;  // by group and name
};

}  // namespace braid::core
