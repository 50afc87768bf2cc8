#include "runtime/producer_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace braid::runtime {

routing::KafkaSettings producer_settings(const Settings& settings) {
  static constexpr std::array<std::string_view, 14> kConsumers{"group.",
                                                               "fetch.",
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
  for (const auto& [name, value] : settings.kafka) {
    const auto is_consumers = [&name = name](std::string_view prefix) { return name.starts_with(prefix); };
    if (std::ranges::none_of(kConsumers, is_consumers)) kept[name] = value;
  }
  return kept;
}

routing::KafkaSettings record_settings(const Settings& settings) {
  routing::KafkaSettings all = producer_settings(settings);
  for (const auto& [name, value] : settings.producer) all[name] = value;
  return all;
}

}  // namespace braid::runtime
