#include "engine/transactions/open_transaction.hpp"

#include "engine/producer/outgoing.hpp"
#include "engine/producer/producer_front.hpp"

#include <braid/transaction.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <deque>
#include <utility>

namespace braid {

Result<void> Transaction::produce(const Record& record) {
  return open_.produce(record);
}
Result<void> Transaction::produce_many(std::span<const Record> records) {
  return open_.produce(records);
}
void Transaction::abort(const std::string& reason) {
  open_.abort(reason);
}
bool Transaction::failed() const {
  return open_.failure().has_value();
}

}  // namespace braid

namespace braid::engine {

// A child of fork() looks at no lock: who held it may be the parent's.
Result<void> OpenTransaction::produce(const Record& record) {
  if (stamp_.forked_since()) return of_another_process();
  RecordChain::Prepared prepared;
  const auto fine = chain_.prepare(record, prepared);
  const std::lock_guard lock(mutex_);
  if (const auto refused = refusal()) return *refused;
  if (!fine) return fail(fine.error());
  return send(prepared.record());
}

Result<void> OpenTransaction::produce(std::span<const Record> records) {
  if (stamp_.forked_since()) return of_another_process();
  std::deque<RecordChain::Prepared> prepared;
  const auto fine = chain_.prepare(records, prepared);
  const std::lock_guard lock(mutex_);
  if (const auto refused = refusal()) return *refused;
  if (!fine) return fail(fine.error());
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    if (const auto sent = send(prepared[i].record()); !sent) {
      const Error& error = sent.error();
      return fail(reworded(error, fmt::format("record {} of {}: {}", i, records.size(), error.text())));
    }
  }
  return {};
}

std::optional<Error> OpenTransaction::refusal() const {
  if (failure_) return failure_;
  if (closing_.load(std::memory_order_acquire)) return closed_for_good();
  return std::nullopt;
}

Result<void> OpenTransaction::send(const Record& record) {
  if (auto sent = client_.send(outgoing(record), ++tokens_); !sent) return fail(sent.error());
  return {};
}

Result<void> OpenTransaction::fail(Error error) {
  failure_ = std::move(error);
  return *failure_;
}

void OpenTransaction::abort(const std::string& reason) {
  if (stamp_.forked_since()) return;
  const std::lock_guard lock(mutex_);
  failure_ = Error(Error::Kind::aborted, "the transaction was aborted" + (reason.empty() ? "" : ": " + reason));
}

std::optional<Error> OpenTransaction::failure() const {
  if (stamp_.forked_since()) return of_another_process();
  const std::lock_guard lock(mutex_);
  return refusal();
}

}  // namespace braid::engine
