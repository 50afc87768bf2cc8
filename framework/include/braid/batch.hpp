#pragma once

#include <braid/message.hpp>
#include <braid/record.hpp>
#include <braid/result.hpp>
#include <braid/virtual_partition.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace braid {

class KeptBatch;
class PartitionControl;
class Ticket;

namespace engine {
class Share;
struct BatchAccess;
}  // namespace engine

// One virtual partition's share of a batch: messages of one partition, offsets ascending.
// Lives for one call of Consumer::consume, or for one coroutine; its messages too, or until its ticket is settled,
// or as long as they are kept.
// Thread: the one that runs the call.
class Batch {
 public:
  using const_iterator = const Message*;
  [[nodiscard]] const_iterator begin() const { return messages_.data(); }
  [[nodiscard]] const_iterator end() const { return messages_.data() + messages_.size(); }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] bool empty() const { return messages_.empty(); }  // never, within consume()
  [[nodiscard]] const Message& operator[](std::size_t index) const { return messages_[index]; }
  [[nodiscard]] const Message& front() const { return messages_.front(); }
  [[nodiscard]] const Message& back() const { return messages_.back(); }

  [[nodiscard]] std::string_view topic() const { return where_->topic(); }
  [[nodiscard]] PartitionNumber partition() const { return where_->partition(); }
  [[nodiscard]] const VirtualPartition& virtual_partition() const { return *where_; }

  // This message and all before it are done, even if consume() throws later: the next attempt starts behind it.
  // Returning marks all, unless the topic's offsets are manual: then only marks count, and one covers what this
  // virtual partition was given in earlier batches too. It may be a message of those, but not of a later one or of
  // another virtual partition between these: std::invalid_argument.
  void mark(const Message& message);
  // The same for all of this virtual partition's messages up to that offset. Throws std::invalid_argument for one
  // behind this batch. VirtualPartition::mark() does it when the batch is gone.
  void mark(Offset offset);

  // The messages of this batch live until the last copy of what this returns is gone, rather than until consume()
  // has returned: for those who buffer them under manual offsets.
  [[nodiscard]] KeptBatch keep();

  // The text rides along with the partition's commits from now on, beside what the framework keeps there, until
  // another one is set: whoever gets the partition next reads it as VirtualPartition::committed_metadata(). There
  // is one a partition; of several virtual partitions the last one wins, and a later owner that sets none sends it
  // on. It may be stored before the messages in hand are done. Throws std::invalid_argument for what is not
  // printable ASCII, or does not fit into Settings::commit_metadata_bytes with 14 bytes of the framework's.
  void commit_metadata(std::string_view text);

  // consume() may return before its messages are done: they are settled by the ticket, from any thread
  // (braid/ticket.hpp). Once an attempt: throws std::logic_error the second time, and in a coroutine, which needs
  // none.
  [[nodiscard]] Ticket defer();

  // Commits what is done of this virtual partition by now, marks of this batch included, and waits until a commit
  // that covers it has been acknowledged. Under any commit policy; under `manual` nothing else commits. Blocks the
  // worker. An error: the broker refused it for good, the assignment ended first, or `timeout` passed, which leaves
  // it under way; so it always returns. Without room in the commit's metadata for all gaps it may have to wait for
  // others' messages.
  Result<void> commit(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // The same without waiting: at once, and again until it has been acknowledged or the assignment has ended.
  void commit_async();

  // To pause the partition, or to go on elsewhere in it (braid/partition_control.hpp).
  [[nodiscard]] PartitionControl control() const;

  // Produces a record, which is copied. The messages of this batch are done when it is delivered, and not before:
  // neither by returning, which waits for that without a thread, nor by a mark that follows. Of an attempt that
  // fails what was marked is done all the same, as soon as what was produced before the mark is delivered.
  //
  // Under `delivery: exactly_once` the record is kept, and sent when this attempt has ended well (of one that
  // fails, what was produced before its last mark), in the transaction in which the position behind this batch is
  // committed. Nobody who reads committed records sees it before that.
  //
  // Else it is sent now, by the application's producer (Settings::producer), whose full queue is waited for, which
  // blocks the thread. When a record is not delivered in the end, the attempt has failed by DeliveryFailed, and the
  // topic's retries and dead letters follow. What is tried again is produced again: at least once. With
  // Settings::await_produced off nothing waits. VirtualPartition::mark() never does.
  //
  // An attempt that produces has no save() of an offset store, and the other way round
  // (docs/offsets_in_a_database): the later one throws std::logic_error, since what is recorded there is done
  // whatever becomes of the record. Not with Settings::await_produced off.
  //
  // An error, as Producer::produce()'s: it was not sent and will not be, which changes nothing for the batch. From
  // the call's thread, or its coroutine.
  Result<void> produce(const Record& record);
  // The same for a message of this batch: the record carries its trace context on (carry_trace()), and it is this
  // message that has failed where the record was not delivered.
  Result<void> produce(Record record, const Message& because_of);

  // How an attempt may end otherwise than by returning or throwing: what is said here of a message takes effect
  // when the call ends, or the coroutine, however it ends, and holds for good. But only before its last mark: of an
  // attempt that has produced what was not delivered, and under `delivery: exactly_once` of one that fails, or
  // messages would be done whose records are lost. The message must be one of this batch that is not marked, and of
  // which nothing was said: std::invalid_argument. From the call's thread, or its coroutine.

  // This message counts as done, though it was not processed.
  void skip(const Message& message);
  // This message goes where the topic's dead letters go, and counts as done once it is there; no mark covers it, or
  // what is behind it, before that. Throws std::logic_error where the topic has no dead letters, and behind the
  // save() of an offset store that has recorded the batch.
  void dead_letter(const Message& message, std::string reason);
  // What is not done when this attempt ends, also by returning, is tried again after so long, whatever the topic's
  // backoff says. It counts as an attempt; only one that throws uses retries up. Throws std::invalid_argument for
  // less than 0.
  void retry_after(std::chrono::milliseconds pause);

  // How far behind its creation the first message of this batch was when a worker picked the batch up: what those
  // who wait for results feel. By Kafka's timestamp, which the sender or the broker has set by its own clock; 0 for
  // one of the future, and where there is none. From the call's thread, or its coroutine.
  [[nodiscard]] std::chrono::milliseconds consumption_lag() const;
  // The same for one of this batch's messages.
  [[nodiscard]] std::chrono::milliseconds consumption_lag(const Message& message) const;
  // How long this batch had been ready when a worker picked it up: it waited for the batch before it, for a worker,
  // or for a cap. With `flow: continuous` since its first message was taken from Kafka. If it is a large part of
  // the consumption lag, more workers or virtual partitions help; if it is not, the messages came late. 0 for an
  // attempt behind the first one.
  [[nodiscard]] std::chrono::microseconds processing_lag() const;

  // 1 for the first time that the first message of this batch is tried.
  [[nodiscard]] std::uint32_t attempt() const;
  [[nodiscard]] bool retrying() const { return attempt() > 1; }
  // Under `on_failure: collapse`: all that was left of a batch when some of it had failed, of whatever virtual
  // partition, in the order of offsets. It goes to the consumer of virtual partition 0.
  [[nodiscard]] bool collapsed() const;
  [[nodiscard]] bool revoked() const { return where_->revoked(); }
  [[nodiscard]] bool lost() const { return where_->lost(); }

  // For the engine and the test kit.
  Batch(std::span<const Message> messages, const VirtualPartition& where, engine::Share& share)
      : messages_(messages), where_(&where), share_(&share) {}
  Batch(Batch&&) = default;
  Batch& operator=(Batch&&) = default;

 private:
  friend struct engine::BatchAccess;
  std::span<const Message> messages_;
  const VirtualPartition* where_;
  engine::Share* share_;
};

// Messages that outlive their batch: made by Batch::keep(). The memory of the whole batch, all its virtual
// partitions', is held, and with it the Kafka client's handle: an application that has stopped frees that when the
// last one is gone. What is kept does not count into `max_bytes`; under manual offsets `max_open_offsets` bounds
// it. Thread: any, as a value.
class KeptBatch {
 public:
  [[nodiscard]] std::span<const Message> messages() const { return messages_; }
  [[nodiscard]] const Message* begin() const { return messages_.data(); }
  [[nodiscard]] const Message* end() const { return messages_.data() + messages_.size(); }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }

  // For Batch::keep() alone.
  KeptBatch(std::span<const Message> messages, std::shared_ptr<const void> holds)
      : messages_(messages), holds_(std::move(holds)) {}

 private:
  std::span<const Message> messages_;
  std::shared_ptr<const void> holds_;
};

}  // namespace braid
