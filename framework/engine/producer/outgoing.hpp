#pragma once

#include "engine/ports/producer_client.hpp"

#include <braid/record.hpp>
#include <braid/recovery.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

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

// A dead letter; where it goes it has the partition that its message came from, modulo the number of those. Its
// views are the letter's.
[[nodiscard]] inline Record record_of(const DeadLetter& letter, PartitionNumber original) {
  const auto view = [](const std::optional<std::string>& bytes) {
    return bytes ? std::optional<std::string_view>(*bytes) : std::nullopt;
  };
  Record record{.topic = letter.topic,
                .key = view(letter.key),
                .payload = view(letter.payload),
                .partition = original,
                .headers = {}};
  for (const auto& [name, value] : letter.headers) record.headers.push_back({name, view(value)});
  return record;
}

}  // namespace braid::engine
