#include "integration/faults/stage.hpp"
#include "mock/application/eventually.hpp"
#include "mock/application/kept_stderr.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace braid::faults {
namespace {

using application_test::eventually;
using namespace std::chrono_literals;

class Fault : public ::testing::Test {
 protected:
  application_test::KeptStderr log;
  void SetUp() override {
    if (const auto reason = integration::KafkaCluster::available()) GTEST_SKIP() << *reason;
  }
};

TEST_F(Fault, BrokerKill) {
  Stage stage({});
  stage.start_application();
  stage.start_application();
  stage.open();
  ASSERT_TRUE(stage.warm());
  stage.nodes().cluster.kill(1);
  ASSERT_TRUE(stage.caught_up());
  stage.nodes().cluster.restart(1);
  ASSERT_TRUE(stage.nodes().in_step({stage.topic()}));
  ASSERT_TRUE(stage.caught_up());
  const Verdict verdict = stage.close();
  std::printf(
      "RESULT name=fault.broker_kill messages=%zu lost=%zu duplicates=%zu unexplained=%zu outlived=%zu "
      "stall_s=%.2f rework_s=%.2f\n",
      verdict.messages, verdict.lost, verdict.duplicates, verdict.unexplained, verdict.outlived, verdict.stall_s,
      verdict.rework_s);
}

}  // namespace
}  // namespace braid::faults
