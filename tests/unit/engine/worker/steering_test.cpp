#include "engine/worker/steering.hpp"

#include "unit/engine/bell.hpp"

#include <braid/partition_control.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

class SteeringOfAPartition : public ::testing::Test {
 protected:
  void look(Duration later = 0ms) { steering->look(now += later); }

  Time now = Time{} + 1h;
  std::shared_ptr<test_support::Bell> bell = std::make_shared<test_support::Bell>();
  std::shared_ptr<Steering> steering = std::make_shared<Steering>(bell);
  PartitionControl control{steering};
};

TEST_F(SteeringOfAPartition, HoldsFromTheMomentItIsAsked) {
  EXPECT_FALSE(steering->held());
  control.pause();
  EXPECT_TRUE(steering->held());
  EXPECT_TRUE(control.paused());
  EXPECT_EQ(bell->rung(), 1U);
  look(1h);
  EXPECT_TRUE(steering->held());
  EXPECT_EQ(steering->wakes_at(), std::nullopt);

  control.resume();
  EXPECT_EQ(bell->rung(), 2U);
  EXPECT_TRUE(steering->held()) << "only the listener lets go";
  look();
  EXPECT_FALSE(steering->held());
}

TEST_F(SteeringOfAPartition, APauseBehindAResumeIsNotLost) {
  control.pause();
  look();
  control.resume();
  control.pause();
  look();
  EXPECT_TRUE(steering->held());
  EXPECT_TRUE(control.paused());
}

TEST_F(SteeringOfAPartition, ADurationCountsFromTheFirstLook) {
  control.pause(100ms);
  now += 1h;
  look();
  EXPECT_EQ(steering->wakes_at(), now + 100ms);
  look(99ms);
  EXPECT_TRUE(steering->held());
  look(1ms);
  EXPECT_FALSE(steering->held());
  EXPECT_FALSE(control.paused());
}

TEST_F(SteeringOfAPartition, TheLastPauseCounts) {
  control.pause(100ms);
  look();
  control.pause();
  look(1h);
  EXPECT_TRUE(steering->held()) << "until resumed";
  control.pause(10ms);
  look();
  look(10ms);
  EXPECT_FALSE(steering->held());
}

TEST_F(SteeringOfAPartition, TheLastSeekCounts) {
  control.seek(SeekTarget::offset(Offset{5}));
  control.seek(SeekTarget::latest());
  control.seek(SeekTarget::offset(Offset{7}));
  look();
  EXPECT_TRUE(steering->held()) << "until it was taken";
  const auto target = steering->take_seek();
  ASSERT_TRUE(target);
  EXPECT_EQ(target->kind, StartPoint::Kind::at);
  EXPECT_EQ(target->at, CommitPosition{7});
  EXPECT_TRUE(target->as_a_number);
  EXPECT_EQ(steering->take_seek(), std::nullopt);
  EXPECT_TRUE(steering->held()) << "until the listener looks behind it";
  look();
  EXPECT_FALSE(steering->held());
}

TEST_F(SteeringOfAPartition, APauseOutlastsASeek) {
  control.pause();
  control.seek(SeekTarget::earliest());
  EXPECT_EQ(steering->take_seek()->kind, StartPoint::Kind::earliest);
  look();
  EXPECT_TRUE(steering->held());
  control.resume();
  look();
  EXPECT_FALSE(steering->held());
}

TEST_F(SteeringOfAPartition, DoesNothingOnceThePartitionHasGone) {
  control.pause();
  steering->close();
  EXPECT_FALSE(control.paused());
  const auto rung = bell->rung();
  control.pause(1ms);
  control.seek(SeekTarget::latest());
  control.resume();
  EXPECT_EQ(bell->rung(), rung);
  EXPECT_EQ(steering->take_seek(), std::nullopt);
}

TEST_F(SteeringOfAPartition, WhatMakesNoSenseIsRefused) {
  EXPECT_THROW(control.pause(0ms), std::invalid_argument);
  EXPECT_THROW(control.pause(-1ms), std::invalid_argument);
  EXPECT_THROW((void)SeekTarget::offset(Offset{-1}), std::invalid_argument);
  EXPECT_THROW((void)SeekTarget::time(std::chrono::system_clock::time_point(-1ms)), std::invalid_argument);
  EXPECT_FALSE(steering->held());
}

}  // namespace
}  // namespace braid::engine
