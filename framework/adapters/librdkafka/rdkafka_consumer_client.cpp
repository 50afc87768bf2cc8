#include "adapters/librdkafka/rdkafka_consumer_client.hpp"

#include "adapters/librdkafka/consumer_client.hpp"
#include "adapters/librdkafka/group_protocol.hpp"
#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

#include <algorithm>
#include <array>

namespace braid::adapters {
namespace {

// librdkafka's limits of queued.max.messages.kbytes.
constexpr std::size_t kQueuedKbytesMax = 2'097'151;

std::vector<FrameworkSetting> framework_settings(const ConsumerClientOptions& options) {
  using enum SettingRule;
  const std::size_t bytes = options.prefetch_bytes_per_partition.value_or(kPrefetchBytesPerPartition);
  const std::size_t kbytes = std::clamp<std::size_t>(bytes / 1024, 1, kQueuedKbytesMax);
  std::vector<FrameworkSetting> settings{
      {"client.id", options.client_id, fallback},
      {"group.id", options.group_id, fixed},
      // Positions are the ledger's business; a silent reset to lower offsets would be taken for duplicates.
      {"enable.auto.commit", "false", fixed},
      {"enable.auto.offset.store", "false", fixed},
      {"auto.offset.reset", "error", fixed},
      {"enable.partition.eof", options.end_of_partition && end_of_partition_is_sound() ? "true" : "false", fixed},
      // A mistyped topic should be reported, not made.
      {"allow.auto.create.topics", "false", fallback},
      // A topic that appears is seen within seconds instead of minutes.
      {"topic.metadata.refresh.interval.ms", "10000", fallback},
      {"socket.nagle.disable", "true", fallback},
      // Bytes bound the prefetch, not the count.
      {"queued.min.messages", "1000000", fallback},
      {"queued.max.messages.kbytes", std::to_string(kbytes), fallback},
      // Settings of later versions; older ones do without (see FetchWaker for the first).
      {"fetch.queue.backoff.ms", "1", if_known},
      {"enable.metrics.push", "false", if_known},
  };
  if (const auto each = statistics_interval(options.statistics)) settings.push_back(*each);
  const auto protocol = options.settings.find("group.protocol");
  // The new protocol assigns at the broker and takes no strategy.
  if (protocol == options.settings.end() || protocol->second != "consumer") {
    settings.push_back({"partition.assignment.strategy", "cooperative-sticky", fallback});
  }
  return settings;
}

std::optional<Error> missing(const ConsumerClientOptions& options) {
  if (options.group_id.empty()) return Error{Error::Kind::invalid_setting, "a consumer needs a group id"};
  if (!options.settings.contains("bootstrap.servers") && !options.settings.contains("metadata.broker.list") &&
      !options.settings.contains("test.mock.num.brokers")) {
    return Error{Error::Kind::invalid_setting, "Kafka setting bootstrap.servers is missing, e.g. localhost:9092"};
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<engine::ConsumerClient>> make_consumer_client(const ConsumerClientOptions& options) {
  if (auto error = missing(options)) return *error;
  if (auto error = check_group_protocol(options.settings, rd_kafka_version(), options.log)) return *error;
  auto conf = make_conf(framework_settings(options), options.settings);
  if (!conf) return conf.error();
  log_rdkafka_version(options.log);
  return RdkafkaConsumerClient::make(std::move(conf).value(), options);
}

}  // namespace braid::adapters
