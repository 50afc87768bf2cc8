#pragma once

#include "engine/ports/log.hpp"
#include "engine/ports/transactional_client.hpp"

#include <braid/result.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

// The transactional producer on librdkafka (>= 2.0.2). No librdkafka type shows here.

namespace braid::adapters {

struct TransactionalClientOptions {
  engine::Log& log;  // must outlive the client
  std::string client_id = "braid";
  // Of nobody else: a second producer of the same id fences the first one.
  std::string transactional_id{};
  // As those of ProducerClientOptions; idempotence and acks=all are what transactions are made of, and fixed.
  routing::KafkaSettings settings{};
  // How long init(), abort(), commit() with a position and, unless that has its own, send() go on trying.
  std::chrono::milliseconds patience{30'000};
  std::optional<std::chrono::milliseconds> patience_for_room{};  // 0: a full queue is an error at once
};

// An error of kind invalid_setting where a setting is unknown, malformed or missing. Does not connect: init() does.
// Thread: see engine::TransactionalClient.
Result<std::unique_ptr<engine::TransactionalClient>> make_transactional_client(
    const TransactionalClientOptions& options);

}  // namespace braid::adapters
