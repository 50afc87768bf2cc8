#pragma once

#include "engine/ports/producer_client.hpp"

#include <braid/record.hpp>

#include <chrono>

namespace braid::engine {

// A record as clients take it. Its views are the record's.
[[nodiscard]] inline OutgoingMessage outgoing(const Record& record) {
  OutgoingMessage message{.topic = record.topic,
                          .partition = record.partition,
                          .key = record.key,
                          .payload = record.payload,
                          .headers = record.headers};
  if (record.timestamp) {
    message.timestamp_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(record.timestamp->time_since_epoch()).count();
  }
  return message;
}

// The same the other way, with bytes of its own; but for the label.
[[nodiscard]] inline OwnedRecord owned(const OutgoingMessage& message) {
  Record record{.topic = message.topic,
                .key = message.key,
                .payload = message.payload,
                .partition = message.partition,
                .headers = {message.headers.begin(), message.headers.end()}};
  if (message.timestamp_ms) {
    record.timestamp = std::chrono::system_clock::time_point(std::chrono::milliseconds(*message.timestamp_ms));
  }
  return OwnedRecord(record);
}

}  // namespace braid::engine
