#include "runtime/operations.hpp"

#include "engine/worker/steering.hpp"
#include "runtime/check_settings.hpp"
#include "runtime/figures.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/secrets.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::runtime {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{1000};
constexpr milliseconds kLongestPause = std::chrono::hours(24 * 365);

engine::Time in(const Common& common, milliseconds patience) {
  return common.clock.now() + std::clamp(patience, milliseconds(0), kLongest);
}

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      break;
  }
  return "off";
}

std::string text_of(milliseconds duration) {
  return fmt::format("{} ms", duration.count());
}

std::vector<ConfigurationSnapshot::Setting> shown(const routing::KafkaSettings& settings,
                                                  const std::string& prefix) {
  std::vector<ConfigurationSnapshot::Setting> all;
  for (const auto& [name, value] : settings) all.push_back({prefix + name, routing::shown(name, value)});
  return all;
}

std::string name_of(const PartitionChoice& choice) {
  std::string name = choice.partition ? fmt::format("{}/{}", choice.topic, *choice.partition) : choice.topic;
  if (choice.consumer_group) name += fmt::format(" of consumer group {}", *choice.consumer_group);
  return name;
}

}  // namespace

ApplicationSnapshot take_snapshot(const Common& common, milliseconds patience) {
  ApplicationSnapshot snapshot;
  snapshot.connections = common.inspection.snapshots(in(common, patience));
  snapshot.taken_at = std::chrono::system_clock::now();
  snapshot.failure = common.failure();
  snapshot.figures = figures_of(*common.counters);
  snapshot.topics = common.balances->figures();
  return snapshot;
}

ConfigurationSnapshot configuration_of(const Settings& settings, const routing::Routes& routes,
                                       std::uint32_t concurrency) {
  ConfigurationSnapshot snapshot;
  snapshot.settings = {
      {"client_id", settings.client_id},
      {"transactional_id", settings.transactional_id},
      {"concurrency", fmt::format("{}", concurrency)},
      {"await_produced", settings.await_produced ? "true" : "false"},
      {"commit_interval", text_of(settings.commit_interval)},
      {"connect_timeout", text_of(settings.connect_timeout)},
      {"transport_timeout", text_of(settings.transport_timeout)},
      {"drain_on_revoke", text_of(settings.drain_on_revoke)},
      {"shutdown_timeout", text_of(settings.shutdown_timeout)},
      {"stalled_after", text_of(settings.stalled_after)},
      {"prefetch_bytes", fmt::format("{}", settings.prefetch_bytes)},
      {"expected_partitions", fmt::format("{}", settings.expected_partitions)},
      {"max_bytes_in_flight", fmt::format("{}", settings.max_bytes_in_flight)},
      {"commit_metadata_bytes", fmt::format("{}", settings.commit_metadata_bytes)},
      {"log_level", name_of(settings.log_level)},
      {"handle_signals", settings.handle_signals ? "true" : "false"},
  };
  snapshot.kafka = shown(settings.kafka, "");
  auto producer = shown(settings.producer, "producer: ");
  std::ranges::move(producer, std::back_inserter(snapshot.kafka));
  // Which hides secrets itself; another secret of the application's may have found its way there.
  snapshot.routes = routing::without_secrets(routing::describe(routes), settings.kafka);
  return snapshot;
}

engine::SteerOrder pause_order(std::optional<milliseconds> duration) {
  engine::SteerOrder order{.what = engine::SteerOrder::What::pause};
  if (!duration) return order;
  if (*duration <= milliseconds::zero()) {
    throw std::invalid_argument("pause: a duration is positive; resume() ends a pause");
  }
  order.duration = std::min(*duration, kLongestPause);
  return order;
}

engine::SteerOrder seek_order(const SeekTarget& target) {
  return {.what = engine::SteerOrder::What::seek, .target = engine::Steering::start_point_of(target)};
}

Result<std::uint32_t> steer(const Common& common, engine::SteerOrder order, const PartitionChoice& choice) {
  order.topic = choice.topic;
  order.partition = choice.partition;
  order.consumer_group = choice.consumer_group;
  const Inspection::Steered steered = common.inspection.steer(std::move(order), in(common, kPatience));
  if (!steered.all_answered) {
    return Error(
        Error::Kind::timed_out,
        "a connection has not answered in time, its thread is busy or blocked: look at its state before you "
        "ask again");
  }
  if (steered.partitions == 0) {
    return Error(
        Error::Kind::unknown_topic,
        fmt::format("{} is not here at present: no connection of this application holds it", name_of(choice)));
  }
  return steered.partitions;
}

}  // namespace braid::runtime
