#pragma once

#include "engine/ports/position_store.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the engine needs of a Kafka consumer. librdkafka is one implementation, the fake Kafka of the tests another.

namespace braid::engine {

// Where a partition is to start when the group has no position for it, or an unusable one, or when a consumer
// asks for it.
struct StartPoint {
  enum class Kind : std::uint8_t {
    earliest,
    latest,
    at,
    time,  // the first message of that time or later, else the end
  };
  Kind kind = Kind::earliest;
  CommitPosition at{};                           // with Kind::at
  std::chrono::system_clock::time_point time{};  // with Kind::time
  bool as_a_number = false;  // the position is wanted at once; where nobody tells it, that is an error
  bool by_policy = false;    // nobody has asked for it
};

class GroupMembership;

// Owns the records behind messages, and keeps the client handle alive as long as one is out.
class MessageOwner : public detail::MessageSource {
 public:
  // Frees what these messages point to. Thread: any; cheapest in bulk on the listener.
  virtual void release(std::span<const Message> messages) noexcept = 0;
  // Replaces each message by one that says the same from memory of its own, and frees the record behind it: a
  // record keeps the whole fetch in memory that it came in. Nobody else may be looking at them. Returns how many it
  // has replaced; one that is a copy already, or for which there is no memory, stays as it is. An owner whose
  // records keep nothing but themselves may leave all of them. Thread: the listener's.
  virtual std::size_t detach(std::span<Message> /*messages*/) noexcept { return 0; }
};

// Told, on a thread of the client library and under its locks, that a queue has something. Only marks and wakes.
class ReadySignal {
 public:
  virtual ~ReadySignal() = default;
  virtual void on_ready() noexcept = 0;
};

// What one take() met besides messages.
struct TakeReport {
  std::size_t messages = 0;
  bool more = false;  // the array was filled: there may be more at once
  bool end_of_partition = false;
  std::optional<CommitPosition> end;  // with end_of_partition: where the log ends, markers included
  bool no_stored_position = false;    // the group has none and the client waits for restart_at()
  bool out_of_range = false;          // the position is not in the log; the client waits for restart_at()
  std::optional<Error> error;         // anything else
};

// The queue of one assigned partition. Destroying it gives the queue back (before the unassign).
// Thread: the listener's.
class PartitionQueue {
 public:
  virtual ~PartitionQueue() = default;
  // Appends at most `max` messages to `out`, without waiting. Their offsets ascend within a generation of the
  // client's, but may repeat or jump: the caller filters by expected offset.
  virtual TakeReport take(std::size_t max, std::vector<Message>& out) = 0;
  [[nodiscard]] virtual const std::shared_ptr<MessageOwner>& owner() const = 0;
  // What is known of what is to come, without asking anybody.
  struct Backlog {
    std::size_t fetched = 0;              // messages that wait here, about
    std::optional<CommitPosition> end{};  // where the log ended by what was fetched last; none: nothing was
    // take() says when the end is reached, so that positions get there. Else what lies before it may be nothing
    // that is ever delivered, as a transaction's marks.
    bool end_is_told = false;
  };
  [[nodiscard]] virtual Backlog backlog() const { return {}; }
};

// What a client reports, on the listener's thread, from within serve_group() or serve_replies().
class ConsumerEvents {
 public:
  virtual ~ConsumerEvents() = default;
  // Must call ConsumerClient::assign() with all of them before it returns; the list may be empty.
  virtual void handle_assigned(std::span<const TopicPartition> partitions) = 0;
  // Must call ConsumerClient::unassign() with all of them before it returns. `lost`: the group has given them to
  // others already, nothing may be committed.
  virtual void handle_revoked(std::span<const TopicPartition> partitions, bool lost) = 0;
  // The answer to read_positions(), one for each question. An error: nothing is known, ask again.
  virtual void handle_positions(std::uint64_t token, Result<std::vector<StoredPosition>> positions) = 0;
  // The answer to commit(), one for each.
  virtual void handle_committed(std::uint64_t token, const CommitOutcome& outcome) = 0;
  // Concerns the connection, or a topic that is not there. A fatal one: the client is of no more use, and a new one
  // may be.
  virtual void handle_error(const Error& error) = 0;
};

// One Kafka consumer client; as a PositionStore, the group's own positions. Thread: the listener's, but for the
// destructor of what owner()s share.
class ConsumerClient : public PositionStore {
 public:
  // Waits at most `timeout` for any broker to answer; soon no longer (a few seconds where a broker is slow) once
  // somebody has raised `given_up`.
  virtual Result<void> reach_broker(std::chrono::milliseconds timeout, const std::atomic<bool>& given_up) = 0;
  // Joins the group for these topics. `ready` is told when the group or a reply needs serving.
  virtual Result<void> subscribe(const std::vector<std::string>& topics, ReadySignal& ready) = 0;

  // What a transaction needs to know of this member now; none: it has no group, or no transactions.
  [[nodiscard]] virtual std::shared_ptr<const GroupMembership> membership() const { return nullptr; }

  // Leaves the group: revocations come through serve_group(), and nothing more after them, until subscribe() joins
  // again. Brokers see a static member leave only when its session times out.
  virtual Result<void> unsubscribe() = 0;

  // Serves the group without waiting: rebalances, errors, the client's log. Keeps the membership alive: call it at
  // least each second; and every 10 ms for 200 ms after a rebalance, when older clients need a nudge to fetch
  // again.
  virtual void serve_group(ConsumerEvents& events) = 0;
  // Serves answers only: commits and positions. May be called from within a rebalance handler.
  virtual void serve_replies(ConsumerEvents& events) = 0;

  // Takes a partition's queue out of the common one; before assign(). `ready` must outlive the queue, and is told
  // at least once if something is there already.
  virtual std::unique_ptr<PartitionQueue> open(const TopicPartition& partition, ReadySignal& ready) = 0;
  // Within handle_assigned: by the group's protocol of that moment. Fetching starts at the stored position.
  virtual Result<void> assign(std::span<const TopicPartition> partitions) = 0;
  // Within handle_revoked. Queues of these partitions are closed before.
  virtual Result<void> unassign(std::span<const TopicPartition> partitions) = 0;
  // After (un)assign, within the handler: makes the partitions that stay go on exactly at these positions.
  virtual void reposition(std::span<const StoredPosition> retained) = 0;
  // Starts one assigned partition anew, elsewhere. What was fetched before is dropped. Returns where it starts, if
  // that is known already; may wait for the broker's answer, at most two seconds. Never before unassign() within
  // handle_revoked.
  virtual Result<std::optional<CommitPosition>> restart_at(const TopicPartition& partition, StartPoint start) = 0;

  // Leaves the group: revocations come once more through serve_group(). All queues are closed before the end.
  virtual void begin_close() = 0;
  [[nodiscard]] virtual bool closed() const = 0;
};

}  // namespace braid::engine
