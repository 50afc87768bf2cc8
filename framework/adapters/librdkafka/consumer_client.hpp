#pragma once

#include "adapters/librdkafka/connect_trouble.hpp"
#include "adapters/librdkafka/group_replies.hpp"
#include "adapters/librdkafka/partition_queue.hpp"
#include "adapters/librdkafka/rdkafka_consumer_client.hpp"
#include "adapters/librdkafka/rdkafka_log.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid::adapters {

// engine::ConsumerClient on librdkafka. Thread: the listener's. All partition queues are closed before its end; the
// rd_kafka_t lives on as long as a message owner does.
class RdkafkaConsumerClient final : public engine::ConsumerClient {
 public:
  static Result<std::unique_ptr<engine::ConsumerClient>> make(ConfPtr conf, const ConsumerClientOptions& options);
  ~RdkafkaConsumerClient() override;

  Result<void> reach_broker(std::chrono::milliseconds timeout, const std::atomic<bool>& given_up) override;
  Result<void> subscribe(const std::vector<std::string>& topics, engine::ReadySignal& ready) override;
  Result<void> unsubscribe() override;
  void serve_group(engine::ConsumerEvents& events) override;
  void serve_replies(engine::ConsumerEvents& events) override;
  std::unique_ptr<engine::PartitionQueue> open(const engine::TopicPartition& partition,
                                               engine::ReadySignal& ready) override;
  Result<void> assign(std::span<const engine::TopicPartition> partitions) override;
  Result<void> unassign(std::span<const engine::TopicPartition> partitions) override;
  void reposition(std::span<const engine::StoredPosition> retained) override;
  Result<std::optional<CommitPosition>> restart_at(const engine::TopicPartition& partition,
                                                   engine::StartPoint start) override;
  void read_positions(std::span<const engine::TopicPartition> partitions, std::uint64_t token) override;
  [[nodiscard]] bool may_commit() const override;
  void commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) override;
  [[nodiscard]] std::shared_ptr<const engine::GroupMembership> membership() const override;
  void begin_close() override;
  [[nodiscard]] bool closed() const override;

 private:
  // Closing goes down this list, and may skip.
  enum class Phase : std::uint8_t { open, unsubscribing, closing, refused };

  RdkafkaConsumerClient(const ConsumerClientOptions& options, ConnectTrouble::Context context);

  static void rebalance_cb(rd_kafka_t* rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                           void* opaque) noexcept;
  static void error_cb(rd_kafka_t* rk, int code, const char* reason, void* opaque) noexcept;
  static int stats_cb(rd_kafka_t* rk, char* json, std::size_t size, void* opaque) noexcept;
  void handle_rebalance(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& list) noexcept;
  void handle_error(rd_kafka_resp_err_t code, const char* reason) noexcept;
  // Messages can't arrive here, only errors of topics and of the group do.
  void handle_stray(rd_kafka_message_t& element);
  void say_refused_group(std::chrono::steady_clock::time_point now);
  void note_group_joined();

  [[nodiscard]] bool cooperative() const;
  Result<void> replace_assignment(std::span<const engine::TopicPartition> partitions);
  Result<void> restart_cooperative(const engine::TopicPartition& partition, std::int64_t offset);
  Result<void> restart_eager(const engine::TopicPartition& partition, std::int64_t offset);
  std::optional<std::int64_t> bound_of(const engine::TopicPartition& partition, std::int64_t which);
  std::optional<std::int64_t> first_since(const engine::TopicPartition& partition,
                                          std::chrono::system_clock::time_point time);
  std::optional<std::int64_t> look_up(const engine::TopicPartition& partition, std::int64_t time_or_bound);
  void restart_stranded(std::chrono::steady_clock::time_point now);
  void look_for_quiet(std::chrono::steady_clock::time_point now);
  void look_for_brokers(std::chrono::steady_clock::time_point now);
  [[nodiscard]] bool any_broker_is_reached(std::chrono::milliseconds timeout);
  [[nodiscard]] bool failed_for_good() const;
  [[nodiscard]] bool never_fetched(const engine::TopicPartition& partition, const Progress& progress) const;
  void look_around();
  void start_closing();
  void unsignal();

  engine::Log& log_;
  const std::function<void(std::string)> hear_statistics_;
  const routing::KafkaSettings secrets_;
  ConnectTrouble trouble_;  // for reach_broker()
  // First in, last out: what follows ends before the handle may.
  std::shared_ptr<ClientHandle> handle_ = std::make_shared<ClientHandle>();
  std::optional<RdkafkaLog> rdkafka_log_;
  std::optional<QueueContext> queues_;
  std::optional<GroupReplies> replies_;
  QueuePtr group_queue_;  // the library's consumer queue; given up when closing begins, which would hang otherwise
  QueuePtr close_queue_;
  engine::ReadySignal* ready_ = nullptr;
  Phase phase_ = Phase::open;
  std::set<engine::TopicPartition> assigned_;
  // Partitions that librdkafka does not fetch because of an error, and when they are assigned anew.
  std::map<engine::TopicPartition, std::chrono::steady_clock::time_point> stranded_;

  std::chrono::steady_clock::time_point next_look_for_quiet_{};

  // The group may not be used, which librdkafka says once, be it before anybody subscribes; for good or not.
  const std::string group_id_;
  std::optional<Error> group_refused_;
  std::chrono::steady_clock::time_point say_group_at_{};

  const std::chrono::milliseconds transport_timeout_;
  const std::size_t handles_left_most_;
  std::optional<std::chrono::steady_clock::time_point> all_down_since_;  // as far as librdkafka has said
  std::chrono::steady_clock::time_point ask_brokers_at_{};
  bool transport_gone_ = false;  // has been said

  // Set for the time of a call of serve_group(): callbacks of librdkafka run within it.
  engine::ConsumerEvents* events_ = nullptr;
  bool answered_ = false;  // assign() or unassign() was called within the present callback
  std::exception_ptr escaped_;
  std::string last_error_;  // for what is said when no broker answers any more
};

}  // namespace braid::adapters
