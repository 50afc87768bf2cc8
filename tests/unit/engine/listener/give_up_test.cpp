// A listener whose turn throws: it ends, and its client leaves the group.

#include "engine/listener/listener.hpp"
#include "unit/engine/bell.hpp"
#include "unit/engine/listener/listener_parts.hpp"

#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

// A member that holds one partition, and whose serving throws once. It gives the partition back when it is closed.
class ThrowingClient final : public ConsumerClient {
 public:
  struct History {
    int serves_to_throw = 0;  // once subscribed
    bool hangs = false;
    bool holds = false;
    bool close_asked = false;
    bool closed = false;
  };
  explicit ThrowingClient(History& history) : history_(history) {}

  Result<void> reach_broker(std::chrono::milliseconds, const std::atomic<bool>&) override { return {}; }
  Result<void> subscribe(const std::vector<std::string>&, ReadySignal&) override { return {}; }
  Result<void> unsubscribe() override { return {}; }
  void serve_group(ConsumerEvents& events) override {
    if (history_.serves_to_throw > 0) {
      --history_.serves_to_throw;
      throw std::runtime_error("no memory");
    }
    const std::vector<TopicPartition> all{{"orders", PartitionNumber{0}}};
    // The group knows nothing of what happened here.
    if (!std::exchange(assigned_, true)) events.handle_assigned(all);
    if (!history_.close_asked || history_.hangs || history_.closed) return;
    if (history_.holds) events.handle_revoked(all, false);
    history_.closed = true;
  }
  void serve_replies(ConsumerEvents&) override {}
  std::unique_ptr<PartitionQueue> open(const TopicPartition&, ReadySignal&) override {
    throw std::logic_error("nobody takes anything any more");
  }
  Result<void> assign(std::span<const TopicPartition> partitions) override {
    history_.holds = !partitions.empty();
    return {};
  }
  Result<void> unassign(std::span<const TopicPartition>) override {
    history_.holds = false;
    return {};
  }
  void reposition(std::span<const StoredPosition>) override {}
  Result<std::optional<CommitPosition>> restart_at(const TopicPartition&, StartPoint) override {
    return std::optional<CommitPosition>{};
  }
  void begin_close() override { history_.close_asked = true; }
  [[nodiscard]] bool closed() const override { return history_.closed; }
  void read_positions(std::span<const TopicPartition>, std::uint64_t) override {}
  [[nodiscard]] bool may_commit() const override { return true; }
  void commit(std::span<const StoredPosition>, std::uint64_t) override {}

 private:
  History& history_;
  bool assigned_ = false;
};

// Waiting is what moves the time.
class SteppedClock final : public Clock, public Waiter {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return {}; }
  void wait_until(Time until) override { time = std::max(time, until); }
  Time time = Time{} + 1h;
};

class NoLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::string_view) override {}
};

class NoHost final : public ListenerHost {
 public:
  void handle_fatal(const Error&) override {}
};

class NoPool final : public JobPool {
 public:
  bool try_submit(Job&) override { return false; }
  void notify_when_room(Notifier&) override {}
  void cancel(Notifier&) override {}
};

class NoConsumer final : public Consumer {
 protected:
  void consume(Batch&) override {}
};

class GivenUp : public ::testing::Test {
 protected:
  GivenUp() {
    auto parts = listener_parts(std::make_unique<ThrowingClient>(history), std::make_shared<NoPool>(), routes,
                                clock, log, host);
    listener = std::make_unique<Listener>(Listener::Settings{.commit_interval = 1s, .drain_on_revoke = 5s},
                                          std::move(parts));
  }
  // As who drives it does.
  void turn_and_give_up() {
    ASSERT_TRUE(listener->connect());
    try {
      listener->turn();
      FAIL() << "it did not throw";
    } catch (const std::exception& failure) {
      listener->give_up(failure.what());
    }
  }

  const std::shared_ptr<const routing::Routes> routes =
      std::make_shared<const routing::Routes>(routing::draw([](routing::RoutesBuilder& r) {
        r.consumer_group("g").topic("orders").consumer("none", [] { return std::make_unique<NoConsumer>(); });
      }));
  ThrowingClient::History history{.serves_to_throw = 1};
  SteppedClock clock;
  NoLog log;
  NoHost host;
  std::unique_ptr<Listener> listener;
};

TEST_F(GivenUp, LeavesTheGroupAtOnce) {
  turn_and_give_up();
  EXPECT_TRUE(listener->finished());
  EXPECT_TRUE(history.closed);
  EXPECT_FALSE(history.holds) << "what the group gave it meanwhile is given back";
  EXPECT_TRUE(listener->partitions().empty());
  ASSERT_TRUE(listener->failure().has_value());
  EXPECT_EQ(listener->failure()->text(), "no memory");
}

TEST_F(GivenUp, WhatThrowsAgainDoesNotKeepItFromLeaving) {
  history.serves_to_throw = 4;
  turn_and_give_up();
  EXPECT_TRUE(history.closed);
}

TEST_F(GivenUp, WaitsForTheGroupNoLongerThanASecond) {
  history.hangs = true;
  const Time before = clock.time;
  turn_and_give_up();
  EXPECT_TRUE(listener->finished());
  EXPECT_TRUE(history.close_asked);
  EXPECT_FALSE(history.closed);
  EXPECT_LE(clock.time - before, Listener::kGiveUp);
}

}  // namespace
}  // namespace braid::engine
