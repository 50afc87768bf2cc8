// What the log says a partition waits for that stands still.

#include "engine/listener/describe_wait.hpp"

#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using test_support::EngineWorld;
using State = WorkSight::State;

// That there is one is all that is asked of it.
class NoRunner final : public PartitionRunner {
 public:
  bool has_room() override { return false; }
  TakeReport take(PartitionQueue&, Time) override { return {}; }
  void turn(Time) override {}
  void handle_open(Share&, Time) override {}
  void handle_letter(const LetterAnswer&, Time) override {}
  void handle_held(Share&) override {}
  void handle_settled(RunningBatch&) override {}
  void handle_unsent(RunningBatch&) override {}
  void watch_tickets(Time) override {}
  void tidy(Time) override {}
  [[nodiscard]] std::optional<Time> wakes_at() const override { return std::nullopt; }
  void see(RunnerSight&) const override {}
  [[nodiscard]] bool empty() const override { return true; }
  void hasten() override {}
  void refuse() override {}
  void fold() override {}
  [[nodiscard]] std::optional<CommitPosition> position() const override { return std::nullopt; }
  [[nodiscard]] std::uint64_t revision() const override { return 0; }
  [[nodiscard]] std::string metadata(std::size_t) const override { return {}; }
  [[nodiscard]] std::optional<CommitPosition> expected() const override { return std::nullopt; }
  [[nodiscard]] std::optional<Offset> oldest_open() const override { return std::nullopt; }
};

// A partition as its listener sees it; with a runner unless a case takes it away.
struct Situation {
  Situation() {
    partition.assignment = world.assignment;
    partition.steering = world.assignment->steering();
    partition.runner = std::make_unique<NoRunner>();
    partition.stage = AssignedPartition::Stage::running;
  }
  WorkSight& work(State state, std::uint32_t index = 0) {
    return sight.work.emplace_back(
        WorkSight{.state = state, .index = index, .messages = 1, .first = {5}, .last = {5}});
  }
  [[nodiscard]] std::string text() const { return describe_wait(partition, sight, backlog, jobs_waiting, now); }
  EngineWorld world;
  AssignedPartition partition;
  RunnerSight sight;
  PartitionQueue::Backlog backlog;
  std::size_t jobs_waiting = 0;
  Time now = Time{} + 1h;
};

struct Reason {
  const char* name;
  std::function<void(Situation&)> when;
  const char* said;
  friend std::ostream& operator<<(std::ostream& out, const Reason& one) { return out << one.name; }
};

class Reasons : public ::testing::TestWithParam<Reason> {};

TEST_P(Reasons, AreSaid) {
  Situation situation;
  GetParam().when(situation);
  EXPECT_EQ(situation.text(), GetParam().said);
}

void pause(Situation& it, std::optional<Duration> duration) {
  it.partition.steering->pause(duration);
  it.partition.steering->look(it.now);
}

void not_begun(Situation& it) {
  it.partition.runner.reset();
  it.partition.stage = AssignedPartition::Stage::waiting_for_jobs;
}

INSTANTIATE_TEST_SUITE_P(ToBegin, Reasons,
                         ::testing::Values(Reason{"stored_position",
                                                  [](Situation& it) {
                                                    not_begun(it);
                                                    it.partition.stage = AssignedPartition::Stage::reading_position;
                                                  },
                                                  "its stored position, which could not be read so far"},
                                           Reason{"restart",
                                                  [](Situation& it) {
                                                    not_begun(it);
                                                    it.partition.restart_pending = StartPoint{};
                                                    it.world.jobs->enter(1);
                                                  },
                                                  "the client, which has refused to start it so far"},
                                           Reason{"earlier_jobs",
                                                  [](Situation& it) {
                                                    not_begun(it);
                                                    it.world.jobs->enter(2);
                                                  },
                                                  "2 jobs of an earlier assignment to return"},
                                           Reason{"other_connection", not_begun,
                                                  "another connection of this process to let go of it"}),
                         [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    ToGoOn, Reasons,
    ::testing::Values(
        Reason{"job",
               [](Situation& it) {
                 it.work(State::running, 1).since = it.now - 2s;
                 WorkSight& longest = it.work(State::running, 3);
                 longest = {
                     .state = State::running, .index = 3, .messages = 7, .first = {10}, .last = {19}, .key = "a"};
                 longest.since = it.now - 90s;
                 longest.thread = 77;
               },
               "a job: virtual partition 3 runs since 90.0 s on thread 77: offsets 10 to 19 (7 messages), key 'a'"},
        Reason{"ticket", [](Situation& it) { it.work(State::ticket).since = it.now - 2s; },
               "a job: virtual partition 0 has deferred its work, unsettled since 2.0 s: offset 5"},
        Reason{"hook", [](Situation& it) { it.work(State::hook).since = it.now - 2s; },
               "a job: virtual partition 0 is in a hook since 2.0 s: offset 5"},
        Reason{"pause_with_an_end", [](Situation& it) { pause(it, 3s); },
               "the end of a pause, or a seek, for another 3.0 s"},
        Reason{"pause_without_an_end", [](Situation& it) { pause(it, std::nullopt); },
               "the end of a pause, or a seek, which somebody has to end"},
        Reason{"letters", [](Situation& it) { it.work(State::letters); },
               "dead letters: virtual partition 0 waits for dead letters to be acknowledged: offset 5"},
        Reason{"commit", [](Situation& it) { it.sight.waits_for_commit = true; },
               "a commit to be acknowledged, which what follows waits for"},
        Reason{"nearest_retry",
               [](Situation& it) {
                 it.work(State::retry, 0).until = it.now + 9s;
                 it.work(State::retry, 1).until = it.now + 2s;
               },
               "a retry: virtual partition 1 is tried again in 2.0 s: offset 5"},
        Reason{"retry_that_is_due", [](Situation& it) { it.work(State::retry).until = it.now; },
               "a retry: virtual partition 0 is about to be tried again: offset 5"},
        Reason{"worker", [](Situation& it) { it.jobs_waiting = 3; },
               "a free worker, or its caps: 3 of its jobs wait"},
        Reason{"filter", [](Situation& it) { it.sight.filter_until = it.now + 4s; }, "a filter, for another 4.0 s"},
        Reason{"full_queue", [](Situation& it) { it.sight.full_queue = 9; },
               "room in the queue of virtual partition 9"},
        Reason{"pool", [](Situation& it) { it.work(State::queued, 2); },
               "the pool: virtual partition 2 waits for its turn in the pool: offset 5"},
        Reason{"max_wait", [](Situation& it) { it.sight.waiting = 12; }, "more messages, or max_wait: 12 are here"},
        Reason{"marks",
               [](Situation& it) {
                 it.sight.open = 5;
                 it.sight.parked = 2;
               },
               "marks: 3 offsets were handed over and returned, and nobody has said that they are done"},
        Reason{"bytes", [](Situation& it) { it.sight.takes = false; },
               "room: the process holds as many bytes as it may"},
        Reason{"turn", [](Situation& it) { it.backlog.fetched = 4; },
               "its turn: 4 messages are fetched, and not taken"},
        Reason{"client", [](Situation& it) { it.backlog.end = CommitPosition{100}; },
               "the client, which delivers nothing though the log ends at 100: its broker may be away, or a "
               "transaction is open"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(DescribeWait, OfManyTheThreeNearestAreSaid) {
  Situation it;
  it.jobs_waiting = 1;
  it.sight.full_queue = 4;
  it.sight.waits_for_commit = true;
  it.work(State::retry).until = it.now + 1s;
  it.sight.waiting = 3;
  EXPECT_EQ(it.text(),
            "a commit to be acknowledged, which what follows waits for; and for a retry: virtual partition 0 is "
            "tried again in 1.0 s: offset 5; and for a free worker, or its caps: 1 of its jobs wait");
}

TEST(DescribeWait, AFilterThatHasLetGoIsNoReason) {
  Situation it;
  it.sight.filter_until = it.now;
  it.sight.waiting = 1;
  EXPECT_EQ(it.text(), "more messages, or max_wait: 1 are here");
}

// --- with the flows' own sight

class WaitsOf : public ::testing::TestWithParam<routing::Flow> {
 protected:
  void make(const std::function<void(routing::Topic&)>& tune = {}, routing::Commit policy = {}) {
    made_.emplace(policy, GetParam(), 1, tune);
    world().the().steering = world().world.assignment->steering();
  }
  CommitWorld& world() { return *made_; }
  std::string text() {
    RunnerSight sight;
    world().the().runner->see(sight);
    const Assignment& assignment = *world().world.assignment;
    return describe_wait(world().the(), sight, {}, world().dispatcher().waiting_of(assignment), world().now);
  }

 private:
  std::optional<CommitWorld> made_;
};

INSTANTIATE_TEST_SUITE_P(Flows, WaitsOf, ::testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

TEST_P(WaitsOf, AShareThatRunsForTooLongIsNamed) {
  make();
  std::string said;
  world().in_consume = [&](Batch&, const Message& message) {
    if (message.offset() != Offset{0}) return;
    world().now += 90s;
    said = text();
  };
  world().deliver(0, 3);
  world().run();
  EXPECT_TRUE(said.starts_with("a job: virtual partition 0 runs since 90.0 s on thread ")) << said;
  EXPECT_NE(said.find(": offsets 0 to 3 (4 messages)"), std::string::npos) << said;
}

TEST_P(WaitsOf, MessagesThatAreFewerThanABatchWaitForMore) {
  make([](routing::Topic& topic) { topic.max_wait = 1h; });
  world().deliver(0, 1);
  EXPECT_EQ(text(), "more messages, or max_wait: 2 are here");
}

TEST_P(WaitsOf, APausedPartitionSaysForHowLong) {
  make();
  world().the().steering->pause(5s);
  world().deliver(0, 3);
  EXPECT_EQ(text().find("the end of a pause, or a seek, for another 5.0 s"), 0U) << text();
}

TEST_P(WaitsOf, ACommitThatWhatFollowsWaitsFor) {
  make({}, {.when = routing::Commit::When::after_batch, .sync = true});
  world().deliver(0, 7);
  world().run();
  EXPECT_EQ(text().find("a commit to be acknowledged"), 0U) << text();
}

TEST_P(WaitsOf, MarksThatNobodyMakes) {
  make([](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  world().deliver(0, 3);
  world().run();
  EXPECT_EQ(text(), "marks: 4 offsets were handed over and returned, and nobody has said that they are done");
}

TEST_P(WaitsOf, AFailedShareAndWhatItHoldsUp) {
  make([](routing::Topic& topic) {
    topic.max_queued = 2;
    topic.retries = {.max = unlimited, .backoff = fixed(10'000ms)};
  });
  world().in_consume = [](Batch&, const Message&) { throw std::runtime_error("not now"); };
  world().deliver(0, 7);
  world().run();
  const std::string retry = "a retry: virtual partition 0 is tried again in 10.0 s: offset";
  EXPECT_EQ(text().find(retry), 0U) << text();
  const bool queue_is_full = text().ends_with("; and for room in the queue of virtual partition 0");
  EXPECT_EQ(queue_is_full, GetParam() == routing::Flow::continuous) << text();
}

TEST_P(WaitsOf, AFullPool) {
  make();
  world().pool->room = 0;
  world().deliver(0, 3);
  // Of a batch the listener hears by mail that there was no room.
  const bool batch = GetParam() == routing::Flow::batch;
  EXPECT_EQ(
      text().find(batch ? "the pool: virtual partition 0 waits" : "a free worker, or its caps: 1 of its jobs"), 0U)
      << text();
  world().pool->room = 10;
  world().run();
}

}  // namespace
}  // namespace braid::engine
