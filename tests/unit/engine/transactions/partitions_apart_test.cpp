// A listener with two partitions that are exactly once: what one of them waits for is not the other's.

#include "engine/listener/listener.hpp"
#include "unit/engine/bell.hpp"
#include "unit/engine/listener/commit_world.hpp"
#include "unit/engine/listener/listener_parts.hpp"
#include "unit/engine/transactions/stepped_slot.hpp"

#include <braid/partition_control.hpp>
#include <braid/routing/draw.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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
using test_support::SteppedPool;
using test_support::SteppedSlot;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TopicPartition orders(std::int32_t number) {
  return {"orders", {number}};
}

// A member that gets two partitions, whose group has stored the position 0 of each. Thread: one.
class HandClient final : public ConsumerClient {
 public:
  Result<void> reach_broker(std::chrono::milliseconds, const std::atomic<bool>&) override { return {}; }
  Result<void> subscribe(const std::vector<std::string>&, ReadySignal& ready) override {
    signal_ = &ready;
    return {};
  }
  Result<void> unsubscribe() override { return {}; }
  void serve_group(ConsumerEvents& events) override {
    const std::vector<TopicPartition> both{orders(0), orders(1)};
    if (!std::exchange(assigned_, true)) events.handle_assigned(both);
    if (const auto leaving = std::exchange(leaving_, {}); !leaving.empty()) events.handle_revoked(leaving, false);
  }
  void serve_replies(ConsumerEvents& events) override {
    for (const auto& [token, partitions] : std::exchange(asked_, {})) {
      std::vector<StoredPosition> stored;
      for (const TopicPartition& each : partitions) stored.push_back({each, CommitPosition{0}, {}});
      events.handle_positions(token, std::move(stored));
    }
  }
  std::unique_ptr<PartitionQueue> open(const TopicPartition& partition, ReadySignal& ready) override {
    auto queue = std::make_unique<FakeQueue>(owner_);
    queues_[partition.partition.value] = {queue.get(), &ready};
    return queue;
  }
  Result<void> assign(std::span<const TopicPartition>) override { return {}; }
  Result<void> unassign(std::span<const TopicPartition>) override { return {}; }
  void reposition(std::span<const StoredPosition>) override {}
  Result<std::optional<CommitPosition>> restart_at(const TopicPartition&, StartPoint start) override {
    return std::optional<CommitPosition>(start.at);
  }
  void begin_close() override { closed_ = true; }
  [[nodiscard]] bool closed() const override { return closed_; }
  void read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) override {
    asked_.emplace_back(token, std::vector<TopicPartition>(partitions.begin(), partitions.end()));
    signal_->on_ready();
  }
  [[nodiscard]] bool may_commit() const override { return true; }
  void commit(std::span<const StoredPosition>, std::uint64_t) override {}

  // --- the test's

  void deliver(std::int32_t partition, std::int64_t offset) {
    queues_.at(partition).first->waiting.push_back(offset);
    queues_.at(partition).second->on_ready();
  }
  void revoke(const TopicPartition& partition) {
    leaving_.push_back(partition);
    signal_->on_ready();
  }

 private:
  std::shared_ptr<CountingOwner> owner_ = std::make_shared<CountingOwner>();
  ReadySignal* signal_ = nullptr;
  bool assigned_ = false;
  bool closed_ = false;
  std::vector<TopicPartition> leaving_;
  std::vector<std::pair<std::uint64_t, std::vector<TopicPartition>>> asked_;
  std::map<std::int32_t, std::pair<FakeQueue*, ReadySignal*>> queues_;
};

// One slot for each partition, in their order.
class SteppedSlots final : public TransactionalSlots {
 public:
  [[nodiscard]] std::shared_ptr<TransactionalSlot> acquire() override {
    all.push_back(std::make_shared<SteppedSlot>());
    return all.back();
  }
  std::vector<std::shared_ptr<SteppedSlot>> all;
};

// Waiting is what moves the time; jobs run meanwhile.
class SteppedTime final : public Clock, public Waiter {
 public:
  explicit SteppedTime(SteppedPool& pool) : pool_(pool) {}
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return {}; }
  void wait_until(Time until) override {
    time = std::max(time, until);
    pool_.run_all();
  }
  Time time = Time{} + 1h;

 private:
  SteppedPool& pool_;
};

class NoHost final : public ListenerHost {
 public:
  void handle_fatal(const Error&) override {}
};

// Batches of one message, each with a transaction of its own.
class PartitionsApart : public ::testing::Test {
 protected:
  PartitionsApart() {
    script->consume = [this](Batch& batch) {
      const std::string place = std::to_string(batch.virtual_partition().partition().value) + ":" +
                                std::to_string(batch.front().offset().value);
      consumed.push_back(place);
      if (place == seeks_at) batch.control().seek(SeekTarget::offset(Offset{0}));
    };
    auto made = std::make_unique<HandClient>();
    client = made.get();
    auto parts = listener_parts(std::move(made), pool, routes, clock, log, host);
    parts.transactions = slots;
    listener = std::make_unique<Listener>(Listener::Settings{.commit_interval = 1s, .drain_on_revoke = 5s},
                                          std::move(parts));
    EXPECT_TRUE(listener->connect());
    listener->turn();
  }
  ~PartitionsApart() override {
    listener->give_up("the test is over");
    pool->run_all();
    for (const auto& slot : slots->all) slot->run();
    listener.reset();
  }

  // All that there is to do now, but what slots do; and what those of these partitions do.
  void settle(const std::vector<std::size_t>& with) {
    for (int i = 0; i < 20; ++i) {
      listener->turn();
      pool->run_all();
      for (const std::size_t each : with) slots->all.at(each)->run();
    }
  }
  void start_both() {
    settle({0, 1});
    client->deliver(0, 0);
    client->deliver(1, 0);
    settle({0, 1});
    ASSERT_THAT(consumed, testing::UnorderedElementsAre("0:0", "1:0"));
  }
  [[nodiscard]] test_support::ScriptedClient& transactions_of(std::size_t partition) {
    return slots->all.at(partition)->scripted;
  }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  const std::shared_ptr<const routing::Routes> routes =
      std::make_shared<const routing::Routes>(routing::draw([this](routing::RoutesBuilder& r) {
        r.consumer_group("g")
            .topic("orders")
            .consumer("scripted", [kept = script] { return std::make_unique<ScriptedConsumer>(kept); })
            .max_messages(1)
            .delivery(routing::Delivery::exactly_once);
      }));
  std::shared_ptr<SteppedPool> pool = std::make_shared<SteppedPool>();
  std::shared_ptr<SteppedSlots> slots = std::make_shared<SteppedSlots>();
  std::vector<std::string> consumed;  // "partition:offset"
  std::string seeks_at;               // there its consumer sends it to 0
  SteppedTime clock{*pool};
  test_support::QuietLog log;
  NoHost host;
  HandClient* client = nullptr;
  std::unique_ptr<Listener> listener;
};

TEST_F(PartitionsApart, OneThatWaitsForItsBrokersKeepsNoOtherFromStarting) {
  settle({1});
  client->deliver(0, 0);
  client->deliver(1, 0);
  settle({1});
  EXPECT_THAT(consumed, ElementsAre("1:0"));
  settle({0, 1});
  EXPECT_THAT(consumed, ElementsAre("1:0", "0:0"));
}

TEST_F(PartitionsApart, OneWhoseIdIsOfNoUseKeepsNoOtherFromStarting) {
  transactions_of(0).fails = "init";
  settle({0, 1});
  client->deliver(0, 0);
  client->deliver(1, 0);
  settle({0, 1});
  EXPECT_THAT(consumed, ElementsAre("1:0"));
  transactions_of(0).fails.reset();
  clock.time += 2s;
  settle({0, 1});
  EXPECT_THAT(consumed, ElementsAre("1:0", "0:0")) << "it is asked again";
}

TEST_F(PartitionsApart, ACommitThatIsNotAnsweredHoldsItsOwnPartitionAlone) {
  start_both();
  client->deliver(0, 1);
  settle({1});
  client->deliver(0, 2);
  for (const std::int64_t offset : {1, 2, 3}) client->deliver(1, offset);
  settle({1});
  EXPECT_THAT(consumed, Contains("1:3"));
  EXPECT_THAT(consumed, Not(Contains("0:2"))) << "behind a transaction that is not committed";
  settle({0, 1});
  EXPECT_THAT(consumed, Contains("0:2"));
}

TEST_F(PartitionsApart, WhatFailsOfOneIsNotTheOthers) {
  start_both();
  transactions_of(0).fails = "commit";
  client->deliver(0, 1);
  client->deliver(1, 1);
  settle({0, 1});
  client->deliver(1, 2);
  settle({0, 1});
  EXPECT_THAT(consumed, Contains("1:2"));
  EXPECT_THAT(log.warnings, ElementsAre(testing::HasSubstr("begins anew"))) << "said of one";
}

// The group takes one away while neither's transaction is answered. It is waited for as long as the group waits,
// and not any more; the other's is waited for as ever.
TEST_F(PartitionsApart, ARevocationThatOverrunsDoesNotHaltWhatStays) {
  start_both();
  client->deliver(0, 1);
  client->deliver(1, 1);
  settle({});
  ASSERT_EQ(slots->all[0]->tasks.size(), 1U);
  ASSERT_EQ(slots->all[1]->tasks.size(), 1U);
  client->revoke(orders(1));
  settle({});
  EXPECT_FALSE(listener->partitions().contains(orders(1)));
  settle({0});
  EXPECT_THAT(transactions_of(0).said, Contains("commit 2"));
  client->deliver(0, 2);
  settle({0});
  EXPECT_THAT(consumed, Contains("0:2"));
}

// Where the new place cannot be stored its producer is made anew with each try.
TEST_F(PartitionsApart, ASeekThatCannotBeStoredIsTriedEverLessOften) {
  start_both();
  seeks_at = "0:1";
  transactions_of(0).fails = "commit 0";
  client->deliver(0, 1);
  const auto tries = [&] { return std::ranges::count(transactions_of(0).said, "commit 0"); };
  for (int i = 0; i < 9; ++i) {
    settle({0, 1});
    clock.time += 100ms;
  }
  EXPECT_EQ(tries(), 2);
  for (int i = 0; i < 20; ++i) {
    settle({0, 1});
    clock.time += 100ms;
  }
  EXPECT_GT(tries(), 2);
  transactions_of(0).fails.reset();
  clock.time += 1min;
  settle({0, 1});
  client->deliver(0, 0);
  settle({0, 1});
  EXPECT_EQ(std::ranges::count(consumed, "0:0"), 2) << "it goes on where it was sent";
}

}  // namespace
}  // namespace braid::engine
