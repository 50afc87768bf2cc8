#pragma once

#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace braid {

class Batch;

// Where the positions of topics with `.commit({.when = external})` are kept, instead of in Kafka: beside the
// results, say, in the database that they go to. Kafka still assigns the partitions.
//
// A store that is a database of the results' may have a save of its own besides, which a consumer calls within its
// transaction, and which records what of the batch is done in the same transaction: BatchRecord
// (braid/batch_record.hpp) says how. So results and offsets are stored together or not at all. See
// <braid/sqlite_offset_store.hpp>, <braid/postgres_offset_store.hpp> and docs/offsets_in_a_database.md.
//
// Fencing. Each open() begins a new epoch of its partitions, a number that the store gives out and keeps; save()
// carries the epoch, and one of an older epoch must be refused. So a member that was thought dead, and whose
// partition has been opened by another one since, can't store anything more.
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
    std::uint64_t epoch = 0;  // the one that begins now; higher than all before. 0: not opened, ask again
    // What was recorded in consumers' transactions, in any order: of these no message comes again.
    std::vector<OffsetRange> done{};
  };
  struct Position {
    Partition partition;
    CommitPosition position;
    std::string metadata;
    std::uint64_t epoch = 0;  // of the open() that this assignment began with
    // Within one process and epoch a partition may begin anew elsewhere: because a consumer asked for it, or since
    // the log does not reach to where it was. `anew`: it did, so what other generations have recorded is void.
    Generation generation{};
    bool anew = false;
    // What saves in consumers' transactions have recorded by this generation, as attempts say that ended well since
    // the last save: ascending, apart; below the position and beyond it. A transaction that was not committed is
    // found by what is missing of it: not_committed().
    std::vector<OffsetRange> recorded{};
  };

  virtual ~OffsetStore() = default;
  // Begins a new epoch of each partition, and says what is stored of it for the consumer group, in the order of
  // `partitions`; from then on nothing of an older epoch may be stored. An error is asked again after a second.
  virtual Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) = 0;
  // Stores all of them or none, but for one whose epoch has stored a later generation's: that asked late, and is
  // passed over. What was recorded below a position need not be kept. Error::Kind::stale_member: one
  // is of an older epoch. Error::Kind::not_committed: a consumer has forgotten the end of its transaction, and its
  // messages come again. Other errors that are retriable are tried again with the positions of then.
  virtual Result<void> save(const std::string& group, std::span<const Position> positions) = 0;

  // For a store's save(). Why a position must not be stored: some of its `recorded` is neither in what is
  // `recorded` of its epoch and generation, in any order, nor below the position that is `stored` of these. None:
  // it may be.
  [[nodiscard]] static std::optional<Error> not_committed(const Position& position,
                                                          std::vector<OffsetRange> recorded,
                                                          std::optional<CommitPosition> stored);
  // The same, where the database has found what is missing.
  [[nodiscard]] static Error not_committed(const Position& position, OffsetRange missing);
};

// Thrown by a store's save in a consumer's transaction, which it has rolled back. The partition has been opened by
// another member since, or by this one. Let it pass: the batch is tried again if it is still ours. Caught or not,
// the messages are not done.
class StaleEpoch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown likewise. An earlier transaction with these messages, of which nobody knew whether it was committed, was.
// What it recorded is done and does not come again; what it did not is tried again.
class RecordedBefore : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An OffsetStore in memory, for tests, and for programs that need positions only as long as they run. Thread: any.
class InMemoryOffsetStore final : public OffsetStore {
 public:
  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override;
  Result<void> save(const std::string& group, std::span<const Position> positions) override;
  // Records that the batch is done, at once: as a transaction would that holds nothing else. Throws StaleEpoch,
  // RecordedBefore, and std::logic_error where the topic's positions are not kept in this store.
  void save(Batch& batch);

  // What is stored; nothing where nothing is.
  [[nodiscard]] std::optional<CommitPosition> position(const std::string& group, const Partition& partition) const;
  // What was recorded and not forgotten, ascending.
  [[nodiscard]] std::vector<OffsetRange> recorded(const std::string& group, const Partition& partition) const;

 private:
  using Term = std::pair<std::uint64_t, Generation>;  // epoch and generation
  struct Kept {
    Stored stored;
    Term term{};  // of the position
    std::vector<std::pair<Term, OffsetRange>> records;
  };
  void move_to(Kept& kept, CommitPosition position, Term term);

  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, Partition>, Kept> kept_;  // guarded by mutex_
};

}  // namespace braid
