#include "engine/transactions/transactional_engine.hpp"

#include "engine/producer/producer_front.hpp"
#include "engine/transactions/open_transaction.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

namespace {

using Kind = Error::Kind;
using std::chrono::steady_clock;

bool may_run_again(const Error& error) {
  return error.retriable() && !error.fatal() && error.kind() != Kind::in_doubt && error.kind() != Kind::aborted;
}

}  // namespace

// In a child of fork() the lock may be held for good, and the turn is the parent's.
class TransactionalEngine::Turn {
 public:
  explicit Turn(TransactionalEngine& engine) : engine_(engine) {}
  ~Turn() {
    if (!engine_.forked()) engine_.end_turn();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  TransactionalEngine& engine_;
};

TransactionalEngine::TransactionalEngine(std::unique_ptr<TransactionalClient> client, std::shared_ptr<Log> log,
                                         RecordChain::Rules rules, Options options)
    : log_(std::move(log)),
      chain_(log_, std::move(rules)),
      options_(std::move(options)),
      client_(std::move(client)) {}

Result<void> TransactionalEngine::run(const TransactionWork& work) {
  if (forked()) return of_another_process();
  const auto self = shared_from_this();
  if (auto refused = take_turn()) return *std::move(refused);
  const Turn turn(*this);
  return run_in_turn(work);
}

std::optional<Error> TransactionalEngine::take_turn() {
  const auto deadline = steady_clock::now() + options_.max_wait_for_turn;
  std::unique_lock lock(mutex_);
  if (busy_ && owner_ == std::this_thread::get_id()) {
    return Error(Kind::other,
                 fmt::format("a transaction inside of a transaction ({}); end the first one before, or "
                             "produce within it",
                             options_.id));
  }
  if (!changed_.wait_until(lock, deadline, [&] { return !busy_ || closing_; })) {
    return Error(
        Kind::timed_out,
        fmt::format("another thread's transaction ({}) still runs after {} ms; raise max_wait_for_turn, or "
                    "use a pool of producers",
                    options_.id, options_.max_wait_for_turn.count()),
        true);
  }
  if (closing_) return closed_for_good();
  if (fenced_) return fenced_;
  busy_ = true;
  owner_ = std::this_thread::get_id();
  return std::nullopt;
}

void TransactionalEngine::end_turn() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
  changed_.notify_all();
}

Result<void> TransactionalEngine::run_in_turn(const TransactionWork& work) {
  for (std::uint32_t attempts = 1;; ++attempts) {
    if (closing_) return closed_for_good();  // a close has come since it has its turn
    if (const auto ready = client_->init(); !ready) return noted(ready.error());
    auto outcome = attempt(work);
    if (outcome || attempts >= options_.max_attempts || !may_run_again(outcome.error())) return outcome;
    log_->write(LogLevel::warning, "producer",
                fmt::format("attempt {} of a transaction ({}) was aborted, and runs again: {}", attempts,
                            options_.id, outcome.error().text()));
    if (!pause()) return outcome;
  }
}

Result<void> TransactionalEngine::attempt(const TransactionWork& work) {
  const auto until = steady_clock::now() + options_.transaction_timeout;
  if (const auto begun = client_->begin(); !begun) return noted(begun.error());
  OpenTransaction open(*client_, chain_, stamp_, closing_);
  Transaction tx(open);
  Result<void> returned;
  try {
    returned = work(tx);
  } catch (...) {
    if (!forked()) static_cast<void>(give_up({}));
    throw;
  }
  if (forked()) return of_another_process();
  // What the work says of its failure comes behind what it was told of a record, or has asked for.
  if (const auto failure = open.failure()) return give_up(*failure);
  if (!returned) return give_up(returned.error());
  const auto committed = client_->commit_sent(until);
  if (!committed) return noted(committed.error());
  return {};
}

Result<void> TransactionalEngine::give_up(const Error& error) {
  const auto aborted = client_->abort();
  if (!aborted) {
    const Error why = noted(aborted.error());
    log_->write(LogLevel::warning, "producer",
                fmt::format("brokers have not heard of the end of a transaction that was aborted: {}", why.text()));
  }
  const Error failure = noted(error);
  const std::lock_guard lock(mutex_);
  if (closing_) ++aborted_by_close_;
  return failure;
}

Error TransactionalEngine::noted(const Error& error) {
  if (error.kind() != Kind::fenced) return error;
  const std::lock_guard lock(mutex_);
  if (!fenced_) fenced_ = Error(Kind::fenced, error.text() + "; this producer is of no more use", false, true);
  return *fenced_;
}

bool TransactionalEngine::pause() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, options_.attempt_pause, [&] { return closing_.load(); });
}

void TransactionalEngine::begin_close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  changed_.notify_all();
}

TransactionsClosed TransactionalEngine::close(std::chrono::milliseconds timeout) {
  if (forked()) return {};
  if (runs_here()) {
    log_->write(LogLevel::error, "producer",
                "close() within a transaction would wait for itself; nothing is closed");
    return {};
  }
  begin_close();
  std::unique_lock lock(mutex_);
  if (std::exchange(closed_, true)) return {};
  TransactionsClosed report;
  if (!changed_.wait_until(lock, steady_clock::now() + timeout, [&] { return !busy_; })) {
    report.left.push_back(
        fmt::format("a transaction ({}) whose work has not returned; it is aborted when it does", options_.id));
  }
  report.aborted = aborted_by_close_;
  return report;
}

bool TransactionalEngine::runs_here() const {
  const std::lock_guard lock(mutex_);
  return busy_ && owner_ == std::this_thread::get_id();
}

std::optional<Error> TransactionalEngine::fenced() const {
  const std::lock_guard lock(mutex_);
  return fenced_;
}

}  // namespace braid::engine
