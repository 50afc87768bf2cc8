#pragma once

#include "engine/producer/producer_front.hpp"

#include <braid/producer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace braid::runtime {

// A whole producer, as these settings have it. Throws what Producer's constructor does.
[[nodiscard]] std::unique_ptr<engine::ProducerFront> make_producer(const ProducerSettings& settings);
// The same for an application's consumers, which could not make another one: it begins anew behind its last
// attempt. The log outlives it.
[[nodiscard]] std::unique_ptr<engine::ProducerFront> make_application_producer(const ProducerSettings& settings,
                                                                               std::shared_ptr<engine::Log> log);

// Of a payload, in bytes.
[[nodiscard]] std::size_t max_payload_of(const ProducerSettings& settings);
// Kafka's message.max.bytes.
[[nodiscard]] std::size_t max_message_of(const routing::KafkaSettings& settings);

// Producer's functions for coroutines, which may wait, or begin only, when the producer has ended: they keep what
// is left of it. Its owner has closed it by then, so that no thread of it is left.
[[nodiscard]] Awaitable<Result<Delivery>> produce_async(std::shared_ptr<engine::ProducerFront> front,
                                                        Record record);
[[nodiscard]] Awaitable<ManyDelivered> produce_many_async(std::shared_ptr<engine::ProducerFront> front,
                                                          std::vector<Record> records);
[[nodiscard]] Awaitable<Result<void>> flush_async(std::shared_ptr<engine::ProducerFront> front,
                                                  std::chrono::milliseconds timeout);

}  // namespace braid::runtime
