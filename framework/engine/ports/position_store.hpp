#pragma once

#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

struct TopicPartition {
  std::string topic;
  PartitionNumber partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// What the group has stored for a partition, or is to store.
struct StoredPosition {
  TopicPartition partition;
  std::optional<CommitPosition> position;  // none: nothing is stored
  std::string metadata;                    // to be stored: ASCII, as long as the broker takes
  std::optional<Error> trouble{};          // in an answer: it can't be told of this one; ask again
  // What a store outside of Kafka has and wants beside that. Read: what shares have stored to be done beyond the
  // position, themselves. To be stored: what they say to have stored since the last answer, whose position it is,
  // and whether that generation began elsewhere than where the store was.
  std::vector<OffsetRange> done{};
  Generation generation{};
  bool anew = false;
};

// The answer to a commit.
struct CommitOutcome {
  struct Refused {
    TopicPartition partition;
    Error error;
  };
  Result<void> all{};              // an error: nothing is stored
  std::vector<Refused> refused{};  // where `all` is well: what is not stored nevertheless
  bool unsure = false;             // some of `refused` may be stored: only a commit of one alone will tell

  CommitOutcome() = default;
  CommitOutcome(Result<void> of_all) : all(std::move(of_all)) {}  // NOLINT: that is most often all of it
  CommitOutcome(Error error) : all(std::move(error)) {}           // NOLINT
};

// Where positions are kept: the group in Kafka, or a store of the user's. Answers come to ConsumerEvents, on the
// listener's thread, never from within these calls. Thread: the listener's.
class PositionStore {
 public:
  virtual ~PositionStore() = default;
  // Asks for what is stored; one request for all. Answered by handle_positions with the same token.
  virtual void read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) = 0;
  // False while a commit would be refused because the group is just joining.
  [[nodiscard]] virtual bool may_commit() const = 0;
  // Sends positions; one request for all, answered by handle_committed with the same token.
  virtual void commit(std::span<const StoredPosition> positions, std::uint64_t token) = 0;
  // Each partition is for itself: it is asked for alone, what is committed is answered of each alone, and the next
  // commit does not wait for those that are under way. So none keeps another waiting.
  [[nodiscard]] virtual bool apart() const { return false; }
};

}  // namespace braid::engine
