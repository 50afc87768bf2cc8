#include "engine/producer/delivery_tally.hpp"

#include "engine/instrumentation/event_hub.hpp"
#include "engine/producer/producer_engine.hpp"
#include "unit/engine/bell.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace braid::engine {
namespace {

using test_support::Bell;

class DeliveryTallyTest : public ::testing::Test {
 protected:
  ~DeliveryTallyTest() override { hub->close(); }
  void listen() {
    hub->subscribe((std::uint64_t{1} << kEventKinds) - 1,
                   [this](const Event& event, Monitor::Moment) { events_.push_back(event); });
  }
  template <class E>
  std::vector<E> told() {
    EXPECT_TRUE(hub->flush(Bell::kPatience));
    std::vector<E> found;
    for (const Event& event : events_) {
      if (const E* const one = std::get_if<E>(&event)) found.push_back(*one);
    }
    return found;
  }
  [[nodiscard]] static Error refused() { return {Error::Kind::not_authorized, "may not write"}; }

  const std::shared_ptr<EventHub> hub = std::make_shared<EventHub>();
  DeliveryTally tally{"braid-p-0", hub};
  Time now{1h};

 private:
  std::vector<Event> events_;  // the monitor's thread; the test's behind a flush
};

TEST_F(DeliveryTallyTest, WithoutAnybodyWhoListensItIsNeverDue) {
  EXPECT_FALSE(tally.is_due());
  EXPECT_FALSE(DeliveryTally("braid-p-0", nullptr).is_due());
  tally.note_failure("orders", refused());
  listen();
  EXPECT_TRUE(tally.is_due());
  tally.look({.delivered = 1'000, .failed = 1}, now);
  tally.look({.delivered = 1'000, .failed = 1}, now += 5s);
  EXPECT_TRUE(told<events::RecordsDelivered>().empty()) << "of what was before nobody has asked";
  EXPECT_TRUE(told<events::RecordsFailed>().empty());
}

TEST_F(DeliveryTallyTest, IsToldEachSecondAsASum) {
  listen();
  tally.look({.delivered = 10}, now);
  tally.look({.delivered = 500}, now += 600ms);
  EXPECT_TRUE(told<events::RecordsDelivered>().empty());
  tally.look({.delivered = 810, .outstanding = 7}, now += 600ms);
  const auto sums = told<events::RecordsDelivered>();
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].producer, "braid-p-0");
  EXPECT_EQ(sums[0].delivered, 800u);
  EXPECT_EQ(sums[0].failed, 0u);
  EXPECT_EQ(sums[0].outstanding, 7u);
  EXPECT_EQ(sums[0].over, 1200ms);
  tally.look({.delivered = 810, .outstanding = 7}, now += 5s);
  EXPECT_EQ(told<events::RecordsDelivered>().size(), 1u) << "nothing happened";
}

TEST_F(DeliveryTallyTest, FailuresAreToldByTopicAndKind) {
  listen();
  tally.look({}, now);
  tally.note_failure("orders", refused());
  tally.note_failure("orders", {Error::Kind::timed_out, "too late"});
  tally.note_failure("orders", {Error::Kind::timed_out, "later still"});
  tally.note_failure("clicks", {Error::Kind::timed_out, "too late there"});
  tally.look({.failed = 4}, now += 1s);
  const auto failed = told<events::RecordsFailed>();
  ASSERT_EQ(failed.size(), 3u);
  EXPECT_EQ(failed[0].topic, "clicks");
  EXPECT_EQ(failed[0].records, 1u);
  EXPECT_EQ(failed[1].topic, "orders");
  EXPECT_EQ(failed[1].kind, Error::Kind::not_authorized);
  EXPECT_EQ(failed[2].records, 2u);
  EXPECT_EQ(failed[2].error, "too late") << "the first one's";
  ASSERT_EQ(told<events::RecordsDelivered>().size(), 1u);
  EXPECT_EQ(told<events::RecordsDelivered>()[0].failed, 4u);
}

TEST_F(DeliveryTallyTest, TopicsWithoutEndTakeBoundedMemory) {
  listen();
  tally.look({}, now);
  for (int i = 0; i < 1'000; ++i) tally.note_failure("topic-" + std::to_string(i), refused());
  tally.finish({.failed = 1'000}, now += 10ms);
  std::uint64_t records = 0;
  const auto failed = told<events::RecordsFailed>();
  for (const auto& one : failed) records += one.records;
  EXPECT_EQ(failed.size(), DeliveryTally::kMostKinds + 1);
  EXPECT_EQ(records, 1'000u);
  EXPECT_EQ(failed[0].topic, "") << "those beyond the bound, together";
}

// The same of a whole producer: from its first record on, and nothing is left when it is closed.
TEST_F(DeliveryTallyTest, AProducerTellsAllUntilItsEnd) {
  listen();
  auto* const client = new HandClient;  // the engine's
  const auto log = std::make_shared<KeptLines>();
  ProducerEngine engine("test-p", std::unique_ptr<ProducerClient>(client), log, {.events = hub});
  Record record;
  record.topic = "orders";
  record.payload = "1";
  Bell ended;
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(engine.send(record, [&](const Delivery&) { ended.notify(); }).ok());
    ASSERT_TRUE(client->answer(i < 2 ? std::nullopt : std::optional(refused())));
    ASSERT_TRUE(ended.wait_for_rings(i + 1));
  }
  engine.close(0ms);
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  for (const auto& sum : told<events::RecordsDelivered>()) {
    EXPECT_EQ(sum.producer, "test-p");
    delivered += sum.delivered;
    failed += sum.failed;
  }
  EXPECT_EQ(delivered, 2u);
  EXPECT_EQ(failed, 1u);
  ASSERT_EQ(told<events::RecordsFailed>().size(), 1u);
  EXPECT_EQ(told<events::RecordsFailed>()[0].topic, "orders");
}

}  // namespace
}  // namespace braid::engine
