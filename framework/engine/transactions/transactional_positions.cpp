#include "engine/transactions/transactional_positions.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace braid::engine {

std::shared_ptr<PartitionTransaction> TransactionalPositions::begin(const TopicPartition& partition) {
  asked_.erase(partition);
  auto& transaction = transactions_[partition];
  // The same producer, so that what the former has left open is settled before this one's first.
  auto slot = transaction ? transaction->slot() : slots_->acquire();
  if (transaction) transaction->close();
  transaction = std::make_shared<PartitionTransaction>(std::move(slot), partition, ++last_number_);
  return transaction;
}

void TransactionalPositions::end(const TopicPartition& partition) {
  asked_.erase(partition);
  const auto ended = transactions_.extract(partition);
  if (!ended.empty()) ended.mapped()->close();
}

// What these bring comes on the slot's thread; `store` is a name only: a listener that is gone closes its mailbox.
void TransactionalPositions::read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) {
  for (const TopicPartition& name : partitions) {
    asked_[name] = token;
    const PositionStore* const store = this;
    transactions_.at(name)->prepare([store, mailbox = mailbox_, name, token](const Result<void>& outcome) {
      auto answer = std::make_unique<StoreAnswer>();
      answer->store = store;
      answer->token = token;
      if (outcome) {
        answer->ready = name;
      } else {
        answer->positions = Result<std::vector<StoredPosition>>(outcome.error());
      }
      mailbox->post_store_answer(std::move(answer));
    });
  }
}

void TransactionalPositions::note(const StoreAnswer& answer) {
  if (!answer.ready) return;
  const auto asked = asked_.find(*answer.ready);
  if (asked == asked_.end() || asked->second != answer.token) return;
  asked_.erase(asked);
  client_.read_positions({&*answer.ready, 1}, answer.token);
}

void TransactionalPositions::commit(std::span<const StoredPosition> positions, std::uint64_t token) {
  const auto member = client_.membership();
  for (const StoredPosition& each : positions) {
    PartitionTransaction& transaction = *transactions_.at(each.partition);
    const PositionStore* const store = this;
    transaction.commit(
        each, member,
        [store, mailbox = mailbox_, name = each.partition, number = transaction.number(),
         token](TransactionEnd end) {
          auto answer = std::make_unique<StoreAnswer>();
          answer->store = store;
          answer->token = token;
          if (end.outcome) {
            answer->stored = name;
          } else {
            answer->fenced.push_back({name, number, end.outcome.error().text(), std::move(end.refusals)});
          }
          mailbox->post_store_answer(std::move(answer));
        });
  }
}

bool TransactionalPositions::saves_as(const TopicPartition& partition, std::uint64_t epoch) const {
  const auto found = transactions_.find(partition);
  return found != transactions_.end() && found->second->number() == epoch;
}

}  // namespace braid::engine
