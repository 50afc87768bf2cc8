#pragma once

#include <braid/routing/deserializer.hpp>
#include <braid/routing/filters.hpp>
#include <braid/routing/partition_key.hpp>
#include <braid/routing/recovery.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What to run, as values: the one result of the C++ DSL (draw.hpp) and of routing files (load.hpp).
// Thread: plain values; immutable once an application has them.

namespace braid {

class Consumer;
class AsyncConsumer;

// Makes one consumer object; called on a worker when the first message of a virtual partition is there.
class OffsetStore;
using ConsumerFactory = std::function<std::unique_ptr<Consumer>()>;

}  // namespace braid

namespace braid::routing {

// librdkafka's settings by their own names. Inherited: application < consumer group < subscription group < topic.
using KafkaSettings = std::map<std::string, std::string, std::less<>>;

// Where a problem lies: a path such as `analytics / clicks / ecommerce.events`, and for files the place.
struct SourceLocation {
  std::string file{};  // empty: drawn in C++
  int line = 0;        // from 1
  int column = 0;      // from 1

  bool operator==(const SourceLocation&) const = default;
};

// Where a file sets each option of one element, by the option's key: `max_messages`,
// `virtual_partitions.max_partitions`, `kafka.fetch.min.bytes` (inherited settings keep the place that set them).
// Empty when drawn in C++. Problems point there; nothing else reads it.
using OptionLocations = std::map<std::string, SourceLocation, std::less<>>;

// How messages are told apart (the partitioner): messages that share the key share the virtual partition.
struct PartitionBy {
  enum class Kind : std::uint8_t {
    message_key,
    header,
    json_field,
    callable,
    round_robin,  // every message for itself: no order
    partition,    // all together: one virtual partition, the order of the partition
  };
  Kind kind = Kind::message_key;
  std::string
      name{};  // of the header, or of the payload's field: a name, or a JSON pointer when it starts with '/'
  std::function<PartitionKey(const Message&)> callable{};  // runs on the listener's thread: quick, never blocking
};

// How a key becomes the index of a virtual partition.
struct Reducer {
  enum class Kind : std::uint8_t {
    hash,      // XXH3 of the key, modulo: a key always meets the same virtual partition
    balanced,  // within one batch, whole keys are spread by size; needs `flow: batch`
    sticky,    // a key keeps its virtual partition while any message of it is in flight, else the least loaded
    callable,
  };
  Kind kind = Kind::hash;
  // (key, max_partitions) -> index below max_partitions; runs on the listener's thread.
  std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable{};
};

// Where messages without a key go.
enum class NullKeys : std::uint8_t {
  round_robin,  // each for itself
  together,     // as though they all had one key
};

// What order means, by the names that users of other systems know: sugar for a `by`.
enum class Order : std::uint8_t {
  unordered,     // by round_robin
  by_key,        // by the message key
  by_partition,  // by partition
};
[[nodiscard]] PartitionBy::Kind partition_by_of(Order order);

struct VirtualPartitions {
  PartitionBy by{};
  // At least 1. Not set: 8 × the application's concurrency, at least 64.
  std::optional<std::uint32_t> max_partitions{};
  Reducer reducer{};
  NullKeys null_keys = NullKeys::round_robin;
};

enum class Flow : std::uint8_t {
  batch,       // the next batch is handed over when every virtual partition of the present one has settled
  continuous,  // no barrier: each virtual partition has a queue of its own
};

// Who says that a message is done.
enum class Offsets : std::uint8_t {
  automatic,  // returning from consume() does, for all of its messages
  manual,     // only marks do
};

// When a partition's position is committed. All but `manual` also commit on revocation and stop; `external` commits
// to its store then.
struct Commit {
  enum class When : std::uint8_t {
    interval,           // each `interval`
    after_batch,        // when a batch has settled (`continuous`: a job)
    each_message,       // after each message; needs `flow: continuous`, whose jobs then take one message each
    manual,             // when a consumer asks
    before_processing,  // at most once: a batch runs after the commit of its end; needs `flow: batch`
    external,           // into an OffsetStore
  };
  When when = When::interval;
  // after_batch, each_message: what follows waits until the commit is acknowledged.
  bool sync = false;
  // interval, external. Not set: the application's commit_interval.
  std::optional<std::chrono::milliseconds> interval{};
};

// How often a message takes effect.
enum class Delivery : std::uint8_t {
  at_least_once,
  // What its batches send (Batch::produce) and the positions behind them become visible together, in transactions
  // of Kafka, or not at all; needs `flow: batch`, and Settings::transactional_id. Who reads what is sent sets
  // isolation.level=read_committed.
  exactly_once,
};

inline constexpr std::chrono::milliseconds kTransactionIntervalDefault{100};

// What becomes of a virtual partition whose deferred ticket was not settled in time.
enum class OnTicketTimeout : std::uint8_t {
  stop,   // it is reported and takes nothing more: its work may still be going on
  retry,  // its share is tried again, which may overlap with the work that is overdue
};

// Where a partition without a committed position starts.
enum class InitialOffset : std::uint8_t {
  earliest,
  latest,
  fail,         // the application ends
  by_duration,  // at the first message that is not older than Topic::initial_age
};

// How many Kafka clients (each with its listener thread) share the topics of a subscription group: a fixed number,
// or as many as are of use between two bounds. A connection more is made when one holds several partitions and they
// lag, one fewer is left when one holds none; each change waits `scale_delay`. Each is a rebalance of the consumer
// group.
//   {.count = 3}                 always three
//   {.min = 1, .max = 3}         one at the start, up to three
struct Connections {
  std::optional<std::uint32_t> count{};  // short for min, max and start of this number; not beside them
  std::optional<std::uint32_t> min{};    // not set: 1
  std::optional<std::uint32_t> max{};    // not set: as many as `min`
  std::optional<std::uint32_t> start{};  // not set: as many as `min`
  // For so long there must be reason for a change, and none is made so soon behind another. A rebalance takes
  // seconds and throws away what is fetched ahead, so the delay is long against it; and loads last longer than a
  // minute where another connection is worth it.
  std::chrono::milliseconds scale_delay{60'000};

  [[nodiscard]] std::uint32_t least() const { return count.value_or(min.value_or(1)); }
  [[nodiscard]] std::uint32_t most() const { return count.value_or(max.value_or(least())); }
  [[nodiscard]] std::uint32_t at_start() const { return count.value_or(start.value_or(least())); }
  [[nodiscard]] bool dynamic() const { return least() != most(); }
};

struct Topic {
  std::string name{};
  // All topics whose names match `name`, a regular expression (see topic_pattern.hpp), those included that come
  // later; one that a route of the same subscription group names is that one's.
  bool is_pattern = false;
  std::string consumer_name{};  // the class, or the name it is registered under
  ConsumerFactory consumer{};
  // Its consumers are coroutines: their jobs are in flight rather than on a thread, bounded by max_in_flight. Set
  // by whoever names the class; nobody can tell it of a factory alone.
  bool asynchronous = false;
  // What its consumers take, where the class was named and is a TypedConsumer<T>. Not set: messages, or nobody
  // knows.
  std::optional<TakenValue> taken_value{};
  // What the payloads are, for consumers that take values.
  Deserializer deserializer{};
  std::uint32_t max_messages = 100;       // at most so many messages in a batch; at least 1
  std::chrono::milliseconds max_wait{0};  // 0: hand over what is there as soon as the flow is free
  VirtualPartitions virtual_partitions{};
  // What stands before the consumer, in the order in which it is asked.
  std::vector<FilterSettings> filters{};
  // As it was asked for. What it means is in virtual_partitions.by already, which alone counts.
  std::optional<Order> order{};
  Flow flow = Flow::batch;
  // continuous: at so many messages in one virtual partition's queue the partition takes no more. At least 1.
  std::uint32_t max_queued = 10'000;
  // Messages of a partition that are delivered and not done; at least 1.
  std::uint32_t max_open_offsets = 100'000;
  // Offsets from the position to the highest delivered one; a bit of memory for each.
  std::uint32_t max_window = 16 * 1024 * 1024;
  // Bytes of keys and payloads that a partition holds, those that wait for a retry included.
  std::size_t max_bytes = 64 * 1024 * 1024;
  // What waits for longer, in a queue or for a retry, is copied out of the fetch that it came in, which it would
  // keep in memory as a whole; not set: never.
  std::optional<std::chrono::milliseconds> hold_copy_after{1000};
  // Jobs of this topic that run at once, over all connections; not set: as many as there are workers.
  std::optional<std::uint32_t> max_concurrency{};
  Offsets offsets = Offsets::automatic;
  Commit commit{};
  Delivery delivery = Delivery::at_least_once;
  // exactly_once: a transaction is of so many batches, or of those within so long, whichever comes first. Not set:
  // one batch; kTransactionIntervalDefault.
  std::optional<std::uint32_t> transaction_batches{};
  std::optional<std::chrono::milliseconds> transaction_interval{};
  // Where positions are kept with Commit::When::external, and then required; see <braid/offset_store.hpp>.
  std::shared_ptr<OffsetStore> offset_store{};
  // Consumer::on_end_of_partition() is called when a partition's end is reached and what came before it is done.
  bool end_of_partition = false;
  // Consumer::on_tick() is called so often, when nothing else of its virtual partition runs; not set: never.
  std::optional<std::chrono::milliseconds> tick_every{};
  // Asynchronous consumers: jobs of this topic in flight at once, over all connections. At least 1.
  std::uint32_t max_in_flight = 10'000;
  // A deferred ticket that is not settled for so long is overdue; not set: never.
  std::optional<std::chrono::milliseconds> ticket_timeout{};
  OnTicketTimeout on_ticket_timeout = OnTicketTimeout::stop;
  // A share that runs for longer takes its connection out of the group until it has returned; not set: as long as
  // the connection's max.poll.interval.ms.
  std::optional<std::chrono::milliseconds> max_processing_time{};
  // A partition that has something to do and has not moved for so long is reported; 0: never; not set: the
  // application's stalled_after.
  std::optional<std::chrono::milliseconds> stalled_after{};
  InitialOffset initial_offset = InitialOffset::earliest;
  std::chrono::milliseconds initial_age{0};  // InitialOffset::by_duration: 1 ms to 366 days
  Retries retries{};  // effective: what is inherited is already in it; see effective_recovery.hpp
  OnFailure on_failure = OnFailure::isolate;
  // Not set: dead_letter where these have somewhere to go; else retries must have no limit.
  std::optional<OnExhausted> on_exhausted{};
  // on_exhausted: park: messages of a partition that are parked at once; behind that they are dead letters.
  std::uint32_t max_parked = 1000;
  DeadLetters dead_letters{};
  KafkaSettings kafka{};  // effective: what is inherited is already in it
  SourceLocation location{};
  OptionLocations option_locations{};
};

struct SubscriptionGroup {
  std::string id{};
  Connections connections{};
  // Jobs of all its topics that run at once, over all its connections; not set: as many as there are workers.
  std::optional<std::uint32_t> max_concurrency{};
  // What its topics do unless they say so themselves; the consumer group's where nothing is said here. Effective
  // values are in the topics, which alone count.
  std::optional<Retries> retries{};
  std::vector<Topic> topics{};
  // Effective, but for the application's own, which the application adds underneath. A client is set up with
  // client_settings(), which has what the topics add.
  KafkaSettings kafka{};
  SourceLocation location{};
  OptionLocations option_locations{};
};

struct ConsumerGroup {
  std::string id{};                  // Kafka's group.id
  std::optional<Retries> retries{};  // for all its topics that say nothing nearer
  std::vector<SubscriptionGroup> subscription_groups{};
  KafkaSettings kafka{};
  SourceLocation location{};
  OptionLocations option_locations{};
};

struct Routes {
  std::vector<ConsumerGroup> consumer_groups{};
};

// What a client of this subscription group is set up with: the settings of its topics, which are the same for all
// of them in valid routes; the group's own where it has no topic. The application adds its own underneath.
[[nodiscard]] const KafkaSettings& client_settings(const SubscriptionGroup& group);

// The same meaning: all but source locations, by which name an order was asked for and where retries are inherited
// from; consumers are compared by
// name, callables by whether there is one.
bool operator==(const Routes& left, const Routes& right);

}  // namespace braid::routing
