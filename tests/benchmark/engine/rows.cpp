#include "rows.hpp"

#include "integration/kafka/kafka_cluster.hpp"

#include <array>
#include <exception>

namespace braid::benchmarks {

std::span<const Row> rows() {
  static constexpr std::array<Row, 7> all{{
      {"throughput", "passes over 3 M x 100 B beside a raw batch loop: rate and CPU time", true,
       &measure_throughput},
      {"sleep", "10,000 messages x 20 ms of blocking work beside 100 sleeping threads", false, &measure_sleep},
      {"coroutine", "10,000 messages x 20 ms of waiting in coroutines beside bare Asio", false, &measure_coroutine},
      {"skew", "Zipf(1.1) keys, 1 ms each: continuous and sticky against batch and hash", false, &measure_skew},
      {"latency", "end to end, a message each 2 ms, beside a raw poll loop", true, &measure_latency},
      {"memory", "a key stuck for ever and 5 M messages behind it", true, &measure_memory},
      {"idle", "CPU time with 100 assigned partitions and nothing to do beside a raw consumer", false,
       &measure_idle},
  }};
  return all;
}

Bench::TopicHere Bench::make_topic(const std::string& purpose, const Filling& filling) {
  const std::string name = integration::unique_name(purpose);
  broker.create_topic(name, filling.partitions);
  if (filling.messages > 0) fill(broker.bootstrap(), name, filling);
  return {broker, name};
}

Values Bench::request_for(const std::string& topic) const {
  Values request;
  request.set("bootstrap", broker.bootstrap()).set("topic", topic);
  for (const auto& [key, value] : settings) request.set("kafka." + key, value);
  return request;
}

Bench::TopicHere::~TopicHere() {
  try {
    broker_.delete_topic(name_);
  } catch (const std::exception& error) {
    say("  topic " + name_ + " stays: " + error.what());
  }
}

}  // namespace braid::benchmarks
