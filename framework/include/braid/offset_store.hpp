#pragma once

#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace braid {

// Where the positions of topics with `.commit({.when = external})` are kept, instead of in Kafka: beside the
// results, say, in the database that they go to. Kafka still assigns the partitions.
//
// Fencing. Each load() begins a new epoch of its partitions, a number that the store gives out and keeps; save()
// carries the epoch, and one of an older epoch must be refused. So a member that was thought dead, and whose
// partition has been loaded by another one since, can't move the position back.
//
// Thread: all calls of an application come from one thread of its own, one after another, and may block; several
// applications may share a store, which then must stand calls at the same time. A thrown exception is a failed
// call.
class OffsetStore {
 public:
  struct Partition {
    std::string topic;
    PartitionNumber number;
    friend auto operator<=>(const Partition&, const Partition&) = default;
  };
  struct Stored {
    std::optional<CommitPosition> position;  // none: nothing is stored, and the topic's initial_offset decides
    std::string metadata;                    // as it was saved: ASCII, what is done beyond the position
    std::uint64_t epoch = 0;                 // the one that begins now; higher than all before
  };
  struct Position {
    Partition partition;
    CommitPosition position;
    std::string metadata;
    std::uint64_t epoch = 0;  // of the load() that this assignment began with
  };

  virtual ~OffsetStore() = default;
  // What is stored for a consumer group, in the order of `partitions`. An error is asked again after a second.
  virtual Result<std::vector<Stored>> load(const std::string& group, std::span<const Partition> partitions) = 0;
  // Stores all of them or none. Error::Kind::stale_member: one is of an older epoch. Other errors that are
  // retriable are tried again with the positions of then.
  virtual Result<void> save(const std::string& group, std::span<const Position> positions) = 0;
};

// An OffsetStore in memory, for tests, and for programs that need positions only as long as they run. Thread: any.
class InMemoryOffsetStore final : public OffsetStore {
 public:
  Result<std::vector<Stored>> load(const std::string& group, std::span<const Partition> partitions) override;
  Result<void> save(const std::string& group, std::span<const Position> positions) override;

  // What is stored; nothing where nothing is.
  [[nodiscard]] std::optional<CommitPosition> position(const std::string& group, const Partition& partition) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, Partition>, Stored> stored_;  // guarded by mutex_
};

}  // namespace braid
