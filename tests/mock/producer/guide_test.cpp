#include "mock/application/eventually.hpp"

#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// The examples of docs/producer.md, as they stand there.

namespace braid {
namespace {

TEST(ProducerGuide, ItsExamplesWork) {
  const testing::EmbeddedCluster cluster({.brokers = 1, .topics = {{"orders", 1, 1}, {"metrics", 1, 1}}});
  const std::string servers = cluster.bootstrap();
  braid::Producer producer({.kafka = {{"bootstrap.servers", servers}}});

  const auto delivered = producer.produce_sync({.topic = "orders", .key = "17", .payload = "3 apples"});
  if (!delivered) throw std::runtime_error(delivered.error().text());

  const std::vector<braid::Record> records{{.topic = "orders", .payload = "1"},
                                           {.topic = "orders", .payload = "2"}};
  const braid::ManyDelivered many = producer.produce_many_sync(records);
  for (const braid::Delivery& one : many.each) {
    if (!one.ok()) std::cerr << one.error->text() << '\n';
  }
  EXPECT_TRUE(many.ok());

  const std::vector<std::string> lines{"3", "4"};
  for (const auto& line : lines) {
    if (!producer.buffer({.topic = "orders", .payload = line})) break;
  }
  const auto flushed = producer.flush(std::chrono::seconds(10));
  if (!flushed) std::cerr << flushed.error().text() << "; buffered: " << producer.buffered() << '\n';
  EXPECT_TRUE(flushed.ok());
}

TEST(ProducerGuide, ItsVariantsAndItsMiddlewareWork) {
  const testing::EmbeddedCluster cluster({.brokers = 1, .topics = {{"orders", 1, 1}, {"metrics", 1, 1}}});
  const std::string servers = cluster.bootstrap();
  braid::ProducerSettings settings{.kafka = {{"bootstrap.servers", servers}, {"enable.idempotence", "false"}}};
  settings.topics["metrics"] = {.acks = braid::Acks::none, .compression = "lz4"};
  settings.topics["orders"] = {.acks = braid::Acks::all, .delivery_timeout = std::chrono::seconds(30)};
  settings.middleware.push_back([](braid::RecordDraft& record) -> braid::Result<void> {
    if (!record.header("tenant")) return braid::Error(braid::Error::Kind::refused, "a record without a tenant");
    record.add_header("sent-by", "shop");
    return {};
  });
  braid::Producer producer(settings);
  EXPECT_EQ(producer.produce_sync({.topic = "orders", .payload = "1"}).error().kind(), Error::Kind::refused);
  EXPECT_TRUE(producer.produce_sync({.topic = "metrics", .payload = "1", .headers = {{"tenant", "a"}}}).ok());
}

TEST(ProducerGuide, ItsTransactionsWork) {
  const testing::EmbeddedCluster cluster({.brokers = 1, .topics = {{"orders", 1, 1}, {"stock", 1, 1}}});
  const std::string servers = cluster.bootstrap();
  braid::TransactionalProducer producer({.kafka = {{"bootstrap.servers", servers}}, .transactional_id = "shop-1"});

  for (const int stock : {5, 2}) {
    const auto order = producer.transaction([&](auto& tx) -> braid::Result<int> {
      const auto placed = tx.produce({.topic = "orders", .key = "17", .payload = "3 apples"});
      if (!placed) return placed.error();
      if (stock < 3) tx.abort("no apples left");
      static_cast<void>(tx.produce({.topic = "stock", .key = "apples", .payload = std::to_string(stock - 3)}));
      return stock - 3;
    });
    if (order) {
      std::cout << "committed; left: " << order.value() << '\n';
    } else if (order.error().kind() == braid::Error::Kind::aborted) {
      std::cout << order.error().text() << '\n';
    } else {
      std::cerr << order.error().text() << '\n';
    }
    EXPECT_EQ(order.ok(), stock == 5);
    EXPECT_EQ(order ? "" : order.error().text(), stock == 5 ? "" : "the transaction was aborted: no apples left");
  }

  braid::TransactionalProducerPool pool({.kafka = {{"bootstrap.servers", servers}}, .transactional_id = "shop"}, 8);

  const auto sent =
      pool.transaction([&](auto& tx) { return tx.produce({.topic = "orders", .payload = "3 apples"}); });
  if (!sent) std::cerr << sent.error().text() << '\n';
  EXPECT_TRUE(sent.ok());
}

std::string_view invoice_of(const Message& message) {
  return message.payload();
}

class Invoicing final : public Consumer {
 private:
  void consume(braid::Batch& batch) override {
    for (const braid::Message& message : batch) {
      const auto sent =
          batch.produce({.topic = "invoices", .key = message.key(), .payload = invoice_of(message)}, message);
      if (!sent) throw std::runtime_error(sent.error().text());
    }
  }
};

TEST(ProducerGuide, ItsConsumerProduces) {
  const testing::EmbeddedCluster cluster({.brokers = 1, .topics = {{"orders", 1, 1}, {"invoices", 1, 1}}});
  ProducerSettings settings{.kafka = {{"bootstrap.servers", cluster.bootstrap()}}};
  Producer producer(settings);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(producer.produce_sync({.topic = "orders", .key = "17", .payload = std::to_string(i)}).ok());
  }
  auto routes = routing::draw([](routing::RoutesBuilder& r) {
    r.consumer_group("billing").topic("orders").consumer<Invoicing>().initial_offset(
        routing::InitialOffset::earliest);
  });
  Application application({.kafka = {{"bootstrap.servers", cluster.bootstrap()}}, .log_level = LogLevel::warning},
                          std::move(routes));
  application.start();
  EXPECT_TRUE(application_test::eventually([&] { return application.figures().messages_done >= 10; }));
  // All of it was delivered before that.
  Record next{.topic = "invoices", .payload = "behind them"};
  EXPECT_EQ(producer.produce_sync(next).value().offset, Offset{10});
  EXPECT_TRUE(application.stop().in_time);
}

}  // namespace
}  // namespace braid
