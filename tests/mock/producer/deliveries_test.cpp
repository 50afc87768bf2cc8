// Who hears of deliveries, whatever way a record was sent; traces; children of fork().

#include "mock/application/eventually.hpp"
#include "mock/producer/producer_fixture.hpp"

#include <braid/braid.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <any>
#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::application_test {
namespace {

// What was heard, in its order.
class Heard {
 public:
  void note(const std::string& who, const Delivery& delivery) {
    const auto* const label = std::any_cast<std::string>(&delivery.label);
    const std::scoped_lock lock(mutex_);
    lines_.push_back(who + " " + (label != nullptr ? *label : "none") + (delivery.ok() ? "" : " failed"));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Hearing final : public ProducerInterceptor {
 public:
  Hearing(std::shared_ptr<Heard> heard, std::string name, bool throws = false)
      : heard_(std::move(heard)), name_(std::move(name)), throws_(throws) {}
  void on_delivery(const Delivery& delivery) override {
    heard_->note(name_, delivery);
    if (throws_) throw std::runtime_error("an interceptor broke");
  }

 private:
  const std::shared_ptr<Heard> heard_;
  const std::string name_;
  const bool throws_;
};

class DeliveriesTest : public ProducerTest {
 protected:
  [[nodiscard]] ProducerSettings hearing_settings() const {
    ProducerSettings settings = producer_settings();
    settings.interceptors = {std::make_shared<Hearing>(heard, "first", true),
                             std::make_shared<Hearing>(heard, "second")};
    settings.on_delivery = [heard = heard](const Delivery& delivery) { heard->note("all", delivery); };
    return settings;
  }
  [[nodiscard]] static Record labelled(const std::string& label) {
    Record made = record("orders", "x");
    made.label = label;
    return made;
  }
  // Its own callback, both interceptors though the first one throws, and who hears of all.
  static std::vector<std::string> all_of(const std::string& label) {
    return {"first " + label, "second " + label, "all " + label};
  }

  std::shared_ptr<Heard> heard = std::make_shared<Heard>();
};

TEST_F(DeliveriesTest, InterceptorsAndTheSettingsHearOfARecordBehindItsOwnCallback) {
  make_topic("orders");
  Producer producer(hearing_settings());
  ASSERT_TRUE(
      producer.produce(labelled("1"), [this](const Delivery& delivery) { heard->note("own", delivery); }).ok());
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  EXPECT_EQ(heard->lines(), (std::vector<std::string>{"own 1", "first 1", "second 1", "all 1"}));
}

TEST_F(DeliveriesTest, TheyHearOfEveryWayToSend) {
  make_topic("orders");
  Producer producer(hearing_settings());
  std::vector<std::string> expected;
  const auto one_more = [&](const std::string& label) {
    for (const std::string& line : all_of(label)) expected.push_back(line);
    EXPECT_EQ(heard->lines(), expected);
  };
  ASSERT_TRUE(producer.produce(labelled("nobody's"), {}).ok());
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  one_more("nobody's");
  ASSERT_TRUE(producer.produce_sync(labelled("sync"), kDeadline).ok());
  one_more("sync");
  ASSERT_TRUE(producer.produce_many_sync(std::array{labelled("many")}, kDeadline).ok());
  one_more("many");
  ASSERT_TRUE(producer.produce_many(std::array{labelled("many with a callback")}, {}).ok());
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  one_more("many with a callback");
  ASSERT_TRUE(producer.buffer(labelled("buffered")).ok());
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  one_more("buffered");
  boost::asio::io_context context;
  const auto work = [&]() -> boost::asio::awaitable<void> {
    const auto delivery = co_await producer.produce_async(labelled("async"));
    EXPECT_EQ(std::any_cast<std::string>(delivery.value().label), "async");
    const std::vector<Record> many{labelled("many async")};
    const ManyDelivered deliveries = co_await producer.produce_many_async(many);
    EXPECT_EQ(std::any_cast<std::string>(deliveries.each.at(0).label), "many async");
  };
  auto done = boost::asio::co_spawn(context, work(), boost::asio::use_future);
  context.run();
  done.get();
  for (const std::string& line : all_of("async")) expected.push_back(line);
  one_more("many async");
}

TEST_F(DeliveriesTest, TheyHearOfWhatACloseGivesUp) {
  make_topic("orders");
  Producer producer(hearing_settings());
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(producer.produce(labelled("1"), {}).ok());
  EXPECT_EQ(producer.close(50ms).undelivered, 1U);
  EXPECT_EQ(heard->lines(), all_of("1 failed"));
}

TEST_F(DeliveriesTest, ManyInACoroutineSayWhichWereDelivered) {
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.topics["gone"] = {.delivery_timeout = 300ms};
  settings.kafka["topic.metadata.propagation.max.ms"] = "100";
  cluster.set_topic_error("gone", testing::BrokerError::unknown_topic);
  Producer producer(settings);
  std::optional<ManyDelivered> many;
  std::optional<ManyDelivered> wrong;
  boost::asio::io_context context;
  const auto work = [&]() -> boost::asio::awaitable<void> {
    const std::vector<Record> records{labelled("1"), record("gone", "2"), labelled("3")};
    many = co_await producer.produce_many_async(records);
    const std::vector<Record> nameless{labelled("4"), record("", "5")};
    wrong = co_await producer.produce_many_async(nameless);
  };
  auto done = boost::asio::co_spawn(context, work(), boost::asio::use_future);
  context.run();
  done.get();
  ASSERT_EQ(many->each.size(), 3U);
  EXPECT_TRUE(many->each[0].ok());
  EXPECT_FALSE(many->each[1].ok());
  EXPECT_TRUE(many->each[2].ok());
  EXPECT_EQ(many->delivered(), 2U);
  EXPECT_EQ(many->error->text(), many->each[1].error->text());
  EXPECT_EQ(wrong->error->kind(), Error::Kind::invalid_record);
  EXPECT_EQ(wrong->delivered(), 0U);
  EXPECT_EQ(producer.figures().delivered, 2U) << "nothing of what was wrong is sent";
}

TEST_F(DeliveriesTest, AChildOfForkIsRefusedAndItsEndTouchesNothing) {
  make_topic("orders");
  auto producer = std::make_unique<Producer>(hearing_settings());
  ASSERT_TRUE(producer->produce_sync(labelled("1"), kDeadline).ok());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto refused = producer->produce_sync(labelled("2"), kDeadline);
    const bool right = !refused.ok() && refused.error().kind() == Error::Kind::closed;
    producer.reset();  // which would wait for a thread that is not there
    ::_exit(right ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(producer->produce_sync(labelled("3"), kDeadline).ok()) << "the parent's connections are its own";
  EXPECT_EQ(producer->figures().delivered, 2U);
}

using Headers = std::vector<std::pair<std::string, std::string>>;

// A consumer of orders produces to invoices, which another group reads.
class FromConsumersTest : public DeliveriesTest {
 protected:
  // The headers of the invoice that comes of this order.
  [[nodiscard]] Headers invoice_of(const Record& order, Settings settings = {}) {
    make_topic("orders");
    make_topic("invoices");
    Producer producer(producer_settings());
    EXPECT_TRUE(producer.produce_sync(order, kDeadline).ok());
    std::mutex mutex;
    std::optional<Headers> found;
    auto routes = routing::draw([&](routing::RoutesBuilder& r) {
      r.consumer_group("billing").topic("orders").consumer<Invoicing>();
      r.consumer_group("mail").topic("invoices").handle([&](const Message& message) {
        const std::scoped_lock lock(mutex);
        found.emplace();
        for (const Header& header : message.headers()) found->emplace_back(header.name, header.value.value_or(""));
      });
    });
    settings.kafka = {{"bootstrap.servers", cluster.bootstrap()}};
    settings.log_level = LogLevel::warning;
    Application application(settings, std::move(routes));
    application.start();
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex);
      return found.has_value();
    }));
    EXPECT_TRUE(application.stop().in_time);
    return found.value_or(Headers{});
  }

 private:
  class Invoicing final : public Consumer {
    void consume(Batch& batch) override {
      for (const Message& message : batch) {
        const auto sent = batch.produce({.topic = "invoices", .payload = message.payload()}, message);
        if (!sent) throw std::runtime_error(sent.error().text());
      }
    }
  };
};

TEST_F(FromConsumersTest, ATraceIsCarriedFromTopicToTopic) {
  const Headers trace{{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                      {"tracestate", "vendor=1"}};
  Record order = record("orders", "traced");
  order.headers = {{"tenant", "t1"}};
  for (const auto& [name, value] : trace) order.headers.push_back({name, value});
  EXPECT_EQ(invoice_of(order), trace);
}

TEST_F(FromConsumersTest, WhatTheyProducePassesTheApplicationsMiddlewareAndInterceptors) {
  Settings settings;
  settings.producer_middleware.push_back([](RecordDraft& draft) -> Result<void> {
    draft.add_header("sent-by", "shop");
    draft.set_label(std::string("1"));
    return {};
  });
  settings.producer_interceptors = {std::make_shared<Hearing>(heard, "heard")};
  EXPECT_EQ(invoice_of(record("orders", "1"), settings), (Headers{{"sent-by", "shop"}}));
  EXPECT_EQ(heard->lines(), std::vector<std::string>{"heard 1"});
}

}  // namespace
}  // namespace braid::application_test
