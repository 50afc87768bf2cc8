#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
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

}  // namespace
}  // namespace braid
