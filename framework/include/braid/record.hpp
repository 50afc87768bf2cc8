#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <any>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What is sent, and how it ended. Thread: values.

namespace braid {

// What to send. Views need to live only until the call that takes the record returns.
struct Record {
  std::string_view topic;
  std::optional<std::string_view> key{};
  std::optional<std::string_view> payload{};   // none: a tombstone
  std::optional<PartitionNumber> partition{};  // none: by the topic's partitioner, murmur2 of the key as in Java
  std::vector<Header> headers{};               // a name may occur several times
  std::optional<std::chrono::system_clock::time_point> timestamp{};  // none: the time of the call; to the ms
  std::any label{};  // comes back with the delivery; nothing else is done with it
};

// The same with bytes of its own.
struct OwnedRecord {
  std::string topic;
  std::optional<std::string> key{};
  std::optional<std::string> payload{};
  std::optional<PartitionNumber> partition{};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers{};
  std::optional<std::chrono::system_clock::time_point> timestamp{};
  std::any label{};

  OwnedRecord() = default;
  explicit OwnedRecord(const Record& record);
  // Lives as long as this is not changed.
  [[nodiscard]] Record view() const;
  // Bytes of key, payload and headers.
  [[nodiscard]] std::size_t size() const;
};

// How a record ended.
struct Delivery {
  PartitionNumber partition;
  std::optional<Offset> offset;
  std::optional<Error> error;  // none: acknowledged
  std::any label{};            // the record's
  [[nodiscard]] bool ok() const { return !error.has_value(); }
};

using OnDelivery = std::function<void(const Delivery&)>;

// A record on its way through middleware, which may change it.
class RecordDraft {
 public:
  explicit RecordDraft(const Record& record) : record_(record) {}
  RecordDraft(const RecordDraft&) = delete;
  RecordDraft& operator=(const RecordDraft&) = delete;

  [[nodiscard]] const Record& record() const { return record_; }
  // The last header of that name.
  [[nodiscard]] std::optional<Header> header(std::string_view name) const;

  void set_topic(std::string topic) { record_.topic = keep(std::move(topic)); }
  void set_key(std::optional<std::string> key) { record_.key = keep(std::move(key)); }
  void set_payload(std::optional<std::string> payload) { record_.payload = keep(std::move(payload)); }
  void set_partition(std::optional<PartitionNumber> partition) { record_.partition = partition; }
  void set_timestamp(std::optional<std::chrono::system_clock::time_point> timestamp) {
    record_.timestamp = timestamp;
  }
  void set_label(std::any label) { record_.label = std::move(label); }
  void add_header(std::string name, std::optional<std::string> value);
  // All headers of that name.
  void remove_header(std::string_view name);

 private:
  std::string_view keep(std::string bytes);
  std::optional<std::string_view> keep(std::optional<std::string> bytes);

  Record record_;
  std::vector<std::unique_ptr<std::string>> kept_;  // what views of the record point into
};

// Sees each record before it is sent, in the order of the chain; what it returns as an error, or throws, refuses
// the record. Thread: the caller's of the producer; several at a time where several threads produce.
using Middleware = std::function<Result<void>(RecordDraft&)>;

// Sees records behind all middleware, and their deliveries: for tracing and counting. Exceptions are logged and
// dropped. Thread: on_produce the caller's of the producer, on_delivery as OnDelivery; both at a time.
class ProducerInterceptor {
 public:
  virtual ~ProducerInterceptor() = default;
  virtual void on_produce(RecordDraft& /*record*/) {}
  virtual void on_delivery(const Delivery& /*delivery*/) {}
};

// Carries W3C's trace context from a consumed message to what is produced because of it: copies `traceparent`,
// where the message has a well-formed one and the record none, and `tracestate` beside it. The views are the
// message's.
void carry_trace(const Message& from, Record& to);

}  // namespace braid
