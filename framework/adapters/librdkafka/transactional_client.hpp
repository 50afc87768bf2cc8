#pragma once

#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "adapters/librdkafka/rdkafka_log.hpp"
#include "adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "adapters/librdkafka/refused_sends.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::adapters {

// A consumer's part in its group, as librdkafka hands it to a transaction.
class RdkafkaMembership final : public engine::GroupMembership {
 public:
  explicit RdkafkaMembership(rd_kafka_consumer_group_metadata_t* metadata) : metadata_(metadata) {}
  [[nodiscard]] const rd_kafka_consumer_group_metadata_t* get() const { return metadata_.get(); }

 private:
  struct Destroy {
    void operator()(rd_kafka_consumer_group_metadata_t* metadata) const noexcept {
      rd_kafka_consumer_group_metadata_destroy(metadata);
    }
  };
  std::unique_ptr<rd_kafka_consumer_group_metadata_t, Destroy> metadata_;
};

// engine::TransactionalClient on librdkafka: one producer handle after another, of one transactional id.
class RdkafkaTransactionalClient final : public engine::TransactionalClient {
 public:
  explicit RdkafkaTransactionalClient(const TransactionalClientOptions& options) : options_(options) {}
  ~RdkafkaTransactionalClient() override;

  // Makes the first handle, or another one in its place.
  Result<void> rebuild();

  Result<void> init() override;
  Result<void> begin() override;
  Result<void> send(const engine::OutgoingMessage& message, std::uint32_t token) override;
  [[nodiscard]] std::vector<engine::RefusedSend> refused() override { return refused_.all(); }
  Result<void> commit(const engine::StoredPosition& position, const engine::GroupMembership* member) override;
  Result<void> commit_sent(engine::Time until) override;
  Result<void> abort() override;

 private:
  using Clock = std::chrono::steady_clock;
  // What the handle is good for.
  enum class Use : std::uint8_t {
    fresh,  // init_transactions() is next
    idle,
    open,    // a transaction is
    broken,  // nothing, or nobody knows: another handle finds out
  };
  struct Destroy {
    void operator()(rd_kafka_t* rk) const noexcept { rd_kafka_destroy(rk); }
  };
  // Calls it again as long as it may help. The last error, if it never does.
  template <class Call>
  ErrorPtr insist(Clock::time_point until, Call&& call);
  [[nodiscard]] Error describe(const rd_kafka_error_t& error, std::string_view what) const;
  // Of a call that only waits in vain, or refuses: aborts where that is asked for.
  Result<void> fail(const rd_kafka_error_t& error, std::string_view what);
  Result<void> fail_commit(const rd_kafka_error_t& error);
  // Or they have failed: the commit says so.
  Result<void> deliver_all(Clock::time_point until);
  // Why a record is not taken, where the library only says that now is not the time.
  // Null: it says itself what has failed.
  [[nodiscard]] ErrorPtr reason_behind(const rd_kafka_error_t& error) const;
  [[nodiscard]] Error why_not(const rd_kafka_error_t& error, std::string_view topic);
  void drop_handle();

  // Within calls that serve what the library has to say.
  static void delivery_cb(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) noexcept;

  // Called on any thread of the client library's: it must only compute.
  static std::int32_t partition_cb(const rd_kafka_topic_t* topic, const void* key, std::size_t key_size,
                                   std::int32_t partitions, void* topic_opaque, void* message_opaque) noexcept;

  const TransactionalClientOptions options_;
  RefusedSends refused_;
  // First in, last out.
  std::unique_ptr<rd_kafka_t, Destroy> rk_;
  std::optional<RdkafkaLog> rdkafka_log_;
  Use use_ = Use::fresh;
  // Of the transaction that is open.
  std::uint64_t undelivered_ = 0;
  std::optional<Error> first_undelivered_;
};

}  // namespace braid::adapters
