// What moves one partition's position, and what it does to the others: restarts and repositioning, by both of the
// group's protocols.

#include "kafka_member.hpp"

#include <functional>

namespace braid::mock_test {
namespace {

using Kind = engine::StartPoint::Kind;

class RestartOfOne : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::map<std::string, std::string> settings() const {
    return {{"partition.assignment.strategy", GetParam()}};
  }
  // Records 0 to count - 1 in each of the partitions.
  void fill(int partitions, int count) {
    for (int partition = 0; partition < partitions; ++partition) {
      std::vector<Record> records;
      for (int i = 0; i < count; ++i) records.push_back(record("k", std::to_string(i)));
      producer.produce("orders", partition, records);
    }
  }
  // The group's positions before anybody reads.
  void commit(const std::string& group, const std::vector<std::int64_t>& positions) {
    Member member(cluster, group, settings());
    std::vector<engine::StoredPosition> stored;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      stored.push_back({at("orders", static_cast<int>(i)), CommitPosition{positions[i]}, {}});
    }
    const auto committed = member.commit(stored);
    ASSERT_TRUE(committed.ok()) << committed.error().text();
  }
  // As Member::until, but takes nothing from the queues.
  [[nodiscard]] static bool until_without_taking(Member& member, const std::function<bool()>& reached) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!reached()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      member.bell.wait(20ms);
      member.client->serve_group(member);
    }
    return true;
  }
  // The offsets that were taken of one partition, in their order.
  [[nodiscard]] static std::vector<std::int64_t> offsets(const Member& member, int partition) {
    std::vector<std::int64_t> found;
    for (const auto& [message, owner] : member.taken) {
      if (message.partition().value == partition) found.push_back(message.offset().value);
    }
    return found;
  }
  [[nodiscard]] static std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> found;
    for (; first <= last; ++first) found.push_back(first);
    return found;
  }

  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 3, 1}}}};
  TestProducer producer{cluster};
};

TEST_P(RestartOfOne, SaysWhereItStartsAsFarAsThatIsKnown) {
  fill(1, 3);
  Member member(cluster, "says", settings());
  member.restart.reset();
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return member.unstored.size() == 3; }));
  const auto latest = member.client->restart_at(at("orders", 0), {.kind = Kind::latest, .at = {}});
  ASSERT_TRUE(latest.ok()) << latest.error().text();
  EXPECT_EQ(latest.value(), CommitPosition{3});
  const auto empty = member.client->restart_at(at("orders", 1), {.kind = Kind::latest, .at = {}});
  ASSERT_TRUE(empty.ok()) << empty.error().text();
  EXPECT_EQ(empty.value(), CommitPosition{0});
  // Nothing is asked where the policy does not need it.
  EXPECT_EQ(member.client->restart_at(at("orders", 2), {}).value(), std::nullopt);
  EXPECT_EQ(member.client->restart_at(at("orders", 2), {.kind = Kind::at, .at = CommitPosition{0}}).value(),
            CommitPosition{0});

  // The number holds: what comes from it on is read, and nothing below.
  producer.produce("orders", 0, {record("k", "3")});
  producer.produce("orders", 1, {record("k", "0")});
  ASSERT_TRUE(member.until([&] { return member.taken.size() >= 2; }));
  EXPECT_EQ(offsets(member, 0), from_to(3, 3));
  EXPECT_EQ(offsets(member, 1), from_to(0, 0));
}

// One has been read to its end, one in part, one not at all though it may have been fetched.
TEST_P(RestartOfOne, LeavesTheOthersExactlyWhereTheyWere) {
  fill(3, 10);
  commit("leaves", {0, 0, 2});
  Member member(cluster, "leaves", settings());
  member.restart.reset();
  member.subscribe({"orders"});
  ASSERT_TRUE(until_without_taking(member, [&] { return member.queues.size() == 3; }));
  const auto take = [&](int partition, std::size_t max) {
    auto& queue = *member.queues.at(at("orders", partition));
    std::vector<Message> messages;
    queue.take(max, messages);
    for (const Message& message : messages) member.taken.push_back({message, queue.owner()});
  };
  ASSERT_TRUE(until_without_taking(member, [&] {
    take(0, 100);
    if (offsets(member, 1).size() < 3) take(1, 3 - offsets(member, 1).size());
    return offsets(member, 0).size() == 10 && offsets(member, 1).size() == 3;
  }));

  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(member.client->restart_at(at("orders", 0), {.kind = Kind::at, .at = CommitPosition{6}}).ok());
    const std::size_t expected = 10 + 4 * static_cast<std::size_t>(round + 1);
    ASSERT_TRUE(until_without_taking(member, [&] {
      take(0, 100);
      return offsets(member, 0).size() >= expected;
    }));
  }
  ASSERT_TRUE(member.until([&] { return offsets(member, 1).size() >= 10 && offsets(member, 2).size() >= 8; }));
  fill(3, 1);
  ASSERT_TRUE(member.until([&] { return member.taken.size() >= 39; }));
  auto first = from_to(0, 9);
  for (int round = 0; round < 2; ++round) {
    for (const std::int64_t offset : from_to(6, 9)) first.push_back(offset);
  }
  first.push_back(10);
  EXPECT_EQ(offsets(member, 0), first);
  EXPECT_EQ(offsets(member, 1), from_to(0, 10));
  EXPECT_EQ(offsets(member, 2), from_to(2, 10));
  EXPECT_TRUE(member.unstored.empty());
  EXPECT_TRUE(member.out_of_range.empty());
}

// The library has given the partition up, and the element that said so has been seen, or was purged: repositioned,
// it is fetched again all the same.
TEST_P(RestartOfOne, RepositionRevivesAPartitionThatIsNotFetched) {
  fill(2, 2);
  commit("revives", {999, 0, 0});
  Member member(cluster, "revives", settings());
  member.restart.reset();
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.out_of_range.empty() && offsets(member, 1).size() == 2; }));
  member.client->reposition(std::vector<engine::StoredPosition>{{at("orders", 0), CommitPosition{1}, {}},
                                                                {at("orders", 1), CommitPosition{2}, {}}});
  ASSERT_TRUE(member.until([&] { return !offsets(member, 0).empty(); }));
  EXPECT_EQ(member.log.count("orders/0: "), 1U);
  EXPECT_EQ(member.log.count("assigned anew"), 1U) << "only the one that was not fetched";
  producer.produce("orders", 1, {record("k", "2")});
  ASSERT_TRUE(member.until([&] { return offsets(member, 1).size() >= 3; }));
  EXPECT_EQ(offsets(member, 0), from_to(1, 1));
  EXPECT_EQ(offsets(member, 1), from_to(0, 2));
}

TEST_P(RestartOfOne, RepositionMovesAPartitionThatIsFetched) {
  fill(1, 5);
  commit("moves", {0, 0, 0});
  Member member(cluster, "moves", settings());
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return member.taken.size() == 5; }));
  member.client->reposition(std::vector<engine::StoredPosition>{{at("orders", 0), CommitPosition{3}, {}}});
  ASSERT_TRUE(member.until([&] { return member.taken.size() >= 7; }));
  EXPECT_EQ(offsets(member, 0), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 3, 4}));
  EXPECT_EQ(member.log.count("assigned anew"), 0U);
}

// The group's position has been trimmed away meanwhile.
TEST_P(RestartOfOne, ALogThatHasLostThePositionSaysSoAndCanBeReadFromItsStart) {
  fill(1, 1);
  commit("trimmed", {0, 0, 0});
  TestProducer large(cluster, {{"linger.ms", "0"}, {"batch.num.messages", "1"}});
  large.produce("orders", 0, std::vector<Record>(12, record("k", std::string(500'000, 'x'))));
  Member member(cluster, "trimmed", settings());
  member.restart.reset();
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.out_of_range.empty(); }));
  EXPECT_EQ(member.out_of_range, std::vector{at("orders", 0)});
  EXPECT_TRUE(member.taken.empty());
  EXPECT_TRUE(member.unstored.empty());
  ASSERT_TRUE(member.client->restart_at(at("orders", 0), {}).ok());
  ASSERT_TRUE(member.until([&] { return !offsets(member, 0).empty() && offsets(member, 0).back() == 12; }));
  const std::int64_t first = offsets(member, 0).front();
  EXPECT_GT(first, 0);
  EXPECT_EQ(offsets(member, 0), from_to(first, 12));
}

INSTANTIATE_TEST_SUITE_P(Protocols, RestartOfOne, ::testing::Values("cooperative-sticky", "range"),
                         [](const auto& protocol) {
                           return protocol.param == std::string{"range"} ? "eager" : "cooperative";
                         });

}  // namespace
}  // namespace braid::mock_test
