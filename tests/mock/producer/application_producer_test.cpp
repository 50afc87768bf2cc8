#include "runtime/application_producer.hpp"

#include "mock/application/eventually.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

namespace braid::application_test {
namespace {

using testing::Api;
using testing::BrokerError;
using testing::EmbeddedCluster;

constexpr auto kClusterNotAuthorized = BrokerError{31};  // ends an idempotent client

TEST(ApplicationProducer, SendsAgainOnceWhatHadEndedAllItsClientsIsOver) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  cluster.fail_next(Api::init_producer_id, {kClusterNotAuthorized, kClusterNotAuthorized});
  ProducerSettings settings;
  settings.kafka = {{"bootstrap.servers", cluster.bootstrap()}, {"linger.ms", "1"}};
  settings.connect_timeout = 0ms;
  settings.max_rebuilds = 1;
  const auto log = std::make_shared<engine::KeptLines>();
  runtime::ApplicationProducer producer(settings, log);
  producer.make();
  ASSERT_TRUE(eventually([&] { return log->text().find("given up behind 1 new clients") != std::string::npos; }))
      << log->text();
  std::promise<std::string> delivery;
  Record record;
  record.topic = "orders";
  record.payload = "1";
  const auto sent = producer.send(
      record, [&](const Delivery& one) { delivery.set_value(one.ok() ? "delivered" : one.error->text()); });
  ASSERT_TRUE(sent.ok()) << sent.error().text();
  EXPECT_EQ(delivery.get_future().get(), "delivered");
  producer.close(kDeadline);
}

}  // namespace
}  // namespace braid::application_test
