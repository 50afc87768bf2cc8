// A listener within a revocation: how long the partitions that stay stand still, and what they do meanwhile.

#include "engine/instrumentation/event_hub.hpp"
#include "engine/listener/listener.hpp"
#include "unit/engine/listener/commit_world.hpp"
#include "unit/engine/listener/listener_parts.hpp"

#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CountingOwner;
using test_support::FakeQueue;
using test_support::Script;
using test_support::ScriptedConsumer;

constexpr auto kDrain = 1000ms;
constexpr auto kBehindDrain = 300ms;

// Time goes by only while the listener waits, in steps, and a step is where the rest of the world moves.
class SteppedTime final : public Clock, public Waiter {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return {}; }
  void wait_until(Time until) override {
    // Some goes by where there is nothing to wait for, too.
    time = until <= time ? time + 1ms : std::min(until, time + 10ms);
    if (in_step) in_step();
  }
  Time time = Time{} + 1h;
  std::function<void()> in_step;
};

// Runs what the test lets it run; those that are held stay in it.
class HoldingPool final : public JobPool {
 public:
  bool try_submit(Job& job) override {
    if (jobs_.size() >= room) return false;
    jobs_.push_back(&job);
    return true;
  }
  void notify_when_room(Notifier&) override {}
  void cancel(Notifier&) override {}
  // What is in it now is held.
  void hold() { held_ = jobs_.size(); }
  void run_others() {
    while (jobs_.size() > held_) {
      Job* const job = jobs_[held_];
      jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(held_));
      job->run();
    }
  }
  void let_go() {
    held_ = 0;
    run_others();
  }
  [[nodiscard]] std::size_t held() const { return held_; }
  std::size_t room = 1000;

 private:
  std::deque<Job*> jobs_;
  std::size_t held_ = 0;
};

// A member with the partitions 0, which will be revoked, and 1, which stays.
class TwoPartitions final : public ConsumerClient {
 public:
  struct Told {
    const SteppedTime* clock = nullptr;
    std::map<TopicPartition, FakeQueue*> queues;
    std::map<TopicPartition, ReadySignal*> ready;
    ReadySignal* group = nullptr;
    bool answers_commits = true;
    bool revoke = false;  // with the next serving
    bool closing = false;
    bool has_positions = true;  // stored ones
    bool in_handler = false;
    int restarts = 0;
    int restarts_in_handler = 0;
    std::vector<StoredPosition> commits;
    Time revoked_at{};
    std::optional<Duration> took;  // from the revocation to the unassign
  };
  explicit TwoPartitions(Told& told) : told_(told) {}

  Result<void> reach_broker(std::chrono::milliseconds, const std::atomic<bool>&) override { return {}; }
  Result<void> subscribe(const std::vector<std::string>&, ReadySignal& ready) override {
    told_.group = &ready;
    return {};
  }
  Result<void> unsubscribe() override { return {}; }
  void serve_group(ConsumerEvents& events) override {
    if (!std::exchange(assigned_, true)) events.handle_assigned(std::vector{partition(0), partition(1)});
    if (std::exchange(told_.revoke, false)) {
      told_.revoked_at = told_.clock->now();
      told_.in_handler = true;
      events.handle_revoked(std::vector{partition(0)}, false);
      told_.in_handler = false;
    }
  }
  void serve_replies(ConsumerEvents& events) override {
    for (const auto& [token, partitions] : std::exchange(asked_, {})) {
      std::vector<StoredPosition> stored;
      for (const TopicPartition& each : partitions) {
        stored.push_back({each, told_.has_positions ? std::optional(CommitPosition{0}) : std::nullopt, {}});
      }
      events.handle_positions(token, stored);
    }
    if (!told_.answers_commits) return;
    for (const std::uint64_t token : std::exchange(commits_, {})) events.handle_committed(token, {});
  }
  std::unique_ptr<PartitionQueue> open(const TopicPartition& name, ReadySignal& ready) override {
    auto queue = std::make_unique<FakeQueue>(std::make_shared<CountingOwner>());
    told_.queues[name] = queue.get();
    told_.ready[name] = &ready;
    return queue;
  }
  Result<void> assign(std::span<const TopicPartition>) override { return {}; }
  Result<void> unassign(std::span<const TopicPartition>) override {
    told_.took = told_.clock->now() - told_.revoked_at;
    return {};
  }
  void reposition(std::span<const StoredPosition>) override {}
  // It never learns where that is.
  Result<std::optional<CommitPosition>> restart_at(const TopicPartition&, StartPoint) override {
    ++(told_.in_handler ? told_.restarts_in_handler : told_.restarts);
    return std::optional<CommitPosition>{};
  }
  void read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) override {
    asked_.emplace_back(token, std::vector(partitions.begin(), partitions.end()));
    told_.group->on_ready();
  }
  [[nodiscard]] bool may_commit() const override { return true; }
  void commit(std::span<const StoredPosition> positions, std::uint64_t token) override {
    told_.commits.insert(told_.commits.end(), positions.begin(), positions.end());
    commits_.push_back(token);
    told_.group->on_ready();
  }
  void begin_close() override { told_.closing = true; }
  [[nodiscard]] bool closed() const override { return told_.closing; }

  static TopicPartition partition(std::int32_t number) { return {"events", PartitionNumber{number}}; }

 private:
  Told& told_;
  bool assigned_ = false;
  std::vector<std::pair<std::uint64_t, std::vector<TopicPartition>>> asked_;
  std::vector<std::uint64_t> commits_;
};

class NoHost final : public ListenerHost {
 public:
  void handle_fatal(const Error& error) override { throw std::logic_error(error.text()); }
};

class Revocation : public ::testing::TestWithParam<routing::Flow> {
 protected:
  explicit Revocation(bool has_positions = true) {
    told.clock = &time;
    told.has_positions = has_positions;
    script->consume = [this](Batch& batch) {
      if (in_consume) in_consume(batch);
      done[batch.partition().value] += batch.size();
    };
    auto parts = listener_parts(std::make_unique<TwoPartitions>(told), pool, routes, time, log, host);
    parts.mailbox = mailbox;
    hub = parts.counters->events;
    listener = std::make_unique<Listener>(Listener::Settings{.commit_interval = 1h, .drain_on_revoke = kDrain},
                                          std::move(parts));
    EXPECT_TRUE(listener->connect());
    turns(3);
  }
  ~Revocation() override {
    hub->close();
    // These are of the test's, which is over.
    time.in_step = nullptr;
    in_consume = nullptr;
    pool->let_go();
    listener->stop(time.now());
    for (int i = 0; i < 100 && !listener->finished(); ++i) {
      time.time += 10ms;
      listener->turn();
      pool->let_go();
    }
    EXPECT_TRUE(listener->finished());
  }

  void turns(int count) {
    for (int i = 0; i < count; ++i) listener->turn();
  }
  // So that each message has a virtual partition of its own, more or less.
  void deliver(std::int32_t partition, std::int64_t first, std::int64_t last) {
    FakeQueue& queue = *told.queues.at(TwoPartitions::partition(partition));
    for (std::int64_t offset = first; offset <= last; ++offset) queue.waiting.push_back(offset);
    told.ready.at(TwoPartitions::partition(partition))->on_ready();
    turns(3);
  }
  void run_and_settle() {
    for (int i = 0; i < 3; ++i) {
      pool->run_others();
      turns(2);
    }
  }
  // Returns when the handler has.
  Duration revoke() {
    told.revoke = true;
    told.group->on_ready();
    listener->turn();
    EXPECT_TRUE(told.took.has_value());
    return told.took.value_or(Duration::zero());
  }

  const std::shared_ptr<Script> script = std::make_shared<Script>();
  const std::shared_ptr<const routing::Routes> routes =
      std::make_shared<const routing::Routes>(routing::draw([this](routing::RoutesBuilder& r) {
        auto topic = r.consumer_group("g").topic("events");
        topic.consumer("scripted", [script = script] { return std::make_unique<ScriptedConsumer>(script); })
            .virtual_partitions({.by = braid::round_robin(), .max_partitions = 8})
            .flow(GetParam())
            .initial_offset(routing::InitialOffset::latest)
            .max_messages(20)
            .retries({.backoff = braid::fixed(100ms)});
      }));
  SteppedTime time;
  test_support::QuietLog log;
  NoHost host;
  TwoPartitions::Told told;
  std::map<std::int32_t, std::size_t> done;
  std::function<void(Batch&)> in_consume;
  const std::shared_ptr<HoldingPool> pool = std::make_shared<HoldingPool>();
  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>(std::make_shared<test_support::Bell>());
  std::shared_ptr<EventHub> hub;
  std::vector<events::PartitionsRevoked> told_events;  // the monitor's thread; the test's behind a flush
  std::unique_ptr<Listener> listener;
};

TEST_P(Revocation, IsOverAtOnceWhereNothingRuns) {
  deliver(0, 0, 3);
  run_and_settle();
  time.in_step = [this] { pool->run_others(); };
  EXPECT_LE(revoke(), 50ms);
  ASSERT_EQ(told.commits.size(), 1U);
  EXPECT_EQ(told.commits[0].position, CommitPosition{4});
}

// Whoever keeps account of what is assigned hears of all that goes, once, whichever way.
TEST_P(Revocation, WhatGoesIsToldOnce) {
  hub->subscribe(std::uint64_t{1} << event_kind<events::PartitionsRevoked>(),
                 [this](const Event& event, Monitor::Moment) {
                   told_events.push_back(*std::get_if<events::PartitionsRevoked>(&event));
                 });
  time.in_step = [this] { pool->run_others(); };
  revoke();
  ASSERT_TRUE(hub->flush(test_support::Bell::kPatience));
  ASSERT_EQ(told_events.size(), 1U);
  EXPECT_FALSE(told_events[0].lost);
  ASSERT_EQ(told_events[0].partitions.size(), 1U);
  EXPECT_EQ(told_events[0].partitions[0].partition, 0);
  EXPECT_EQ(told_events[0].held, 1U);
  listener->stop(time.now());
  for (int i = 0; i < 100 && !listener->finished(); ++i) {
    time.time += 10ms;
    listener->turn();
    pool->let_go();
  }
  ASSERT_TRUE(listener->finished());
  ASSERT_TRUE(hub->flush(test_support::Bell::kPatience));
  ASSERT_EQ(told_events.size(), 2U) << "the client was closed, and the group said nothing of the other one";
  EXPECT_TRUE(told_events[1].lost);
  ASSERT_EQ(told_events[1].partitions.size(), 1U);
  EXPECT_EQ(told_events[1].partitions[0].partition, 1);
  EXPECT_EQ(told_events[1].held, 0U);
}

// Without a limit of its own, each of the three would add to what those that stay have to wait.
TEST_P(Revocation, ASlowHookAndASilentCoordinatorAreWaitedForHardlyLongerThanTheDrain) {
  deliver(0, 0, 3);
  run_and_settle();
  told.answers_commits = false;
  // The hooks are in the pool, and do not get on.
  EXPECT_LE(revoke(), kDrain + kBehindDrain);
  EXPECT_GE(*told.took, kDrain) << "what the jobs leave of the wait is theirs";
  EXPECT_EQ(told.commits.size(), 1U) << "what is done is told even so";
}

TEST_P(Revocation, AJobThatOverrunsTakesNothingFromThatBound) {
  deliver(0, 0, 3);
  pool->hold();
  ASSERT_GT(pool->held(), 0U);
  told.answers_commits = false;
  EXPECT_LE(revoke(), kDrain + kBehindDrain);
  EXPECT_GE(*told.took, kDrain);
}

// More jobs than the pool has room for: each that returns makes room for the next.
TEST_P(Revocation, WhatThePoolHadNoRoomForRunsMeanwhile) {
  deliver(0, 0, 0);
  pool->hold();
  pool->room = pool->held() + 1;
  deliver(1, 0, 7);
  ASSERT_EQ(done[1], 0U);
  std::optional<Time> finished;
  time.in_step = [&] {
    pool->run_others();
    if (done[1] == 8 && !finished) finished = time.now();
  };
  revoke();
  ASSERT_TRUE(finished) << "of a partition that stays " << done[1] << " of 8 messages were done";
  EXPECT_LT(*finished, told.revoked_at + kDrain);
}

TEST_P(Revocation, ARetryThatComesDueIsRunMeanwhile) {
  deliver(0, 0, 0);
  pool->hold();
  int failures = 0;
  in_consume = [&](Batch&) {
    if (failures++ == 0) throw std::runtime_error("once");
  };
  deliver(1, 0, 0);
  pool->run_others();
  turns(1);
  ASSERT_EQ(failures, 1);
  std::optional<Time> finished;
  time.in_step = [&] {
    pool->run_others();
    if (done[1] == 1 && !finished) finished = time.now();
  };
  revoke();
  ASSERT_TRUE(finished) << "a partition that stays did not try again";
  EXPECT_LT(*finished, told.revoked_at + kDrain);
}

// Its leader may be away, and be waited for; the others have nothing to do with that.
class RevocationOfUnread : public Revocation {
 protected:
  RevocationOfUnread() : Revocation(false) {}
};

TEST_P(RevocationOfUnread, NoLeaderIsAskedWhileOthersWait) {
  ASSERT_EQ(told.restarts, 2);
  revoke();
  EXPECT_EQ(told.restarts_in_handler, 0);
  turns(1);
  EXPECT_EQ(told.restarts, 3) << "the one that stays, behind the handler";
  deliver(1, 0, 0);
  pool->run_others();
  turns(2);
  EXPECT_EQ(done[1], 1U);
}

INSTANTIATE_TEST_SUITE_P(Flows, RevocationOfUnread,
                         ::testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

INSTANTIATE_TEST_SUITE_P(Flows, Revocation, ::testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

}  // namespace
}  // namespace braid::engine
