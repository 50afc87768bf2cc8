#include "adapters/librdkafka/client_handle.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"
#include "mock/adapters/kafka_member.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

namespace braid::mock_test {
namespace {

TEST(Transport, LooksForABrokerNoLongerWhenItIsTold) {
  KeptLog log;
  auto made = adapters::make_consumer_client(
      {.log = log, .group_id = "g", .settings = {{"bootstrap.servers", "127.0.0.1:1"}}});
  ASSERT_TRUE(made.ok());
  const auto client = std::move(made).value();
  const std::atomic<bool> given_up{true};
  const auto begin = std::chrono::steady_clock::now();
  const auto reached = client->reach_broker(20s, given_up);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  ASSERT_FALSE(reached.ok());
  EXPECT_EQ(reached.error().kind(), Error::Kind::closed);
}

TEST(Transport, SaysOnceThatNoBrokerAnswersForLong) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "gone", {}, false, 1s};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.unstored.empty(); }));
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  const auto fatal = [&] { return std::ranges::count_if(member.errors, &Error::fatal); };
  EXPECT_TRUE(member.until([&] { return fatal() > 0; }));
  const auto until = std::chrono::steady_clock::now() + 2s;
  EXPECT_TRUE(member.until([&] { return std::chrono::steady_clock::now() >= until; }));
  EXPECT_EQ(fatal(), 1);
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
}

// Each that can't be destroyed has threads of its own for as long as the process lives.
TEST(Transport, ClientsThatCannotBeDestroyedDoNotAddUp) {
  if (adapters::rdkafka_at_least(2, 3)) GTEST_SKIP() << "this librdkafka can destroy all";
  KeptLog log;
  const std::size_t before = adapters::handles_left_behind();
  const auto make = [&] {
    return adapters::make_consumer_client({.log = log,
                                           .group_id = "g",
                                           .settings = {{"bootstrap.servers", "127.0.0.1:1"}},
                                           .handles_left_most = before + 1});
  };
  {
    auto made = make();
    ASSERT_TRUE(made.ok());
    Doorbell bell;
    ASSERT_TRUE(made.value()->subscribe({"orders"}, bell).ok());
  }
  EXPECT_EQ(adapters::handles_left_behind(), before + 1);
  const auto refused = make();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text().find("restart the process, or use librdkafka 2.3"), std::string::npos)
      << refused.error().text();
}

// A moment without brokers, long ago, is none of now.
TEST(Transport, BrokersThatCameBackAreNotGone) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "back", {}, false, 3s};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.unstored.empty(); }));
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(member.until([&] { return !member.errors.empty(); }));
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  const auto until = std::chrono::steady_clock::now() + 5s;
  EXPECT_TRUE(member.until([&] { return std::chrono::steady_clock::now() >= until; }));
  EXPECT_EQ(std::ranges::count_if(member.errors, &Error::fatal), 0);
}

}  // namespace
}  // namespace braid::mock_test
