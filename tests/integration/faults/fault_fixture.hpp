#pragma once

#include "integration/kafka/kafka_cluster.hpp"
#include "mock/application/kept_stderr.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace braid::faults {

// Of tests that need three real nodes; skipped where there are none.
class FaultTest : public ::testing::Test {
 protected:
  application_test::KeptStderr log;
  void SetUp() override {
    if (const auto reason = integration::KafkaCluster::available()) GTEST_SKIP() << *reason;
  }
};

// Whether the tests are to take the time that all combinations need: BRAID_FAULTS=all, or a soak.
[[nodiscard]] bool all_combinations();
// How long a random mix lasts: BRAID_SOAK_MINUTES, else a minute.
[[nodiscard]] std::chrono::seconds mix_time();
[[nodiscard]] bool soaking();
// What the schedule of a random mix comes of: BRAID_FAULT_SEED; else a new one in a soak, and always the same
// without.
[[nodiscard]] std::uint64_t fault_seed();
// Whether librdkafka has KIP-848's protocol.
[[nodiscard]] bool has_consumer_protocol();

struct Combination {
  const char* flow;
  const char* protocol;
};
// Every flow by every protocol that there is.
[[nodiscard]] std::vector<Combination> combinations();

}  // namespace braid::faults
