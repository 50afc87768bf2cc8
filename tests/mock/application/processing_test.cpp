#include "mock/application/application_test.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace braid::application_test {
namespace {

class Processing : public ApplicationTest {};

TEST_F(Processing, KeyedMessagesAreDoneOnceInOrderAndCommittedToTheEnds) {
  make_topic("orders", 3);
  produce("orders", 3000, 50);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(3000));
  produce("orders", 3000, 50);
  ASSERT_TRUE(all_seen(6000));
  const StopReport report = app.stop();
  EXPECT_TRUE(report.in_time);

  EXPECT_EQ(recorder->count(), 6000U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(recorder->alive(), 0);
  EXPECT_EQ(committed("g", "orders", 3), ends("orders", 3));
  const Figures figures = app.figures();
  EXPECT_EQ(figures.messages_taken, 6000U);
  EXPECT_EQ(figures.messages_done, 6000U);
  EXPECT_EQ(figures.messages_stale, 0U);
  EXPECT_EQ(figures.offset_jumps, 0U);
  EXPECT_EQ(figures.attempts_failed, 0U);
  EXPECT_EQ(figures.jobs_running, 0U);
}

// Two jobs meet in user code: neither could go on if the partition ran one after the other.
TEST_F(Processing, VirtualPartitionsOfOnePartitionRunSideBySide) {
  make_topic("orders");
  produce("orders", 100, 20);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(eventually([&] { return gate->waiting() >= 2; }));
  gate->open();
  EXPECT_TRUE(all_seen(100));
  app.stop();
  EXPECT_GE(app.figures().jobs_running_max, 2U);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(order_fault(recorder->seen()), "");
}

TEST_F(Processing, ABatchGathersUntilItIsFullOrHasWaited) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.max_messages(50).max_wait(60s).virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  for (int i = 0; i < 5; ++i) produce("orders", 10);
  ASSERT_TRUE(all_seen(50));
  EXPECT_EQ(recorder->batches(), std::vector<std::size_t>{50});
  produce("orders", 10);
  app.stop();
  // A stop hands nothing over any more that had only gathered.
  EXPECT_EQ(recorder->count(), 50U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{50});
}

TEST_F(Processing, AWaitThatIsOverHandsOverWhatIsThere) {
  make_topic("orders");
  produce("orders", 7);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.max_messages(1000).max_wait(200ms).virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  EXPECT_TRUE(all_seen(7));
  app.stop();
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{7});
}

TEST_F(Processing, NoBatchIsLargerThanAsked) {
  make_topic("orders");
  produce("orders", 1000);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.max_messages(30).virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  EXPECT_TRUE(all_seen(1000));
  app.stop();
  const auto sizes = recorder->batches();
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 1000U);
  EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), 30U);
}

// Which virtual partitions each value of `part` of the payloads met.
std::map<std::string, std::set<std::uint32_t>> spread(const std::vector<Seen>& seen,
                                                      const std::function<std::string(const Seen&)>& part) {
  std::map<std::string, std::set<std::uint32_t>> found;
  for (const Seen& one : seen) found[part(one)].insert(one.index);
  return found;
}

void expect_one_each(const std::map<std::string, std::set<std::uint32_t>>& found) {
  std::set<std::uint32_t> all;
  for (const auto& [value, indexes] : found) {
    EXPECT_EQ(indexes.size(), 1U) << value;
    all.insert(indexes.begin(), indexes.end());
  }
  EXPECT_GT(all.size(), 1U) << "all in one virtual partition";
}

TEST_F(Processing, AHeaderTellsMessagesApart) {
  make_topic("orders");
  for (int i = 0; i < 40; ++i) {
    const std::string user = "u" + std::to_string(i % 8);
    send({.topic = "orders", .key = "same", .payload = user, .partition = {}, .headers = {{"user", user}}});
  }
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.by = header("user"), .max_partitions = 64});
                  }));
  app.start();
  EXPECT_TRUE(all_seen(40));
  app.stop();
  const auto found = spread(recorder->seen(), [](const Seen& one) { return one.payload; });
  EXPECT_EQ(found.size(), 8U);
  expect_one_each(found);
}

TEST_F(Processing, AFieldOfThePayloadTellsMessagesApart) {
  make_topic("orders");
  for (int i = 0; i < 40; ++i) {
    const std::string payload = R"({"n":)" + std::to_string(i) + R"(,"user":{"id":)" + std::to_string(i % 8) + "}}";
    send({.topic = "orders", .key = "same", .payload = payload, .partition = {}, .headers = {}});
  }
  send({.topic = "orders", .key = "same", .payload = "no JSON", .partition = {}, .headers = {}});
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.by = json_field("/user/id"), .max_partitions = 64});
                  }));
  app.start();
  EXPECT_TRUE(all_seen(41));  // what can't be told apart is processed too
  app.stop();
  std::vector<Seen> users = recorder->seen();
  std::erase_if(users, [](const Seen& one) { return one.payload == "no JSON"; });
  const auto found = spread(users, [](const Seen& one) { return one.payload.substr(one.payload.find("user")); });
  EXPECT_EQ(found.size(), 8U);
  expect_one_each(found);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{41});
}

TEST_F(Processing, TombstonesAndMessagesWithoutAKeyArePassedOn) {
  make_topic("orders");
  send({.topic = "orders", .key = "k", .payload = {}, .partition = PartitionNumber{0}, .headers = {}});
  send({.topic = "orders", .key = {}, .payload = "p", .partition = PartitionNumber{0}, .headers = {}});
  std::atomic<int> tombstones{0};
  std::atomic<int> keyless{0};
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      tombstones += !message.has_payload() && message.key() == "k" ? 1 : 0;
      keyless += !message.has_key() && message.payload() == "p" ? 1 : 0;
    }
  };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(2));
  app.stop();
  EXPECT_EQ(tombstones, 1);
  EXPECT_EQ(keyless, 1);
}

TEST_F(Processing, TwoConnectionsShareTheTopicsOfAGroup) {
  make_topic("orders", 4);
  produce("orders", 2000, 40);
  auto routes = routing::draw([&](routing::RoutesBuilder& r) {
    r.consumer_group("g", [&](routing::ConsumerGroupBuilder& g) {
      g.subscription_group("s", [&](routing::SubscriptionGroupBuilder& s) {
        s.connections(2);
        s.topic("orders").consumer("recording", [r = recorder] { return std::make_unique<RecordingConsumer>(r); });
      });
    });
  });
  Application app(settings(), std::move(routes));
  app.start();
  EXPECT_TRUE(all_seen(2000));
  // Cooperative rebalancing takes two rounds; at its end both have some.
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 2000U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(committed("g", "orders", 4), ends("orders", 4));
}

}  // namespace
}  // namespace braid::application_test
