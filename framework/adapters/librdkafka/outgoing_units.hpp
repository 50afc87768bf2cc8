#pragma once

#include "engine/ports/producer_client.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace braid::adapters {

// As librdkafka takes bytes: null is told by the null pointer, empty needs any other.
[[nodiscard]] inline void* data_of(const std::optional<std::string_view>& bytes) {
  return bytes ? const_cast<char*>(bytes->empty() ? "" : bytes->data()) : nullptr;
}
[[nodiscard]] inline std::size_t size_of(const std::optional<std::string_view>& bytes) {
  return bytes ? bytes->size() : 0;
}

// A message as librdkafka's produceva() takes it, with all that it has. Looks at the message's bytes: lives no
// longer. Thread: a value.
class OutgoingUnits {
 public:
  // A message whose partition wraps has none here: the partitioner finds it by `opaque`.
  OutgoingUnits(const engine::OutgoingMessage& message, void* opaque);
  // The same by the handle of its topic, which has the topic's own settings.
  OutgoingUnits(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message, void* opaque);
  // Once. The error is the caller's; null: librdkafka has copied the message.
  [[nodiscard]] rd_kafka_error_t* produce(rd_kafka_t* rk);

 private:
  struct HeadersDeleter {
    void operator()(rd_kafka_headers_t* headers) const noexcept { rd_kafka_headers_destroy(headers); }
  };
  rd_kafka_vu_t& add(rd_kafka_vtype_t type);
  void add_bytes(rd_kafka_vtype_t type, const std::optional<std::string_view>& bytes);
  void add_headers(std::span<const Header> headers);
  void add_all_but_the_topic(const engine::OutgoingMessage& message, void* opaque);

  std::string topic_;
  std::unique_ptr<rd_kafka_headers_t, HeadersDeleter> headers_;
  std::array<rd_kafka_vu_t, 8> units_{};  // one of each kind that a message may have
  std::size_t count_ = 0;
};

}  // namespace braid::adapters
