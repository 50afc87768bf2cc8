#include "mock/application/eventually.hpp"
#include "mock/producer/producer_fixture.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

using testing::Api;
using testing::BrokerError;

constexpr auto kOutOfOrder =
    BrokerError{45};  // a sequence number that the broker did not expect: the end of a client

TEST_F(ProducerTest, ASynchronousCallReturnsWhereTheRecordIs) {
  make_topic("orders", 3);
  Producer producer(producer_settings());
  for (int i = 0; i < 3; ++i) {
    Record one = record("orders", "x");
    one.partition = PartitionNumber{2};
    const auto delivery = producer.produce_sync(one, kDeadline);
    ASSERT_TRUE(delivery.ok()) << delivery.error().text();
    EXPECT_EQ(delivery.value().partition, PartitionNumber{2});
    EXPECT_EQ(delivery.value().offset, Offset{i});
  }
  EXPECT_EQ(producer.figures().delivered, 3U);
}

TEST_F(ProducerTest, ABrokenIdempotenceIsMendedByANewClientWithoutLossAndInOrder) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  Producer producer(settings);
  ASSERT_TRUE(producer.produce_sync(record("orders", "first"), kDeadline).ok());
  cluster.fail_next(Api::produce, {kOutOfOrder});
  std::mutex mutex;
  std::vector<std::int64_t> offsets;
  std::vector<std::string> failures;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(producer
                    .produce(record("orders", std::to_string(i)),
                             [&](const Delivery& delivery) {
                               const std::scoped_lock lock(mutex);
                               if (delivery.ok()) {
                                 offsets.push_back(delivery.offset->value);
                               } else {
                                 failures.push_back(delivery.error->text());
                               }
                             })
                    .ok());
  }
  const auto flushed = producer.flush(kDeadline);
  ASSERT_TRUE(flushed.ok()) << flushed.error().text();
  EXPECT_EQ(producer.figures().rebuilds, 1U);
  EXPECT_TRUE(failures.empty()) << failures.front();
  ASSERT_EQ(offsets.size(), 500U);
  EXPECT_TRUE(std::ranges::is_sorted(offsets)) << "a record overtook another one of its partition";
}

TEST_F(ProducerTest, ABrokenIdempotenceIsTheEndWhereRebuildsAreOff) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.max_rebuilds = 0;
  Producer producer(settings);
  ASSERT_TRUE(producer.produce_sync(record("orders", "first"), kDeadline).ok());
  cluster.fail_next(Api::produce, {kOutOfOrder});
  EXPECT_FALSE(producer.produce_sync(record("orders", "second"), kDeadline).ok());
  EXPECT_TRUE(eventually([&] {
    const auto sent = producer.produce(record("orders", "third"), {});
    return !sent.ok() && sent.error().fatal();
  }));
}

TEST_F(ProducerTest, ATopicMayHaveAVariantOfItsOwn) {
  make_topic("metrics");
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.kafka["enable.idempotence"] = "false";
  settings.topics["metrics"] = {.acks = Acks::none, .compression = "gzip"};
  Producer producer(settings);
  const auto metric = producer.produce_sync(record("metrics", "1"), kDeadline);
  ASSERT_TRUE(metric.ok()) << metric.error().text();
  EXPECT_EQ(metric.value().offset, std::nullopt) << "no broker has said where it is";
  const auto order = producer.produce_sync(record("orders", "1"), kDeadline);
  ASSERT_TRUE(order.ok()) << order.error().text();
  EXPECT_EQ(order.value().offset, Offset{0});
}

TEST_F(ProducerTest, WhatContradictsItselfIsRefusedInWords) {
  const auto refusal = [&](const ProducerSettings& settings) -> std::string {
    try {
      const Producer producer(settings);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  ProducerSettings fewer = producer_settings();
  fewer.topics["metrics"] = {.acks = Acks::one};
  EXPECT_NE(refusal(fewer).find("topic metrics: acks=1 contradicts"), std::string::npos) << refusal(fewer);
  ProducerSettings unknown = producer_settings();
  unknown.topics["metrics"] = {.partitioner = "mine"};
  EXPECT_NE(refusal(unknown).find("topic metrics: Kafka setting partitioner=mine"), std::string::npos)
      << refusal(unknown);
}

TEST_F(ProducerTest, BadInputIsOneErrorAndNothingIsSent) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.max_payload_size = 100;
  Producer producer(settings);
  ASSERT_TRUE(producer.produce_sync(record("orders", "so that its partitions are known"), kDeadline).ok());
  const std::string large(101, 'x');
  EXPECT_EQ(producer.produce_sync(record("orders", large), kDeadline).error().kind(),
            Error::Kind::message_too_large);
  Record nowhere = record("orders", "x");
  nowhere.partition = PartitionNumber{7};
  EXPECT_EQ(producer.produce_sync(nowhere, kDeadline).error().kind(), Error::Kind::unknown_topic);
  nowhere.partition = PartitionNumber{-2};
  EXPECT_EQ(producer.produce_sync(nowhere, kDeadline).error().kind(), Error::Kind::invalid_record);
  Record nameless = record("orders", "x");
  nameless.headers = {{"", "1"}};
  EXPECT_EQ(producer.produce(nameless).error().kind(), Error::Kind::invalid_record);
  const auto many = producer.produce_many_sync(std::array{record("orders", "x"), nameless}, kDeadline);
  EXPECT_EQ(many.error->kind(), Error::Kind::invalid_record);
  EXPECT_EQ(producer.figures().delivered, 1U);
}

TEST_F(ProducerTest, AFullQueueFailsAtOnceOrBehindItsWait) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.max_queued = 2;
  settings.max_wait_for_room = 0ms;
  Producer producer(settings);
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(producer.produce(record("orders", "1"), {}).ok());
  EXPECT_TRUE(producer.produce(record("orders", "2"), {}).ok());
  const auto full = producer.produce(record("orders", "3"), {});
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().kind(), Error::Kind::queue_full);
  EXPECT_TRUE(full.error().retriable());
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(producer.flush(kDeadline).ok());
}

TEST_F(ProducerTest, AFailedFlushKeepsItsRecordsUntilABrokerTakesThem) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.kafka["message.timeout.ms"] = "1000";
  Producer producer(settings);
  ASSERT_TRUE(producer.produce_sync(record("orders", "first"), kDeadline).ok());
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(producer.buffer_many(std::array{record("orders", "1"), record("orders", "2")}).ok());
  EXPECT_FALSE(producer.flush(kDeadline).ok());
  EXPECT_EQ(producer.buffered(), 2U);
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(eventually([&] { return producer.flush(kDeadline).ok(); }));
  EXPECT_EQ(producer.buffered(), 0U);
}

TEST_F(ProducerTest, WhatIsGivenUpIsNotStillBeingSent) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.kafka["message.timeout.ms"] = "500";
  Producer producer(settings);
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  const auto late = producer.produce_sync(record("orders", "1"), kDeadline);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::timed_out);
  EXPECT_FALSE(late.error().retriable()) << late.error().text();
  EXPECT_EQ(producer.outstanding(), 0U);
}

TEST_F(ProducerTest, ACloseInTheDarkReportsWhatWasNotDelivered) {
  make_topic("orders");
  Producer producer(producer_settings());
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  std::optional<Error::Kind> kind;
  ASSERT_TRUE(
      producer.produce(record("orders", "1"), [&](const Delivery& delivery) { kind = delivery.error->kind(); })
          .ok());
  ASSERT_TRUE(producer.buffer(record("orders", "2")).ok());
  const CloseReport report = producer.close(200ms);
  EXPECT_EQ(report.buffered.size(), 1U);
  EXPECT_GE(report.undelivered, 1U);
  EXPECT_EQ(kind, Error::Kind::closed);
  EXPECT_EQ(producer.produce(record("orders", "3")).error().kind(), Error::Kind::closed);
}

TEST_F(ProducerTest, CoroutinesWaitForDeliveriesWithoutAThread) {
  make_topic("orders");
  Producer producer(producer_settings());
  boost::asio::io_context context;
  const auto work = [&]() -> boost::asio::awaitable<void> {
    const auto one = co_await producer.produce_async(record("orders", "1"));
    EXPECT_TRUE(one.ok());
    EXPECT_EQ(one.value().offset, Offset{0});
    const std::vector<Record> records{record("orders", "2"), record("orders", "3")};
    const ManyDelivered many = co_await producer.produce_many_async(records);
    EXPECT_EQ(many.delivered(), 2U);
    EXPECT_TRUE(producer.buffer(record("orders", "4")).ok());
    const auto flushed = co_await producer.flush_async(kDeadline);
    EXPECT_TRUE(flushed.ok());
    const auto wrong = co_await producer.produce_async(record("", "5"));
    EXPECT_EQ(wrong.error().kind(), Error::Kind::invalid_record);
  };
  auto done = boost::asio::co_spawn(context, work(), boost::asio::use_future);
  context.run();
  done.get();
  EXPECT_EQ(producer.figures().delivered, 4U);
}

}  // namespace
}  // namespace braid::application_test
