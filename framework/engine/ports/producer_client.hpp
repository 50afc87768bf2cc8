#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace braid::engine {

struct OutgoingMessage {
  std::string_view topic;
  std::optional<PartitionNumber> partition;  // none: by the key
  bool partition_wraps = false;              // it is taken modulo the number of the topic's, where the client can
  std::optional<std::string_view> key;
  std::optional<std::string_view> payload;  // none: a tombstone
  std::span<const Header> headers;
  std::optional<std::int64_t> timestamp_ms{};  // since the epoch; none: now
};

struct DeliveryReport {
  std::uint64_t token = 0;  // as given to send()
  PartitionNumber partition;
  std::optional<Offset> offset;
  std::optional<Error> error;  // none: acknowledged by the broker
  std::string_view topic{};    // where there is an error; for the time of the call
  // What another client may send in place of this one, which has failed for good; for the time of the call.
  std::optional<OutgoingMessage> unsent{};
};

class DeliveryEvents {
 public:
  virtual ~DeliveryEvents() = default;
  virtual void handle_delivery(const DeliveryReport& report) = 0;
  virtual void handle_error(const Error& error) = 0;
};

// One Kafka producer client.
class ProducerClient {
 public:
  virtual ~ProducerClient() = default;
  // Waits at most `timeout` for any broker to answer.
  virtual Result<void> reach_broker(std::chrono::milliseconds timeout) = 0;
  // Copies and queues; Error::Kind::queue_full where there is no room. Thread: any.
  virtual Result<void> send(const OutgoingMessage& message, std::uint64_t token) = 0;
  // Serves delivery reports, waiting at most `timeout` for the first. Thread: the producer's.
  virtual void serve(DeliveryEvents& events, std::chrono::milliseconds timeout) = 0;
  // Queued or under way. Thread: any.
  [[nodiscard]] virtual std::size_t outstanding() const = 0;
  // Ends what serve() waits for at once. Thread: any.
  virtual void wake() = 0;
  // Gives up what is still queued; each gets its report. Thread: any.
  virtual void purge() = 0;
};

}  // namespace braid::engine
