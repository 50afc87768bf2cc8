#include "runtime/recovery.hpp"

#include "adapters/librdkafka/rdkafka_producer_client.hpp"
#include "runtime/application_producer.hpp"
#include "runtime/make_producer.hpp"
#include "runtime/producer_settings.hpp"

#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::runtime {

namespace {

bool sends_letters(const routing::Routes& routes) {
  using To = routing::DeadLetters::To;
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      for (const auto& topic : subscription_group.topics) {
        if (topic.dead_letters.to == To::topic || topic.dead_letters.to == To::function) return true;
      }
    }
  }
  return false;
}

std::map<std::string, std::string> letter_settings(const Settings& settings) {
  const auto own = producer_settings(settings);
  std::map<std::string, std::string> kept(own.begin(), own.end());
  // So that a topic that is not there is told soon; the letter is sent again.
  kept.try_emplace("topic.metadata.propagation.max.ms", "5000");
  // A letter is its message and some headers: what came through a broker must not be refused here already.
  kept.try_emplace("message.max.bytes", "16777216");
  kept["acks"] = "all";
  kept["enable.idempotence"] = "true";
  return kept;
}

}  // namespace

std::shared_ptr<engine::LetterProducer> make_letter_producer(const Settings& settings,
                                                             const routing::Routes& routes, engine::Log& log) {
  if (!sends_letters(routes)) return nullptr;
  auto make = [&log, client_id = settings.client_id + "-dead-letters", kafka = letter_settings(settings)] {
    return adapters::make_producer_client(
        {.log = log, .client_id = client_id, .settings = kafka, .partitions_wrap = true});
  };
  auto client = make();
  if (!client) throw std::invalid_argument("dead letters: " + client.error().text());
  return std::make_shared<engine::LetterProducer>(
      std::move(client).value(), std::move(make),
      std::shared_ptr<engine::Log>(std::shared_ptr<engine::Log>(), &log));
}

std::shared_ptr<const engine::RecoveryTools> make_recovery_tools(std::shared_ptr<const void> keeps,
                                                                 const engine::Clock& clock, engine::Log& log,
                                                                 const Settings& settings,
                                                                 std::shared_ptr<engine::RecordSink> records) {
  return std::make_shared<engine::RecoveryTools>(engine::RecoveryTools{
      .now = [keeps, &clock] { return clock.now(); },
      .random =
          [] {
            thread_local std::minstd_rand engine{std::random_device{}()};
            return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
          },
      .warn = [keeps, &log](std::string_view text) { log.write(engine::LogLevel::warning, "worker", text); },
      .records = std::move(records),
      .await_produced = settings.await_produced,
      .max_payload_size = max_payload_of(application_producer_settings(settings))});
}

}  // namespace braid::runtime
