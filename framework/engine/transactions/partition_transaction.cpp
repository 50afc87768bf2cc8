#include "engine/transactions/partition_transaction.hpp"

#include "core/assert.hpp"
#include "engine/producer/outgoing.hpp"

#include <algorithm>

namespace braid::engine {

namespace {

Error not_ready() {
  return {Error::Kind::other, "the transaction takes nothing now", true};
}

// It would be again; which tells nothing of those behind it.
bool refused_for_good(const Error& error) {
  using enum Error::Kind;
  return error.kind() == message_too_large || error.kind() == unknown_topic || error.kind() == not_authorized ||
         error.kind() == invalid_record;
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

PartitionTransaction::Sent PartitionTransaction::send_one(const OutgoingMessage& message,
                                                          std::optional<OffsetRange> of) {
  bool begins = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::ready && state_ != State::open) return Sent::refused;
    if (takes_no_more_) return Sent::in_vain;
    begins = std::exchange(state_, State::open) == State::ready;
  }
  if (begins) origins_.clear();
  // The listener goes on meanwhile: there may be no room.
  Result<void> outcome = begins ? slot_->client().begin() : Result<void>();
  const bool begun = outcome.ok();
  if (begun) {
    origins_.push_back(of);
    outcome = slot_->client().send(message, static_cast<std::uint32_t>(origins_.size()));
  }
  if (outcome) return Sent::queued;
  const std::lock_guard lock(mutex_);
  if (!poisoned_) poisoned_ = outcome.error();
  takes_no_more_ = !begun || !refused_for_good(outcome.error());
  return Sent::in_vain;
}

std::vector<core::Refusal> PartitionTransaction::refusals(TransactionalClient& client) {
  const std::vector<RefusedSend> refused = client.refused();
  if (refused.empty()) return {};
  const std::lock_guard lock(sending_);
  std::optional<OffsetRange> all;
  bool letters = false;
  for (const std::optional<OffsetRange>& of : origins_) {
    letters = letters || !of;
    if (!of) continue;
    if (!all) all = of;
    all = {std::min(all->first, of->first), std::max(all->last, of->last)};
  }
  std::vector<core::RefusedRecord> records;
  for (const RefusedSend& each : refused) {
    const bool known = each.token > 0 && each.token <= origins_.size();
    records.push_back({known ? origins_[each.token - 1] : all, each.with_others, each.error, !known && letters});
  }
  return core::blame(records);
}

void PartitionTransaction::send(std::span<const ProducedRecord> records) {
  // Who comes late is not to wait for the abort.
  if (!prepared()) return;
  const std::lock_guard lock(sending_);
  for (const ProducedRecord& each : records) {
    const Record view = each.record.view();
    if (send_one(outgoing(view), each.of) == Sent::refused) return;
  }
}

void PartitionTransaction::send(const DeadLetter& letter, PartitionNumber original, Answer answer) {
  slot_->post([self = shared_from_this(), record = OwnedRecord(record_of(letter, original)),
               answer = std::move(answer)](TransactionalClient&) {
    const Record view = record.view();
    OutgoingMessage message = outgoing(view);
    message.partition_wraps = true;
    Sent sent = Sent::refused;
    {
      const std::lock_guard lock(self->sending_);
      sent = self->send_one(message, std::nullopt);
    }
    // Where it can only fail, all of it runs again; but its end must come, and that waits for this answer.
    answer(sent == Sent::refused ? Result<void>(not_ready()) : Result<void>());
  });
}

void PartitionTransaction::commit(StoredPosition position, std::shared_ptr<const GroupMembership> member,
                                  Ended done) {
  const std::lock_guard lock(mutex_);
  // A position alone may come before any batch.
  const bool unready = state_ == State::unready || state_ == State::preparing;
  const bool nothing_sent = unready || state_ == State::ready;
  const bool may = (nothing_sent || state_ == State::open) && !poisoned_;
  const Error why = poisoned_.value_or(not_ready());
  if (state_ != State::closed) state_ = may ? State::ending : State::failed;
  slot_->post([self = shared_from_this(), position = std::move(position), member = std::move(member),
               done = std::move(done), may, unready, nothing_sent, why](TransactionalClient& client) {
    Result<void> outcome = why;
    if (may) {
      outcome = unready ? client.init() : Result<void>();
      if (outcome && nothing_sent) outcome = client.begin();
      if (outcome) outcome = client.commit(position, member.get());
    } else {
      static_cast<void>(client.abort());  // init() settles it
    }
    {
      const std::lock_guard lock_state(self->mutex_);
      if (self->state_ == State::ending) self->state_ = outcome ? State::ready : State::failed;
    }
    done({outcome, outcome || nothing_sent ? std::vector<core::Refusal>() : self->refusals(client)});
  });
}

void PartitionTransaction::close() {
  const std::lock_guard lock(mutex_);
  const State before = std::exchange(state_, State::closed);
  // Behind a commit that is under way there is nothing left to give up, but that it may have failed.
  if (before == State::open) {
    slot_->post([self = shared_from_this()](TransactionalClient& client) {
      // Behind the last record of a worker that was just sending it.
      const std::lock_guard lock_sending(self->sending_);
      static_cast<void>(client.abort());
    });
  }
}

}  // namespace braid::engine
