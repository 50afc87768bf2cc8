#include "engine/transactions/transactional_positions.hpp"

#include "core/assert.hpp"
#include "engine/threads/guarded_by.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace braid::engine {

// Thread: any.
struct TransactionalPositions::Gathered {
  const PositionStore* store = nullptr;  // a name only: a listener that is gone closes its mailbox
  std::uint64_t token = 0;
  bool reads = false;
  std::vector<std::pair<TopicPartition, std::uint64_t>> of;  // with the transaction's number
  std::shared_ptr<Mailbox> mailbox;
  std::mutex mutex;
  std::size_t open BRAID_GUARDED_BY(mutex) = 0;
  Result<void> outcome BRAID_GUARDED_BY(mutex);
  std::vector<StoreAnswer::Fenced> failed BRAID_GUARDED_BY(mutex);

  void take(std::size_t which, const Result<void>& result) {
    auto answer = std::make_unique<StoreAnswer>();
    {
      const std::lock_guard lock(mutex);
      if (!result) {
        outcome = result;
        failed.push_back({of[which].first, of[which].second, result.error().text()});
      }
      if (--open > 0) return;
      answer->store = store;
      answer->token = token;
      if (!reads) {
        // Those that have failed begin anew; the others are stored.
        answer->committed = failed.size() == of.size() ? outcome : Result<void>();
        answer->fenced = std::move(failed);
      } else if (outcome) {
        answer->ready = true;
      } else {
        answer->positions = Result<std::vector<StoredPosition>>(outcome.error());
      }
    }
    mailbox->post_store_answer(std::move(answer));
  }
};

std::shared_ptr<PartitionTransaction> TransactionalPositions::begin(const TopicPartition& partition) {
  auto& transaction = transactions_[partition];
  // The same producer, so that what the former has left open is settled before this one's first.
  auto slot = transaction ? transaction->slot() : slots_->acquire();
  if (transaction) transaction->close();
  transaction = std::make_shared<PartitionTransaction>(std::move(slot), partition, ++last_number_);
  return transaction;
}

void TransactionalPositions::end(const TopicPartition& partition) {
  const auto ended = transactions_.extract(partition);
  if (!ended.empty()) ended.mapped()->close();
}

void TransactionalPositions::read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) {
  auto gathered = std::make_shared<Gathered>();
  gathered->store = this;
  gathered->token = token;
  gathered->reads = true;
  gathered->mailbox = mailbox_;
  {
    const std::lock_guard lock(gathered->mutex);
    gathered->open = partitions.size();
  }
  for (const TopicPartition& each : partitions) gathered->of.emplace_back(each, transactions_.at(each)->number());
  questions_[token].assign(partitions.begin(), partitions.end());
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    transactions_.at(partitions[i])->prepare([gathered, i](const Result<void>& result) {
      gathered->take(i, result);
    });
  }
}

void TransactionalPositions::note(const StoreAnswer& answer) {
  if (!answer.ready && !answer.positions) return;
  const auto question = questions_.extract(answer.token);
  if (answer.ready && !question.empty()) client_.read_positions(question.mapped(), answer.token);
}

void TransactionalPositions::commit(std::span<const StoredPosition> positions, std::uint64_t token) {
  auto gathered = std::make_shared<Gathered>();
  gathered->store = this;
  gathered->token = token;
  gathered->mailbox = mailbox_;
  {
    const std::lock_guard lock(gathered->mutex);
    gathered->open = positions.size();
  }
  for (const StoredPosition& each : positions) {
    gathered->of.emplace_back(each.partition, transactions_.at(each.partition)->number());
  }
  const auto member = client_.membership();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    transactions_.at(positions[i].partition)
        ->commit(positions[i], member, [gathered, i](const Result<void>& result) { gathered->take(i, result); });
  }
}

bool TransactionalPositions::saves_as(const TopicPartition& partition, std::uint64_t epoch) const {
  const auto found = transactions_.find(partition);
  return found != transactions_.end() && found->second->number() == epoch;
}

}  // namespace braid::engine
