#pragma once

#include "adapters/librdkafka/client_handle.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/copied_messages.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace braid::adapters {

// Owns one partition's records: a message's handle is its rd_kafka_message_t, unless it was detached; such ones are
// told by their source. Keeps the client handle alive as long as anybody shares it, so whoever holds messages holds
// their owner. What was detached counts among the messages that are out no more: the client's handle can be
// destroyed before it is freed.
//
// Thread: any; releasing many at once on one thread is cheapest, as their reference counts share cache lines.
class RdkafkaMessageOwner final : public engine::MessageOwner {
 public:
  RdkafkaMessageOwner(std::shared_ptr<ClientHandle> handle, engine::TopicPartition partition)
      : handle_(std::move(handle)), partition_(std::move(partition)) {}

  [[nodiscard]] std::string_view topic() const override { return partition_.topic; }
  [[nodiscard]] PartitionNumber partition() const override { return partition_.partition; }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void* handle) const override;
  [[nodiscard]] std::vector<Header> headers(const void* handle) const override;
  [[nodiscard]] std::optional<Header> header(const void* handle, std::string_view name) const override;
  void release(std::span<const Message> messages) noexcept override;
  std::size_t detach(std::span<Message> messages) noexcept override;

  void add_out(std::size_t count) { handle_->add_messages_out(static_cast<std::int64_t>(count)); }

 private:
  void release_mixed(std::span<const Message> messages) noexcept;

  const std::shared_ptr<ClientHandle> handle_;
  const engine::TopicPartition partition_;
  const engine::CopiedMessages copies_{*this};
  // Relaxed: who releases a copy has got it from the listener, which counted it before.
  std::atomic<std::size_t> copies_out_{0};
};

}  // namespace braid::adapters
