#include "integration/faults/fault_fixture.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdlib>
#include <random>
#include <string_view>

namespace braid::faults {

bool soaking() {
  return std::getenv("BRAID_SOAK_MINUTES") != nullptr;
}

bool all_combinations() {
  const char* faults = std::getenv("BRAID_FAULTS");
  return soaking() || (faults != nullptr && std::string_view(faults) == "all");
}

std::chrono::seconds mix_time() {
  const char* minutes = std::getenv("BRAID_SOAK_MINUTES");
  return minutes == nullptr ? std::chrono::minutes(1) : std::chrono::minutes(std::atoi(minutes));
}

std::uint64_t fault_seed() {
  if (const char* given = std::getenv("BRAID_FAULT_SEED")) return std::strtoull(given, nullptr, 10);
  return soaking() ? std::random_device()() : 1;
}

bool has_consumer_protocol() {
  // Earlier versions know the setting, but not all of the protocol.
  constexpr int kComplete = 0x020c0000;
  return rd_kafka_version() >= kComplete;
}

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const char* flow : {"batch", "continuous"}) {
    for (const char* protocol : {"eager", "cooperative"}) all.push_back({flow, protocol});
    if (has_consumer_protocol()) all.push_back({flow, "consumer"});
  }
  return all;
}

}  // namespace braid::faults
