#pragma once

#include <braid/producer.hpp>
#include <braid/transactional_producer.hpp>

#include <map>
#include <string>
#include <vector>

namespace braid::core {

// A variant in librdkafka's words.
[[nodiscard]] std::map<std::string, std::string> settings_of(const TopicVariant& variant);

// Whether a producer with these Kafka settings is idempotent: unless they say otherwise, by name or by asking for
// fewer acknowledgements than all.
[[nodiscard]] bool is_idempotent(const routing::KafkaSettings& kafka);

// What contradicts something else, a line each, addressed; also what can't be meant.
[[nodiscard]] std::vector<std::string> find_contradictions(const ProducerSettings& settings);
[[nodiscard]] std::vector<std::string> find_contradictions(const TransactionalProducerSettings& settings);

}  // namespace braid::core
