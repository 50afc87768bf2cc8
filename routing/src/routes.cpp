#include "recovery_rules.hpp"

#include <braid/routing/routes.hpp>

#include <algorithm>

namespace braid::routing {

namespace {

bool same(const VirtualPartitions& left, const VirtualPartitions& right) {
  return left.by.kind == right.by.kind && left.by.name == right.by.name &&
         static_cast<bool>(left.by.callable) == static_cast<bool>(right.by.callable) &&
         left.max_partitions == right.max_partitions && left.reducer.kind == right.reducer.kind &&
         static_cast<bool>(left.reducer.callable) == static_cast<bool>(right.reducer.callable) &&
         left.null_keys == right.null_keys;
}

bool same(const Commit& left, const Commit& right) {
  return left.when == right.when && left.sync == right.sync && left.interval == right.interval;
}

bool same_bounds(const Topic& left, const Topic& right) {
  return left.max_queued == right.max_queued && left.max_open_offsets == right.max_open_offsets &&
         left.max_window == right.max_window && left.max_bytes == right.max_bytes &&
         left.max_concurrency == right.max_concurrency && left.max_in_flight == right.max_in_flight &&
         left.hold_copy_after == right.hold_copy_after;
}

bool same(const DeadLetters& left, const DeadLetters& right) {
  return left.to == right.to && left.topic == right.topic &&
         static_cast<bool>(left.topic_of) == static_cast<bool>(right.topic_of) &&
         static_cast<bool>(left.strategy) == static_cast<bool>(right.strategy) &&
         static_cast<bool>(left.on_dead_letter) == static_cast<bool>(right.on_dead_letter);
}

bool same_recovery(const Topic& left, const Topic& right) {
  return routing::same(left.retries, right.retries) && left.on_failure == right.on_failure &&
         left.on_exhausted == right.on_exhausted && left.max_parked == right.max_parked &&
         same(left.dead_letters, right.dead_letters);
}

bool same(const Deserializer& left, const Deserializer& right) {
  const bool same_type =
      left.type == nullptr || right.type == nullptr ? left.type == right.type : *left.type == *right.type;
  return left.format == right.format && same_type &&
         static_cast<bool>(left.decoder) == static_cast<bool>(right.decoder);
}

bool same(const Topic& left, const Topic& right) {
  return left.name == right.name && left.is_pattern == right.is_pattern &&
         left.consumer_name == right.consumer_name &&
         static_cast<bool>(left.consumer) == static_cast<bool>(right.consumer) &&
         left.max_messages == right.max_messages && left.max_wait == right.max_wait &&
         same(left.virtual_partitions, right.virtual_partitions) && left.flow == right.flow &&
         left.filters == right.filters && same_bounds(left, right) && left.offsets == right.offsets &&
         same(left.commit, right.commit) && left.delivery == right.delivery &&
         left.transaction_batches == right.transaction_batches &&
         left.transaction_interval == right.transaction_interval &&
         left.end_of_partition == right.end_of_partition && left.tick_every == right.tick_every &&
         left.ticket_timeout == right.ticket_timeout && left.on_ticket_timeout == right.on_ticket_timeout &&
         left.initial_offset == right.initial_offset && left.initial_age == right.initial_age &&
         left.max_processing_time == right.max_processing_time && left.stalled_after == right.stalled_after &&
         same_recovery(left, right) && same(left.deserializer, right.deserializer) &&
         static_cast<bool>(left.offset_store) == static_cast<bool>(right.offset_store) && left.kafka == right.kafka;
}

template <class Element>
bool all_same(const std::vector<Element>& left, const std::vector<Element>& right);

bool same(const Connections& left, const Connections& right) {
  return left.least() == right.least() && left.most() == right.most() && left.at_start() == right.at_start() &&
         left.scale_delay == right.scale_delay;
}

bool same(const SubscriptionGroup& left, const SubscriptionGroup& right) {
  return left.id == right.id && same(left.connections, right.connections) &&
         left.max_concurrency == right.max_concurrency && left.kafka == right.kafka &&
         all_same(left.topics, right.topics);
}

bool same(const ConsumerGroup& left, const ConsumerGroup& right) {
  return left.id == right.id && left.kafka == right.kafka &&
         all_same(left.subscription_groups, right.subscription_groups);
}

template <class Element>
bool all_same(const std::vector<Element>& left, const std::vector<Element>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Element& a, const Element& b) { return same(a, b); });
}

}  // namespace

bool operator==(const Routes& left, const Routes& right) {
  return all_same(left.consumer_groups, right.consumer_groups);
}

PartitionBy::Kind partition_by_of(Order order) {
  switch (order) {
    case Order::unordered:
      return PartitionBy::Kind::round_robin;
    case Order::by_key:
      return PartitionBy::Kind::message_key;
    case Order::by_partition:
      return PartitionBy::Kind::partition;
  }
  return PartitionBy::Kind::message_key;
}

const KafkaSettings& client_settings(const SubscriptionGroup& group) {
  return group.topics.empty() ? group.kafka : group.topics.front().kafka;
}

}  // namespace braid::routing
