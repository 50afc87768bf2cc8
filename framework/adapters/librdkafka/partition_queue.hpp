#pragma once

#include "adapters/librdkafka/fetch_waker.hpp"
#include "adapters/librdkafka/message_owner.hpp"
#include "adapters/librdkafka/quiet_watch.hpp"
#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "engine/ports/consumer_client.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace braid::adapters {

// Where the library is to go on with a partition. Ours, because the library forgets its own position with each
// change of the assignment, until the next message is taken.
struct Progress {
  std::int64_t next = RD_KAFKA_OFFSET_INVALID;  // an offset, BEGINNING or END; INVALID: what the group has stored
  // restart_at() was called. What says then that nothing is stored was said before, and is not passed on: it would
  // start the partition a second time, behind messages.
  bool restarted = false;
  std::uint64_t heard = 0;  // takes that brought anything
  QuietWatch watch{};
};

// What the queues of a client share. Owned by the client.
struct QueueContext {
  std::shared_ptr<ClientHandle> handle;
  FetchWaker waker;
  std::size_t prefetch_bytes_max = 0;
  std::vector<rd_kafka_message_t*> batch;  // reused by every take()
  // By partition, from the opening of its queue on. Nodes stay, since queues keep pointers to theirs.
  std::map<engine::TopicPartition, Progress> progress;
  // Of partitions that are assigned no more. Each element in them holds its partition, and the library empties,
  // when it ends, the queues of those partitions only that it finds by their topics. Of a topic that was deleted it
  // finds none, and its end would wait for ever (2.0.2).
  std::vector<std::pair<engine::TopicPartition, QueuePtr>> given_back{};

  // Empties the queues that were given back: behind an unassign, and before the client's end, what they hold is of
  // no use to anybody.
  void empty_given_back() noexcept;
};

// The queue of one assigned partition, with forwarding off. Opened before the assign and destroyed before the
// unassign; librdkafka forgets a forwarding at each unassign, so that nothing has to be restored, and a partition
// that comes back is opened again.
//
// Thread: the listener's. The client outlives it.
class RdkafkaPartitionQueue final : public engine::PartitionQueue {
 public:
  RdkafkaPartitionQueue(QueueContext& context, const engine::TopicPartition& partition, engine::ReadySignal& ready);
  ~RdkafkaPartitionQueue() override;

  engine::TakeReport take(std::size_t max, std::vector<Message>& out) override;
  [[nodiscard]] const std::shared_ptr<engine::MessageOwner>& owner() const override { return owner_; }
  [[nodiscard]] Backlog backlog() const override;

 private:
  void report_element(const rd_kafka_message_t& element, engine::TakeReport& report);

  QueueContext& context_;
  Progress& progress_;
  std::shared_ptr<RdkafkaMessageOwner> rdkafka_owner_;
  std::shared_ptr<engine::MessageOwner> owner_;
  QueuePtr queue_;
  QueueDrop drop_;
};

}  // namespace braid::adapters
