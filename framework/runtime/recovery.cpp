#include "runtime/recovery.hpp"

#include "adapters/librdkafka/rdkafka_producer_client.hpp"
#include "engine/producer/left_until.hpp"
#include "runtime/application_producer.hpp"
#include "runtime/make_producer.hpp"
#include "runtime/producer_settings.hpp"
#include "runtime/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::runtime {

namespace {

bool sends_letters(const routing::SubscriptionGroup& group) {
  using To = routing::DeadLetters::To;
  return std::ranges::any_of(group.topics, [](const routing::Topic& topic) {
    return topic.dead_letters.to == To::topic || topic.dead_letters.to == To::function;
  });
}

std::map<std::string, std::string> letter_settings(const Settings& settings,
                                                   const routing::SubscriptionGroup& group) {
  const auto own = producer_settings(settings, group);
  std::map<std::string, std::string> kept(own.begin(), own.end());
  // So that a topic that is not there is told soon; the letter is sent again.
  kept.try_emplace("topic.metadata.propagation.max.ms", "5000");
  // A letter is its message and some headers: what came through a broker must not be refused here already.
  kept.try_emplace("message.max.bytes", "16777216");
  kept["acks"] = "all";
  kept["enable.idempotence"] = "true";
  return kept;
}

// Of threads and clients: the first one has none, which is the only one nearly always.
std::string number_of(std::size_t index) {
  return index == 0 ? "" : fmt::format("-{}", index + 1);
}

}  // namespace

std::vector<LetterRoute> letter_routes(const Settings& settings, const routing::Routes& routes) {
  std::vector<LetterRoute> found;
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      if (!sends_letters(subscription_group)) continue;
      auto kafka = letter_settings(settings, subscription_group);
      auto same = std::ranges::find(found, kafka, &LetterRoute::kafka);
      if (same == found.end()) same = found.insert(found.end(), {.kafka = std::move(kafka), .groups = {}});
      same->groups.push_back(&subscription_group);
    }
  }
  return found;
}

LetterProducers::LetterProducers(const Settings& settings, const routing::Routes& routes, engine::Log& log) {
  for (auto& route : letter_routes(settings, routes)) {
    const std::string number = number_of(all_.size());
    auto make = [&log, client_id = settings.client_id + "-dead-letters" + number, kafka = route.kafka,
                 hub = hub_of(settings.monitor)] {
      return adapters::make_producer_client({.log = log,
                                             .client_id = client_id,
                                             .settings = kafka,
                                             .partitions_wrap = true,
                                             .statistics = statistics_for(hub)});
    };
    auto client = make();
    if (!client) {
      throw std::invalid_argument(fmt::format("dead letters of subscription group {}: {}", route.groups.front()->id,
                                              client.error().text()));
    }
    all_.push_back(
        std::make_shared<engine::LetterProducer>(std::move(client).value(), std::move(make),
                                                 std::shared_ptr<engine::Log>(std::shared_ptr<engine::Log>(), &log),
                                                 "braid-p-dlq" + number, hub_of(settings.monitor)));
    for (const auto* group : route.groups) by_group_[group] = all_.back();
  }
}

std::shared_ptr<engine::DeadLetterSink> LetterProducers::of(const routing::SubscriptionGroup& group) const {
  const auto found = by_group_.find(&group);
  return found == by_group_.end() ? nullptr : found->second;
}

void LetterProducers::close(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (const auto& each : all_) each->close(engine::left_until(deadline));
}

std::shared_ptr<const engine::RecoveryTools> make_recovery_tools(std::shared_ptr<const void> keeps,
                                                                 const engine::Clock& clock, engine::Log& log,
                                                                 const Settings& settings,
                                                                 std::shared_ptr<engine::RecordSink> records) {
  return std::make_shared<engine::RecoveryTools>(engine::RecoveryTools{
      .now = [keeps, &clock] { return clock.now(); },
      .wall = [keeps, &clock] { return clock.wall(); },
      .random =
          [] {
            thread_local std::minstd_rand engine{std::random_device{}()};
            return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
          },
      .warn = [keeps, &log](std::string_view text) { log.write(engine::LogLevel::warning, "worker", text); },
      .records = std::move(records),
      .await_produced = settings.await_produced,
      .max_payload_size = max_payload_of(application_producer_settings(settings)),
      .max_record_size = max_message_of(record_settings(settings)),
      .chain = std::make_shared<engine::RecordChain>(
          std::shared_ptr<engine::Log>(keeps, &log),
          engine::RecordChain::Rules{.middleware = settings.producer_middleware,
                                     .interceptors = settings.producer_interceptors})});
}

}  // namespace braid::runtime
