#include "runtime/make_producer.hpp"

#include "adapters/librdkafka/rdkafka_producer_client.hpp"
#include "core/producer/variant_rules.hpp"
#include "engine/worker/describe_failure.hpp"
#include "runtime/configured_log.hpp"
#include "runtime/statistics.hpp"

#include <braid/application.hpp>
#include <braid/monitor.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <charconv>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::runtime {

namespace {

constexpr std::size_t kKafkasMessageMost = 1'000'000;  // librdkafka's default of message.max.bytes

OnDelivery on_each_of(const ProducerSettings& settings, const std::shared_ptr<engine::Log>& log) {
  if (settings.interceptors.empty()) return settings.on_delivery;
  return [users = settings.on_delivery, interceptors = settings.interceptors, log](const Delivery& delivery) {
    for (const auto& interceptor : interceptors) {
      try {
        interceptor->on_delivery(delivery);
      } catch (...) {
        log->write(engine::LogLevel::error, "producer",
                   fmt::format("an interceptor threw {}", engine::describe_failure(std::current_exception())));
      }
    }
    if (users) users(delivery);
  };
}

std::string next_thread_name() {
  static std::atomic<std::uint32_t> made{0};
  return fmt::format("braid-p-{}", made.fetch_add(1, std::memory_order_relaxed) % 1'000'000);
}

std::unique_ptr<engine::ProducerFront> make(const ProducerSettings& settings, std::shared_ptr<engine::Log> log,
                                            const std::string& thread_name, bool begins_anew) {
  auto problems = core::find_contradictions(settings);
  check_log(settings.log, problems);
  if (!problems.empty()) throw std::invalid_argument(fmt::format("producer: {}", fmt::join(problems, "\n")));
  std::map<std::string, std::map<std::string, std::string>> topics;
  for (const auto& [topic, variant] : settings.topics) topics[topic] = core::settings_of(variant);
  auto make_client = [log, client_id = settings.client_id,
                      kafka = with_queue_of(settings.kafka, settings.max_queued, settings.max_queued_bytes),
                      topics = std::move(topics), hub = hub_of(settings.monitor)] {
    return adapters::make_producer_client({.log = *log,
                                           .client_id = client_id,
                                           .settings = {kafka.begin(), kafka.end()},
                                           .topics = topics,
                                           .statistics = statistics_for(hub)});
  };
  auto client = make_client();
  if (!client) throw std::invalid_argument("producer: " + client.error().text());
  auto owned = std::move(client).value();
  if (settings.connect_timeout.count() > 0) {
    if (const auto reached = owned->reach_broker(settings.connect_timeout); !reached) {
      throw ApplicationError("producer: " + reached.error().text());
    }
  }
  engine::ProducerEngine::Options options{.make_client = std::move(make_client),
                                          .max_rebuilds = settings.max_rebuilds,
                                          .rebuild_pause = settings.rebuild_pause,
                                          .begins_anew = begins_anew,
                                          .max_wait_for_room = settings.max_wait_for_room,
                                          .max_backlog = settings.max_queued,
                                          .max_backlog_bytes = settings.max_queued_bytes,
                                          .on_each = on_each_of(settings, log),
                                          .events = hub_of(settings.monitor)};
  return std::make_unique<engine::ProducerFront>(
      std::make_unique<engine::ProducerEngine>(thread_name, std::move(owned), log, std::move(options)), log,
      engine::ProducerFront::Rules{.chain = {.max_payload_size = max_payload_of(settings),
                                             .middleware = settings.middleware,
                                             .interceptors = settings.interceptors},
                                   .max_buffered = settings.max_buffered,
                                   .max_buffered_bytes = settings.max_buffered_bytes});
}

}  // namespace

routing::KafkaSettings with_queue_of(routing::KafkaSettings kafka, std::size_t records, std::size_t bytes) {
  kafka.try_emplace("queue.buffering.max.messages", std::to_string(records));
  kafka.try_emplace("queue.buffering.max.kbytes", std::to_string(bytes / 1024));
  return kafka;
}

std::shared_ptr<engine::EventHub> hub_of(const std::shared_ptr<Monitor>& monitor) {
  return monitor ? monitor->hub() : nullptr;
}

std::size_t number_of(const routing::KafkaSettings& kafka, const char* name, std::size_t otherwise) {
  const auto found = kafka.find(name);
  std::size_t number = otherwise;
  // What is no number is refused by the client.
  if (found != kafka.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  }
  return number;
}

std::size_t max_payload_of(const std::optional<std::size_t>& own, const routing::KafkaSettings& kafka) {
  return own.value_or(max_message_of(kafka));
}

std::size_t max_message_of(const routing::KafkaSettings& kafka) {
  return number_of(kafka, "message.max.bytes", kKafkasMessageMost);
}

std::unique_ptr<engine::ProducerFront> make_producer(const ProducerSettings& settings) {
  return make(settings, std::make_shared<ConfiguredLog>(settings.log_level, settings.log), next_thread_name(),
              false);
}

std::unique_ptr<engine::ProducerFront> make_application_producer(const ProducerSettings& settings,
                                                                 std::shared_ptr<engine::Log> log) {
  return make(settings, std::move(log), "braid-p-app", true);
}

}  // namespace braid::runtime
