// A group that may not be used, which librdkafka tells once.

#include "kafka_member.hpp"

#include <vector>

namespace braid::mock_test {
namespace {

using testing::Api;
using testing::BrokerError;

// It looks for the coordinator from its making on, so that the answer may come while a broker is looked for.
TEST(RefusedGroup, IsToldThoughTheLibrarySaidItBeforeAnybodySubscribed) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  cluster.fail_next(Api::find_coordinator, std::vector(10'000, BrokerError::group_not_authorized));
  Member member{cluster, "g"};
  // Until it must have been said: it asks twice a second.
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE(member.client->reach_broker(kDeadline, kPatient).ok());
    member.bell.wait(20ms);
  }
  member.subscribe({"orders"});
  ASSERT_TRUE(member.until([&] { return !member.errors.empty(); }, 10s)) << "nobody was told";
  EXPECT_EQ(member.errors.front().kind(), Error::Kind::not_authorized);
  EXPECT_TRUE(member.errors.front().text().starts_with("group g may not be used: "))
      << member.errors.front().text();
  cluster.clear_failures(Api::find_coordinator);
  ASSERT_TRUE(member.until([&] { return !member.history.empty(); }));
  EXPECT_EQ(member.log.count("group g may be used again"), 1U);
  EXPECT_EQ(member.errors.size(), 1U);
}

}  // namespace
}  // namespace braid::mock_test
