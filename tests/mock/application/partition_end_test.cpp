// What reaching a partition's end is good for: no waiting for messages that are not there, and a position before
// the first message.

#include "mock/application/application_test.hpp"

#include <set>

namespace braid::application_test {
namespace {

using routing::InitialOffset;

class PartitionEnd : public ApplicationTest {};

TEST_F(PartitionEnd, ABatchDoesNotWaitForMessagesThatAreNotThere) {
  make_topic("orders");
  produce("orders", 5, 1);
  Application app(settings(), route("g", "orders", recorder,
                                    [](routing::TopicBuilder& topic) { topic.max_messages(1000).max_wait(20s); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().assignments == 1; }));
  EXPECT_TRUE(eventually([&] { return recorder->count() == 5; }, 10s)) << "the batch waits though nothing follows";
  // The next end, of a partition that was idle, counts as well.
  produce("orders", 3, 1);
  EXPECT_TRUE(eventually([&] { return recorder->count() == 8; }, 10s));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{8});
}

TEST_F(PartitionEnd, TheGroupGetsAPositionBeforeThereIsAMessage) {
  make_topic("orders", 2);
  produce("orders", 7, 1, 1);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(InitialOffset::latest);
                  }));
  app.start();
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 2) == std::vector<std::int64_t>{0, 7}; }));
  EXPECT_EQ(recorder->count(), 0U);
  EXPECT_TRUE(app.stop().in_time);
  // So that what comes while nobody runs is not lost to `latest` at the next start.
  produce("orders", 3, 1, 0);
  produce("orders", 3, 1, 1);
  Application next(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                     topic.initial_offset(InitialOffset::latest);
                   }));
  next.start();
  EXPECT_TRUE(all_seen(6));
  next.stop();
  EXPECT_EQ(recorder->count(), 6U);
}

class LatestIsPinned : public ApplicationTest, public ::testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] Settings member_settings() const {
    Settings made = settings();
    made.kafka["partition.assignment.strategy"] = GetParam();
    made.drain_on_revoke = 200ms;  // below the brokers' session timeout
    return made;
  }
  [[nodiscard]] static routing::Routes latest(const std::shared_ptr<Recorder>& recorder) {
    return route("g", "orders", recorder,
                 [](routing::TopicBuilder& topic) { topic.initial_offset(InitialOffset::latest); });
  }
};

// Every message is above where the group began, whoever reads it and whatever was being rebalanced then.
TEST_P(LatestIsPinned, AMemberThatJoinsLosesNothingOfAnIdlePartition) {
  make_topic("orders", 4);
  produce("orders", 5, 1, 3);
  Application first(member_settings(), latest(recorder));
  first.start();
  const std::vector<std::int64_t> start{0, 0, 0, 5};
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 4) == start; }));

  auto others = std::make_shared<Recorder>();
  Application second(member_settings(), latest(others));
  second.start();
  std::size_t produced = 0;
  ASSERT_TRUE(eventually([&] {
    for (int partition = 0; partition < 4; ++partition) produce("orders", 1, 1, partition);
    produced += 4;
    return second.figures().assignments >= 2;
  }));
  for (int partition = 0; partition < 4; ++partition) produce("orders", 5, 1, partition);
  produced += 20;
  const auto distinct = [&] {
    std::set<std::pair<std::int32_t, std::int64_t>> seen;
    for (const auto& one : {recorder, others}) {
      for (const Seen& each : one->seen()) seen.emplace(each.partition, each.offset);
    }
    return seen.size();
  };
  EXPECT_TRUE(eventually([&] { return distinct() >= produced; })) << distinct() << " of " << produced;
  EXPECT_EQ(distinct(), produced);
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 4) == ends("orders", 4); }));
  first.stop();
  second.stop();
}

INSTANTIATE_TEST_SUITE_P(Protocols, LatestIsPinned, ::testing::Values("cooperative-sticky", "range"),
                         [](const auto& tested) {
                           return std::string(tested.param) == "range" ? "eager" : "cooperative";
                         });

// --- positions that are not in the log

class OutOfRange : public ApplicationTest {};

TEST_F(OutOfRange, APositionThatTheLogHasLostIsAnsweredByThePolicy) {
  make_topic("orders");
  commit("g", "orders", 0, 0);
  const std::string large(500'000, 'x');
  for (int i = 0; i < 12; ++i)
    send({.topic = "orders", .key = "k", .payload = large, .partition = {}, .headers = {}});
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return !recorder->seen().empty() && recorder->seen().back().offset == 11; }));
  const auto seen = recorder->seen();
  EXPECT_GT(seen.front().offset, 0);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(12 - seen.front().offset));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{12});
}

}  // namespace
}  // namespace braid::application_test
