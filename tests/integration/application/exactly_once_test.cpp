// From topic to topic: what attempts leave behind, and what one transaction holds.

#include "integration/application/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::integration {
namespace {

TEST_F(ExactlyOnceOnKafka, AttemptsThatFailLeaveNoEffect) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto&) {}));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_GT(app.figures().attempts_failed, 0U);
  EXPECT_TRUE(app.stop().in_time);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

TEST_F(ExactlyOnceOnKafka, SeveralBatchesShareATransaction) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto& t) {
                    t.transaction_batches(1000).transaction_interval(1s).max_messages(10);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_GE(app.figures().batches, 300U);
  EXPECT_LT(2 * app.figures().commits, app.figures().batches);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

// Of records that are never taken, each for another reason, at once or by the broker, the messages are dead letters
// with that reason, and the partitions go on.
TEST_F(ExactlyOnceOnKafka, WhatIsRefusedForGoodIsADeadLetterAndThePartitionGoesOn) {
  const std::string small = unique_name("small");
  const std::string dead = unique_name("dead");
  admin->create_topic(small, 1, 1, {{"max.message.bytes", "2000"}});
  admin->create_topic(dead, kPartitions);
  produce(1000, 200);
  const auto dead_letters = [&] { return read_committed(servers, dead, kPartitions).size(); };
  Settings chosen = transactional();
  chosen.kafka["topic.metadata.propagation.max.ms"] = "2000";
  Application app(chosen, routing::draw([&](routing::RoutesBuilder& r) {
                    r.consumer_group(group)
                        .topic(topic)
                        .handle([&](Batch& batch) {
                          for (const Message& message : batch) {
                            const std::string name = std::to_string(batch.partition().value) + "/" +
                                                     std::to_string(message.offset().value);
                            Record record{.topic = out, .key = message.key(), .payload = name};
                            const std::string large(5000, 'x');
                            // The broker says it of a whole request, in which others are.
                            if (message.offset().value == 7) record = {.topic = small, .payload = large};
                            if (message.offset().value == 8) record = {.topic = small, .payload = "fits"};
                            if (message.offset().value == 9) record.partition = PartitionNumber{kPartitions};
                            if (message.offset().value == 30) record.topic = "braid.there.is.none";
                            const bool names = message.offset().value % 2 == 0;
                            const auto produced = names ? batch.produce(record, message) : batch.produce(record);
                            if (!produced) throw std::runtime_error(produced.error().text());
                          }
                        })
                        .delivery(routing::Delivery::exactly_once)
                        .max_messages(50)
                        .transaction_batches(3)
                        .retries({.max = 1, .backoff = routing::fixed(5ms)})
                        .dead_letter(dead);
                  }));
  app.start();
  EXPECT_TRUE(all_committed(240s));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(dead_letters(), 3U * kPartitions);
  EXPECT_EQ(read_committed(servers, small, 1).size(), std::size_t{kPartitions}) << "what fits is no culprit";
  const std::vector<std::string> seen = read_committed(servers, out, kPartitions);
  EXPECT_EQ(seen.size(), 1000U - 4U * kPartitions);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
}

}  // namespace
}  // namespace braid::integration
