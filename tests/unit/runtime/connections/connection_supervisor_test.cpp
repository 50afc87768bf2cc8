#include "runtime/connections/connection_supervisor.hpp"

#include "unit/runtime/connections/supervisor_world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::runtime {
namespace {

class ConnectionSupervisorTest : public SupervisorWorld {};

TEST_F(ConnectionSupervisorTest, StartsAsManyAsTheRoutesSay) {
  start();
  EXPECT_EQ(made.size(), 3U);
  EXPECT_EQ(running(), 3U);
  EXPECT_EQ(supervisor->start_failure(), std::nullopt);
  EXPECT_EQ(of_all["fixed-1"], 1U);
  EXPECT_EQ(of_all["moving-0"], 2U);
}

TEST_F(ConnectionSupervisorTest, TellsWhatEachGroupsClientsRefuse) {
  refused = {{"fixed-0", "no such setting"}, {"moving-0", "no such file"}};
  EXPECT_EQ(supervisor->make(),
            (std::vector<std::string>{"g / fixed: no such setting", "g / moving: no such file"}));
}

TEST_F(ConnectionSupervisorTest, AFirstConnectionThatReachesNoBrokerIsAnErrorOfTheStart) {
  ASSERT_EQ(supervisor->make(), std::vector<std::string>{});
  begun = true;
  supervisor->start();
  the("fixed-0").state = State::running;
  the("moving-0").state = State::running;
  supervisor->turn();
  EXPECT_FALSE(supervisor->started()) << "one is still connecting";
  the("fixed-1").why = Error(Error::Kind::broker_unreachable, "no broker answers");
  end("fixed-1");
  EXPECT_TRUE(supervisor->started());
  EXPECT_EQ(supervisor->start_failure(), "no broker answers");
  advance(10min);
  EXPECT_EQ(times_made("fixed-1"), 1U) << "the start is undone, not tried again";
}

// Both at once, between two looks.
TEST_F(ConnectionSupervisorTest, AFirstConnectionThatRanAndEndedIsRestarted) {
  ASSERT_EQ(supervisor->make(), std::vector<std::string>{});
  begun = true;
  supervisor->start();
  the("fixed-0").state = State::running;
  the("moving-0").state = State::running;
  the("fixed-1").has_run = true;
  the("fixed-1").why = Error(Error::Kind::other, "fenced", false, true);
  end("fixed-1");
  EXPECT_TRUE(supervisor->started());
  EXPECT_EQ(supervisor->start_failure(), std::nullopt);
  advance(1s);
  EXPECT_EQ(times_made("fixed-1"), 2U);
}

TEST_F(ConnectionSupervisorTest, AThreadThatCannotBeIsAnErrorOfTheStart) {
  threads_left = false;
  ASSERT_EQ(supervisor->make(), std::vector<std::string>{});
  begun = true;
  supervisor->start();
  EXPECT_TRUE(supervisor->started());
  EXPECT_EQ(supervisor->start_failure(), "no descriptors left");
}

TEST_F(ConnectionSupervisorTest, OneThatFailsGetsANewClientAndNoOtherHearsOfIt) {
  start();
  fail("fixed-1", "fenced");
  EXPECT_EQ(running(), 2U);
  EXPECT_FALSE(the("fixed-1").joined) << "it brings its partitions to their end first";
  advance(2s);
  EXPECT_EQ(times_made("fixed-1"), 1U);
  end("fixed-1");
  EXPECT_TRUE(the("fixed-1").joined);
  EXPECT_TRUE(the("fixed-1").gone) << "the former client is gone before there is another";
  advance(999ms);
  EXPECT_EQ(times_made("fixed-1"), 1U);
  advance(1ms);
  EXPECT_EQ(times_made("fixed-1"), 2U);
  EXPECT_EQ(of_all["fixed-1"], 1U) << "the same names as before";
  run_all();
  supervisor->turn();
  EXPECT_EQ(running(), 3U);
  EXPECT_EQ(counters->connection_restarts.load(), 1U);
  EXPECT_TRUE(log.says("g / fixed: connection 1 has failed")) << "and why";
  EXPECT_TRUE(log.says("fenced"));
  EXPECT_TRUE(log.says("g / fixed: connection 1 is back, 3.0 s after it failed"));
  for (const char* other : {"fixed-0", "moving-0"}) {
    EXPECT_TRUE(the(other).requests.empty()) << other;
    EXPECT_EQ(times_made(other), 1U) << other;
  }
}

TEST_F(ConnectionSupervisorTest, OneThatEndedByItselfIsRestartedToo) {
  start();
  end("fixed-0");
  advance(1s);
  EXPECT_EQ(times_made("fixed-0"), 2U);
}

TEST_F(ConnectionSupervisorTest, WaitsTwiceAsLongEachTimeInARow) {
  start();
  fail("fixed-0", "fenced");
  end("fixed-0");
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    const std::size_t before = times_made("fixed-0");
    advance(wait - 1ms);
    EXPECT_EQ(times_made("fixed-0"), before);
    advance(1ms);
    ASSERT_EQ(times_made("fixed-0"), before + 1) << wait.count();
    the("fixed-0").why = Error(Error::Kind::broker_unreachable, "no broker answers");
    end("fixed-0");
  }
}

TEST_F(ConnectionSupervisorTest, WhatCannotBeMadeOrStartedIsTriedAgain) {
  start();
  refused["fixed-0"] = "the certificate's file is gone";
  fail("fixed-0", "fenced");
  end("fixed-0");
  advance(1s);
  EXPECT_TRUE(log.says("the certificate's file is gone"));
  refused.clear();
  threads_left = false;
  advance(2s);
  EXPECT_TRUE(log.says("no descriptors left"));
  threads_left = true;
  advance(4s);
  run_all();
  supervisor->turn();
  EXPECT_EQ(running(), 3U);
}

// Its client hangs, say: the next one does not wait for ever.
TEST_F(ConnectionSupervisorTest, OneThatFailsAndDoesNotEndIsLeftToItself) {
  start();
  fail("fixed-0", "fenced");
  advance(8s + 499ms);
  EXPECT_FALSE(the("fixed-0").joined);
  advance(1ms);
  EXPECT_TRUE(made[0]->joined_early);
  EXPECT_TRUE(log.says("left behind fixed-0 had not ended"));
  advance(1s);
  EXPECT_EQ(times_made("fixed-0"), 2U);
}

TEST_F(ConnectionSupervisorTest, AStopTellsWhatWasLeftBeforeItAndStillGoesOn) {
  start();
  fail("fixed-0", "fenced");
  fail("fixed-1", "fenced");
  advance(8s + 500ms);
  ASSERT_TRUE(made[0]->joined_early && made[1]->joined_early);
  made[1]->state = State::ended;
  supervisor->stop(clock.time + 1s);
  for (const auto& fake : made) {
    if (fake != made[0]) fake->state = State::ended;
  }
  supervisor->turn();
  ASSERT_TRUE(supervisor->finished());
  EXPECT_EQ(supervisor->left_behind().words,
            std::vector<std::string>{"fixed-0 had not ended, since before the stop"});
  made[0]->state = State::ended;
  EXPECT_TRUE(supervisor->left_behind().words.empty()) << "it came to its end after all";
}

TEST_F(ConnectionSupervisorTest, AFailureIsSaidOnce) {
  start();
  fail("fixed-0", "fenced");
  end("fixed-0");
  EXPECT_EQ(
      std::ranges::count_if(log.lines, [](const auto& line) { return line.find("fenced") != std::string::npos; }),
      1);
}

TEST_F(ConnectionSupervisorTest, OneIsAddedWhereSeveralPartitionsLag) {
  start();
  the("moving-0").load = {true, 4, 50'000};
  the("fixed-0").load = {true, 4, 50'000};
  advance(10s);
  EXPECT_EQ(made.size(), 3U);
  advance(1s);
  ASSERT_EQ(times_made("moving-1"), 1U);
  EXPECT_EQ(of_all["moving-1"], 3U);
  EXPECT_TRUE(the("moving-1").started);
  EXPECT_TRUE(
      log.says("connection 1 is added: for 10 s connection 0 has held 4 partitions, and 50000 messages wait"));
  EXPECT_EQ(made.size(), 4U) << "a fixed number stays";
  EXPECT_TRUE(the("moving-0").requests.empty());
}

TEST_F(ConnectionSupervisorTest, OneThatHoldsNothingIsLeftInOrder) {
  remake(routes_of(2));
  start();
  the("moving-0").load = {true, 4, 0};
  advance(12s);
  ASSERT_EQ(the("moving-1").requests.size(), 1U);
  const auto [kind, deadline] = the("moving-1").requests[0];
  EXPECT_EQ(kind, Command::Kind::leave);
  EXPECT_LE(deadline - clock.time, 8s);
  EXPECT_FALSE(the("moving-1").joined);
  EXPECT_TRUE(log.says("connection 1 is left: for 10 s it has held no partition"));
  end("moving-1");
  EXPECT_TRUE(the("moving-1").joined);
  EXPECT_EQ(running(), 3U);
  EXPECT_TRUE(the("moving-0").requests.empty()) << "nobody else is touched";
  advance(10min);
  EXPECT_EQ(times_made("moving-1"), 1U) << "who was told to go is not restarted";
}

TEST_F(ConnectionSupervisorTest, OneThatIsLeftAndComesBackHasItsNumberAgain) {
  remake(routes_of(2));
  start();
  the("moving-0").load = {true, 4, 0};
  advance(12s);
  end("moving-1");
  the("moving-0").load = {true, 4, 50'000};
  advance(30s);
  EXPECT_EQ(times_made("moving-1"), 2U);
  EXPECT_EQ(of_all["moving-1"], 3U);
}

TEST_F(ConnectionSupervisorTest, OneThatIsStillJoiningIsNotLeft) {
  remake(routes_of(2));
  start();
  the("moving-1").load.joined = false;
  advance(10min);
  EXPECT_TRUE(the("moving-1").requests.empty());
}

TEST_F(ConnectionSupervisorTest, NobodyIsAddedWhileOneIsRestarted) {
  remake(routes_of(2));
  start();
  the("moving-0").load = {true, 4, 50'000};
  the("moving-1").load = {true, 4, 50'000};
  fail("moving-1", "fenced");
  advance(8s);
  end("moving-1");
  advance(5s);
  EXPECT_EQ(times_made("moving-2"), 0U);
}

TEST_F(ConnectionSupervisorTest, AStopAsksAllAndWaitsForAll) {
  start();
  supervisor->stop(clock.time + 30s);
  for (const auto& fake : made) {
    ASSERT_EQ(fake->requests.size(), 1U);
    EXPECT_EQ(fake->requests[0], std::make_pair(Command::Kind::stop, clock.time + 30s));
  }
  end("fixed-0");
  end("fixed-1");
  EXPECT_FALSE(supervisor->finished());
  end("moving-0");
  EXPECT_TRUE(supervisor->finished());
  EXPECT_EQ(supervisor->left_behind().words, std::vector<std::string>{});
  EXPECT_TRUE(supervisor->left_behind().shares.empty());
  EXPECT_EQ(running(), 0U);
}

TEST_F(ConnectionSupervisorTest, AStopKeepsItsDeadlineWhateverHangs) {
  start();
  supervisor->stop(clock.time + 30s);
  end("fixed-0");
  end("moving-0");
  advance(30s + 499ms);
  EXPECT_FALSE(supervisor->finished());
  advance(1ms);
  EXPECT_TRUE(supervisor->finished());
  EXPECT_EQ(supervisor->left_behind().words, std::vector<std::string>{"fixed-1 had not ended"});
  EXPECT_EQ(supervisor->left_behind().shares.size(), 1U);
}

TEST_F(ConnectionSupervisorTest, ASecondStopMayBeSooner) {
  start();
  const Time first = clock.time + 30s;
  supervisor->stop(first);
  supervisor->stop(clock.time + 40s);
  supervisor->stop(clock.time + 1s);
  EXPECT_EQ(the("fixed-0").requests.back().second, first - 29s);
  advance(1500ms);
  EXPECT_TRUE(supervisor->finished());
}

TEST_F(ConnectionSupervisorTest, ASecondStopMayBeAtOnceAndNoLater) {
  start();
  const Time first = clock.time + 30s;
  supervisor->stop(first);
  EXPECT_FALSE(the("fixed-0").at_once);
  supervisor->stop(first + 10s, true);
  EXPECT_TRUE(the("fixed-0").at_once);
  EXPECT_EQ(the("fixed-0").requests.back().second, first);
  supervisor->stop(first - 10s);
  EXPECT_TRUE(the("fixed-0").at_once) << "it is not taken back";
  EXPECT_EQ(the("fixed-0").requests.back().second, first - 10s);
  end_all();
  supervisor->turn();
  EXPECT_TRUE(supervisor->finished());
}

// At each point of a connection's life.
TEST_F(ConnectionSupervisorTest, AStopDoesNotWaitForWhatWaits) {
  start();
  fail("fixed-0", "fenced");
  end("fixed-0");
  ASSERT_TRUE(supervisor->wakes_at() < Time::max());
  supervisor->stop(clock.time + 30s);
  end("fixed-1");
  end("moving-0");
  EXPECT_TRUE(supervisor->finished());
  advance(2min);
  EXPECT_EQ(times_made("fixed-0"), 1U) << "nothing is made behind a stop";
}

TEST_F(ConnectionSupervisorTest, AStopEndsWhatIsBeingMadeRestartedOrLeft) {
  remake(routes_of(2));
  start();
  the("moving-0").load = {true, 4, 0};
  fail("fixed-0", "fenced");
  end("fixed-0");
  advance(12s);  // fixed-0 connects again, moving-1 is being left
  ASSERT_EQ(times_made("fixed-0"), 2U);
  ASSERT_EQ(the("moving-1").requests.size(), 1U);
  fail("fixed-1", "fenced");
  supervisor->stop(clock.time + 2s);
  for (const char* name : {"fixed-0", "fixed-1", "moving-0", "moving-1"}) {
    ASSERT_FALSE(the(name).requests.empty()) << name;
    EXPECT_EQ(the(name).requests.back(), std::make_pair(Command::Kind::stop, clock.time + 2s)) << name;
  }
  end_all();
  supervisor->turn();
  EXPECT_TRUE(supervisor->finished());
}

}  // namespace
}  // namespace braid::runtime
