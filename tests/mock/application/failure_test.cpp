#include "mock/application/application_test.hpp"

#include <atomic>
#include <stdexcept>

namespace braid::application_test {
namespace {

class Failure : public ApplicationTest {};

void one_virtual_partition(routing::TopicBuilder& topic) {
  topic.virtual_partitions({.max_partitions = 1});
}

TEST_F(Failure, WhatThrowsIsTriedAgainAndOtherPartitionsGoOn) {
  make_topic("orders", 2);
  produce("orders", 20, 1, 0);
  std::atomic<int> failures{0};
  std::atomic<bool> mended{false};
  recorder->script = [&](Batch& batch) {
    if (batch.partition().value != 0 || mended) return;
    if (++failures % 2 == 0) throw 42;
    throw std::runtime_error("the store is away");
  };
  Settings every_line = settings();
  every_line.log.most_repeats = 0;
  Application app(every_line, route("g", "orders", recorder, one_virtual_partition));
  app.start();
  ASSERT_TRUE(eventually([&] { return failures >= 3; }));
  produce("orders", 50, 1, 1);
  EXPECT_TRUE(all_seen(50)) << "the other partition waits";
  mended = true;
  EXPECT_TRUE(all_seen(70));
  app.stop();
  const auto failed = static_cast<std::uint64_t>(failures.load());
  EXPECT_EQ(app.figures().attempts_failed, failed);
  EXPECT_EQ(log.count("again in 50 ms"), failed) << "one line an attempt";
  EXPECT_GE(log.count("the store is away"), 1U);
  EXPECT_GE(log.count("int"), 1U);
  EXPECT_EQ(recorder->count(), 70U);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
}

TEST_F(Failure, AttemptsCountAndWaitForTheirBackoff) {
  make_topic("orders");
  produce("orders", 1);
  std::mutex mutex;
  std::vector<std::uint32_t> attempts;
  std::vector<std::chrono::steady_clock::time_point> times;
  recorder->script = [&](Batch& batch) {
    {
      const std::scoped_lock lock(mutex);
      attempts.push_back(batch.attempt());
      times.push_back(std::chrono::steady_clock::now());
      EXPECT_EQ(batch.retrying(), attempts.size() > 1);
    }
    if (batch.attempt() < 4) throw std::runtime_error("not yet");
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.retries({.backoff = fixed(120ms)});
                  }));
  app.start();
  EXPECT_TRUE(all_seen(1));
  app.stop();
  EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2, 3, 4}));
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], 120ms);
}

TEST_F(Failure, AMarkMovesTheStartOfTheNextAttempt) {
  make_topic("orders");
  produce("orders", 10, 1);
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::uint32_t>> starts;  // first offset, attempt
  recorder->script = [&](Batch& batch) {
    {
      const std::scoped_lock lock(mutex);
      starts.emplace_back(batch.front().offset().value, batch.attempt());
      if (starts.size() == 2) throw std::runtime_error("nothing marked");
    }
    if (batch.front().offset().value > 0 || batch.size() < 10) return;
    for (std::size_t i = 0; i < 4; ++i) recorder->note(batch, batch[i]);
    batch.mark(batch[3]);
    throw std::runtime_error("four are done");
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.max_partitions = 1}).max_wait(60s).max_messages(10);
                  }));
  app.start();
  EXPECT_TRUE(all_seen(10));
  app.stop();
  const std::vector<std::pair<std::int64_t, std::uint32_t>> expected{{0, 1}, {4, 2}, {4, 3}};
  EXPECT_EQ(starts, expected) << "what fails behind a mark has been tried with it";
  EXPECT_EQ(recorder->count(), 10U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{10});
}

// What is marked counts, what failed does not: the position lies between them.
TEST_F(Failure, WhatIsMarkedIsCommittedThoughTheRestFailsToTheEnd) {
  make_topic("orders");
  produce("orders", 10, 1);
  recorder->script = [&](Batch& batch) {
    if (batch.front().offset().value == 0) batch.mark(batch[2]);
    throw std::runtime_error("for ever");
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.max_partitions = 1}).max_wait(60s).max_messages(10);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().attempts_failed >= 3; }));
  EXPECT_TRUE(app.stop().in_time) << "a retry that waits does not hold up a stop";
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{3});
}

// An outcome in another virtual partition may not carry the position over what failed.
TEST_F(Failure, AFailedMessageHoldsThePositionBack) {
  make_topic("orders");
  produce("orders", 40, 8);
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      if (message.key() == "k3") throw std::runtime_error("k3");
    }
  };
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.max_partitions = 1000}).max_wait(60s).max_messages(40);
                  }));
  app.start();
  EXPECT_TRUE(all_seen(30));
  ASSERT_TRUE(eventually([&] { return app.figures().commits >= 1; }));
  app.stop();
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{3});
}

TEST_F(Failure, AnObjectThatCannotBeMadeIsAFailedAttempt) {
  make_topic("orders");
  produce("orders", 5, 1);
  std::atomic<int> made{0};
  auto routes = routing::draw([&](routing::RoutesBuilder& r) {
    r.consumer_group("g")
        .topic("orders")
        .consumer("recording",
                  [&]() -> std::unique_ptr<Consumer> {
                    const int number = ++made;
                    if (number == 1) throw std::runtime_error("no connection to the store");
                    if (number == 2) return nullptr;
                    return std::make_unique<RecordingConsumer>(recorder);
                  })
        .retries({.backoff = fixed(20ms)});
  });
  Application app(settings(), std::move(routes));
  app.start();
  EXPECT_TRUE(all_seen(5));
  app.stop();
  EXPECT_EQ(made, 3);
  EXPECT_GE(app.figures().attempts_failed, 2U);
  EXPECT_EQ(log.count("no connection to the store"), 1U);
}

TEST_F(Failure, AHookThatThrowsIsAFailedAttemptAndTheObjectIsMadeAnew) {
  make_topic("orders");
  produce("orders", 5, 1);
  std::atomic<int> assigned{0};
  recorder->in_hook = [&](const std::string& name, const VirtualPartition&) {
    if (name == "assigned" && ++assigned == 1) throw 7;
    if (name == "stopping") throw std::runtime_error("a bad farewell");
  };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(5));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(log.count("a bad farewell"), 1U);
  const auto hooks = recorder->hooks("assigned");
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_NE(hooks[0].object, hooks[1].object);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{5});
}

TEST_F(Failure, AForeignMessageCannotBeMarked) {
  make_topic("orders");
  produce("orders", 2, 1);
  std::atomic<int> refused{0};
  recorder->script = [&](Batch& batch) {
    const Message foreign(Message::Parts{.offset = Offset{99}});
    try {
      batch.mark(foreign);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(2));
  app.stop();
  EXPECT_GE(refused, 1);
}

TEST_F(Failure, RefusedCommitsAreSentAgain) {
  using testing::Api;
  using testing::BrokerError;
  make_topic("orders");
  cluster.fail_next(Api::offset_commit, {BrokerError::offset_metadata_too_large, BrokerError::coordinator_loading,
                                         BrokerError::offset_metadata_too_large, BrokerError::disconnect});
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  // Each second commit finds new positions.
  for (int i = 0; i < 5; ++i) {
    produce("orders", 20);
    ASSERT_TRUE(all_seen(static_cast<std::size_t>(20 * (i + 1))));
  }
  EXPECT_TRUE(eventually([&] { return app.figures().commits >= 1; }));
  EXPECT_GE(app.figures().commits_failed, 1U);
  EXPECT_GE(log.count("commit of orders: ") + log.count("commit of 1 positions failed"), 1U);
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{100});
  EXPECT_EQ(recorder->count(), 100U);
}

TEST_F(Failure, ACommitThatFailsAtTheStopIsSentAgain) {
  using testing::Api;
  using testing::BrokerError;
  make_topic("orders");
  produce("orders", 20);
  Settings rare = settings();
  rare.commit_interval = 60s;
  Application app(rare, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(20));
  cluster.fail_next(Api::offset_commit, {BrokerError::offset_metadata_too_large});
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{20});
}

// Not knowing where the group stands is no reason to start by policy.
TEST_F(Failure, PositionsThatCannotBeReadAreAskedForAgain) {
  using testing::Api;
  using testing::BrokerError;
  make_topic("orders");
  produce("orders", 30);
  commit("g", "orders", 0, 25);
  cluster.fail_next(Api::offset_fetch, {BrokerError::group_not_authorized, BrokerError::group_not_authorized});
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(5));
  app.stop();
  EXPECT_EQ(recorder->count(), 5U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{30});
}

}  // namespace
}  // namespace braid::application_test
