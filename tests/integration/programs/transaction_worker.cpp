// Begins a transaction, sends records, and never ends it. Arguments are NAME=VALUE:
//   bootstrap, topic, id   required
//   kafka.NAME             a setting of Kafka's client

#include "mock/application/program_arguments.hpp"

#include <braid/transactional_producer.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>

int main(int count, char** values) {
  try {
    const auto [given, kafka] = braid::application_test::read_arguments(count, values);
    braid::TransactionalProducerSettings settings{.kafka = kafka, .transactional_id = given.at("id")};
    settings.kafka["bootstrap.servers"] = given.at("bootstrap");
    braid::TransactionalProducer producer(settings);
    const auto ended = producer.transaction([&](auto& tx) -> braid::Result<void> {
      for (int i = 0; i < 10; ++i) {
        auto sent = tx.produce({.topic = given.at("topic"), .payload = "of the killed one"});
        if (!sent) return sent;
      }
      for (;;) ::pause();
    });
    std::fprintf(stderr, "%s\n", ended ? "committed" : ended.error().text().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
