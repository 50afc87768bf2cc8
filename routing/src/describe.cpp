#include "describe_recovery.hpp"
#include "names.hpp"
#include "text.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/secrets.hpp>

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
  return reducer.kind == Reducer::Kind::callable ? "a function" : name_of(kReducerNames, reducer.kind);
}

std::string_view name(InitialOffset policy) {
  switch (policy) {
    case InitialOffset::earliest:
      return "earliest";
    case InitialOffset::latest:
      return "latest";
    case InitialOffset::fail:
      return "none: without a committed position it fails";
    case InitialOffset::by_duration:
      return "the first message within";
  }
  return "?";
}

std::string commits(const Commit& commit) {
  const std::string wait = commit.sync ? ", which what follows waits for" : "";
  switch (commit.when) {
    case Commit::When::interval:
      return commit.interval ? "each " + to_text(*commit.interval) : "each commit_interval of the application";
    case Commit::When::after_batch:
      return "after each batch" + wait;
    case Commit::When::each_message:
      return "after each message" + wait;
    case Commit::When::manual:
      return "when a consumer asks";
    case Commit::When::before_processing:
      return "before processing: at most once";
    case Commit::When::external:
      return "into an offset store";
  }
  return "?";
}

void write(std::ostream& out, const KafkaSettings& settings, std::string_view indent) {
  for (const auto& [setting, value] : settings) {
    out << indent << "kafka " << printable(setting) << " = " << printable(shown(setting, value)) << '\n';
  }
}

// `name value, name value`, as far as they are not the default.
class Differences {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    text_.append(name).append(" ").append(value);
  }
  void write(std::ostream& out, std::string_view title) const {
    if (!text_.empty()) out << "      " << title << ": " << text_ << '\n';
  }

 private:
  std::string text_;
};

void write_bounds(std::ostream& out, const Topic& topic) {
  const Topic usual;
  Differences bounds;
  const auto count = [&](std::string_view name, std::uint32_t value, std::uint32_t of_usual) {
    if (value != of_usual) bounds.add(name, std::to_string(value));
  };
  count("max_queued", topic.max_queued, usual.max_queued);
  count("max_open_offsets", topic.max_open_offsets, usual.max_open_offsets);
  count("max_window", topic.max_window, usual.max_window);
  if (topic.max_bytes != usual.max_bytes) bounds.add("max_bytes", size_text(topic.max_bytes));
  if (topic.hold_copy_after != usual.hold_copy_after) {
    bounds.add("hold_copy_after", topic.hold_copy_after ? to_text(*topic.hold_copy_after) : "never");
  }
  if (topic.max_concurrency) bounds.add("max_concurrency", std::to_string(*topic.max_concurrency));
  count("max_in_flight", topic.max_in_flight, usual.max_in_flight);
  bounds.write(out, "bounds");
}

void write_offsets(std::ostream& out, const Topic& topic) {
  const Commit& commit = topic.commit;
  if (topic.offsets == Offsets::manual) out << "      offsets: manual, what is marked is done\n";
  if (commit.when != Commit::When::interval || commit.interval || commit.sync) {
    out << "      commits: " << commits(commit) << '\n';
  }
}

void write_hooks(std::ostream& out, const Topic& topic) {
  Differences hooks;
  if (topic.end_of_partition) hooks.add("at the end", "of a partition");
  if (topic.tick_every) hooks.add("each", to_text(*topic.tick_every));
  hooks.write(out, "hooks");
  Differences limits;
  if (topic.max_processing_time) limits.add("max_processing_time", to_text(*topic.max_processing_time));
  if (topic.stalled_after) {
    limits.add("stalled_after", topic.stalled_after->count() > 0 ? to_text(*topic.stalled_after) : "never");
  }
  limits.write(out, "too long");
  if (topic.delivery == Delivery::exactly_once) {
    out << "      exactly once: a transaction of up to " << topic.transaction_batches.value_or(1) << " batches, or "
        << to_text(topic.transaction_interval.value_or(kTransactionIntervalDefault)) << '\n';
  }
  if (!topic.ticket_timeout) return;
  out << "      tickets: overdue after " << to_text(*topic.ticket_timeout) << ", then "
      << (topic.on_ticket_timeout == OnTicketTimeout::retry ? "tried again" : "stopped") << '\n';
}

void write_partitions(std::ostream& out, const VirtualPartitions& partitions) {
  out << "      virtual partitions: by " << partitioner(partitions.by) << ", at most ";
  if (partitions.max_partitions) {
    out << *partitions.max_partitions;
  } else {
    out << "8 x concurrency, at least 64";
  }
  out << ", reduced by " << reducer(partitions.reducer)
      << (partitions.null_keys == NullKeys::together ? ", null keys together" : "") << '\n';
}

std::string filter_text(const FilterSettings& filter) {
  using Kind = FilterSettings::Kind;
  switch (filter.kind) {
    case Kind::throttle: {
      std::string text = "throttle " + std::to_string(filter.messages) + " in " + to_text(filter.time) +
                         std::string(filter.by == FilterSettings::By::key ? " by key" : "");
      if (filter.burst) text += ", at once " + std::to_string(*filter.burst);
      return text;
    }
    case Kind::delay:
      return "delay " + to_text(filter.time);
    case Kind::expire:
      return "expire after " + to_text(filter.time);
    case Kind::custom:
      return printable(filter.name);
  }
  return "?";
}

void write_filters(std::ostream& out, const Topic& topic) {
  if (topic.filters.empty()) return;
  out << "      filters: ";
  for (const FilterSettings& filter : topic.filters) {
    out << (&filter == &topic.filters.front() ? "" : "; ") << filter_text(filter);
  }
  out << '\n';
}

void write(std::ostream& out, const Topic& topic) {
  out << (topic.is_pattern ? "    topics matching " : "    topic ") << printable(topic.name) << " -> "
      << (topic.consumer_name.empty() ? "no consumer" : printable(topic.consumer_name)) << '\n';
  out << "      batches: up to " << topic.max_messages << " messages, ";
  if (topic.max_wait.count() == 0) {
    out << "at once";
  } else {
    out << "within " << to_text(topic.max_wait);
  }
  out << "; flow " << name_of(kFlowNames, topic.flow) << '\n';
  write_filters(out, topic);
  write_partitions(out, topic.virtual_partitions);
  if (topic.deserializer.format != PayloadFormat::by_type) {
    out << "      payloads: " << to_text(topic.deserializer) << '\n';
  }
  write_bounds(out, topic);
  write_offsets(out, topic);
  write_hooks(out, topic);
  out << describe_recovery(topic);
  out << "      starts at: " << name(topic.initial_offset);
  if (topic.initial_offset == InitialOffset::by_duration) out << ' ' << to_text(topic.initial_age);
  out << '\n';
}

void write(std::ostream& out, const Connections& connections) {
  const std::uint32_t most = connections.most();
  if (connections.dynamic()) out << connections.least() << " to ";
  out << most << (most == 1 ? " connection" : " connections");
  if (!connections.dynamic()) return;
  out << ", " << connections.at_start() << " at the start, a change after " << to_text(connections.scale_delay);
}

}  // namespace

std::string describe(const Routes& routes) {
  std::ostringstream out;
  if (routes.consumer_groups.empty()) out << "no consumer groups\n";
  for (const ConsumerGroup& group : routes.consumer_groups) {
    out << "consumer group " << printable(group.id) << '\n';
    for (const SubscriptionGroup& subscription_group : group.subscription_groups) {
      out << "  subscription group " << printable(subscription_group.id) << ", ";
      write(out, subscription_group.connections);
      if (subscription_group.max_concurrency) {
        out << ", at most " << *subscription_group.max_concurrency << " jobs at once";
      }
      out << '\n';
      write(out, client_settings(subscription_group), "    ");
      for (const Topic& topic : subscription_group.topics) write(out, topic);
    }
  }
  return std::move(out).str();
}

}  // namespace braid::routing
