#pragma once

#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "adapters/librdkafka/statistics.hpp"

#include <braid/result.hpp>
#include <braid/routing/secrets.hpp>

#include <librdkafka/rdkafka.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Kafka settings: those of the framework, those of the user, and what to say of a wrong one. Thread: any.

namespace braid::adapters {

using KafkaSettings = std::map<std::string, std::string>;

// How a setting of ours relates to the user's of the same name.
enum class SettingRule : std::uint8_t {
  fixed,     // the framework's correctness hangs on it: a user's is an error
  fallback,  // the user's wins
  if_known,  // as fallback, and older librdkafkas, which do not know it, do without
};

struct FrameworkSetting {
  std::string key;
  std::string value;
  SettingRule rule = SettingRule::fallback;
};

// How often a client tells its statistics; none: as it does by itself, which is never.
[[nodiscard]] std::optional<FrameworkSetting> statistics_interval(const StatisticsOptions& statistics);

// One configuration for rd_kafka_new(). An error is of kind invalid_setting and names the key, the value unless it
// is a secret, librdkafka's reason, and for an unknown key the nearest known one.
[[nodiscard]] Result<ConfPtr> make_conf(const std::vector<FrameworkSetting>& ours, const KafkaSettings& users);

// Of one with interceptors, that rd_kafka_new() has refused. It stays ours then, but the library has let the
// interceptors grow its lists in a copy: destroyed, it would free them twice (2.0.2).
void leave_behind(ConfPtr conf);

// An error of kind invalid_setting where nothing says which brokers there are.
[[nodiscard]] Result<void> check_servers(const routing::KafkaSettings& users);

// The value that a configuration has for a key; empty where the key is unknown.
[[nodiscard]] std::string setting(const rd_kafka_conf_t& conf, std::string_view key);

// Those of a user's settings that nobody may read, for routing::without_secrets().
[[nodiscard]] routing::KafkaSettings secrets_of(const KafkaSettings& users);

// The known key that is nearest to `key`; empty if none is near.
[[nodiscard]] std::string nearest_key(const rd_kafka_conf_t& conf, std::string_view key);

}  // namespace braid::adapters
