#include <braid/routing/routes.hpp>

#include <algorithm>

namespace braid::routing {

namespace {

bool same(const VirtualPartitions& left, const VirtualPartitions& right) {
  return left.by.kind == right.by.kind && left.by.name == right.by.name &&
         static_cast<bool>(left.by.callable) == static_cast<bool>(right.by.callable) &&
         left.max_partitions == right.max_partitions && left.reducer.kind == right.reducer.kind &&
         static_cast<bool>(left.reducer.callable) == static_cast<bool>(right.reducer.callable);
}

bool same(const Topic& left, const Topic& right) {
  return left.name == right.name && left.consumer_name == right.consumer_name &&
         static_cast<bool>(left.consumer) == static_cast<bool>(right.consumer) &&
         left.max_messages == right.max_messages && left.max_wait == right.max_wait &&
         same(left.virtual_partitions, right.virtual_partitions) && left.flow == right.flow &&
         left.initial_offset == right.initial_offset && left.retry_backoff == right.retry_backoff &&
         left.kafka == right.kafka;
}

template <class Element>
bool all_same(const std::vector<Element>& left, const std::vector<Element>& right);

bool same(const SubscriptionGroup& left, const SubscriptionGroup& right) {
  return left.id == right.id && left.connections.count == right.connections.count && left.kafka == right.kafka &&
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

const KafkaSettings& client_settings(const SubscriptionGroup& group) {
  return group.topics.empty() ? group.kafka : group.topics.front().kafka;
}

}  // namespace braid::routing
