#pragma once

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <braid/producer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::integration {

inline constexpr int kPartitions = 4;

// Of messages on a reader that sees what was committed. A dead letter is an effect.
struct Effects {
  std::size_t lost = 0;
  std::size_t repeated = 0;
  std::size_t letters = 0;
};

class ExactlyOnceOnKafka : public KafkaTest {
 protected:
  std::string out = unique_name("out");
  std::string letters = unique_name("letters");
  std::string servers;  // the shared node's, unless a test has one of its own
  std::unique_ptr<KafkaAdmin> admin;

  void SetUp() override {
    KafkaTest::SetUp();
    if (!IsSkipped()) begin_on(bootstrap());
  }
  void begin_on(const std::string& cluster, int copies = 1) {
    servers = cluster;
    admin = std::make_unique<KafkaAdmin>(servers);
    for (const std::string& name : {topic, out, letters}) admin->create_topic(name, kPartitions, copies);
  }

  // What each message of `topic` has come to, in `out` or in `letters`.
  [[nodiscard]] Effects effects() {
    std::map<std::string, int> times;
    for (const std::string& payload : read_committed(servers, out, kPartitions)) ++times[payload];
    Effects found;
    for (const std::string& payload : read_committed(servers, letters, kPartitions)) {
      ++times[payload];
      ++found.letters;
    }
    const std::vector<std::int64_t> ends = admin->end_offsets(topic);
    for (std::size_t partition = 0; partition < ends.size(); ++partition) {
      for (std::int64_t offset = 0; offset < ends[partition]; ++offset) {
        const auto seen = times.find(std::to_string(partition) + "/" + std::to_string(offset));
        if (seen == times.end()) {
          ++found.lost;
        } else {
          found.repeated += static_cast<std::size_t>(seen->second - 1);
        }
      }
    }
    return found;
  }

  [[nodiscard]] bool all_committed(std::chrono::seconds within = 60s) {
    return eventually([&] { return admin->committed(group, topic) == admin->end_offsets(topic); }, within);
  }

  // Forwards every message; every `fails`th attempt throws behind what it has sent, the first time.
  [[nodiscard]] routing::Routes forwarding(const std::function<void(routing::TopicBuilder&)>& tune) {
    return routing::draw([&](routing::RoutesBuilder& r) {
      routing::TopicBuilder builder = r.consumer_group(group).topic(topic);
      builder.handle([this](Batch& batch) {
        for (const Message& message : batch) {
          const std::string payload =
              std::to_string(batch.partition().value) + "/" + std::to_string(message.offset().value);
          const auto produced = batch.produce({.topic = out, .key = message.key(), .payload = payload}, message);
          if (!produced) throw std::runtime_error(produced.error().text());
        }
        if (batch.attempt() == 1 && batch.front().offset().value % 7 == 0)
          throw std::runtime_error("sent, and failed");
      });
      builder.delivery(routing::Delivery::exactly_once).max_messages(100).retries({.backoff = routing::fixed(5ms)});
      tune(builder);
    });
  }

  // A transaction of a process that has not come back keeps what is behind it from readers until its time is up.
  [[nodiscard]] Effects effects_once_all_are_seen() {
    Effects found;
    (void)eventually([&] { return (found = effects()).lost == 0; }, 120s);
    return found;
  }

  [[nodiscard]] Settings transactional() {
    Settings chosen = settings(servers);
    chosen.transactional_id = unique_name("forwarder");
    return chosen;
  }
};

}  // namespace braid::integration
