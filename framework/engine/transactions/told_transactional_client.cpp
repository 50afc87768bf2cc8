#include "engine/transactions/told_transactional_client.hpp"

#include "engine/instrumentation/event_hub.hpp"

#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using std::chrono::steady_clock;

template <class To>
To since(Time::rep then) {
  return std::chrono::duration_cast<To>(steady_clock::now() - Time(Duration(then)));
}

}  // namespace

ToldTransactionalClient::ToldTransactionalClient(std::unique_ptr<TransactionalClient> client,
                                                 std::string transactional_id, std::shared_ptr<EventHub> hub)
    : client_(std::move(client)), id_(std::move(transactional_id)), hub_(std::move(hub)) {}

Result<void> ToldTransactionalClient::begin() {
  auto begun = client_->begin();
  if (!begun) return begun;
  records_.store(0, std::memory_order_relaxed);
  began_at_.store(steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  open_.store(true, std::memory_order_relaxed);
  return begun;
}

Result<void> ToldTransactionalClient::send(const OutgoingMessage& message, std::uint32_t token) {
  auto sent = client_->send(message, token);
  if (sent) records_.fetch_add(1, std::memory_order_relaxed);
  return sent;
}

Result<void> ToldTransactionalClient::commit(const StoredPosition& position, const GroupMembership* member) {
  const Time asked = steady_clock::now();
  auto outcome = client_->commit(position, member);
  tell_commit(outcome, asked);
  return outcome;
}

Result<void> ToldTransactionalClient::commit_sent(Time until) {
  const Time asked = steady_clock::now();
  auto outcome = client_->commit_sent(until);
  tell_commit(outcome, asked);
  return outcome;
}

Result<void> ToldTransactionalClient::abort() {
  auto outcome = client_->abort();
  if (outcome) {
    tell_aborted(Error::Kind::aborted, "given up by who had begun it");
  } else {
    tell_aborted(outcome.error().kind(), outcome.error().text());
  }
  return outcome;
}

void ToldTransactionalClient::tell_commit(const Result<void>& outcome, Time asked) {
  if (outcome) {
    tell_committed(asked);
  } else {
    tell_aborted(outcome.error().kind(), outcome.error().text());
  }
}

void ToldTransactionalClient::tell_committed(Time asked) {
  if (!open_.exchange(false, std::memory_order_relaxed)) return;
  hub_->emit<events::TransactionCommitted>([&] {
    return events::TransactionCommitted{
        .transactional_id = id_,
        .records = records_.load(std::memory_order_relaxed),
        .took = since<events::Milliseconds>(began_at_.load(std::memory_order_relaxed)),
        .commit_took = since<events::Microseconds>(asked.time_since_epoch().count())};
  });
}

// Once: behind a commit that failed, an abort may follow.
void ToldTransactionalClient::tell_aborted(Error::Kind kind, const std::string& error) {
  if (!open_.exchange(false, std::memory_order_relaxed)) return;
  hub_->emit<events::TransactionAborted>([&] {
    return events::TransactionAborted{
        .transactional_id = id_,
        .records = records_.load(std::memory_order_relaxed),
        .took = since<events::Milliseconds>(began_at_.load(std::memory_order_relaxed)),
        .kind = kind,
        .error = error};
  });
}

std::unique_ptr<TransactionalClient> told(std::unique_ptr<TransactionalClient> client, std::string transactional_id,
                                          const std::shared_ptr<EventHub>& hub) {
  if (!hub) return client;
  return std::make_unique<ToldTransactionalClient>(std::move(client), std::move(transactional_id), hub);
}

}  // namespace braid::engine
