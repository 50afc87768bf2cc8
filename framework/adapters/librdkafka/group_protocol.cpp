#include "adapters/librdkafka/group_protocol.hpp"

#include "adapters/librdkafka/rdkafka_version.hpp"

#include <string>
#include <string_view>

namespace braid::adapters {
namespace {

constexpr std::string_view kCooperative = "cooperative-sticky";

std::string version_text(int version) {
  return std::to_string((version >> 24) & 0xFF) + "." + std::to_string((version >> 16) & 0xFF) + "." +
         std::to_string((version >> 8) & 0xFF);
}

// Whether a list of strategies names the cooperative one, and whether it names any other.
struct Strategies {
  bool cooperative = false;
  bool eager = false;
};

Strategies strategies_of(std::string_view list) {
  Strategies found;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) (one == kCooperative ? found.cooperative : found.eager) = true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return found;
}

std::optional<Error> invalid(std::string text) {
  return Error{Error::Kind::invalid_setting, std::move(text)};
}

}  // namespace

std::optional<Error> check_group_protocol(const KafkaSettings& settings, int version, engine::Log& log) {
  const auto strategy = settings.find("partition.assignment.strategy");
  if (strategy != settings.end()) {
    const Strategies strategies = strategies_of(strategy->second);
    if (strategies.cooperative && strategies.eager) {
      return invalid(
          "Kafka setting partition.assignment.strategy=" + strategy->second +
          ": librdkafka offers eager and cooperative strategies never together, so a group can't move from one to "
          "the other as Java clients do; name one kind alone. In a rolling restart members of the new kind wait "
          "until the last of the old kind has left");
    }
  }
  const auto protocol = settings.find("group.protocol");
  if (protocol == settings.end() || protocol->second != "consumer") return std::nullopt;
  if (version < rdkafka_release(2, 10, 0)) {
    return invalid(
        "Kafka setting group.protocol=consumer (KIP-848) needs librdkafka 2.12 or later (2.10 and 2.11 "
        "have a preview of it), and brokers of Kafka 4.0 or later; this is librdkafka " +
        version_text(version) + ": install a later one, or leave the setting out");
  }
  for (const char* const none : {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"}) {
    if (!settings.contains(none)) continue;
    return invalid("Kafka settings: " + std::string(none) +
                   " is the broker's to say with group.protocol=consumer; leave it out, and set it for the group "
                   "at the broker");
  }
  if (version < rdkafka_release(2, 12, 0)) {
    log.write(engine::LogLevel::warning, "kafka",
              "group.protocol=consumer is a preview in librdkafka " + version_text(version) +
                  "; it is ready from 2.12 on");
  }
  return std::nullopt;
}

}  // namespace braid::adapters
