// A member of a group that sends what it reads on, exactly once. Arguments are NAME=VALUE:
//   bootstrap, group, topic, out, id   required; `id` is what its transactional ids begin with
//   batches, interval_ms               how much one transaction holds
//   fail=N                             N of 1,000 attempts throw when they have sent some of it
//   plant=outside                      a bug: positions are committed beside the transactions
//   kafka.NAME                         a setting of Kafka's client
// Each message goes to `out` as "PARTITION/OFFSET", with its key.

#include "integration/programs/outside_forwarding.hpp"
#include "mock/application/program_arguments.hpp"

#include <braid/braid.hpp>
#include <braid/producer.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace braid;

class Forwarding final : public Consumer {
 public:
  Forwarding(std::string out, int fails) : out_(std::move(out)), fails_(fails) {}

 protected:
  void consume(Batch& batch) override {
    const bool fails = std::uniform_int_distribution(1, 1000)(random_) <= fails_;
    const std::size_t until = fails ? batch.size() / 2 : batch.size();
    for (std::size_t i = 0; i < until; ++i) {
      const std::string payload =
          std::to_string(batch.partition().value) + "/" + std::to_string(batch[i].offset().value);
      const auto produced = batch.produce({.topic = out_, .key = batch[i].key(), .payload = payload}, batch[i]);
      if (!produced) throw std::runtime_error(produced.error().text());
    }
    if (fails) throw std::runtime_error("half of it is sent");
  }

 private:
  const std::string out_;
  const int fails_;
  std::mt19937 random_{std::random_device{}()};
};

int run(int count, char** values) {
  auto [given, kafka] = application_test::read_arguments(count, values);
  const auto number = [&](const char* name, int otherwise) {
    return given.contains(name) ? std::stoi(given[name]) : otherwise;
  };
  Settings settings;
  settings.kafka = kafka;
  settings.kafka["bootstrap.servers"] = given.at("bootstrap");
  settings.transactional_id = given.at("id");
  settings.concurrency = 4;
  settings.log_level = LogLevel::debug;
  settings.handle_signals = true;
  auto routes = routing::draw([&](routing::RoutesBuilder& r) {
    routing::TopicBuilder topic = r.consumer_group(given.at("group")).topic(given.at("topic"));
    topic.max_messages(200).retries({.backoff = routing::fixed(std::chrono::milliseconds(10))});
    if (given["plant"] == "outside") {
      topic
          .consumer("outside",
                    [bootstrap = given.at("bootstrap"), id = given.at("id"), out = given.at("out")] {
                      return std::make_unique<integration::OutsideForwarding>(bootstrap, id, out);
                    })
          .commit({.interval = std::chrono::minutes(10)});
      return;
    }
    topic.consumer("forwarding", [out = given.at("out"), fails = number("fail", 0)] {
      return std::make_unique<Forwarding>(out, fails);
    });
    topic.delivery(routing::Delivery::exactly_once)
        .transaction_batches(static_cast<std::uint32_t>(number("batches", 1)))
        .transaction_interval(std::chrono::milliseconds(number("interval_ms", 100)));
  });
  return Application(settings, std::move(routes)).run().in_time ? 0 : 3;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
