#pragma once

#include "adapters/librdkafka/connect_trouble.hpp"
#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "adapters/librdkafka/rdkafka_log.hpp"
#include "adapters/librdkafka/rdkafka_producer_client.hpp"
#include "adapters/librdkafka/topic_handles.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::adapters {

// engine::ProducerClient on librdkafka. Thread: send, outstanding, wake and purge any; the rest the producer's.
class RdkafkaProducerClient final : public engine::ProducerClient {
 public:
  static Result<std::unique_ptr<engine::ProducerClient>> make(ConfPtr conf, const ProducerClientOptions& options);
  ~RdkafkaProducerClient() override;

  Result<void> reach_broker(std::chrono::milliseconds timeout) override;
  Result<void> send(const engine::OutgoingMessage& message, std::uint64_t token) override;
  void serve(engine::DeliveryEvents& events, std::chrono::milliseconds timeout) override;
  [[nodiscard]] std::size_t outstanding() const override;
  void wake() override;
  void purge() override;

 private:
  struct Destroy {
    void operator()(rd_kafka_t* rk) const noexcept { rd_kafka_destroy(rk); }
  };

  RdkafkaProducerClient(ConnectTrouble::Context context, const ProducerClientOptions& options)
      : secrets_(context.secrets),
        wraps_(options.partitions_wrap),
        hear_statistics_(options.statistics.hear),
        trouble_(std::move(context)) {}
  void look_around();
  Result<void> send_plain(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message, void* opaque);
  Result<void> send_whole(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message, void* opaque);
  // Where there is an error, and the client is of no more use by one that another client may not have.
  [[nodiscard]] bool may_send_again(rd_kafka_resp_err_t error) const;

  // What the client library carries for a message whose partition wraps; until its report.
  struct Wrapped {
    std::uint64_t token = 0;
    std::int32_t partition = 0;
  };
  // Called on any thread of the client library's: it must only compute.
  static std::int32_t wrap_cb(const rd_kafka_topic_t* topic, const void* key, std::size_t key_size,
                              std::int32_t partitions, void* topic_opaque, void* message_opaque) noexcept;
  static std::uint64_t token_of(const rd_kafka_message_t& message, bool wraps);
  void tell_failure(const rd_kafka_message_t& message, engine::DeliveryReport& report);
  static void delivery_cb(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) noexcept;
  static void error_cb(rd_kafka_t* rk, int code, const char* reason, void* opaque) noexcept;
  static int stats_cb(rd_kafka_t* rk, char* json, std::size_t size, void* opaque) noexcept;

  // Constant after construction.
  const routing::KafkaSettings secrets_;
  const bool wraps_;
  const std::function<void(std::string)> hear_statistics_;
  // First in, last out: the queues end before the handle.
  std::unique_ptr<rd_kafka_t, Destroy> rk_;
  std::optional<RdkafkaLog> rdkafka_log_;
  QueuePtr main_queue_;
  std::optional<TopicHandles> topics_;

  ConnectTrouble trouble_;  // for reach_broker(), which comes before the producer's thread

  // Owned by the producer's thread; set for the time of a call of serve(), within which callbacks run.
  engine::DeliveryEvents* events_ = nullptr;
  std::exception_ptr escaped_;
  std::vector<Header> headers_;  // of the report in hand
};

}  // namespace braid::adapters
