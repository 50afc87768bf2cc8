#include "core/producer/variant_rules.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace braid::core {

namespace {

constexpr std::array<std::string_view, 5> kCompressions{"none", "gzip", "snappy", "lz4", "zstd"};

std::string acks_text(Acks acks) {
  return acks == Acks::all ? "all" : acks == Acks::one ? "1" : "0";
}

// Of a setting that has two names.
const std::string* find(const routing::KafkaSettings& kafka, const char* name, const char* other) {
  auto found = kafka.find(name);
  if (found == kafka.end()) found = kafka.find(other);
  return found != kafka.end() ? &found->second : nullptr;
}

bool asks_for_fewer_acks(const routing::KafkaSettings& kafka) {
  const std::string* const acks = find(kafka, "acks", "request.required.acks");
  return acks != nullptr && *acks != "all" && *acks != "-1";
}

bool has_too_many_in_flight(const routing::KafkaSettings& kafka) {
  const std::string* const in_flight = find(kafka, "max.in.flight.requests.per.connection", "max.in.flight");
  return in_flight != nullptr && (in_flight->size() > 1 || *in_flight > "5");
}

void check_queue(std::size_t records, std::size_t bytes, std::vector<std::string>& problems) {
  if (records == 0) problems.emplace_back("max_queued must be at least 1");
  if (bytes < 1024) problems.emplace_back("max_queued_bytes must be at least 1024");
}

void check_variant(const std::string& topic, const TopicVariant& variant, bool idempotent,
                   std::vector<std::string>& problems) {
  const auto problem = [&](const std::string& text) { problems.push_back("topic " + topic + ": " + text); };
  if (idempotent && variant.acks && *variant.acks != Acks::all) {
    problem("acks=" + acks_text(*variant.acks) +
            " contradicts the producer's idempotence, which needs acks=all; leave it out, or set "
            "enable.idempotence=false for the whole producer");
  }
  if (variant.compression && std::ranges::find(kCompressions, *variant.compression) == kCompressions.end()) {
    problem("compression is none, gzip, snappy, lz4 or zstd, not '" + *variant.compression + "'");
  }
  const auto at_least_one = [&](const auto& time, const char* what) {
    if (time && time->count() < 1) problem(std::string(what) + " must be at least 1 ms");
  };
  at_least_one(variant.delivery_timeout, "delivery_timeout");
  at_least_one(variant.request_timeout, "request_timeout");
}

}  // namespace

std::map<std::string, std::string> settings_of(const TopicVariant& variant) {
  std::map<std::string, std::string> settings;
  if (variant.acks) settings["acks"] = acks_text(*variant.acks);
  if (variant.compression) settings["compression.codec"] = *variant.compression;
  if (variant.compression_level) settings["compression.level"] = std::to_string(*variant.compression_level);
  if (variant.delivery_timeout) settings["message.timeout.ms"] = std::to_string(variant.delivery_timeout->count());
  if (variant.request_timeout) settings["request.timeout.ms"] = std::to_string(variant.request_timeout->count());
  if (variant.partitioner) settings["partitioner"] = *variant.partitioner;
  return settings;
}

bool is_idempotent(const routing::KafkaSettings& kafka) {
  const auto said = kafka.find("enable.idempotence");
  return said != kafka.end() ? said->second == "true" : !asks_for_fewer_acks(kafka);
}

std::vector<std::string> find_contradictions(const ProducerSettings& settings) {
  std::vector<std::string> problems;
  const bool idempotent = is_idempotent(settings.kafka);
  if (idempotent && asks_for_fewer_acks(settings.kafka)) {
    problems.emplace_back(
        "enable.idempotence=true needs acks=all; leave acks out, or set enable.idempotence=false");
  }
  if (idempotent && has_too_many_in_flight(settings.kafka)) {
    problems.emplace_back(
        "enable.idempotence needs max.in.flight of at most 5; lower it, or set enable.idempotence=false");
  }
  for (const auto& [topic, variant] : settings.topics) check_variant(topic, variant, idempotent, problems);
  check_queue(settings.max_queued, settings.max_queued_bytes, problems);
  if (settings.max_buffered == 0) problems.emplace_back("max_buffered must be at least 1");
  return problems;
}

std::vector<std::string> find_contradictions(const TransactionalProducerSettings& settings) {
  std::vector<std::string> problems;
  const auto id = settings.kafka.find("transactional.id");
  if (id != settings.kafka.end() && id->second != settings.transactional_id) {
    problems.emplace_back("the id is set by transactional_id; leave the Kafka setting transactional.id out");
  } else if (settings.transactional_id.empty()) {
    problems.emplace_back(
        "transactional_id is missing: set one that no other producer has, e.g. the name of the service and of its "
        "instance");
  }
  if (asks_for_fewer_acks(settings.kafka)) problems.emplace_back("transactions need acks=all; leave acks out");
  if (!is_idempotent(settings.kafka) && settings.kafka.contains("enable.idempotence")) {
    problems.emplace_back("transactions need idempotence; leave enable.idempotence out");
  }
  if (has_too_many_in_flight(settings.kafka)) {
    problems.emplace_back("transactions need max.in.flight of at most 5; lower it");
  }
  if (settings.max_attempts == 0) problems.emplace_back("max_attempts must be at least 1");
  check_queue(settings.max_queued, settings.max_queued_bytes, problems);
  return problems;
}

}  // namespace braid::core
