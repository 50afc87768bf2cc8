#include "integration/faults/fault_fixture.hpp"
#include "integration/faults/stage.hpp"
#include "mock/application/eventually.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace braid::faults {
namespace {

using application_test::eventually;
using namespace std::chrono_literals;

class Replay : public FaultTest {
 protected:
  // How many messages are done again when the one application is killed behind so many of them, and another one
  // goes on. Two keys are so slow that each holds back its partition's position until the crash, on a machine that
  // is busy too.
  static Verdict crash(const std::string& metadata_bytes) {
    constexpr std::size_t kMessages = 2'400;
    constexpr std::size_t kBeforeTheCrash = 1'400;
    Stage stage({.flow = "continuous",
                 .partitions = 2,
                 .keys = 600,
                 .messages_a_second = 0,
                 .session = 4s,
                 .arguments = {"metadata_bytes=" + metadata_bytes, "max_queued=10000", "commit_ms=100",
                               "work_us=2000", "slow_one_in=300", "slow_us=3000000"}});
    stage.open(kMessages);
    EXPECT_TRUE(stage.written(kMessages));
    stage.start_application();
    EXPECT_TRUE(eventually([&] { return stage.ended() >= kBeforeTheCrash; }, 60s));
    stage.kill_application(0);
    stage.start_application();
    EXPECT_TRUE(stage.caught_up());
    return stage.close();
  }
};

TEST_F(Replay, OfACrashIsShorterWithTheGapsInTheCommits) {
  const Verdict with = crash("4095");
  const Verdict without = crash("0");
  EXPECT_LT(2 * with.duplicates, without.duplicates);
  std::printf(
      "RESULT name=fault.replay_after_crash flow=continuous duplicates_with_gaps=%zu duplicates_without=%zu\n",
      with.duplicates, without.duplicates);
}

}  // namespace
}  // namespace braid::faults
