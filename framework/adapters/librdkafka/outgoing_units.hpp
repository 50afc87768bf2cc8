#pragma once

#include "engine/ports/producer_client.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

namespace braid::adapters {

// A message as librdkafka's produceva() takes it. Looks at the message's bytes: lives no longer.
class OutgoingUnits {
 public:
  // A message whose partition wraps has none here: the partitioner finds it by `opaque`.
  OutgoingUnits(const engine::OutgoingMessage& message, void* opaque);
  // Once. The error is the caller's; null: librdkafka has copied the message.
  [[nodiscard]] rd_kafka_error_t* produce(rd_kafka_t* rk);

 private:
  struct HeadersDeleter {
    void operator()(rd_kafka_headers_t* headers) const noexcept { rd_kafka_headers_destroy(headers); }
  };

  std::string topic_;
  std::unique_ptr<rd_kafka_headers_t, HeadersDeleter> headers_;
  std::array<rd_kafka_vu_t, 7> units_{};
  std::size_t count_ = 0;
};

}  // namespace braid::adapters
