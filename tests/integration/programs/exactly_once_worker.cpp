// A member of a group that sends what it reads on, exactly once. Arguments are NAME=VALUE:
//   bootstrap, group, topic, out, id   required; `id` is what its transactional ids begin with
//   batches, interval_ms               how much one transaction holds
//   fail=N                             N of 1,000 attempts throw when they have sent some of it
//   letters                            a topic; each 101st message of a partition goes there, as a dead letter
//   hold_ms                            each attempt takes so long, so that transactions stay open
//   plant=outside                      a bug: positions are committed beside the transactions
//   kafka.NAME                         a setting of Kafka's client
// Each message goes to `out`, or to `letters`, as "PARTITION/OFFSET", with its key.

#include "integration/programs/outside_forwarding.hpp"
#include "mock/application/program_arguments.hpp"

#include <braid/braid.hpp>
#include <braid/producer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace braid;

constexpr std::int64_t kEachLetter = 101;

std::string name_of(std::string_view partition, std::string_view offset) {
  return std::string(partition) + "/" + std::string(offset);
}

// Says in the letter which message it is, as the effects of others do.
void name_letter(DeadLetter& letter) {
  const auto header = [&](std::string_view name) {
    const auto found = std::ranges::find(letter.headers, name, [](const auto& each) { return each.first; });
    return found == letter.headers.end() ? std::string() : found->second.value_or("");
  };
  letter.payload = name_of(header(dead_letter_headers::kPartition), header(dead_letter_headers::kOffset));
}

class Forwarding final : public Consumer {
 public:
  struct Settings {
    std::string out;
    int fails = 0;
    bool letters = false;
    std::chrono::milliseconds hold{};
  };
  explicit Forwarding(Settings settings) : settings_(std::move(settings)) {}

 protected:
  void consume(Batch& batch) override {
    std::this_thread::sleep_for(settings_.hold);
    const bool fails = std::uniform_int_distribution(1, 1000)(random_) <= settings_.fails;
    const std::size_t until = fails ? batch.size() / 2 : batch.size();
    for (std::size_t i = 0; i < until; ++i) {
      const std::int64_t offset = batch[i].offset().value;
      // Behind what is sent for it, which must be seen nowhere.
      const std::string payload = name_of(std::to_string(batch.partition().value), std::to_string(offset));
      const auto produced =
          batch.produce({.topic = settings_.out, .key = batch[i].key(), .payload = payload}, batch[i]);
      if (!produced) throw std::runtime_error(produced.error().text());
      if (settings_.letters && offset % kEachLetter == 0)
        throw MessageFailed(batch[i], "it is one for the letters");
    }
    if (fails) throw std::runtime_error("half of it is sent");
  }

 private:
  const Settings settings_;
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
    const Forwarding::Settings forwarding{.out = given.at("out"),
                                          .fails = number("fail", 0),
                                          .letters = given.contains("letters"),
                                          .hold = std::chrono::milliseconds(number("hold_ms", 0))};
    topic.consumer("forwarding", [forwarding] { return std::make_unique<Forwarding>(forwarding); });
    if (forwarding.letters) {
      topic.dead_letter(
          {.to = routing::DeadLetters::To::topic, .topic = given.at("letters"), .on_dead_letter = name_letter});
      topic.retries({.max = 1, .backoff = routing::fixed(std::chrono::milliseconds(10))});
    }
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
