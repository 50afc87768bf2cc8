#pragma once

#include <braid/offset.hpp>
#include <braid/offset_store.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid {

class Batch;

namespace engine {
class Assignment;
class Share;
}  // namespace engine

// For those who write an OffsetStore: what it records of a batch in the consumer's own transaction, beside the
// results. A store's save(transaction, batch) does, in this order:
//
//   BatchRecord record(*this, batch);
//   keep open() of this partition away until the transaction has ended, or fail: several shares of it beside each
//     other; but alone, if record.in_doubt(), so that no transaction of the same messages is still under way
//   the epoch is another one?                      roll back; record.refuse_epoch()
//   in doubt, and some of done() is recorded,
//     of this epoch and generation?                roll back; record.refuse_recorded(what is)
//   begins_at(), and the position that is stored
//     is not of this epoch and generation?         store begins_at(), forget what others have recorded
//   store done(), with epoch and generation;       record.noted()
//
// Position and epoch are never moved here, since a share knows its own messages alone: the listener moves the
// position by save(positions), later and outside of any transaction, once everything below is done.
//
// Thread: the one that runs the consumer, within its call. Lives no longer than the batch.
class BatchRecord {
 public:
  // Throws std::logic_error where the topic's positions are not kept in `store`, and behind Batch::produce(): what
  // is recorded would be done whether the records of the attempt are delivered or not.
  BatchRecord(const OffsetStore& store, Batch& batch);

  [[nodiscard]] const std::string& group() const;
  [[nodiscard]] const OffsetStore::Partition& partition() const { return partition_; }
  [[nodiscard]] std::uint64_t epoch() const;
  [[nodiscard]] Generation generation() const;
  // The assignment has begun there, and nobody may have stored that yet.
  [[nodiscard]] std::optional<CommitPosition> begins_at() const;
  // The batch's messages that are not marked, but for those given to dead letters by now: ascending, apart. May be
  // empty.
  [[nodiscard]] std::span<const OffsetRange> done() const { return done_; }
  // A transaction with some of them was tried before, and nobody has said that it came to nothing.
  [[nodiscard]] bool in_doubt() const;

  // It is written. What may become of the transaction is not known from here on.
  void noted();
  // Throws StaleEpoch, and tells the listener, which begins anew where the store is.
  [[noreturn]] void refuse_epoch();
  // Throws RecordedBefore; what is `recorded` of the batch counts as done.
  [[noreturn]] void refuse_recorded(std::span<const OffsetRange> recorded);

 private:
  [[nodiscard]] const engine::Assignment& assignment() const;

  engine::Share& share_;
  OffsetStore::Partition partition_;
  std::vector<OffsetRange> done_;
};

}  // namespace braid
