#include "text.hpp"

#include <braid/routing/describe.hpp>

#include <sstream>
#include <string_view>

namespace braid::routing {

namespace {

std::string partitioner(const PartitionBy& by) {
  switch (by.kind) {
    case PartitionBy::Kind::message_key:
      return "message key";
    case PartitionBy::Kind::header:
      return "header " + quoted(by.name);
    case PartitionBy::Kind::json_field:
      return "JSON field " + quoted(by.name);
    case PartitionBy::Kind::callable:
      return "a function";
    case PartitionBy::Kind::round_robin:
      return "round robin";
    case PartitionBy::Kind::partition:
      return "partition";
  }
  return "?";
}

std::string_view reducer(const Reducer& reducer) {
  switch (reducer.kind) {
    case Reducer::Kind::hash:
      return "hash";
    case Reducer::Kind::balanced:
      return "balanced";
    case Reducer::Kind::sticky:
      return "sticky";
    case Reducer::Kind::callable:
      return "a function";
  }
  return "?";
}

std::string_view name(InitialOffset policy) {
  switch (policy) {
    case InitialOffset::earliest:
      return "earliest";
    case InitialOffset::latest:
      return "latest";
    case InitialOffset::fail:
      return "none: without a committed position it fails";
  }
  return "?";
}

void write(std::ostream& out, const KafkaSettings& settings, std::string_view indent) {
  for (const auto& [setting, value] : settings) {
    out << indent << "kafka " << printable(setting) << " = " << printable(value) << '\n';
  }
}

void write(std::ostream& out, const Topic& topic) {
  const VirtualPartitions& partitions = topic.virtual_partitions;
  out << "    topic " << printable(topic.name) << " -> "
      << (topic.consumer_name.empty() ? "no consumer" : printable(topic.consumer_name)) << '\n';
  out << "      batches: up to " << topic.max_messages << " messages, ";
  if (topic.max_wait.count() == 0) {
    out << "at once";
  } else {
    out << "within " << to_text(topic.max_wait);
  }
  out << "; flow batch\n";
  out << "      virtual partitions: by " << partitioner(partitions.by) << ", at most ";
  if (partitions.max_partitions) {
    out << *partitions.max_partitions;
  } else {
    out << "8 x concurrency, at least 64";
  }
  out << ", reduced by " << reducer(partitions.reducer) << '\n';
  out << "      starts at: " << name(topic.initial_offset) << "; retries after " << to_text(topic.retry_backoff)
      << '\n';
}

}  // namespace

std::string describe(const Routes& routes) {
  std::ostringstream out;
  if (routes.consumer_groups.empty()) out << "no consumer groups\n";
  for (const ConsumerGroup& group : routes.consumer_groups) {
    out << "consumer group " << printable(group.id) << '\n';
    for (const SubscriptionGroup& subscription_group : group.subscription_groups) {
      const std::uint32_t count = subscription_group.connections.count;
      out << "  subscription group " << printable(subscription_group.id) << ", " << count
          << (count == 1 ? " connection" : " connections") << '\n';
      write(out, client_settings(subscription_group), "    ");
      for (const Topic& topic : subscription_group.topics) write(out, topic);
    }
  }
  return std::move(out).str();
}

}  // namespace braid::routing
