#include "apps/clickstream/src/streaming/clients.hpp"

namespace clickstream {

braid::ProducerSettings producer_settings(const std::string& bootstrap,
                                          const braid::routing::KafkaSettings& kafka) {
  braid::ProducerSettings settings{.kafka = kafka, .client_id = "clickstream-ingest"};
  settings.kafka.insert_or_assign("bootstrap.servers", bootstrap);
  // emplace: what the user sets stays.
  settings.kafka.emplace("linger.ms", "5");
  settings.kafka.emplace("message.timeout.ms", "30000");
  settings.kafka.emplace("topic.metadata.propagation.max.ms", "5000");
  settings.close_timeout = std::chrono::seconds(2);
  return settings;
}

}  // namespace clickstream
