#pragma once

#include "engine/producer/producer_front.hpp"

#include <braid/producer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace braid::runtime {

// A whole producer, as these settings have it. Throws what Producer's constructor does.
[[nodiscard]] std::unique_ptr<engine::ProducerFront> make_producer(const ProducerSettings& settings);
// The same for an application's consumers, which could not make another one: it begins anew behind its last
// attempt. The log outlives it.
[[nodiscard]] std::unique_ptr<engine::ProducerFront> make_application_producer(const ProducerSettings& settings,
                                                                               std::shared_ptr<engine::Log> log);

// librdkafka's settings with the bounds of what may be queued, where they have none.
[[nodiscard]] routing::KafkaSettings with_queue_of(routing::KafkaSettings kafka, std::size_t records,
                                                   std::size_t bytes);
// Null where there is no monitor.
[[nodiscard]] std::shared_ptr<engine::EventHub> hub_of(const std::shared_ptr<Monitor>& monitor);
// A number of librdkafka's settings.
[[nodiscard]] std::size_t number_of(const routing::KafkaSettings& kafka, const char* name, std::size_t otherwise);
// Of a payload, in bytes: the producer's own setting, or what these say.
[[nodiscard]] std::size_t max_payload_of(const std::optional<std::size_t>& own,
                                         const routing::KafkaSettings& kafka);
// Kafka's message.max.bytes.
[[nodiscard]] std::size_t max_message_of(const routing::KafkaSettings& kafka);
[[nodiscard]] inline std::size_t max_payload_of(const ProducerSettings& settings) {
  return max_payload_of(settings.max_payload_size, settings.kafka);
}

// Producer's functions for coroutines, which may wait, or begin only, when the producer has ended: they keep what
// is left of it. Its owner has closed it by then, so that no thread of it is left.
[[nodiscard]] Awaitable<Result<Delivery>> produce_async(std::shared_ptr<engine::ProducerFront> front,
                                                        Record record);
[[nodiscard]] Awaitable<ManyDelivered> produce_many_async(std::shared_ptr<engine::ProducerFront> front,
                                                          std::vector<Record> records);
[[nodiscard]] Awaitable<Result<void>> flush_async(std::shared_ptr<engine::ProducerFront> front,
                                                  std::chrono::milliseconds timeout);

}  // namespace braid::runtime
