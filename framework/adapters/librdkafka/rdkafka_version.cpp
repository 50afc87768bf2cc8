#include "adapters/librdkafka/rdkafka_version.hpp"

#include <librdkafka/rdkafka.h>

#include <mutex>

namespace braid::adapters {

bool rdkafka_at_least(int major, int minor, int revision) {
  return rd_kafka_version() >= rdkafka_release(major, minor, revision);
}

std::string known_defect(int version) {
  const int release = version & ~0xFF;
  if (release == rdkafka_release(2, 1, 0)) {
    return "polling partition queues does not count for max.poll.interval.ms, members are thrown out; use 2.1.1";
  }
  if (release >= rdkafka_release(2, 5, 0) && release <= rdkafka_release(2, 5, 2)) {
    return "pushing metrics can abort the process; use 2.5.3";
  }
  if (release == rdkafka_release(2, 10, 0)) return "bootstrapping again can loop for ever; use 2.10.1";
  return {};
}

bool end_of_partition_is_sound() {
  return !rdkafka_at_least(2, 2) || rdkafka_at_least(2, 13, 2);
}

void log_rdkafka_version(engine::Log& log) {
  static std::once_flag once;
  std::call_once(once, [&log] {
    const std::string name = rd_kafka_version_str();
    log.write(engine::LogLevel::debug, "kafka", "librdkafka " + name);
    const std::string defect = known_defect(rd_kafka_version());
    if (!defect.empty()) log.write(engine::LogLevel::warning, "kafka", "librdkafka " + name + ": " + defect);
  });
}

}  // namespace braid::adapters
