#pragma once

#include "engine/ports/log.hpp"

#include <string>

// What the librdkafka that was found at run time can do; it may be newer than the one compiled against.
// Thread: any.

namespace braid::adapters {

// As rd_kafka_version() gives it: 0xMMmmrrpp.
[[nodiscard]] constexpr int rdkafka_release(int major, int minor, int revision) {
  return (major << 24) | (minor << 16) | (revision << 8);
}
[[nodiscard]] bool rdkafka_at_least(int major, int minor, int revision = 0);

// Whether elements that tell a partition's end leave the library's own position alone. From 2.2 to 2.13.1 they move
// it too far (#4844, #5213).
[[nodiscard]] bool end_of_partition_is_sound();

// Says the version once a process, and warns of those with known defects.
void log_rdkafka_version(engine::Log& log);

// Why this version should not be used; empty if nothing is known against it.
[[nodiscard]] std::string known_defect(int version);

}  // namespace braid::adapters
