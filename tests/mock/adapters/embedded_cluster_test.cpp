#include "kafka_member.hpp"

namespace braid::mock_test {
namespace {

TEST(EmbeddedCluster, RefusesWhatAPartitionCannotHold) {
  EXPECT_TRUE(EmbeddedCluster::check_fits(EmbeddedCluster::bytes_per_partition_max()).ok());
  const auto refused = EmbeddedCluster::check_fits(EmbeddedCluster::bytes_per_partition_max() + 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text().find("5242880"), std::string::npos) << refused.error().text();
  EXPECT_TRUE(EmbeddedCluster::check_fits(10'000, 100).ok());
  EXPECT_FALSE(EmbeddedCluster::check_fits(100'001, 0).ok());
  EXPECT_FALSE(EmbeddedCluster::check_fits(100'000, 100).ok());
  EXPECT_FALSE(EmbeddedCluster::check_fits(2, std::size_t{0} - 1000).ok());
}

// The limit is real: without it, check_fits() would be superstition.
TEST(EmbeddedCluster, DropsTheOldestBeyondItsLimit) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"big", 1, 1}}}};
  TestProducer producer{cluster, {{"linger.ms", "0"}, {"batch.num.messages", "1"}}};
  producer.produce("big", 0, std::vector<Record>(12, record("k", std::string(500'000, 'x'))));
  Member member{cluster, "big"};
  member.subscribe({"big"});
  ASSERT_TRUE(
      member.until([&] { return !member.taken.empty() && member.taken.back().message.offset().value == 11; }));
  EXPECT_GT(member.taken.front().message.offset().value, 0);
}

TEST(EmbeddedCluster, SaysWhatIsWrongWithATopic) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  EXPECT_EQ(cluster.brokers(), 1);
  EXPECT_FALSE(cluster.create_topic("orders", 1).ok());
  EXPECT_FALSE(cluster.create_topic("none", 0).ok());
  EXPECT_FALSE(cluster.create_topic("copies", 1, 2).ok());
  EXPECT_TRUE(cluster.create_topic("fine", 3).ok());
  EXPECT_THROW((EmbeddedCluster{{.brokers = 0, .topics = {}}}), std::runtime_error);
}

}  // namespace
}  // namespace braid::mock_test
