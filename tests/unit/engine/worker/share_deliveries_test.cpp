#include "engine/worker/share_deliveries.hpp"

#include "unit/engine/worker/hand_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace braid::engine {
namespace {

using test_support::HandSink;
using testing::ElementsAre;
using testing::IsEmpty;

class ShareDeliveriesTest : public testing::Test {
 protected:
  void send(std::optional<Offset> message = {}) {
    ASSERT_TRUE(deliveries->send(sink, Record{.topic = "out", .payload = "1"}, message).ok());
  }
  // Whether it counts now, whoever made it.
  bool mark(std::int64_t offset) {
    if (!deliveries->hold({offset})) return true;
    return !marked.empty() && marked.back() == offset;
  }

  HandSink sink;
  std::vector<std::int64_t> marked;  // by deliveries
  std::shared_ptr<ShareDeliveries> deliveries =
      std::make_shared<ShareDeliveries>([this](Offset offset) { marked.push_back(offset.value); });
  int over = 0;
};

TEST_F(ShareDeliveriesTest, WithoutRecordsMarksAreTheCallers) {
  EXPECT_FALSE(deliveries->hold({10}));
  EXPECT_FALSE(deliveries->outstanding());
  EXPECT_FALSE(deliveries->wait([this] { ++over; }));
}

TEST_F(ShareDeliveriesTest, AMarkCountsWhenWhatWasProducedBeforeItIsDelivered) {
  send();
  EXPECT_FALSE(mark(10));
  send();
  EXPECT_FALSE(mark(11));
  sink.deliver();
  EXPECT_THAT(marked, ElementsAre(10));
  sink.deliver();
  EXPECT_THAT(marked, ElementsAre(10, 11));
}

TEST_F(ShareDeliveriesTest, AMarkWaitsForNothingThatWasProducedBehindIt) {
  send();
  EXPECT_FALSE(mark(10));
  send();
  sink.deliver();
  EXPECT_THAT(marked, ElementsAre(10));
  EXPECT_TRUE(deliveries->outstanding());
}

TEST_F(ShareDeliveriesTest, DeliveriesOutOfOrderCountMarksInOrder) {
  send();
  EXPECT_FALSE(mark(10));
  send();
  EXPECT_FALSE(mark(11));
  sink.deliver(1);
  EXPECT_THAT(marked, IsEmpty());
  sink.deliver();
  EXPECT_THAT(marked, ElementsAre(10, 11));
}

TEST_F(ShareDeliveriesTest, AMarkBehindWhatIsDeliveredCountsAtOnce) {
  send();
  sink.deliver();
  EXPECT_TRUE(mark(10));
  EXPECT_FALSE(deliveries->hold({11}));  // nothing is in between
}

TEST_F(ShareDeliveriesTest, BehindWhatWasNotDeliveredNoMarkCounts) {
  send();
  EXPECT_FALSE(mark(10));
  send(Offset{11});
  EXPECT_FALSE(mark(11));
  send(Offset{12});
  EXPECT_FALSE(mark(12));
  sink.deliver();
  sink.fail("no leader");
  sink.deliver();
  EXPECT_FALSE(mark(13));
  EXPECT_THAT(marked, ElementsAre(10));
  ASSERT_TRUE(deliveries->failed());
  EXPECT_EQ(deliveries->failed()->error.text(), "no leader");
  EXPECT_EQ(deliveries->failed()->message, Offset{11});
}

TEST_F(ShareDeliveriesTest, WhoWaitsIsToldOnceAllIsReported) {
  send();
  send();
  EXPECT_TRUE(deliveries->wait([this] { ++over; }));
  sink.fail("no leader");
  EXPECT_EQ(over, 0);
  sink.deliver();
  EXPECT_EQ(over, 1);
  EXPECT_TRUE(deliveries->failed());
}

TEST_F(ShareDeliveriesTest, WhatWasNotSentChangesNothing) {
  sink.refuses = Error(Error::Kind::queue_full, "full", true);
  EXPECT_EQ(deliveries->send(sink, Record{.topic = "out"}, {}).error().kind(), Error::Kind::queue_full);
  EXPECT_FALSE(deliveries->outstanding());
  EXPECT_FALSE(deliveries->failed());
  EXPECT_TRUE(mark(10));
}

TEST_F(ShareDeliveriesTest, AReportFromWithinTheSendCounts) {
  sink.at_once = true;
  send();
  EXPECT_FALSE(deliveries->outstanding());
  EXPECT_TRUE(mark(10));
}

TEST_F(ShareDeliveriesTest, ASinkThatThrowsHasSentNothing) {
  class Throws final : public RecordSink {
    Result<void> send(const Record&, OnDelivery) override { throw std::runtime_error("no memory"); }
  } throws;
  EXPECT_THROW(static_cast<void>(deliveries->send(throws, Record{.topic = "out"}, {})), std::runtime_error);
  EXPECT_FALSE(deliveries->outstanding());
}

// Of marks of one section the highest counts, in whatever order they come.
TEST_F(ShareDeliveriesTest, AMarkNeverGoesBack) {
  send();
  EXPECT_FALSE(mark(12));
  EXPECT_FALSE(mark(11));
  sink.deliver();
  EXPECT_THAT(marked, ElementsAre(12));
}

}  // namespace
}  // namespace braid::engine
