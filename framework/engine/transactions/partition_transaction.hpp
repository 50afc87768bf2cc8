#pragma once

#include "core/recovery/refused_messages.hpp"
#include "engine/ports/dead_letter_sink.hpp"
#include "engine/ports/transactional_client.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace braid::engine {

// What an attempt sends, and for which message: one of those, where that is not known.
struct ProducedRecord {
  OwnedRecord record;
  OffsetRange of;
};

// How a transaction has ended.
struct TransactionEnd {
  Result<void> outcome{};
  // Messages that it has failed by; none where no message is to blame.
  std::vector<core::Refusal> refusals{};
};

// The transactions of one assignment, one after another, on the transactional producer of its partition.
//
//   unready ──prepare()──▶ ready ──send()──▶ open
//                            ▲                │
//                            └──commit()──────┤
//                                             └──commit() fails──▶ failed
//   close(): nothing of it is sent any more, and what was is given up
//
// Once one has failed the assignment is of no more use: what its batches did is gone, and they must run again.
// Thread: prepare(), commit() and close() the listener's; send() any; what they tell comes on the slot's thread.
class PartitionTransaction final : public DeadLetterSink,
                                   public std::enable_shared_from_this<PartitionTransaction> {
 public:
  using Done = std::function<void(const Result<void>&)>;
  using Ended = std::function<void(TransactionEnd)>;

  PartitionTransaction(std::shared_ptr<TransactionalSlot> slot, TopicPartition partition, std::uint64_t number)
      : slot_(std::move(slot)), partition_(std::move(partition)), number_(number) {}

  // Whether batches may start.
  [[nodiscard]] bool prepared() const;
  // Makes it ready, unless it is, or is being made so; each `done` hears of it, at once or later.
  void prepare(Done done);
  // All of an attempt that has ended well. What can't be sent fails the transaction; behind what is refused for
  // good the others are still tried, so that its end tells of all that are. Without effect once closed: the work
  // counts no more.
  void send(std::span<const ProducedRecord> records);
  // A dead letter is a record like others: acknowledged by the transaction, so the answer only says that it is in
  // it.
  void send(const DeadLetter& letter, PartitionNumber original, Answer answer) override;
  // All that was sent, and the position; made ready first, where it is not. No batch runs, or starts before `done`.
  void commit(StoredPosition position, std::shared_ptr<const GroupMembership> member, Ended done);
  void close();

  [[nodiscard]] const std::shared_ptr<TransactionalSlot>& slot() const { return slot_; }
  // Tells it from those of other assignments of the partition.
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  enum class State : std::uint8_t { unready, preparing, ready, open, ending, failed, closed };
  void finish_prepare(const Result<void>& outcome);
  enum class Sent : std::uint8_t { queued, in_vain, refused };  // in vain: the transaction can only fail
  // With sending_ held, and not mutex_.
  Sent send_one(const OutgoingMessage& message, std::optional<OffsetRange> of);
  // Whom the transaction that has just failed has failed by.
  [[nodiscard]] std::vector<core::Refusal> refusals(TransactionalClient& client);

  const std::shared_ptr<TransactionalSlot> slot_;
  const TopicPartition partition_;
  const std::uint64_t number_;
  // Held while a record is handed to the client, which may wait for room. Before mutex_, where both are.
  std::mutex sending_;
  // By token, less 1: of the open transaction, or the one that ended last.
  std::vector<std::optional<OffsetRange>> origins_ BRAID_GUARDED_BY(sending_);
  mutable std::mutex mutex_;
  State state_ BRAID_GUARDED_BY(mutex_) = State::unready;
  std::vector<Done> waiting_ BRAID_GUARDED_BY(mutex_);      // preparing
  std::optional<Error> poisoned_ BRAID_GUARDED_BY(mutex_);  // open: it can only fail
  bool takes_no_more_ BRAID_GUARDED_BY(mutex_) = false;     // and sending more would tell nothing
};

}  // namespace braid::engine
