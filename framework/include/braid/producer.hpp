#pragma once

#include <braid/message.hpp>
#include <braid/result.hpp>
#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

struct ProducerSettings {
  routing::KafkaSettings kafka;  // "bootstrap.servers" is required; acks=all and idempotence unless set otherwise
  std::string client_id = "braid";
  std::chrono::milliseconds connect_timeout{8000};
  std::chrono::milliseconds close_timeout{10'000};  // the destructor's flush
  LogLevel log_level = LogLevel::warning;
};

// What to send. Views need to live only until send() returns.
struct Record {
  std::string_view topic;
  std::optional<std::string_view> key;
  std::optional<std::string_view> payload;   // none: a tombstone
  std::optional<PartitionNumber> partition;  // none: by the key's murmur2 hash, as other clients do
  std::vector<Header> headers;
};

// How a record ended.
struct Delivery {
  PartitionNumber partition;
  std::optional<Offset> offset;
  std::optional<Error> error;  // none: acknowledged
  [[nodiscard]] bool ok() const { return !error.has_value(); }
};

// Sends records asynchronously. Thread: any.
class Producer {
 public:
  // Runs on the producer's thread, once for each record: quick, never blocking. Exceptions are logged and dropped.
  using OnDelivery = std::function<void(const Delivery&)>;

  // Throws ApplicationError where no broker answers within the connect timeout, std::invalid_argument for a setting
  // that the client refuses.
  explicit Producer(ProducerSettings settings);
  // Flushes with the close timeout; what was not delivered by then gets an error in its OnDelivery.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Queues the record and returns. Error::Kind::queue_full when the client's queue is full: wait and try again.
  // on_delivery is called only if this succeeded.
  Result<void> send(const Record& record, OnDelivery on_delivery = {});
  // Waits until nothing is without its delivery report, what other threads send meanwhile included.
  // Error::Kind::timed_out with the number left; those go on being sent.
  Result<void> flush(std::chrono::milliseconds timeout);
  // Sent and without a report yet.
  [[nodiscard]] std::uint64_t outstanding() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
