#pragma once

#include "engine/listener/mailbox.hpp"
#include "engine/listener/outside_store.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/transactions/partition_transaction.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>

namespace braid::engine {

// Positions of one connection that are committed to the group within transactions, one a partition, together with
// what its batches sent. Read behind what earlier transactions have left open.
// Thread: the listener's.
class TransactionalPositions final : public OutsideStore {
 public:
  TransactionalPositions(ConsumerClient& client, std::shared_ptr<TransactionalSlots> slots,
                         std::shared_ptr<Mailbox> mailbox)
      : client_(client), slots_(std::move(slots)), mailbox_(std::move(mailbox)) {}

  // Of a new assignment, which takes the place of the former one's.
  [[nodiscard]] std::shared_ptr<PartitionTransaction> begin(const TopicPartition& partition);
  // The partition is ours no more.
  void end(const TopicPartition& partition);

  void read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) override;
  [[nodiscard]] bool may_commit() const override { return client_.may_commit(); }
  void commit(std::span<const StoredPosition> positions, std::uint64_t token) override;
  // Each has brokers of its own to wait for.
  [[nodiscard]] bool apart() const override { return true; }

  void note(const StoreAnswer& answer) override;
  [[nodiscard]] bool saves_as(const TopicPartition& partition, std::uint64_t epoch) const override;

 private:
  ConsumerClient& client_;
  const std::shared_ptr<TransactionalSlots> slots_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::map<TopicPartition, std::shared_ptr<PartitionTransaction>> transactions_;
  std::uint64_t last_number_ = 0;
  // Whose transactions are being made ready, and the question that waits for it: an earlier one's answer, which may
  // be late by a slow producer, is nobody's.
  std::map<TopicPartition, std::uint64_t> asked_;
};

}  // namespace braid::engine
