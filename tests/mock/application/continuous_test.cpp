// The continuous flow, end to end: nobody waits for a slow one but its own virtual partition.

#include "mock/application/application_test.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;

class Continuous : public ApplicationTest {
 protected:
  static void continuous(routing::TopicBuilder& topic) { topic.flow(routing::Flow::continuous); }
  [[nodiscard]] std::set<std::int64_t> offsets_of_key(const std::string& key) const {
    std::set<std::int64_t> offsets;
    for (const Seen& one : recorder->seen()) {
      if (one.key == key) offsets.insert(one.offset);
    }
    return offsets;
  }
};

TEST_F(Continuous, EveryKeyKeepsItsOrderAndAllIsCommitted) {
  make_topic("orders", 3);
  produce("orders", 3000, 50);
  std::atomic<int> batches{0};
  recorder->script = [&](Batch&) {
    if (batches++ % 7 == 3) throw std::runtime_error("now and then");
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_messages(20).retries({.backoff = fixed(5ms)});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(3000));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(committed("g", "orders", 3), ends("orders", 3));
  EXPECT_GT(app.figures().attempts_failed, 0U);
  EXPECT_EQ(app.figures().offset_jumps, 0U);
}

TEST_F(Continuous, AStickyKeyKeepsItsOrderToo) {
  make_topic("orders", 2);
  produce("orders", 2000, 30);
  recorder->script = [](Batch&) { std::this_thread::sleep_for(200us); };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_messages(3).virtual_partitions({.max_partitions = 4, .reducer = sticky()});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(2000));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
}

TEST_F(Continuous, AStuckKeyHoldsUpItsVirtualPartitionAloneAndWhatIsDoneIsNotRepeated) {
  make_topic("orders");
  produce("orders", 400, 8);
  const auto gate = std::make_shared<Gate>();
  std::atomic<int> stuck{-1};
  recorder->script = [&, gate](Batch& batch) {
    int expected = -1;
    const int index = static_cast<int>(batch.virtual_partition().index().value);
    stuck.compare_exchange_strong(expected, index);
    if (stuck != index) return;
    gate->pass();
    throw std::runtime_error("long after the end");
  };
  const auto tune = [](routing::TopicBuilder& topic) {
    continuous(topic);
    topic.max_messages(5).virtual_partitions({.max_partitions = 4});
  };
  std::size_t of_the_stuck = 0;
  {
    Application app(settings(), route("g", "orders", recorder, tune));
    app.start();
    ASSERT_TRUE(eventually([&] { return gate->waiting() == 1 && recorder->count() > 0; }));
    // All of the others' are done although the stuck one's first is the oldest of all.
    std::size_t before = 0;
    ASSERT_TRUE(eventually([&] {
      const std::size_t now = recorder->count();
      const bool still = now == before && app.figures().messages_taken == 400;
      before = now;
      std::this_thread::sleep_for(50ms);
      return still;
    }));
    of_the_stuck = 400 - recorder->distinct();
    EXPECT_LT(of_the_stuck, 400U);
    EXPECT_FALSE(app.stop(1s).in_time) << "a job is stuck";
  }
  gate->open();
  const auto again = std::make_shared<Recorder>();
  Application next(settings(), route("g", "orders", again, tune));
  next.start();
  ASSERT_TRUE(eventually([&] { return again->distinct() >= of_the_stuck; }));
  EXPECT_TRUE(next.stop().in_time);
  EXPECT_EQ(again->count(), of_the_stuck) << "only what was not done";
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_F(Continuous, WhatWaitsForLongIsCopiedOutOfItsFetchAndArrivesWhole) {
  make_topic("orders");
  produce("orders", 400, 8);
  const auto gate = std::make_shared<Gate>();
  std::atomic<int> stuck{-1};
  std::atomic<int> damaged{0};
  recorder->script = [&, gate](Batch& batch) {
    int expected = -1;
    const int index = static_cast<int>(batch.virtual_partition().index().value);
    if (stuck.compare_exchange_strong(expected, index)) gate->pass();
    for (const Message& message : batch) {
      const std::int64_t offset = message.offset().value;
      const bool whole = message.key() == "k" + std::to_string(offset % 8) &&
                         message.payload() == std::to_string(offset / 8) &&
                         message.timestamp().time_since_epoch().count() > 0;
      if (!whole) ++damaged;
    }
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_messages(5).virtual_partitions({.max_partitions = 4}).hold_copy_after(1ms);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_copied > 0; }));
  gate->open();
  ASSERT_TRUE(all_seen(400));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(damaged, 0);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_F(Continuous, APartitionWithManyWaitingDoesNotStarveOneWithTen) {
  make_topic("orders", 2);
  produce("orders", 4000, 200, 0);
  produce("orders", 10, 10, 1);
  std::atomic<int> done_before_the_ten{-1};
  std::atomic<int> many{0};
  std::atomic<int> ten{0};
  recorder->script = [&](Batch& batch) {
    std::this_thread::sleep_for(200us);
    if (batch.partition().value == 0) {
      many += static_cast<int>(batch.size());
    } else if ((ten += static_cast<int>(batch.size())) == 10) {
      done_before_the_ten = many.load();
    }
  };
  Settings few = settings();
  few.concurrency = 2;
  Application app(few, route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_messages(1).virtual_partitions({.max_partitions = 200});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(4010));
  EXPECT_TRUE(app.stop().in_time);
  // Which of the two is fetched first is the client's affair: once the ten are there they are not behind the rest.
  EXPECT_GE(done_before_the_ten, 0);
  EXPECT_LT(done_before_the_ten, 2000) << "the ten waited for the many";
}

TEST_F(Continuous, ACapHoldsOverAllConnections) {
  make_topic("orders", 4);
  produce("orders", 400, 100);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  recorder->script = [&](Batch&) {
    const int now = ++inside;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(500us);
    --inside;
  };
  Settings many = settings();
  many.concurrency = 8;
  routing::Routes routes = route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
    continuous(topic);
    topic.max_messages(2).max_concurrency(3);
  });
  routes.consumer_groups[0].subscription_groups[0].connections.count = 2;
  Application app(many, std::move(routes));
  app.start();
  ASSERT_TRUE(all_seen(400));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(committed("g", "orders", 4), ends("orders", 4));
}

// Whatever the bounds are: what is behind one that is stuck for ever still comes, as long as its queue is not full.
TEST_F(Continuous, SmallBoundsAreNoBarrier) {
  make_topic("orders");
  const std::string large(300'000, 'x');
  send({.topic = "orders", .key = "stuck", .payload = large, .partition = {}, .headers = {}});
  const auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch& batch) {
    if (batch.front().key() == "stuck") gate->pass();
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_queued(50).virtual_partitions({.max_partitions = 64, .reducer = sticky()});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  produce("orders", 400, 40);
  EXPECT_TRUE(eventually([&] { return recorder->count() == 400; }));
  gate->open();
  EXPECT_TRUE(all_seen(401));
  EXPECT_TRUE(app.stop().in_time);
}

TEST_F(Continuous, BytesBoundWhatIsHeld) {
  make_topic("orders");
  const std::string large(2000, 'x');
  for (int i = 0; i < 40; ++i) {
    const std::string key = std::to_string(i);
    send({.topic = "orders", .key = key, .payload = large, .partition = {}, .headers = {}});
  }
  recorder->script = [](Batch&) { std::this_thread::sleep_for(200us); };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    continuous(topic);
                    topic.max_bytes(1024).max_messages(2);
                  }));
  app.start();
  ASSERT_TRUE(all_seen(40)) << "a bound below every single message still lets them through one by one";
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(app.figures().jobs_running_max, 1U) << "there is no room for a second one";
  EXPECT_EQ(committed("g", "orders", 1), (std::vector<std::int64_t>{40}));
}

}  // namespace
}  // namespace braid::application_test
