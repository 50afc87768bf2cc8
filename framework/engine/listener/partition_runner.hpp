#pragma once

#include "core/listener/partition_commits.hpp"
#include "core/virtual_partitions/key_id.hpp"
#include "core/virtual_partitions/splitter.hpp"
#include "engine/instrumentation/topic_balance.hpp"
#include "engine/listener/dispatcher.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/listener/sight.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/dead_letter_sink.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/byte_budget.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// Scratch memory with which messages find their virtual partitions; one a topic and listener.
struct TopicSplit {
  core::Splitter splitter;
  std::vector<std::uint32_t> indexes;
  std::vector<core::KeyId> keys;
};

// What a runner works with; the listener's, which outlives it.
struct RunnerTools {
  TopicSplit* split = nullptr;
  Dispatcher* dispatcher = nullptr;
  std::shared_ptr<Mailbox> mailbox;
  std::shared_ptr<JobPool> pool;
  Log* log = nullptr;
  ByteBudget* bytes = nullptr;                // of the process
  std::shared_ptr<ReadyFlag> ready;           // of the partition
  core::PartitionCommits* commits = nullptr;  // of the same assignment
  TopicBalance* balance = nullptr;            // of the topic
  DeadLetterSink* letters = nullptr;          // none: what is sent fails
  // The application can't go on as it was told to.
  std::function<void(const Error&)> fatal{};
  const Clock* clock = nullptr;  // for filters
};

// Runs one assignment of a partition: the seam between the listener and the flows. Thread: the listener's.
class PartitionRunner {
 public:
  virtual ~PartitionRunner() = default;

  // --- admission

  // Whether take() is worth a call. Where not, the partition's flag is raised, or a mail comes, when it is again.
  [[nodiscard]] virtual bool has_room() = 0;
  // Takes what there is room for; filters it by generation and expected offset.
  virtual TakeReport take(PartitionQueue& queue, Time now) = 0;

  // --- running

  // Does all that is due: hands over, arms, retries; nothing of that while the assignment is held.
  virtual void turn(Time now) = 0;
  // An attempt of it has ended, and it is not done.
  virtual void handle_open(Share& share, Time now) = 0;
  virtual void handle_letter(const LetterAnswer& answer, Time now) = 0;
  // It met a partition that is held, and did not start; it is sent when turn() finds it held no more.
  virtual void handle_held(Share& share) = 0;
  virtual void handle_settled(RunningBatch& batch) = 0;
  virtual void handle_unsent(RunningBatch& batch) = 0;
  // Reports and fails what is overdue of its deferred attempts. A part of turn(); alone, once the runner has ended
  // and what it has started has not.
  virtual void watch_tickets(Time now) = 0;
  // What need not be done at each turn: says what waits. Each second.
  virtual void tidy(Time now) = 0;
  // When turn() has something to do by time alone.
  [[nodiscard]] virtual std::optional<Time> wakes_at() const = 0;

  // --- what it does

  // For people: looks at whatever is in hand.
  virtual void see(RunnerSight& sight) const = 0;
  // Those that hold something, by virtual partition; none with a flow where what waits has no virtual partition
  // yet. Looks at each queue.
  virtual void see_queues(std::vector<QueueSight>& /*queues*/) const {}
  // Nothing of what was taken is left to do, but for what is parked.
  [[nodiscard]] virtual bool empty() const = 0;

  // --- the end

  // Nothing more will be taken: what is here does not wait for more.
  virtual void hasten() = 0;
  // Admits and hands over nothing more, and retries nothing; what was handed over goes on.
  virtual void refuse() = 0;

  // --- offsets

  // Tells the ledger what shares have done so far.
  virtual void fold() = 0;
  // What may be committed, as far as folded; nothing before the first message.
  [[nodiscard]] virtual std::optional<CommitPosition> position() const = 0;
  // Grows whenever metadata() may have changed though nothing came.
  [[nodiscard]] virtual std::uint64_t revision() const = 0;
  // What goes with the position, as far as folded and as fits into so many bytes: what is done beyond it.
  [[nodiscard]] virtual std::string metadata(std::size_t most) const = 0;
  // The lowest offset that is open, as far as folded; none: nothing is.
  [[nodiscard]] virtual std::optional<Offset> oldest_open() const = 0;
  // Where the client is to go on; nothing before the first message where there was no start.
  [[nodiscard]] virtual std::optional<CommitPosition> expected() const = 0;
};

}  // namespace braid::engine
