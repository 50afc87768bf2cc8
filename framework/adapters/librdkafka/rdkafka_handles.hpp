#pragma once

#include "engine/ports/consumer_client.hpp"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <span>
#include <string>

// librdkafka's C objects as owned values. Thread: as the objects themselves; none is shared between threads.

namespace braid::adapters {

struct RdkafkaDeleter {
  void operator()(rd_kafka_conf_t* object) const noexcept { rd_kafka_conf_destroy(object); }
  void operator()(rd_kafka_queue_t* object) const noexcept { rd_kafka_queue_destroy(object); }
  void operator()(rd_kafka_topic_partition_list_t* object) const noexcept {
    rd_kafka_topic_partition_list_destroy(object);
  }
  void operator()(rd_kafka_error_t* object) const noexcept { rd_kafka_error_destroy(object); }
  void operator()(rd_kafka_event_t* object) const noexcept { rd_kafka_event_destroy(object); }
  void operator()(rd_kafka_AdminOptions_t* object) const noexcept { rd_kafka_AdminOptions_destroy(object); }
  void operator()(rd_kafka_ListConsumerGroupOffsets_t* object) const noexcept {
    rd_kafka_ListConsumerGroupOffsets_destroy(object);
  }
};

using ConfPtr = std::unique_ptr<rd_kafka_conf_t, RdkafkaDeleter>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, RdkafkaDeleter>;
using PartitionListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, RdkafkaDeleter>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, RdkafkaDeleter>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, RdkafkaDeleter>;
using AdminOptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, RdkafkaDeleter>;
using ListOffsetsPtr = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, RdkafkaDeleter>;

// Without offsets: librdkafka then starts at what the group has stored.
[[nodiscard]] inline PartitionListPtr make_partition_list(std::span<const engine::TopicPartition> partitions) {
  PartitionListPtr list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
  for (const engine::TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition.value);
  }
  return list;
}

}  // namespace braid::adapters
