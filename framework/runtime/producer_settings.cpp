#include "runtime/producer_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace braid::runtime {

namespace {

routing::KafkaSettings without_consumers(const routing::KafkaSettings& kafka) {
  static constexpr std::array<std::string_view, 17> kConsumers{"group.",
                                                               "fetch.",
                                                               "max.partition.fetch.",
                                                               "offset.store.",
                                                               "consume.callback.",
                                                               "auto.offset.",
                                                               "auto.commit.",
                                                               "session.",
                                                               "heartbeat.",
                                                               "max.poll.",
                                                               "queued.",
                                                               "isolation.",
                                                               "partition.assignment.",
                                                               "enable.auto.",
                                                               "check.crcs",
                                                               "enable.partition.eof",
                                                               "coordinator."};
  routing::KafkaSettings kept;
  for (const auto& [name, value] : kafka) {
    const auto is_consumers = [&name = name](std::string_view prefix) { return name.starts_with(prefix); };
    if (std::ranges::none_of(kConsumers, is_consumers)) kept[name] = value;
  }
  return kept;
}

}  // namespace

routing::KafkaSettings producer_settings(const Settings& settings) {
  return without_consumers(settings.kafka);
}

routing::KafkaSettings producer_settings(const Settings& settings, const routing::SubscriptionGroup& group) {
  routing::KafkaSettings all = settings.kafka;
  for (const auto& [name, value] : routing::client_settings(group)) all[name] = value;
  return without_consumers(all);
}

routing::KafkaSettings record_settings(const Settings& settings) {
  routing::KafkaSettings all = producer_settings(settings);
  for (const auto& [name, value] : settings.producer) all[name] = value;
  return all;
}

}  // namespace braid::runtime
