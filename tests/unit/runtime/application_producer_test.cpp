#include "runtime/application_producer.hpp"

#include "unit/engine/producer/hand_client.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace braid::runtime {
namespace {

// As when an application could not start, since another part of it had found something wrong.
TEST(ApplicationProducer, MayEndWithoutAStop) {
  ProducerSettings settings;
  settings.kafka = {{"bootstrap.servers", "127.0.0.1:1"}};
  settings.connect_timeout = std::chrono::milliseconds(0);
  const auto log = std::make_shared<engine::KeptLines>();
  {
    ApplicationProducer producer(settings, log);
    producer.make();
  }
  EXPECT_EQ(log.use_count(), 1) << "its client is left";
}

}  // namespace
}  // namespace braid::runtime
