#include "engine/producer/producer_front.hpp"

#include "unit/engine/producer/front_fixture.hpp"

#include <gtest/gtest.h>

#include <any>
#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

TEST_F(ProducerFrontTest, AHandleGivesTheDeliveryWithItsLabel) {
  Record labelled = record("1");
  labelled.label = std::string("order 17");
  const auto handle = front().produce(labelled);
  ASSERT_TRUE(handle.ok());
  EXPECT_FALSE(handle.value().ready());
  EXPECT_EQ(handle.value().wait(1ms).error().kind(), Error::Kind::timed_out);
  client->answer();
  const auto delivery = handle.value().wait(kDeadline);
  ASSERT_TRUE(delivery.ok());
  EXPECT_EQ(std::any_cast<std::string>(delivery.value().label), "order 17");
}

TEST_F(ProducerFrontTest, ASynchronousCallerServesItself) {
  client->answer_itself();
  for (int i = 0; i < 100; ++i) {
    const auto delivery = front().produce_sync(record("x"), kDeadline);
    ASSERT_TRUE(delivery.ok()) << delivery.error().text();
  }
  EXPECT_TRUE(front().flush(kDeadline).ok());
}

TEST_F(ProducerFrontTest, ManySynchronousCallersEachGetTheirs) {
  client->answer_itself();
  static_cast<void>(front());  // made here, and not by two of the threads
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(front().produce_sync(record("x"), kDeadline).ok());
    });
  }
  threads.clear();
  EXPECT_EQ(front().figures().delivered, 200U);
}

TEST_F(ProducerFrontTest, ASynchronousCallThatIsOverSaysThatTheRecordIsStillBeingSent) {
  const auto late = front().produce_sync(record("1"), 1ms);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::timed_out);
  EXPECT_TRUE(late.error().retriable());
  EXPECT_EQ(front().engine().outstanding(), 1U);
}

TEST_F(ProducerFrontTest, ACallbackMayNotWaitForADelivery) {
  std::promise<Error::Kind> kind;
  ASSERT_TRUE(front()
                  .produce(record("1"),
                           [&](const Delivery&) {
                             const auto inner = front().produce_sync(record("2"), kDeadline);
                             kind.set_value(inner.ok() ? Error::Kind::timed_out : inner.error().kind());
                           })
                  .ok());
  client->answer();
  EXPECT_EQ(kind.get_future().get(), Error::Kind::other);
}

TEST_F(ProducerFrontTest, NothingElseWaitsWithinACallbackEither) {
  ManyDelivered many;
  Result<void> flushed;
  std::promise<void> called;
  ASSERT_TRUE(front()
                  .produce(record("1"),
                           [&](const Delivery&) {
                             many = front().produce_many_sync(std::array{record("2"), record("3")}, kDeadline);
                             flushed = front().flush(kDeadline);
                             front().close(kDeadline);
                             called.set_value();
                           })
                  .ok());
  client->answer();
  const auto over = called.get_future();
  EXPECT_EQ(over.wait_for(kDeadline / 2), std::future_status::ready) << "it waits for itself";
  over.wait();
  ASSERT_EQ(many.each.size(), 2U);
  EXPECT_EQ(many.error->kind(), Error::Kind::other);
  EXPECT_EQ(flushed.error().kind(), Error::Kind::other);
  EXPECT_NE(log->text().find("close() within a delivery callback"), std::string::npos) << log->text();
  EXPECT_TRUE(front().produce(record("4"), {}).ok()) << "it is not closed";
  EXPECT_EQ(taken(), (std::vector<std::string>{"1", "4"}));
}

TEST_F(ProducerFrontTest, OneWrongRecordOfManyStopsAll) {
  std::vector<Record> records{record("1"), record("2"), record("3")};
  records[2].headers.push_back({"", "x"});
  const auto produced = front().produce_many(records);
  EXPECT_TRUE(produced.handles.empty());
  ASSERT_TRUE(produced.error.has_value());
  EXPECT_EQ(produced.error->kind(), Error::Kind::invalid_record);
  const auto delivered = front().produce_many_sync(records, kDeadline);
  EXPECT_EQ(delivered.delivered(), 0U);
  ASSERT_EQ(delivered.each.size(), 3U);
  const ManySent sent = front().produce_many(records, [](std::size_t, const Delivery&) { FAIL(); });
  EXPECT_EQ(sent.sent, 0U);
  EXPECT_EQ(sent.error->kind(), Error::Kind::invalid_record);
  EXPECT_FALSE(front().buffer(records).ok());
  EXPECT_EQ(front().buffered(), 0U);
  EXPECT_TRUE(taken().empty());
}

TEST_F(ProducerFrontTest, ManySaysWhichWereDelivered) {
  client->take_at_most(2);
  const std::vector<Record> records{record("1"), record("2"), record("3")};
  auto call = std::async(std::launch::async, [&] { return front().produce_many_sync(records, kDeadline); });
  ASSERT_TRUE(client->wait_for_taken(2));
  client->answer();
  client->answer(Error(Error::Kind::timed_out, "no acknowledgement"));
  const ManyDelivered many = call.get();
  ASSERT_EQ(many.each.size(), 3U);
  EXPECT_TRUE(many.each[0].ok());
  EXPECT_EQ(many.each[1].error->kind(), Error::Kind::timed_out);
  EXPECT_EQ(many.each[2].error->kind(), Error::Kind::queue_full);
  EXPECT_EQ(many.delivered(), 1U);
  EXPECT_NE(many.error->text().find("record 2 of 3"), std::string::npos) << many.error->text();
}

TEST_F(ProducerFrontTest, ACallbackHearsOfEachOfMany) {
  client->take_at_most(2);
  std::mutex mutex;
  std::vector<std::pair<std::size_t, bool>> heard;
  std::vector<Record> records{record("1"), record("2"), record("3")};
  records[1].label = std::string("second");
  std::string label;
  const ManySent many = front().produce_many(records, [&](std::size_t index, const Delivery& delivery) {
    const std::scoped_lock lock(mutex);
    heard.emplace_back(index, delivery.ok());
    if (index == 1) label = std::any_cast<std::string>(delivery.label);
  });
  EXPECT_EQ(many.sent, 2U);
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error->kind(), Error::Kind::queue_full);
  EXPECT_NE(many.error->text().find("record 2 of 3"), std::string::npos) << many.error->text();
  client->answer(Error(Error::Kind::timed_out, "no acknowledgement"));
  client->answer();
  ASSERT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(heard, (std::vector<std::pair<std::size_t, bool>>{{0, false}, {1, true}}));
  EXPECT_EQ(label, "second");
}

TEST_F(ProducerFrontTest, OfManyNobodyNeedsToHear) {
  client->answer_itself();
  EXPECT_EQ(front().produce_many(std::array{record("1"), record("2")}, {}).sent, 2U);
  ASSERT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(front().figures().delivered, 2U);
}

TEST_F(ProducerFrontTest, AFullQueueIsWaitedForWithADeadline) {
  options.max_wait_for_room = kDeadline;
  client->set_capacity(1);
  ASSERT_TRUE(front().produce(record("1"), {}).ok());
  auto second = std::async(std::launch::async, [&] { return front().produce(record("2"), {}); });
  EXPECT_EQ(second.wait_for(30ms), std::future_status::timeout);
  client->answer();
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(taken(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(ProducerFrontTest, AFullQueueFailsWhenTheWaitIsOver) {
  options.max_wait_for_room = 20ms;
  client->set_capacity(0);
  const auto full = front().produce(record("1"), {});
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().kind(), Error::Kind::queue_full);
  EXPECT_EQ(front().engine().outstanding(), 0U);
}

TEST_F(ProducerFrontTest, ASynchronousCallWaitsNoLongerForRoomThanForTheDelivery) {
  options.max_wait_for_room = kDeadline;
  client->set_capacity(0);
  const auto begun = std::chrono::steady_clock::now();
  const auto one = front().produce_sync(record("1"), 20ms);
  EXPECT_EQ(one.error().kind(), Error::Kind::queue_full);
  const auto many = front().produce_many_sync(std::array{record("2"), record("3")}, 20ms);
  EXPECT_EQ(many.error->kind(), Error::Kind::queue_full);
  EXPECT_EQ(many.each.size(), 2U);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline / 2);
  EXPECT_EQ(front().engine().outstanding(), 0U);
  EXPECT_TRUE(taken().empty());
}

// What waiting for room has used up is missing to wait for the delivery.
TEST_F(ProducerFrontTest, ASynchronousCallHasOneTimeForRoomAndDelivery) {
  options.max_wait_for_room = kDeadline;
  client->set_capacity(1);
  ASSERT_TRUE(front().produce(record("1"), {}).ok());
  constexpr auto kTimeout = 2000ms;
  const auto begun = std::chrono::steady_clock::now();
  auto call = std::async(std::launch::async, [&] {
    return front().produce_many_sync(std::array{record("2"), record("3")}, kTimeout);
  });
  ASSERT_TRUE(client->wait_for_full());
  EXPECT_EQ(call.wait_until(begun + kTimeout / 2), std::future_status::timeout);
  client->answer();  // room for the second; the third finds none
  const ManyDelivered many = call.get();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kTimeout + kDeadline / 2);
  ASSERT_EQ(many.each.size(), 2U);
  EXPECT_EQ(many.each[0].error->kind(), Error::Kind::timed_out);
  EXPECT_EQ(many.each[1].error->kind(), Error::Kind::queue_full);
  EXPECT_EQ(taken(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(ProducerFrontTest, AFailedFlushKeepsWhatWasNotDeliveredInItsOrder) {
  const std::vector<Record> records{record("1"), record("2"), record("3"), record("4")};
  ASSERT_TRUE(front().buffer(records).ok());
  EXPECT_TRUE(taken().empty());
  auto flush = std::async(std::launch::async, [&] { return front().flush(kDeadline); });
  ASSERT_TRUE(client->wait_for_taken(4));
  const Error lost(Error::Kind::timed_out, "no acknowledgement", true);
  client->answer();
  client->answer(lost);
  client->answer();
  client->answer(lost);
  const auto failed = flush.get();
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().text().find("2 records were not delivered"), std::string::npos) << failed.error().text();
  ASSERT_TRUE(front().buffer(std::array{record("5")}).ok());
  EXPECT_EQ(front().buffered(), 3U);
  client->answer_itself();
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(taken(), (std::vector<std::string>{"1", "2", "3", "4", "2", "4", "5"}));
  EXPECT_EQ(front().buffered(), 0U);
}

TEST_F(ProducerFrontTest, AFlushThatFindsNoRoomKeepsTheRest) {
  client->take_at_most(1);
  ASSERT_TRUE(front().buffer(std::array{record("1"), record("2"), record("3")}).ok());
  auto flush = std::async(std::launch::async, [&] { return front().flush(kDeadline); });
  ASSERT_TRUE(client->wait_for_taken(1));
  client->answer();
  EXPECT_EQ(flush.get().error().kind(), Error::Kind::queue_full);
  std::vector<std::string> left;
  for (const OwnedRecord& each : front().take_buffered()) left.push_back(*each.payload);
  EXPECT_EQ(left, (std::vector<std::string>{"2", "3"}));
}

TEST_F(ProducerFrontTest, AFlushEndsAtItsDeadlineThoughRoomIsWaitedForLonger) {
  options.max_wait_for_room = kDeadline;
  client->set_capacity(0);
  ASSERT_TRUE(front().buffer(std::array{record("1"), record("2")}).ok());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(front().flush(1ms).error().kind(), Error::Kind::queue_full);
  EXPECT_EQ(front().close(1ms).buffered.size(), 2U);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline / 2);
}

TEST_F(ProducerFrontTest, TheBufferIsBoundedAndTakesAllOrNone) {
  rules.max_buffered = 2;
  EXPECT_EQ(front().buffer(std::array{record("1"), record("2"), record("3")}).error().kind(),
            Error::Kind::queue_full);
  EXPECT_EQ(front().buffered(), 0U);
  EXPECT_TRUE(front().buffer(std::array{record("1"), record("2")}).ok());
  EXPECT_FALSE(front().buffer(std::array{record("3")}).ok());
}

TEST_F(ProducerFrontTest, MiddlewareMayChangeAndRefuse) {
  rules.chain.middleware.push_back([](RecordDraft& draft) -> Result<void> {
    draft.set_payload(std::string(*draft.record().payload) + "!");
    return {};
  });
  rules.chain.middleware.push_back([](RecordDraft& draft) -> Result<void> {
    if (draft.record().payload == "secret!") return Error(Error::Kind::refused, "not to leave the house", true);
    if (draft.record().payload == "throws!") throw std::runtime_error("broken");
    return {};
  });
  client->answer_itself();
  EXPECT_TRUE(front().produce(record("a"), {}).ok());
  EXPECT_EQ(front().produce(record("secret"), {}).error().text(), "not to leave the house");
  const auto thrown = front().produce(record("throws"), {});
  EXPECT_EQ(thrown.error().kind(), Error::Kind::refused);
  EXPECT_NE(thrown.error().text().find("broken"), std::string::npos);
  const auto many = front().produce_many(std::array{record("b"), record("secret")});
  EXPECT_TRUE(many.handles.empty());
  EXPECT_TRUE(many.error->retriable()) << "as the middleware had it";
  EXPECT_EQ(taken(), std::vector<std::string>{"a!"});
}

TEST_F(ProducerFrontTest, InterceptorsAddHeadersAndSeeDeliveriesAndMayNotBreakAnything) {
  class Counting final : public ProducerInterceptor {
   public:
    void on_produce(RecordDraft& draft) override {
      ++produced;
      draft.add_header("seen", std::nullopt);
      if (draft.record().payload == "2") throw std::runtime_error("interceptor broke");
    }
    int produced = 0;
  };
  const auto counting = std::make_shared<Counting>();
  rules.chain.interceptors.push_back(counting);
  client->answer_itself();
  EXPECT_TRUE(front().produce(record("1"), {}).ok());
  EXPECT_TRUE(front().produce(record("2"), {}).ok());
  EXPECT_EQ(counting->produced, 2);
  EXPECT_NE(log->text().find("interceptor broke"), std::string::npos);
}

TEST_F(ProducerFrontTest, ACloseReportsWhatWasNotDeliveredAndNothingIsSentBehindIt) {
  ASSERT_TRUE(front().produce(record("1"), {}).ok());
  client->take_at_most(1);
  ASSERT_TRUE(front().buffer(std::array{record("2")}).ok());
  const CloseReport report = front().close(20ms);
  EXPECT_FALSE(report.all_delivered());
  EXPECT_EQ(report.undelivered, 1U);
  EXPECT_EQ(report.undelivered_by_topic, (std::map<std::string, std::uint64_t>{{"orders", 1}}));
  ASSERT_EQ(report.buffered.size(), 1U);
  EXPECT_EQ(report.buffered[0].payload, "2");
  EXPECT_EQ(front().produce(record("3"), {}).error().kind(), Error::Kind::closed);
  EXPECT_EQ(front().produce_sync(record("3"), 1ms).error().kind(), Error::Kind::closed);
  EXPECT_EQ(front().flush(1ms).error().kind(), Error::Kind::closed);
  EXPECT_EQ(front().buffer(std::array{record("3")}).error().kind(), Error::Kind::closed);
  EXPECT_TRUE(front().close(1ms).all_delivered());
}

}  // namespace
}  // namespace braid::engine
