#pragma once

#include <braid/delivery.hpp>
#include <braid/record.hpp>
#include <braid/result.hpp>
#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Asio's, of which nothing but the names is needed here: coroutines that call *_async include
// <boost/asio/awaitable.hpp>.
namespace boost::asio {
class any_io_executor;
template <typename T, typename Executor>
class awaitable;
}  // namespace boost::asio

namespace braid {

template <class T>
using Awaitable = boost::asio::awaitable<T, boost::asio::any_io_executor>;

enum class Acks : std::uint8_t { none, one, all };

// How one topic's records are sent otherwise than the producer's others, over the same connections. There is one
// variant a topic: librdkafka keeps the first one that a client has used. What is not set is the producer's.
struct TopicVariant {
  std::optional<Acks> acks{};                // fewer than all need a producer without idempotence
  std::optional<std::string> compression{};  // none, gzip, snappy, lz4, zstd
  std::optional<int> compression_level{};
  std::optional<std::chrono::milliseconds> delivery_timeout{};  // until a record is given up, its retries included
  std::optional<std::chrono::milliseconds> request_timeout{};   // for the broker's acknowledgement
  std::optional<std::string> partitioner{};  // as librdkafka names them; murmur2_random is Java's
};

struct ProducerSettings {
  // librdkafka's. "bootstrap.servers" is required. acks=all and idempotence unless set otherwise.
  routing::KafkaSettings kafka;
  std::string client_id = "braid";
  std::chrono::milliseconds connect_timeout{8000};
  std::chrono::milliseconds close_timeout{10'000};  // the destructor's flush
  LogLevel log_level = LogLevel::warning;
  LogSettings log{};

  // What may be sent and not acknowledged at one time. A full queue makes produce() wait so long for room, then
  // fail by Error::Kind::queue_full; 0: it fails at once.
  std::size_t max_queued = 100'000;
  std::size_t max_queued_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds max_wait_for_room{5000};
  // Of one payload; checked before anything is sent. None: Kafka's own "message.max.bytes".
  std::optional<std::size_t> max_payload_size{};
  // What buffer() may hold.
  std::size_t max_buffered = 100'000;
  std::size_t max_buffered_bytes = std::size_t{256} << 20;

  std::map<std::string, TopicVariant> topics{};  // by topic

  // A client whose idempotence broke (the broker says that it has lost sequence numbers, say) can send nothing any
  // more. It is replaced, and what it had not got acknowledged is sent again, in order: what it did not know the
  // outcome of may be there twice then. So many times in a row without a delivery between them; 0: never. Then
  // everything fails, by errors that are fatal().
  std::uint32_t max_rebuilds = 5;
  std::chrono::milliseconds rebuild_pause{500};  // before the second attempt and later ones

  std::vector<Middleware> middleware{};  // in this order
  std::vector<std::shared_ptr<ProducerInterceptor>> interceptors{};
  // Of every record, behind its own callback. Thread: as that.
  OnDelivery on_delivery{};
  // Who hears of what becomes of its records (braid/monitor.hpp); one of the application's may be given. None:
  // nobody.
  std::shared_ptr<Monitor> monitor{};
};

// Sends records. Reports come on the producer's thread, `braid-p-N`, or on that of a caller which waits in
// produce_sync(): callbacks must be quick and never block. What would wait for deliveries is refused there.
//
// Order: records that one thread sends to one partition arrive in that order; idempotence keeps it over retries.
//
// After close(), and in a child of fork(), which has the handle but none of its threads, every call is refused by
// an error of kind closed. Thread: any; close() and the destructor last.
class Producer {
 public:
  // Throws ApplicationError where no broker answers within the connect timeout, std::invalid_argument for a setting
  // that the client refuses, or that contradicts another one.
  explicit Producer(ProducerSettings settings);
  // close() with the close timeout, unless that was called.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // --- one record

  // Queues it and returns. An error: it was not sent, and there will be no delivery: invalid_record,
  // message_too_large, refused by middleware, queue_full, unknown_topic where that is known already, closed; or a
  // fatal() one.
  Result<DeliveryHandle> produce(const Record& record);
  // The same with a callback in place of a handle, which costs less; none: nobody wants to know. It is called once
  // if this succeeded, maybe before it returns, and not otherwise. Exceptions are logged and dropped.
  Result<void> produce(const Record& record, OnDelivery on_delivery);
  // Waits for the delivery, and for room before, within the timeout. An error: it was not delivered; queue_full: it
  // was not sent, since there was no room in that time; or timed_out with retriable(), where the time was up first
  // and the record is still being sent.
  Result<Delivery> produce_sync(const Record& record, std::chrono::milliseconds timeout = std::chrono::seconds(60));
  // The coroutine goes on on its own executor. What the record's views point to must live until then.
  Awaitable<Result<Delivery>> produce_async(Record record);

  // --- several: all are checked, and pass middleware, before the first is sent; one that is wrong stops all

  ManyProduced produce_many(std::span<const Record> records);
  // The same with a callback in place of handles, which costs less; as that of produce(), once for each record that
  // was queued.
  ManySent produce_many(std::span<const Record> records, OnEachDelivery on_delivery);
  ManyDelivered produce_many_sync(std::span<const Record> records,
                                  std::chrono::milliseconds timeout = std::chrono::seconds(60));
  Awaitable<ManyDelivered> produce_many_async(std::vector<Record> records);

  // --- later

  // Copies the record and keeps it until the next flush. An error as for produce(); queue_full: the buffer is.
  Result<void> buffer(const Record& record);
  Result<void> buffer_many(std::span<const Record> records);  // all or none
  // Sends what is buffered, in order, and waits until nothing is without its delivery report, what other threads
  // send meanwhile included. An error: not all of it was delivered. What was buffered and was not is buffered
  // again, in its order, for the next flush; what has no report yet, when this returns by timed_out, becomes so if
  // it fails.
  Result<void> flush(std::chrono::milliseconds timeout);
  // The same for a coroutine. An error of kind closed: the producer was closed, or has ended, meanwhile, which does
  // not wait for it. Cancelled by Asio's means it ends by an error too.
  Awaitable<Result<void>> flush_async(std::chrono::milliseconds timeout);
  // Takes back what is buffered, in order: a record that can never be delivered would fail every flush.
  std::vector<OwnedRecord> take_buffered();
  [[nodiscard]] std::size_t buffered() const;

  // --- the rest

  // Sent and without a report yet.
  [[nodiscard]] std::uint64_t outstanding() const;
  [[nodiscard]] ProducerFigures figures() const;
  // Flushes, buffered records too; what is left at the timeout is given up, gets an error as its delivery, and is
  // reported. Does nothing the second time, and nothing but an entry in the log within a delivery callback.
  CloseReport close(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
