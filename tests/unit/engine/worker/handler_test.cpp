// Consumers that are a function, and those that take one message at a time.

#include "unit/engine/engine_world.hpp"

#include <braid/async_consumer.hpp>
#include <braid/braid.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;

using Offsets = std::vector<std::int64_t>;

class Asynchronous final : public AsyncConsumer {
  boost::asio::awaitable<void> consume(Batch) override { co_return; }
};
class Plain final : public Consumer {
  void consume(Batch&) override {}
};

class HandlerTest : public testing::Test {
 protected:
  template <class Handler>
  void handle(Handler handler) {
    const routing::Routes routes = routing::draw(
        [&](routing::RoutesBuilder& r) { r.consumer_group("group").topic("events").handle(std::move(handler)); });
    drawn_ = routes.consumer_groups[0].subscription_groups[0].topics[0];
    world_.topic().consumer = drawn_.consumer;
  }
  ConsumerSlot::Attempt attempt(std::uint32_t share = 0) {
    return world_.assignment->slot(batch_->shares()[share].virtual_partition())
        .run(*world_.assignment, batch_->shares()[share]);
  }
  Share& share() { return batch_->shares()[0]; }

  EngineWorld world_{2};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  BatchPtr batch_ = world_.batch(pool_, 10, 15);  // 10, 12, 14 and 11, 13, 15
  routing::Topic drawn_;
};

TEST_F(HandlerTest, AFunctionOfABatchIsAConsumer) {
  Offsets seen;
  handle([&](Batch& batch) {
    for (const Message& message : batch) seen.push_back(message.offset().value);
  });
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(seen, (Offsets{10, 12, 14}));
  EXPECT_EQ(share().marked(), 3U);
  EXPECT_EQ(drawn_.consumer_name, "handler");
  EXPECT_FALSE(drawn_.asynchronous);
}

TEST_F(HandlerTest, AFunctionOfAMessageIsAMessageConsumer) {
  Offsets seen;
  handle([&](const Message& message) {
    seen.push_back(message.offset().value);
    if (message.offset().value == 14) throw std::runtime_error("not this one");
  });
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(seen, (Offsets{10, 12, 14}));
  EXPECT_EQ(share().marked(), 2U) << "each is marked as it goes";
  ASSERT_NE(share().in_hand(), nullptr);
  EXPECT_EQ(share().in_hand()->offset(), Offset{14});
}

TEST_F(HandlerTest, OnlyTheMessageThatFailedAndThoseBehindItAreTriedAgain) {
  Offsets seen;
  bool fail = true;
  handle([&](const Message& message) {
    if (message.offset().value == 12 && std::exchange(fail, false)) throw std::runtime_error("once");
    seen.push_back(message.offset().value);
  });
  EXPECT_NE(attempt().failure, nullptr);
  share().begin_next_attempt();
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(seen, (Offsets{10, 12, 14}));
  EXPECT_EQ(share().marked(), 3U);
}

TEST_F(HandlerTest, WhatABatchConsumerFailedAtIsNotKnown) {
  handle([](Batch&) { throw std::runtime_error("somewhere"); });
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(share().in_hand(), nullptr);
}

// So a function may keep something of its own without a lock.
TEST_F(HandlerTest, EachVirtualPartitionHasACopyOfItsOwn) {
  std::set<const int*> counters;
  handle([&counters, calls = 0](Batch&) mutable {
    ++calls;
    counters.insert(&calls);
    EXPECT_EQ(calls, 1);
  });
  EXPECT_EQ(attempt(0).failure, nullptr);
  EXPECT_EQ(attempt(1).failure, nullptr);
  EXPECT_EQ(counters.size(), 2U);
}

TEST_F(HandlerTest, ACoroutineLambdaIsAsynchronous) {
  handle([](Batch) -> boost::asio::awaitable<void> { co_return; });
  EXPECT_TRUE(drawn_.asynchronous);
}

TEST(AsynchronousTopics, AreKnownByTheirConsumersClass) {
  const routing::Routes routes = routing::draw([](routing::RoutesBuilder& r) {
    auto g = r.consumer_group("g");
    g.topic("a").consumer<Asynchronous>();
    g.topic("b").consumer<Asynchronous>([] { return std::make_unique<Asynchronous>(); });
    g.topic("c").consumer(
        "named", [] { return std::make_unique<Asynchronous>(); }, true);
    g.topic("d").consumer<Plain>();
    g.topic("e").consumer<Asynchronous>().consumer("named", [] { return std::make_unique<Plain>(); });
  });
  std::string found;
  for (const routing::Topic& topic : routes.consumer_groups[0].subscription_groups[0].topics) {
    found += topic.name + (topic.asynchronous ? "+ " : "- ");
  }
  EXPECT_EQ(found, "a+ b+ c+ d- e- ");
}

TEST(AsynchronousTopics, AreKnownToFilesByTheRegistry) {
  routing::ConsumerRegistry registry;
  registry.add<Asynchronous>().add<Plain>();
  const auto loaded = routing::load_text(R"(
consumer_groups:
  - id: g
    topics:
      - {name: a, consumer: Asynchronous}
      - {name: b, consumer: Plain}
)",
                                         registry)
                          .value();
  const auto& topics = loaded.consumer_groups[0].subscription_groups[0].topics;
  EXPECT_TRUE(topics[0].asynchronous);
  EXPECT_FALSE(topics[1].asynchronous);
}

}  // namespace
}  // namespace braid::engine
