// The part of RdkafkaConsumerClient that changes the assignment.

#include "adapters/librdkafka/consumer_client.hpp"
#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <algorithm>
#include <iterator>

namespace braid::adapters {
namespace {

std::vector<engine::TopicPartition> to_partitions(const rd_kafka_topic_partition_list_t& list) {
  std::vector<engine::TopicPartition> partitions;
  partitions.reserve(static_cast<std::size_t>(list.cnt));
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, PartitionNumber{list.elems[i].partition}});
  }
  return partitions;
}

Result<void> outcome_of(rd_kafka_error_t* raw, std::string_view context) {
  if (raw == nullptr) return {};
  const ErrorPtr error{raw};
  return translate(*error, context);
}

std::int64_t to_offset(engine::StartPoint start) {
  switch (start.kind) {
    case engine::StartPoint::Kind::earliest:
      return RD_KAFKA_OFFSET_BEGINNING;
    case engine::StartPoint::Kind::latest:
      return RD_KAFKA_OFFSET_END;
    case engine::StartPoint::Kind::at:
      break;
  }
  return start.at.value;
}

}  // namespace

void RdkafkaConsumerClient::rebalance_cb(rd_kafka_t*, rd_kafka_resp_err_t code,
                                         rd_kafka_topic_partition_list_t* list, void* opaque) noexcept {
  static_cast<RdkafkaConsumerClient*>(opaque)->handle_rebalance(code, *list);
}

// No exception may cross librdkafka's frames, and it waits for the (un)assign whatever happens here.
void RdkafkaConsumerClient::handle_rebalance(rd_kafka_resp_err_t code,
                                             const rd_kafka_topic_partition_list_t& list) noexcept {
  answered_ = false;
  std::vector<engine::TopicPartition> partitions;
  try {
    partitions = to_partitions(list);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      if (events_ != nullptr) events_->handle_assigned(partitions);
    } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      const bool lost = rd_kafka_assignment_lost(handle_->rk()) != 0;
      if (events_ != nullptr) events_->handle_revoked(partitions, lost);
    } else {
      rd_kafka_assign(handle_->rk(), nullptr);
      assigned_.clear();
      answered_ = true;
      if (events_ != nullptr) events_->handle_error(translate(code, "rebalance"));
    }
  } catch (...) {
    if (!escaped_) escaped_ = std::current_exception();
  }
  try {
    if (!answered_) {
      // Whoever handled it has failed. An assignment that nobody serves is kept, so that the group goes on; its
      // messages stay uncommitted.
      const Result<void> outcome =
          code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? assign(partitions) : unassign(partitions);
      if (!outcome.ok()) log_.write(engine::LogLevel::error, "kafka", outcome.error().text());
    }
    queues_->waker.wake_for_a_while(std::chrono::steady_clock::now());
  } catch (...) {
    if (!escaped_) escaped_ = std::current_exception();
  }
}

bool RdkafkaConsumerClient::cooperative() const {
  // Asked each time: it changes with the group, and is NONE before the first join. After the close it may not be
  // asked.
  const char* protocol = closed() ? nullptr : rd_kafka_rebalance_protocol(handle_->rk());
  return protocol != nullptr && std::string_view{protocol} == "COOPERATIVE";
}

Result<void> RdkafkaConsumerClient::replace_assignment(std::span<const engine::TopicPartition> partitions) {
  const PartitionListPtr list = make_partition_list(partitions);
  const auto code = rd_kafka_assign(handle_->rk(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "assign");
  assigned_.clear();
  assigned_.insert(partitions.begin(), partitions.end());
  return {};
}

// No resume here: a pause would survive an unassign, but this client never pauses, and librdkafka before 2.4 can
// rewind a partition that is resumed without having been paused.
Result<void> RdkafkaConsumerClient::assign(std::span<const engine::TopicPartition> partitions) {
  answered_ = true;
  if (!partitions.empty()) handle_->set_assigned();
  if (!cooperative()) return replace_assignment(partitions);
  const PartitionListPtr list = make_partition_list(partitions);
  auto outcome = outcome_of(rd_kafka_incremental_assign(handle_->rk(), list.get()), "assign");
  if (outcome.ok()) assigned_.insert(partitions.begin(), partitions.end());
  return outcome;
}

Result<void> RdkafkaConsumerClient::unassign(std::span<const engine::TopicPartition> partitions) {
  answered_ = true;
  Result<void> outcome;
  if (cooperative()) {
    const PartitionListPtr list = make_partition_list(partitions);
    outcome = outcome_of(rd_kafka_incremental_unassign(handle_->rk(), list.get()), "unassign");
    for (const engine::TopicPartition& partition : partitions) assigned_.erase(partition);
  } else {
    const auto code = rd_kafka_assign(handle_->rk(), nullptr);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) outcome = translate(code, "unassign");
    assigned_.clear();
  }
  return outcome;
}

void RdkafkaConsumerClient::reposition(std::span<const engine::StoredPosition> retained) {
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(static_cast<int>(retained.size()))};
  for (const engine::StoredPosition& stored : retained) {
    if (!stored.position || !assigned_.contains(stored.partition)) continue;
    rd_kafka_topic_partition_list_add(list.get(), stored.partition.topic.c_str(), stored.partition.partition.value)
        ->offset = stored.position->value;
  }
  if (list->cnt == 0) return;
  // Timeout 0: they are queued in order behind the (un)assign, and nobody waits.
  const auto outcome = outcome_of(rd_kafka_seek_partitions(handle_->rk(), list.get(), 0), "reposition");
  if (!outcome.ok()) log_.write(engine::LogLevel::error, "kafka", outcome.error().text());
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    if (element.err == RD_KAFKA_RESP_ERR_NO_ERROR || element.err == RD_KAFKA_RESP_ERR__IN_PROGRESS) continue;
    log_.write(engine::LogLevel::error, "kafka",
               "reposition of " + std::string{element.topic} + "/" + std::to_string(element.partition) + ": " +
                   rd_kafka_err2str(element.err));
  }
}

Result<void> RdkafkaConsumerClient::restart_at(const engine::TopicPartition& partition, engine::StartPoint start) {
  if (!assigned_.contains(partition)) {
    return Error{Error::Kind::other, "restart of " + partition.topic + "/" +
                                         std::to_string(partition.partition.value) + ": it is not assigned"};
  }
  const std::int64_t offset = to_offset(start);
  auto outcome = cooperative() ? restart_cooperative(partition, offset) : restart_eager(partition, offset);
  queues_->waker.wake_for_a_while(std::chrono::steady_clock::now());
  return outcome;
}

Result<void> RdkafkaConsumerClient::restart_cooperative(const engine::TopicPartition& partition,
                                                        std::int64_t offset) {
  const PartitionListPtr list = make_partition_list({&partition, 1});
  auto outcome = outcome_of(rd_kafka_incremental_unassign(handle_->rk(), list.get()), "restart");
  if (!outcome.ok()) return outcome;
  list->elems[0].offset = offset;
  return outcome_of(rd_kafka_incremental_assign(handle_->rk(), list.get()), "restart");
}

// The eager protocol refuses incremental changes, so that the whole assignment is given anew, the others at the
// position they have: what was taken last, plus one. Their prefetch is fetched again.
Result<void> RdkafkaConsumerClient::restart_eager(const engine::TopicPartition& partition, std::int64_t offset) {
  const std::vector<engine::TopicPartition> all(assigned_.begin(), assigned_.end());
  const PartitionListPtr list = make_partition_list(all);
  const auto code = rd_kafka_position(handle_->rk(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "restart");
  rd_kafka_topic_partition_t* element =
      rd_kafka_topic_partition_list_find(list.get(), partition.topic.c_str(), partition.partition.value);
  element->offset = offset;
  // Those without a position yet carry OFFSET_INVALID, which starts them at what the group has stored.
  const auto assigned = rd_kafka_assign(handle_->rk(), list.get());
  if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(assigned, "restart");
  return {};
}

}  // namespace braid::adapters
