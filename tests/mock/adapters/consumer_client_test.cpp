// The consumer client against the embedded cluster: a group's first join takes 3 s there, so tests tell whole
// stories.

#include "kafka_member.hpp"

#include <algorithm>
#include <set>

namespace braid::mock_test {
namespace {

TEST(RdkafkaConsumerClient, DeliversRecordsAsTheyWereProduced) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  producer.produce(
      "orders", 0,
      {record("ann", "first"),
       {.key = std::nullopt, .payload = "no key", .headers = {}},
       {.key = "", .payload = "empty key", .headers = {}},
       {.key = "bob", .payload = std::nullopt, .headers = {}},
       {.key = "bob", .payload = "", .headers = {{"trace", "1"}, {"null", std::nullopt}, {"trace", "2"}}}});
  const auto before = std::chrono::system_clock::now();

  Member member{cluster, "delivers"};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return member.taken.size() == 5; }));
  EXPECT_EQ(member.unstored, std::vector{at("orders", 0)});  // the group is new; the restart by policy was ours
  EXPECT_EQ(member.history, std::vector<std::string>{"assigned 1"});

  const auto message = [&](std::size_t i) { return member.taken[i].message; };
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(message(i).offset(), Offset{static_cast<std::int64_t>(i)});
  EXPECT_EQ(message(0).key(), "ann");
  EXPECT_EQ(message(0).payload(), "first");
  EXPECT_EQ(message(0).topic(), "orders");
  EXPECT_LT(before - message(0).timestamp(), 60s);
  EXPECT_TRUE(message(0).headers().empty());
  EXPECT_FALSE(message(1).has_key());
  EXPECT_TRUE(message(2).has_key());
  EXPECT_EQ(message(2).key(), "");
  EXPECT_FALSE(message(3).has_payload());
  EXPECT_TRUE(message(4).has_payload());
  ASSERT_EQ(message(4).headers().size(), 3U);
  EXPECT_EQ(message(4).headers()[0].name, "trace");
  EXPECT_EQ(message(4).headers()[1].value, std::nullopt);
  EXPECT_EQ(message(4).header("trace")->value, "2");
  EXPECT_FALSE(message(4).header("absent").has_value());
}

TEST(RdkafkaConsumerClient, CommittedPositionsComeBackWithTheirMetadata) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 2, 1}}}};
  TestProducer producer{cluster};
  producer.produce("orders", 0, {record("a", "0"), record("a", "1"), record("a", "2")});
  {
    Member first{cluster, "returns"};
    first.subscribe({"orders"});
    ASSERT_TRUE(first.until([&] { return first.taken.size() == 3; }));
    EXPECT_TRUE(first.commit({{at("orders", 0), CommitPosition{2}, "gaps:1-5"}}).ok());
    const auto stored = first.positions({at("orders", 1), at("orders", 0)});
    ASSERT_TRUE(stored.ok()) << stored.error().text();
    ASSERT_EQ(stored.value().size(), 2U);
    EXPECT_EQ(stored.value()[0].partition, at("orders", 1));
    EXPECT_EQ(stored.value()[0].position, std::nullopt);
    EXPECT_EQ(stored.value()[1].position, CommitPosition{2});
    EXPECT_EQ(stored.value()[1].metadata, "gaps:1-5");
    // Nothing to ask, nothing to commit: answered all the same.
    EXPECT_TRUE(first.positions({}).ok());
    EXPECT_TRUE(first.commit({}).ok());
    // Unsafe metadata is left out, the position is stored.
    EXPECT_TRUE(first.commit({{at("orders", 0), CommitPosition{2}, std::string(4096, 'x')}}).ok());
    EXPECT_EQ(first.positions({at("orders", 0)}).value()[0].metadata, "");
    EXPECT_EQ(first.log.count("metadata of 4096 bytes left out"), 1U);
  }
  Member second{cluster, "returns"};
  second.subscribe({"orders"});
  ASSERT_TRUE(second.until([&] { return !second.taken.empty(); }));
  EXPECT_EQ(second.read(), std::vector<std::string>{"0@2 2"});
}

TEST(RdkafkaConsumerClient, NoCommitWhileTheGroupJoins) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "gate"};
  EXPECT_TRUE(member.client->may_commit());
  member.subscribe({"orders"});
  EXPECT_TRUE(member.until([&] { return !member.client->may_commit(); }));
  EXPECT_TRUE(member.history.empty());
  EXPECT_TRUE(member.until([&] { return !member.history.empty(); }));
  EXPECT_TRUE(member.until([&] { return member.client->may_commit(); }));  // but for a moment behind a heartbeat
}

// Brokers would take the positions of who has no name for those of a producer that knows of no groups.
TEST(RdkafkaConsumerClient, WhoIsNoMemberHasNoMembership) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "membership"};
  EXPECT_EQ(member.client->membership(), nullptr);
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.history.empty(); }));
  EXPECT_NE(member.client->membership(), nullptr);
}

class RestartBySomeProtocol : public ::testing::TestWithParam<const char*> {};

TEST_P(RestartBySomeProtocol, CuresAnOffsetOutOfRangeAndSparesTheOtherPartition) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 2, 1}}}};
  TestProducer producer{cluster};
  producer.produce("orders", 0, {record("a", "0"), record("a", "1")});
  producer.produce("orders", 1, {record("b", "0"), record("b", "1")});
  const std::map<std::string, std::string> settings{{"partition.assignment.strategy", GetParam()}};
  {
    Member first{cluster, "range", settings};
    first.subscribe({"orders"});
    ASSERT_TRUE(first.until([&] { return first.queues.size() == 2; }));
    ASSERT_TRUE(
        first.commit({{at("orders", 0), CommitPosition{999}, ""}, {at("orders", 1), CommitPosition{0}, ""}}).ok());
  }
  Member second{cluster, "range", settings};
  second.restart.reset();
  second.subscribe({"orders"});
  ASSERT_TRUE(second.until([&] { return !second.out_of_range.empty() && second.taken.size() == 2; }));
  EXPECT_EQ(second.out_of_range, std::vector{at("orders", 0)});
  EXPECT_TRUE(second.unstored.empty());
  EXPECT_EQ(second.read(), (std::vector<std::string>{"1@0 0", "1@1 1"}));

  ASSERT_TRUE(second.client->restart_at(at("orders", 0), {}).ok());
  ASSERT_TRUE(second.until([&] { return second.taken.size() >= 4; }));
  EXPECT_EQ(second.read(), (std::vector<std::string>{"1@0 0", "1@1 1", "0@0 0", "0@1 1"}));

  // Elsewhere, and to the end: only what comes later is read.
  using Kind = engine::StartPoint::Kind;
  ASSERT_TRUE(second.client->restart_at(at("orders", 1), {.kind = Kind::at, .at = CommitPosition{1}}).ok());
  ASSERT_TRUE(second.until([&] { return second.taken.size() >= 5; }));
  EXPECT_EQ(second.read().back(), "1@1 1");
  EXPECT_FALSE(second.client->restart_at(at("orders", 7), {}).ok());
  // Both go on.
  producer.produce("orders", 0, {record("a", "2")});
  producer.produce("orders", 1, {record("b", "2")});
  ASSERT_TRUE(second.until([&] { return second.taken.size() >= 7; }));
  const auto read = second.read();
  EXPECT_EQ(read.size(), 7U);
  EXPECT_EQ((std::set<std::string>{read.begin() + 5, read.end()}), (std::set<std::string>{"0@2 2", "1@2 2"}));
  EXPECT_EQ(second.log.count("came outside its partition's queue"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Protocols, RestartBySomeProtocol, ::testing::Values("cooperative-sticky", "range"),
                         [](const auto& protocol) {
                           return protocol.param == std::string{"range"} ? "eager" : "cooperative";
                         });

TEST(RdkafkaConsumerClient, AMemberThatJoinsTakesOverWithoutLossOrRepetition) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 4, 1}}}};
  TestProducer producer{cluster};
  std::set<std::string> expected;
  const auto produce = [&](int from, int to) {
    for (int partition = 0; partition < 4; ++partition) {
      std::vector<Record> records;
      for (int i = from; i < to; ++i) {
        records.push_back(record("k", std::to_string(i)));
        expected.insert(std::to_string(partition) + "@" + std::to_string(i) + " " + std::to_string(i));
      }
      producer.produce("orders", partition, records);
    }
  };
  produce(0, 100);
  Member first{cluster, "joins"};
  first.subscribe({"orders"});
  ASSERT_TRUE(first.until([&] { return first.taken.size() == 400; }));

  // What the first will give up is committed while the group is steady: during a rebalance the broker may refuse
  // it.
  std::vector<engine::StoredPosition> done;
  for (const auto& [partition, queue] : first.queues) done.push_back({partition, CommitPosition{100}, ""});
  const auto committed = first.commit(done);
  ASSERT_TRUE(committed.ok()) << committed.error().text();

  Member second{cluster, "joins"};
  second.subscribe({"orders"});
  ASSERT_TRUE(first.until([&] {
    second.turn();
    return second.queues.size() == 2 && first.queues.size() == 2;
  }));
  produce(100, 200);
  ASSERT_TRUE(first.until([&] {
    second.turn();
    return first.taken.size() + second.taken.size() >= 800;
  }));
  // Incremental: what stays is not mentioned, and nothing new is an empty assignment.
  std::erase(first.history, "assigned 0");
  std::erase(second.history, "assigned 0");
  EXPECT_EQ(first.history, (std::vector<std::string>{"assigned 4", "revoked 2"}));
  EXPECT_EQ(second.history, std::vector<std::string>{"assigned 2"});
  auto read = first.read();
  const auto more = second.read();
  read.insert(read.end(), more.begin(), more.end());
  EXPECT_EQ(read.size(), 800U);
  EXPECT_EQ((std::set<std::string>{read.begin(), read.end()}), expected);
}

TEST(RdkafkaConsumerClient, MessagesOutliveTheClientAndDoNotHoldUpItsEnd) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  producer.produce("orders", 0, {record("a", "still here"), record("a", "1")});
  std::optional<Member> member{std::in_place, cluster, "outlives"};
  member->subscribe({"orders"});
  ASSERT_TRUE(member->until([&] { return member->taken.size() == 2; }));
  auto held = std::exchange(member->taken, {});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(member->close());
  member.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(held[0].message.payload(), "still here");
  EXPECT_EQ(held[0].message.topic(), "orders");
  for (auto& [message, owner] : held) owner->release({&message, 1});
  held.clear();  // the last owner: destroys the handle, which must not hang
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST(RdkafkaConsumerClient, LeavingRevokesAndTheNextMemberNeedNotWaitForTheSession) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "leaves"};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.queues.empty(); }));
  ASSERT_TRUE(member.close());
  EXPECT_EQ(member.history, (std::vector<std::string>{"assigned 1", "revoked 1"}));
}

TEST(RdkafkaConsumerClient, ClosesBeforeItsFirstAssignment) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  for (int round = 0; round < 5; ++round) {
    Member unused{cluster, "early"};
    EXPECT_TRUE(unused.close());
    Member joining{cluster, "early"};
    joining.subscribe({"orders"});
    EXPECT_TRUE(joining.until([&] { return !joining.client->may_commit() || round % 2 == 1; }));
    EXPECT_TRUE(joining.close());
  }
}

TEST(RdkafkaConsumerClient, CommitsSurviveWhatIsRetriableAndTellTheRest) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "commits"};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.queues.empty(); }));
  using testing::Api;
  using testing::BrokerError;
  cluster.fail_next(Api::offset_commit, {BrokerError::coordinator_loading});
  const auto loading = member.commit({{at("orders", 0), CommitPosition{1}, ""}});
  // Retried inside or left to the caller, but never reported as final.
  EXPECT_TRUE(loading.ok() || loading.error().retriable()) << loading.error().text();
  EXPECT_TRUE(member.commit({{at("orders", 0), CommitPosition{1}, ""}}).ok());

  cluster.fail_next(Api::offset_commit, {BrokerError::group_not_authorized});
  const auto refused = member.commit({{at("orders", 0), CommitPosition{2}, ""}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::not_authorized);

  cluster.fail_next(Api::offset_commit, {BrokerError::illegal_generation});
  const auto stale = member.commit({{at("orders", 0), CommitPosition{2}, ""}});
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().kind(), Error::Kind::stale_member);
  EXPECT_FALSE(stale.error().retriable());
  // The library gives up the assignment then, and says that nothing may be committed.
  EXPECT_TRUE(member.until([&] { return member.history.size() >= 2; }));
  EXPECT_EQ(member.history[1], "lost 1");
}

TEST(RdkafkaConsumerClient, PositionsThatCannotBeReadAreAnErrorAndNotNothing) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "positions"};
  ASSERT_TRUE(member.client->reach_broker(10s, kPatient).ok());
  cluster.fail_next(testing::Api::offset_fetch, {testing::BrokerError::group_not_authorized});
  const auto refused = member.positions({at("orders", 0)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::not_authorized);
  EXPECT_TRUE(member.positions({at("orders", 0)}).ok());
}

// A request that times out while its coordinator is looked for ends the process when that is found: librdkafka goes
// on with what it has freed. So the answer is waited for.
TEST(RdkafkaConsumerClient, PositionsAreWaitedForWhileTheCoordinatorIsAway) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "away"};
  EXPECT_GE(adapters::ConsumerClientOptions{.log = member.log}.positions_timeout, 1h);
  ASSERT_TRUE(member.client->reach_broker(10s, kPatient).ok());
  cluster.broker_down(1);
  ASSERT_TRUE(member.until([&] { return !member.errors.empty(); })) << "the client does not notice";
  const std::uint64_t token = ++member.tokens;
  const std::vector<engine::TopicPartition> partitions{at("orders", 0)};
  member.client->read_positions(partitions, token);
  cluster.broker_up(1);
  ASSERT_TRUE(member.until([&] { return member.answers.contains(token); }));
  EXPECT_TRUE(member.answers.at(token).ok());
}

// The library does not always say so: of a stored position that it could not read, say. Being assigned anew changes
// nothing for one that only waits for its broker.
TEST(RdkafkaConsumerClient, APartitionOfWhichNothingComesIsAssignedAnewAndLosesNothing) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  producer.produce("orders", 0, {record("a", "0"), record("a", "1")});
  Member member{cluster, "quiet"};
  ASSERT_TRUE(member.client->reach_broker(10s, kPatient).ok());
  cluster.fail_next(testing::Api::fetch, std::vector<testing::BrokerError>(2000, testing::BrokerError::disconnect));
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return member.log.count("orders/0: nothing comes of it") >= 1; }));
  EXPECT_TRUE(member.taken.empty());
  cluster.clear_failures(testing::Api::fetch);
  ASSERT_TRUE(member.until([&] { return member.taken.size() >= 2; }));
  producer.produce("orders", 0, {record("a", "2")});
  ASSERT_TRUE(member.until([&] { return member.taken.size() >= 3; }));
  EXPECT_EQ(member.read(), (std::vector<std::string>{"0@0 0", "0@1 1", "0@2 2"}));
}

TEST(RdkafkaConsumerClient, AHandlerThatThrowsNeitherStopsTheGroupNorHidesItsError) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  Member member{cluster, "throws"};
  member.throw_on_assign = true;
  member.subscribe({"orders"});
  EXPECT_THROW((void)member.until([] { return false; }, 15s), std::runtime_error);
  EXPECT_TRUE(member.close());  // which the library allows only because the assign was answered
  EXPECT_EQ(member.history, std::vector<std::string>{"revoked 1"});
}

TEST(RdkafkaConsumerClient, TellsTheEndOfAPartitionWhereAsked) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  producer.produce("orders", 0, {record("a", "0"), record("a", "1")});
  Member member{cluster, "ends", {}, true};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.ends.empty(); }));
  EXPECT_EQ(member.taken.size(), 2U);
  EXPECT_EQ(member.ends.at(at("orders", 0)), CommitPosition{2});
}

TEST(RdkafkaConsumerClient, AMissingTopicIsNamedOnceAndTakenUpWhenItAppears) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"later", 1, 1}}}};
  // Hidden rather than absent: the mock brokers make a topic that is asked for.
  cluster.set_topic_error("later", testing::BrokerError::unknown_topic);
  Member member{cluster, "missing"};
  member.subscribe({"later"});
  ASSERT_TRUE(member.until([&] { return !member.errors.empty(); }));
  EXPECT_EQ(member.errors[0].kind(), Error::Kind::unknown_topic);
  EXPECT_TRUE(member.errors[0].retriable());
  EXPECT_NE(member.errors[0].text().find("topic later"), std::string::npos) << member.errors[0].text();
  cluster.set_topic_error("later", testing::BrokerError::none);
  EXPECT_TRUE(member.until([&] { return !member.queues.empty(); }));
  EXPECT_EQ(member.errors.size(), 1U) << member.errors.back().text();
}

TEST(RdkafkaConsumerClient, SaysWhereNoBrokerAnswers) {
  KeptLog log;
  auto made = adapters::make_consumer_client(
      {.log = log, .group_id = "g", .settings = {{"bootstrap.servers", "127.0.0.1:1"}}});
  ASSERT_TRUE(made.ok());
  const auto client = std::move(made).value();
  const auto begin = std::chrono::steady_clock::now();
  const auto reached = client->reach_broker(1s, kPatient);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  ASSERT_FALSE(reached.ok());
  EXPECT_EQ(reached.error().kind(), Error::Kind::broker_unreachable);
  EXPECT_TRUE(reached.error().retriable());
  EXPECT_NE(reached.error().text().find("no broker answers at 127.0.0.1:1 within 1 s"), std::string::npos)
      << reached.error().text();
}

TEST(RdkafkaConsumerClient, OutlivesABrokerThatGoesAndComesBack) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  Member member{cluster, "outage"};
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.unstored.empty(); }));
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(member.until([&] { return !member.errors.empty(); }));
  EXPECT_EQ(member.errors.at(0).kind(), Error::Kind::broker_unreachable);
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  producer.produce("orders", 0, {record("a", "after")});
  EXPECT_TRUE(member.until([&] { return member.taken.size() == 1; }));
}

}  // namespace
}  // namespace braid::mock_test
