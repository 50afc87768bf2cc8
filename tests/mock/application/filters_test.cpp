// Filters before the consumer, end to end: what waits is late and not lost, what is skipped is done, and the group
// is not left for it.

#include "mock/application/application_test.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class Filters : public ApplicationTest {
 protected:
  // When each message ran.
  void note_times() {
    recorder->script = [this](Batch& batch) {
      const std::scoped_lock lock(mutex_);
      times_.insert(times_.end(), batch.size(), Steady::now());
    };
  }
  [[nodiscard]] std::vector<Steady::time_point> times() const {
    const std::scoped_lock lock(mutex_);
    return times_;
  }
  [[nodiscard]] bool all_committed(int partitions) {
    return eventually([&] { return committed("g", "orders", partitions) == ends("orders", partitions); });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Steady::time_point> times_;
};

// Keeps one key waiting as long as the test says so.
class HoldKey final : public Filter {
 public:
  HoldKey(std::string key, std::shared_ptr<std::atomic<bool>> held)
      : key_(std::move(key)), held_(std::move(held)) {}
  Verdict ask(const Message& message, const FilterTime& time) override {
    return message.key() == key_ && *held_ ? Verdict::wait(time.now + 5ms) : Verdict::pass();
  }
  [[nodiscard]] FilterStage stage() const override { return FilterStage::virtual_partition; }

 private:
  std::string key_;
  std::shared_ptr<std::atomic<bool>> held_;
};

TEST_F(Filters, AThrottleKeepsItsRateInBothFlowsAndNothingIsLost) {
  make_topic("orders");
  int group = 0;
  for (const routing::Flow flow : {routing::Flow::batch, routing::Flow::continuous}) {
    recorder = std::make_shared<Recorder>();
    note_times();
    const std::size_t before = times().size();
    const std::string id = "g" + std::to_string(++group);
    if (group == 1) produce("orders", 60, 5);
    Application app(settings(), route(id, "orders", recorder, [&](routing::TopicBuilder& topic) {
                      topic.flow(flow).filter(throttle(20, 200ms, 10));
                    }));
    app.start();
    ASSERT_TRUE(all_seen(60));
    EXPECT_TRUE(app.stop().in_time);
    EXPECT_EQ(order_fault(recorder->seen()), "");
    EXPECT_EQ(recorder->count(), 60U);
    // The first ten at once, and the other fifty one each 10 ms. They are timed when they run, which is a little
    // later than when they pass, so the sum is looked at and not each pair.
    const auto all = times();
    EXPECT_GE(all.back() - all[before], 400ms);
    EXPECT_EQ(committed(id, "orders", 1), ends("orders", 1));
  }
}

// The sweep, once a second, would wake it too late.
TEST_F(Filters, AThrottledKeyIsWokenInTime) {
  make_topic("orders");
  note_times();
  produce("orders", 40, 2);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.flow(routing::Flow::continuous).filter(throttle_by_key(20, 1s, 1));
                  }));
  app.start();
  ASSERT_TRUE(all_seen(40));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  const auto all = times();
  EXPECT_GE(all.back() - all.front(), 900ms) << "twenty of each key, one each 50 ms";
  EXPECT_LT(all.back() - all.front(), 10s);
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_F(Filters, ADelayHoldsEachMessageUntilItHasItsAge) {
  make_topic("orders", 2);
  std::atomic<int> too_young{0};
  recorder->script = [&](Batch& batch) {
    const auto now = std::chrono::system_clock::now();
    for (const Message& message : batch) {
      if (now - message.timestamp() < 500ms) ++too_young;
    }
  };
  Application app(settings(),
                  route("g", "orders", recorder, [](routing::TopicBuilder& topic) { topic.filter(delay(500ms)); }));
  app.start();
  produce("orders", 100, 10);
  ASSERT_TRUE(all_seen(100));
  EXPECT_EQ(too_young.load(), 0);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
  EXPECT_EQ(app.figures().assignments, 2U) << "the group was not left";
}

TEST_F(Filters, WhatHasExpiredIsSkippedAndCommittedThoughNothingRuns) {
  make_topic("orders");
  produce("orders", 50);
  const auto old_enough = Steady::now() + 300ms;
  ASSERT_TRUE(eventually([&] { return Steady::now() >= old_enough; }));
  Application app(settings(), route("g", "orders", recorder,
                                    [](routing::TopicBuilder& topic) { topic.filter(expire(250ms)); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_filtered == 50; }));
  ASSERT_TRUE(all_committed(1)) << "while it goes on";
  EXPECT_EQ(recorder->count(), 0U);
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(app.figures().messages_done, 0U);
}

TEST_F(Filters, OneOfTheUsersOwnSkipsByKeyAndOneThatThrowsLetsAllPass) {
  class NotOdd final : public Filter {
   public:
    Verdict ask(const Message& message, const FilterTime&) override {
      return (message.key().back() - '0') % 2 == 0 ? Verdict::pass() : Verdict::skip();
    }
  };
  class Broken final : public Filter {
   public:
    Verdict ask(const Message&, const FilterTime&) override { throw std::runtime_error("no rules today"); }
  };
  make_topic("orders", 2);
  produce("orders", 400, 10);
  Application app(settings(), route("g", "orders", recorder,
                                    [](routing::TopicBuilder& topic) { topic.filter<Broken>().filter<NotOdd>(); }));
  app.start();
  ASSERT_TRUE(all_seen(200));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->count(), 200U);
  EXPECT_EQ(app.figures().messages_filtered, 200U);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
  EXPECT_NE(log.text().find("no rules today"), std::string::npos);
}

TEST_F(Filters, AKeyThatWaitsHoldsItsVirtualPartitionAloneAndComesBackAfterARestart) {
  make_topic("orders");
  produce("orders", 200, 8);
  const auto held = std::make_shared<std::atomic<bool>>(true);
  const auto tune = [&](routing::TopicBuilder& topic) {
    topic.flow(routing::Flow::continuous).max_messages(5).virtual_partitions({.max_partitions = 64});
    topic.filter<HoldKey>([held] { return std::make_unique<HoldKey>("k3", held); });
  };
  std::size_t of_others = 0;
  {
    Application app(settings(), route("g", "orders", recorder, tune));
    app.start();
    // k3 may share its virtual partition with others; six keys do not all.
    ASSERT_TRUE(eventually([&] { return recorder->distinct() >= 100 && app.figures().messages_taken == 200; }));
    EXPECT_TRUE(app.stop().in_time);
    of_others = recorder->distinct();
    for (const Seen& one : recorder->seen()) EXPECT_NE(one.key, "k3");
  }
  *held = false;
  const auto again = std::make_shared<Recorder>();
  Application next(settings(), route("g", "orders", again, tune));
  next.start();
  ASSERT_TRUE(eventually([&] { return again->distinct() + of_others >= 200; }));
  EXPECT_TRUE(next.stop().in_time);
  EXPECT_EQ(again->count() + of_others, 200U) << "what was done is not repeated";
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

}  // namespace
}  // namespace braid::application_test
