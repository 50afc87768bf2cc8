#pragma once

#include "adapters/librdkafka/statistics.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/producer_client.hpp"

#include <braid/result.hpp>

#include <map>
#include <memory>
#include <string>

// The producer client on librdkafka (>= 2.0.2). No librdkafka type shows here.

namespace braid::adapters {

struct ProducerClientOptions {
  engine::Log& log;  // must outlive the client
  std::string client_id = "braid";
  // Kafka settings as librdkafka's CONFIGURATION.md names them; bootstrap.servers is required. They win over the
  // framework's choices: enable.idempotence=true (so that a retry neither repeats nor reorders) and
  // partitioner=murmur2_random (a key's partition is the one that Java's clients choose).
  std::map<std::string, std::string> settings{};
  // A message's partition, which each must have then, is taken modulo the number of partitions of its topic.
  bool partitions_wrap = false;
  // Settings of single topics, by their names. One that is unknown or malformed is an error of
  // make_producer_client().
  std::map<std::string, std::map<std::string, std::string>> topics{};
  StatisticsOptions statistics{};
};

// An error of kind invalid_setting where a setting is unknown or malformed. Does not connect. What is undelivered
// when the client is destroyed is dropped without a report: serve() until outstanding() is 0 first, or purge().
// Thread: any; engine::ProducerClient says which of the client's functions are the producer's thread's alone.
Result<std::unique_ptr<engine::ProducerClient>> make_producer_client(const ProducerClientOptions& options);

}  // namespace braid::adapters
