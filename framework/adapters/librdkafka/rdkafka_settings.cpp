#include "adapters/librdkafka/rdkafka_settings.hpp"

#include <braid/routing/secrets.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>
#include <utility>

namespace braid::adapters {
namespace {

std::string quoted(std::string_view key, std::string_view value) {
  return std::string{key} + "=" + routing::shown(key, value);
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

void collect_keys(const char** dump, size_t count, std::vector<std::string>& keys) {
  for (size_t i = 0; i + 1 < count; i += 2) keys.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
}

Error refused(const rd_kafka_conf_t& conf, const std::string& key, const std::string& value,
              rd_kafka_conf_res_t outcome, const char* reason) {
  const bool unknown = outcome == RD_KAFKA_CONF_UNKNOWN;
  const std::string near = unknown ? nearest_key(conf, key) : "";
  // A mistyped name may be that of a secret.
  const bool hidden = routing::is_secret(key) || routing::is_secret(near);
  std::string text = "Kafka setting " + key + "=" + (hidden ? std::string(routing::kHidden) : value) + ": ";
  text += hidden ? routing::without_secrets(reason, {{"sasl.password", value}}) : std::string(reason);
  if (!near.empty()) text += "; did you mean " + near + "?";
  return {Error::Kind::invalid_setting, std::move(text)};
}

}  // namespace

Result<ConfPtr> make_conf(const std::vector<FrameworkSetting>& ours, const KafkaSettings& users) {
  ConfPtr conf{rd_kafka_conf_new()};
  std::array<char, 512> reason{};
  for (const FrameworkSetting& own : ours) {
    const auto user = users.find(own.key);
    if (user != users.end()) {
      if (own.rule == SettingRule::fixed && user->second != own.value) {
        return Error{Error::Kind::invalid_setting, "Kafka setting " + quoted(user->first, user->second) +
                                                       ": the framework needs " + own.value + "; remove it"};
      }
      continue;
    }
    const auto outcome =
        rd_kafka_conf_set(conf.get(), own.key.c_str(), own.value.c_str(), reason.data(), reason.size());
    const bool excused = own.rule == SettingRule::if_known && outcome == RD_KAFKA_CONF_UNKNOWN;
    if (outcome != RD_KAFKA_CONF_OK && !excused) return refused(*conf, own.key, own.value, outcome, reason.data());
  }
  for (const auto& [key, value] : users) {
    const auto outcome = rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), reason.data(), reason.size());
    if (outcome != RD_KAFKA_CONF_OK) return refused(*conf, key, value, outcome, reason.data());
  }
  return conf;
}

std::optional<FrameworkSetting> statistics_interval(const StatisticsOptions& statistics) {
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(24);  // librdkafka's
  if (!statistics.hear || statistics.each.count() <= 0) return std::nullopt;
  return FrameworkSetting{"statistics.interval.ms", std::to_string(std::min(statistics.each, kMost).count())};
}

Result<void> check_servers(const routing::KafkaSettings& users) {
  for (const char* name : {"bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"}) {
    if (users.contains(name)) return {};
  }
  return Error{Error::Kind::invalid_setting, "Kafka setting bootstrap.servers is missing, e.g. localhost:9092"};
}

std::string setting(const rd_kafka_conf_t& conf, std::string_view key) {
  const std::string name{key};
  size_t size = 0;
  if (rd_kafka_conf_get(&conf, name.c_str(), nullptr, &size) != RD_KAFKA_CONF_OK || size == 0) return {};
  std::string value(size, '\0');
  if (rd_kafka_conf_get(&conf, name.c_str(), value.data(), &size) != RD_KAFKA_CONF_OK) return {};
  value.resize(size - 1);  // the terminating NUL is counted
  return value;
}

routing::KafkaSettings secrets_of(const KafkaSettings& users) {
  routing::KafkaSettings secrets;
  for (const auto& [key, value] : users) {
    if (routing::is_secret(key)) secrets.emplace(key, value);
  }
  return secrets;
}

std::string nearest_key(const rd_kafka_conf_t& conf, std::string_view key) {
  std::vector<std::string> keys;
  size_t count = 0;
  const char** dump = rd_kafka_conf_dump(const_cast<rd_kafka_conf_t*>(&conf), &count);
  collect_keys(dump, count, keys);
  rd_kafka_topic_conf_t* topic_conf = rd_kafka_topic_conf_new();
  dump = rd_kafka_topic_conf_dump(topic_conf, &count);
  collect_keys(dump, count, keys);
  rd_kafka_topic_conf_destroy(topic_conf);
  // The dump leaves out what has no value yet, and these are among what people set most.
  for (const char* unset : {"bootstrap.servers", "group.id", "group.instance.id", "client.rack", "sasl.username",
                            "sasl.password", "ssl.ca.location"}) {
    keys.emplace_back(unset);
  }

  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, key.size() / 4) + 1;
  for (const std::string& known : keys) {
    const std::size_t distance = edit_distance(key, known);
    if (distance < best_distance) {
      best_distance = distance;
      best = known;
    }
  }
  return best;
}

// For ever, and reachable, so that leak checkers see a decision.
void leave_behind(ConfPtr conf) {
  static std::mutex mutex;
  static auto* const left = new std::vector<ConfPtr>;
  const std::scoped_lock lock{mutex};
  left->push_back(std::move(conf));
}

}  // namespace braid::adapters
