#pragma once

#include <braid/event_parts.hpp>
#include <braid/producer_events.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// The catalogue of what an application tells: one struct an event, with what it is about. Subscribe to them with a
// Monitor (braid/monitor.hpp). docs/events.md is written from the comments here and of
// its parts, which are included (tests/tidy/event_catalogue.py).
// Thread: values; as any.

namespace braid::events {

// --- application

// All first connections run.
struct ApplicationStarted {
  std::uint32_t topics = 0;       // of the routes
  std::uint32_t connections = 0;  // that run
  std::uint32_t workers = 0;      // threads of the pool; of a host's executor: `concurrency`
  BRAID_EVENT("application.started", topics, connections, workers)
};

// It was told to stop.
struct ApplicationStopping {
  Milliseconds timeout{};  // by then it has stopped, whatever still runs
  bool at_once = false;    // what has not started does not start any more
  BRAID_EVENT("application.stopping", timeout, at_once)
};

// It has stopped. The last event of its own.
struct ApplicationStopped {
  bool in_time = true;                     // all has settled, was committed and left before the deadline
  std::vector<std::string> left_behind{};  // what had not, in words
  std::optional<std::string> failure{};    // why it could not go on; none: it was asked to stop
  Milliseconds took{};                     // since it was told to
  BRAID_EVENT("application.stopped", in_time, left_behind, failure, took)
};

// --- connection

// It has reached a broker and joins its group.
struct ConnectionStarted {
  Connection where{};
  Milliseconds down_for{};  // since it had failed; 0: it had not
  BRAID_EVENT("connection.started", where, down_for)
};

// Its client, or its listener, is of no more use. A new client follows.
struct ConnectionFailed {
  Connection where{};
  Error::Kind kind = Error::Kind::other;  // what kind of error it was
  std::string error{};                    // in words
  BRAID_EVENT("connection.failed", where, kind, error)
};

// It gets a new client behind a pause.
struct ConnectionRestarting {
  Connection where{};
  Milliseconds pause{};  // before the new client is made
  BRAID_EVENT("connection.restarting", where, pause)
};

// The subscription group gets one connection more, since much waits.
struct ConnectionAdded {
  Connection where{};
  std::uint64_t waiting = 0;  // messages that one of the others had not taken
  BRAID_EVENT("connection.added", where, waiting)
};

// The subscription group gives one up that holds no partition.
struct ConnectionLeaving {
  Connection where{};
  BRAID_EVENT("connection.leaving", where)
};

// --- rebalance

// The group has given these partitions to the connection.
struct PartitionsAssigned {
  Connection where{};
  std::vector<TopicPartition> partitions{};  // those that came
  std::uint32_t held = 0;                    // partitions that the connection has now, these included
  BRAID_EVENT("rebalance.assigned", where, partitions, held)
};

// The group has taken these partitions from the connection, and what could be done and committed was; or the
// connection has ended without the group.
struct PartitionsRevoked {
  Connection where{};
  std::vector<TopicPartition> partitions{};  // those that went
  std::uint32_t held = 0;                    // partitions that the connection has left
  bool lost = false;    // others may have had them already: the group did not wait for a commit
  Milliseconds took{};  // from hearing of it to giving them up
  BRAID_EVENT("rebalance.revoked", where, partitions, held, lost, took)
};

// --- partition

// It begins, behind an assignment, a seek or a reset.
struct PartitionStarted {
  Partition where{};
  std::uint64_t generation = 0;   // grows with each of these
  std::int64_t position = -1;     // the first offset that is read; -1: the first message says
  std::uint64_t done_before = 0;  // offsets behind it that the last commit tells to be done
  BRAID_EVENT("partition.started", where, generation, position, done_before)
};

// There is something to do, and nothing of it has moved for `stalled_after`; again each ten minutes.
struct PartitionStalled {
  Partition where{};
  Milliseconds stood{};     // for so long
  std::string waits_for{};  // in words
  BRAID_EVENT("partition.stalled", where, stood, waits_for)
};

// One that had stalled goes on.
struct PartitionMoving {
  Partition where{};
  Milliseconds stood{};  // for so long it had not moved
  BRAID_EVENT("partition.moving", where, stood)
};

// How a partition is at present; of each that is assigned, every Monitor::Settings::measure_each.
struct PartitionMeasured {
  Partition where{};
  std::optional<std::int64_t> end{};              // of the log, by what was fetched last; none: nothing was
  std::optional<std::int64_t> position{};         // what may be committed; none: nothing has come yet
  std::optional<std::int64_t> committed_lag{};    // offsets from the committed position to the end; none: unknown
  std::optional<std::int64_t> processed_lag{};    // offsets behind the last one that is done, gaps ignored
  std::optional<Milliseconds> consumption_lag{};  // longest of late, creation to pick-up; none: no job began
  std::optional<Microseconds> processing_lag{};   // longest of late, ready to pick-up; none: no job began
  std::uint64_t open_offsets = 0;                 // delivered and not done
  std::optional<std::int64_t> oldest_open{};      // the first of them
  std::optional<Milliseconds> oldest_open_age{};  // since it was taken from the client, within a second
  std::uint64_t bytes_held = 0;                   // keys and payloads of what is held, bytes
  std::uint32_t gap_bytes = 0;                    // what gaps take of the next commit's metadata, bytes
  std::uint64_t waiting = 0;                      // messages that are here and that no job has
  std::uint64_t parked = 0;                       // messages that are given up for now
  BRAID_EVENT("partition.measured", where, end, position, committed_lag, processed_lag, consumption_lag,
              processing_lag, open_offsets, oldest_open, oldest_open_age, bytes_held, gap_bytes, waiting, parked)
};

// --- batch

// Every share of a batch is done, or was given up. With `flow: continuous` a batch is what one job had.
struct BatchSettled {
  Partition where{};
  std::int64_t first_offset = -1;        // of its messages
  std::int64_t last_offset = -1;         // likewise
  std::uint32_t messages = 0;            // so many
  std::uint32_t given_up = 0;            // of these: skipped, dead-lettered, parked or dropped
  std::uint32_t virtual_partitions = 0;  // with messages of it
  std::uint32_t largest_share = 0;       // messages, of the virtual partition that had most of them
  Microseconds took{};                   // from its first job's start until the listener heard that it has settled
  Milliseconds consumption_lag{};        // of its first message: from its creation to the first job's start
  Microseconds processing_lag{};         // from being ready to the first job's start
  BRAID_EVENT("batch.settled", where, first_offset, last_offset, messages, given_up, virtual_partitions,
              largest_share, took, consumption_lag, processing_lag)
};

// --- job

// A worker has picked a share up: an attempt of it begins.
struct JobStarted {
  Partition where{};
  Share share{};
  Milliseconds consumption_lag{};  // from the creation of its first message
  Microseconds processing_lag{};   // since it was ready
  BRAID_EVENT("job.started", where, share, consumption_lag, processing_lag)
};

// How an attempt of a share ended.
enum class Outcome : std::uint8_t {
  done,    // all of it is done, or was given up
  open,    // no exception, and not all is done: marks, retry_after(), dead letters on their way
  failed,  // an exception
};

// An attempt has ended, be it behind its call: by a ticket, a coroutine or a delivery.
struct JobEnded {
  Partition where{};
  Share share{};                    // as it is now: what is left of it
  Outcome outcome = Outcome::done;  // done, open, failed
  Microseconds took{};              // since its call began
  BRAID_EVENT("job.ended", where, share, outcome, took)
};

// A job runs for longer than max_processing_time; its connection leaves the group until it has returned.
struct JobOverran {
  Partition where{};
  std::uint32_t virtual_partition = 0;  // whose job it is
  Milliseconds runs_for{};              // so far
  Milliseconds limit{};                 // max_processing_time
  std::string what{};                   // thread, offsets and key, in words
  BRAID_EVENT("job.overran", where, virtual_partition, runs_for, limit, what)
};

// --- recovery

// What follows a failed attempt.
enum class Next : std::uint8_t {
  go_on,        // what failed was given up, or is on its way to be
  retry,        // all that is left, behind a pause
  singly,       // what failed is not known: its messages one by one
  dead_letter,  // a dead letter, and what is behind it goes on
  skip,         // given up
  park,         // left open for now
  drop,         // given up with all that is left: at most once
  stop,         // the application stops
};

// An attempt threw.
struct AttemptFailed {
  Partition where{};
  Share share{};                          // what is left of it
  std::optional<std::int64_t> culprit{};  // the offset of the message that failed, if that is known
  std::string error{};                    // type and text
  Next next = Next::retry;                // what follows
  Milliseconds pause{};                   // before a retry
  BRAID_EVENT("attempt.failed", where, share, culprit, error, next, pause)
};

// What had failed, or asked for another attempt, is to be tried again.
struct RetryScheduled {
  Partition where{};
  Share share{};         // what is left of it; the attempt that has ended
  Milliseconds pause{};  // until then
  BRAID_EVENT("retry.scheduled", where, share, pause)
};

// A message was given up by Batch::skip() or by the topic's rules. (Filters skip by the thousand: see the figures.)
struct MessageSkipped {
  Partition where{};
  std::uint32_t virtual_partition = 0;  // whose it was
  std::int64_t offset = -1;             // its offset
  BRAID_EVENT("message.skipped", where, virtual_partition, offset)
};

// A message is left open for now, while what is behind it goes on.
struct MessageParked {
  Partition where{};
  std::uint32_t virtual_partition = 0;  // whose it was
  std::int64_t offset = -1;             // its offset
  BRAID_EVENT("message.parked", where, virtual_partition, offset)
};

// Messages failed under at most once, and are not tried again.
struct MessagesDropped {
  Partition where{};
  Share share{};        // these
  std::string error{};  // type and text
  BRAID_EVENT("messages.dropped", where, share, error)
};

// A broker has acknowledged a dead letter.
struct DeadLetterSent {
  Partition where{};
  std::int64_t offset = -1;         // of the message
  std::string dead_letter_topic{};  // where it is now
  BRAID_EVENT("dead_letter.sent", where, offset, dead_letter_topic)
};

// A dead letter was not taken; it is sent again until it is.
struct DeadLetterFailed {
  Partition where{};
  std::int64_t offset = -1;               // of the message
  std::string dead_letter_topic{};        // where it was to go
  std::uint32_t tries = 0;                // so far
  Error::Kind kind = Error::Kind::other;  // what kind of error it was
  std::string error{};                    // in words
  Milliseconds pause{};                   // before the next try
  BRAID_EVENT("dead_letter.failed", where, offset, dead_letter_topic, tries, kind, error, pause)
};

// --- commits

// The group, or an offset store, has taken positions.
struct PositionsCommitted {
  std::string consumer_group{};              // Kafka's group.id
  std::vector<TopicPartition> partitions{};  // with their positions
  Microseconds took{};                       // from the sending to the answer
  BRAID_EVENT("commit.done", consumer_group, partitions, took)
};

// Positions were not taken; the positions of then are sent again.
struct CommitFailed {
  std::string consumer_group{};              // Kafka's group.id
  std::vector<TopicPartition> partitions{};  // with their positions
  Error::Kind kind = Error::Kind::other;     // what kind of error it was
  std::string error{};                       // in words
  BRAID_EVENT("commit.failed", consumer_group, partitions, kind, error)
};

// --- errors

// What an error comes from that no other event tells of.
enum class ErrorType : std::uint8_t {
  application,  // it can't go on: it stops
  client,       // the Kafka client, or a broker
  partitioner,  // threw, or its key can't be told
  filter,       // threw, or could not be made
  hook,         // on_tick, on_end_of_partition threw
  position,     // a stored position, or messages, can't be read
};

// Something went wrong that stays where it is.
struct ErrorOccurred {
  ErrorType type = ErrorType::client;     // what it comes from
  Error::Kind kind = Error::Kind::other;  // what kind of error it was; other: of user code
  std::string consumer_group{};           // empty: of no group
  std::string topic{};                    // empty: of no topic
  std::int32_t partition = -1;            // -1: of no partition
  std::uint64_t times = 1;                // so often, if it was counted
  std::string error{};                    // in words
  BRAID_EVENT("error.occurred", type, kind, consumer_group, topic, partition, times, error)
};

// --- events

// Events came faster than their subscribers took them; told at most once a second.
struct EventsDropped {
  std::string event{};      // the name of those that were dropped
  std::uint64_t count = 0;  // so many since the last time
  std::uint64_t total = 0;  // so many of them in all
  BRAID_EVENT("events.dropped", event, count, total)
};

// --- names

[[nodiscard]] std::string_view name_of(Outcome outcome);
[[nodiscard]] std::string_view name_of(Next next);
[[nodiscard]] std::string_view name_of(ErrorType type);
[[nodiscard]] std::string_view name_of(Error::Kind kind);

}  // namespace braid::events
