#include "engine/transactions/partition_transaction.hpp"

#include "core/assert.hpp"
#include "engine/producer/outgoing.hpp"

namespace braid::engine {

namespace {

Error not_ready() {
  return {Error::Kind::other, "the transaction takes nothing now", true};
}

}  // namespace

bool PartitionTransaction::prepared() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::ready || state_ == State::open;
}

void PartitionTransaction::prepare(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::unready || state_ == State::preparing) {
      waiting_.push_back(std::move(done));
      if (std::exchange(state_, State::preparing) == State::preparing) return;
      slot_->post(
          [self = shared_from_this()](TransactionalClient& client) { self->finish_prepare(client.init()); });
      return;
    }
  }
  done({});
}

void PartitionTransaction::finish_prepare(const Result<void>& outcome) {
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::preparing) state_ = outcome ? State::ready : State::unready;
    waiting.swap(waiting_);
  }
  for (const Done& done : waiting) done(outcome);
}

Result<void> PartitionTransaction::send_one(const OutgoingMessage& message) {
  if (state_ != State::ready && state_ != State::open) return not_ready();
  if (poisoned_) return *poisoned_;
  Result<void> outcome;
  if (state_ == State::ready) outcome = slot_->client().begin();
  state_ = State::open;
  if (outcome) outcome = slot_->client().send(message);
  if (!outcome) poisoned_ = outcome.error();
  return outcome;
}

void PartitionTransaction::send(std::span<const OwnedRecord> records) {
  const std::lock_guard lock(mutex_);
  for (const OwnedRecord& record : records) {
    const Record view = record.view();
    if (!send_one(outgoing(view))) return;
  }
}

void PartitionTransaction::send(const DeadLetter& letter, PartitionNumber original, Answer answer) {
  const Record record = record_of(letter, original);
  OutgoingMessage message = outgoing(record);
  message.partition_wraps = true;
  Result<void> outcome;
  {
    const std::lock_guard lock(mutex_);
    outcome = send_one(message);
  }
  answer(outcome);
}

void PartitionTransaction::commit(StoredPosition position, std::shared_ptr<const GroupMembership> member,
                                  Done done) {
  const std::lock_guard lock(mutex_);
  const bool nothing_sent = state_ == State::ready;
  const bool may = (nothing_sent || state_ == State::open) && !poisoned_;
  const Error why = poisoned_.value_or(not_ready());
  if (state_ != State::closed) state_ = may ? State::ending : State::failed;
  slot_->post([self = shared_from_this(), position = std::move(position), member = std::move(member),
               done = std::move(done), may, nothing_sent, why](TransactionalClient& client) {
    Result<void> outcome = why;
    if (may) {
      outcome = nothing_sent ? client.begin() : Result<void>();
      if (outcome) outcome = client.commit(position, member.get());
    } else {
      client.abort();
    }
    {
      const std::lock_guard lock_state(self->mutex_);
      if (self->state_ == State::ending) self->state_ = outcome ? State::ready : State::failed;
    }
    done(outcome);
  });
}

void PartitionTransaction::close() {
  const std::lock_guard lock(mutex_);
  const State before = std::exchange(state_, State::closed);
  // Behind a commit that is under way there is nothing left to give up, but that it may have failed.
  if (before == State::open) {
    slot_->post([self = shared_from_this()](TransactionalClient& client) { client.abort(); });
  }
}

}  // namespace braid::engine
