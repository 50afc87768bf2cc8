#pragma once

#include "engine/ports/producer_client.hpp"

#include <braid/offset.hpp>
#include <braid/producer.hpp>
#include <braid/recovery.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

// A record that waits for its attempt to end well. Owns its bytes.
struct OutgoingRecord {
  std::string topic;
  std::optional<PartitionNumber> partition;
  bool partition_wraps = false;
  std::optional<std::string> key;
  std::optional<std::string> payload;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  [[nodiscard]] static OutgoingRecord copy_of(const Record& record);
  // Where it goes: the partition that its message came from, modulo the number of those of its topic.
  [[nodiscard]] static OutgoingRecord copy_of(const DeadLetter& letter, PartitionNumber original);
};

// A view of it, and the headers' views. Lives no longer than the record.
class RecordView {
 public:
  explicit RecordView(const OutgoingRecord& record);
  [[nodiscard]] const OutgoingMessage& message() const { return message_; }

 private:
  std::vector<Header> headers_;
  OutgoingMessage message_;
};

}  // namespace braid::engine
