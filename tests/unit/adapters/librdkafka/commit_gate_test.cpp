#include "adapters/librdkafka/commit_gate.hpp"

#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

#include <gtest/gtest.h>
namespace braid::adapters {
namespace {

using namespace std::chrono_literals;

constexpr std::int16_t kOffsetCommit = 8;
constexpr std::int16_t kJoinGroup = 11;
constexpr std::int16_t kHeartbeat = 12;
constexpr std::int16_t kSyncGroup = 14;
const CommitGate::Time kNow{100s};

class CommitGateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (rdkafka_at_least(2, 10)) GTEST_SKIP() << "this librdkafka needs no gate";
    gate.install(*conf);
  }

  CommitGate gate;
  ConfPtr conf{rd_kafka_conf_new()};
};

TEST_F(CommitGateTest, ClosedFromTheWritingOfAJoinToTheSyncsAnswer) {
  EXPECT_TRUE(gate.open(kNow));
  gate.sent(kJoinGroup);
  EXPECT_FALSE(gate.open(kNow + 1h));
  gate.received(kJoinGroup, kNow);
  gate.sent(kSyncGroup);
  EXPECT_FALSE(gate.open(kNow + 1h));
  gate.received(kSyncGroup, kNow);
  EXPECT_FALSE(gate.open(kNow)) << "it may have failed, and another join follow";
  EXPECT_TRUE(gate.open(kNow + 20ms));
}

// It may say that the group rebalances: then a JoinGroup is on its way that is not written yet.
TEST_F(CommitGateTest, ClosedForAMomentBehindAHeartbeat) {
  gate.received(kHeartbeat, kNow);
  EXPECT_FALSE(gate.open(kNow));
  EXPECT_FALSE(gate.open(kNow + 19ms));
  EXPECT_TRUE(gate.open(kNow + 20ms));
  gate.received(kOffsetCommit, kNow + 30ms);
  EXPECT_TRUE(gate.open(kNow + 30ms));
}

TEST_F(CommitGateTest, AJoinThatIsWrittenInThatMomentKeepsItClosed) {
  gate.received(kHeartbeat, kNow);
  gate.sent(kJoinGroup);
  EXPECT_FALSE(gate.open(kNow + 1h));
}

TEST_F(CommitGateTest, ClosedForAMomentWhenTheClientMayBeAboutToJoin) {
  gate.close_for_a_moment(kNow);
  EXPECT_FALSE(gate.open(kNow + 19ms));
  EXPECT_TRUE(gate.open(kNow + 20ms));
}

}  // namespace
}  // namespace braid::adapters
