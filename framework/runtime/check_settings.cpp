#include "runtime/check_settings.hpp"

#include "core/producer/variant_rules.hpp"
#include "runtime/application_producer.hpp"
#include "runtime/configured_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace braid::runtime {

namespace {

using namespace std::chrono_literals;

void within(std::vector<std::string>& problems, const char* name, std::chrono::milliseconds value,
            std::chrono::milliseconds least) {
  if (value < least || value > kLongest) {
    problems.push_back(
        fmt::format("{} must be at least {} ms and at most a year, is {} ms", name, least.count(), value.count()));
  }
}

}  // namespace

std::vector<std::string> check_settings(const Settings& settings) {
  std::vector<std::string> problems;
  const auto servers = settings.kafka.find("bootstrap.servers");
  if (servers == settings.kafka.end() || servers->second.empty()) {
    problems.emplace_back("kafka: bootstrap.servers is missing; set it to HOST:PORT[,HOST:PORT...]");
  }
  if (settings.concurrency < 1 || settings.concurrency > 10'000) {
    problems.push_back(fmt::format("concurrency must be from 1 to 10,000, is {}", settings.concurrency));
  }
  within(problems, "commit_interval", settings.commit_interval, 10ms);
  within(problems, "connect_timeout", settings.connect_timeout, 1ms);
  within(problems, "transport_timeout", settings.transport_timeout, 1000ms);
  within(problems, "drain_on_revoke", settings.drain_on_revoke, 0ms);
  within(problems, "shutdown_timeout", settings.shutdown_timeout, 0ms);
  within(problems, "stalled_after", settings.stalled_after, 0ms);
  check_log(settings.log, problems);
  if (settings.expected_partitions == 0) problems.emplace_back("expected_partitions must be at least 1, is 0");
  if (settings.prefetch_bytes < 64 * 1024) {
    problems.push_back(fmt::format("prefetch_bytes must be at least 65536, is {}", settings.prefetch_bytes));
  }
  if (settings.max_bytes_in_flight < 1024 * 1024) {
    problems.push_back(
        fmt::format("max_bytes_in_flight must be at least 1048576, is {}", settings.max_bytes_in_flight));
  }
  if (settings.commit_metadata_bytes > 32'767) {
    problems.push_back(
        fmt::format("commit_metadata_bytes must be from 0 to 32,767, is {}", settings.commit_metadata_bytes));
  }
  // Who has set nothing for it may not produce at all, and is told with the first record.
  if (!settings.producer.empty()) {
    for (const std::string& problem : core::find_contradictions(application_producer_settings(settings))) {
      problems.push_back(fmt::format("producer: {}", problem));
    }
  }
  return problems;
}

std::chrono::milliseconds longest_poll(const Settings& settings, const routing::SubscriptionGroup& group) {
  constexpr auto kName = "max.poll.interval.ms";
  constexpr std::chrono::milliseconds kDefault{300'000};
  const auto of_group = routing::client_settings(group).find(kName);
  const auto own = settings.kafka.find(kName);
  const std::string* value = nullptr;
  if (own != settings.kafka.end()) value = &own->second;
  if (of_group != routing::client_settings(group).end()) value = &of_group->second;
  long milliseconds = 0;
  if (value != nullptr) std::from_chars(value->data(), value->data() + value->size(), milliseconds);
  return milliseconds > 0 ? std::chrono::milliseconds(milliseconds) : kDefault;
}

std::chrono::milliseconds drain_of(const Settings& settings, const routing::SubscriptionGroup& group) {
  // The other half is for last hooks, the last commit, and a listener that comes late to serve its client.
  return std::min(settings.drain_on_revoke, longest_poll(settings, group) / 2);
}

std::chrono::milliseconds longest_drain(const Settings& settings, const routing::Routes& routes) {
  std::chrono::milliseconds longest{0};
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      longest = std::max(longest, drain_of(settings, subscription_group));
    }
  }
  return longest;
}

std::vector<std::string> find_long_drains(const Settings& settings, const routing::Routes& routes) {
  std::vector<std::string> found;
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      const std::chrono::milliseconds drain = drain_of(settings, subscription_group);
      if (drain == settings.drain_on_revoke) continue;
      found.push_back(
          fmt::format("{} / {}: drain_on_revoke is {} ms, more than half of max.poll.interval.ms ({} ms), by which "
                      "a member must be back from a rebalance: revoked partitions are waited for {} ms; lower the "
                      "one, or raise the other",
                      group.id, subscription_group.id, settings.drain_on_revoke.count(),
                      longest_poll(settings, subscription_group).count(), drain.count()));
    }
  }
  return found;
}

std::vector<std::string> find_silent_hooks(const routing::Routes& routes, bool ends_are_told) {
  std::vector<std::string> silent;
  if (ends_are_told) return silent;
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      for (const auto& topic : subscription_group.topics) {
        if (!topic.end_of_partition) continue;
        silent.push_back(
            fmt::format("{} / {} / {}: on_end_of_partition is never called with this librdkafka, which "
                        "tells no ends (2.2 to 2.13.1); use another version",
                        group.id, subscription_group.id, topic.name));
      }
    }
  }
  return silent;
}

}  // namespace braid::runtime
