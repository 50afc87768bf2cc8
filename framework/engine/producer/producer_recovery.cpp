#include "engine/producer/outgoing.hpp"
#include "engine/producer/producer_engine.hpp"

#include <fmt/format.h>

#include <utility>

// The producer's own thread: it serves, and replaces a client that has failed.

namespace braid::engine {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kServeReplay = 20ms;
// What a failed client has under way gets so long to come back by itself.
constexpr auto kComeBack = 10s;

}  // namespace

void ProducerEngine::serve() {
  while (!closing_.load(std::memory_order_seq_cst) || outstanding() > 0) {
    turn_.begin();
    if (mode_.load(std::memory_order_acquire) == Mode::replaying) {
      recover();
    } else {
      serve_once(kServe);
    }
    turn_.end();
  }
}

void ProducerEngine::recover() {
  const ServeTurn::Here here(turn_);
  // Who is within the failed client may still bring it a record. Who comes later is refused by it.
  slot_.wait_for_users();
  empty(slot_.current());
  while (!gives_up_.load(std::memory_order_seq_cst) && rebuild_count_.begin()) {
    if (rebuild_count_.made() > 1) pause(options_.rebuild_pause);
    auto next = options_.make_client();
    if (!next) {
      log_->write(LogLevel::error, "producer",
                  fmt::format("{}: no new client could be made: {}", name_, next.error().text()));
      continue;
    }
    auto client = std::move(next).value();
    next_failed_ = false;
    const Replayed replayed = replay(client);
    if (replayed == Replayed::all) return;
    if (replayed == Replayed::given_up) break;
  }
  std::string failure;
  {
    const std::lock_guard lock(mutex_);
    failure = failure_;
  }
  give_up(gives_up_.load(std::memory_order_seq_cst)
              ? Error(Error::Kind::closed, "the producer was closed before this record was sent again")
              : Error(Error::Kind::other,
                      fmt::format("given up behind {} new clients: {}", rebuild_count_.made(), failure), false,
                      true));
}

// However long it takes: a record without its report would keep its attempt, and a close, waiting for good.
void ProducerEngine::empty(ProducerClient& failed) {
  const auto until = steady_clock::now() + kComeBack;
  while (failed.outstanding() > 0) {
    if (gives_up_.load(std::memory_order_seq_cst) || steady_clock::now() >= until) failed.purge();
    failed.serve(*this, kServeReplay);
    wake_waiting();
  }
}

ProducerEngine::Replayed ProducerEngine::replay(std::unique_ptr<ProducerClient>& next) {
  std::uint64_t count = 0;
  while (auto entry = take_oldest_or_change_to(next)) {
    if (const auto ended = replay_one(*next, *std::move(entry))) {
      empty(*next);  // it is dropped
      return *ended;
    }
    if (++count % 1000 == 0) next->serve(*this, 0ms);
  }
  log_->write(
      LogLevel::warning, "producer",
      fmt::format("{}: a new client has replaced the one that failed; {} records were sent again", name_, count));
  tell_replaced(count);
  next.reset();  // the one that failed
  wake_waiting();
  return Replayed::all;
}

void ProducerEngine::tell_replaced(std::uint64_t sent_again) {
  std::string failure;
  {
    const std::lock_guard lock(mutex_);
    failure = failure_;
  }
  tally_.tell_replaced(sent_again, rebuilds_.load(std::memory_order_relaxed), failure);
}

std::optional<core::Backlog::Entry> ProducerEngine::take_oldest_or_change_to(
    std::unique_ptr<ProducerClient>& next) {
  const std::lock_guard lock(mutex_);
  auto entry = backlog_.take_oldest();
  if (entry) return entry;
  // With the mutex: nothing can come into the backlog between the look at it and the change.
  next = slot_.replace(std::move(next));
  rebuilds_.fetch_add(1, std::memory_order_seq_cst);
  mode_.store(Mode::ready, std::memory_order_release);
  return std::nullopt;
}

std::optional<ProducerEngine::Replayed> ProducerEngine::replay_one(ProducerClient& next,
                                                                   core::Backlog::Entry entry) {
  for (;;) {
    const Record record = entry.record.view();
    auto sent = next_failed_ ? Result<void>(Error(Error::Kind::other, "failed", false, true))
                             : next.send(outgoing(record), entry.token);
    if (sent) return std::nullopt;
    const bool given_up = gives_up_.load(std::memory_order_seq_cst);
    if (sent.error().fatal() || given_up) {
      const std::lock_guard lock(mutex_);
      backlog_.add(std::move(entry));
      return given_up ? Replayed::given_up : Replayed::failed_again;
    }
    if (sent.error().kind() != Error::Kind::queue_full) {
      end(entry.token, Delivery{.partition = {}, .offset = std::nullopt, .error = sent.error(), .label = {}},
          entry.record.topic);
      return std::nullopt;
    }
    next.serve(*this, kServeReplay);
    wake_waiting();
  }
}

void ProducerEngine::give_up(const Error& error) {
  rebuild_count_ = core::RebuildCount(options_.max_rebuilds);  // for who begins anew
  core::Backlog given_up;
  {
    const std::lock_guard lock(mutex_);
    mode_.store(Mode::failed, std::memory_order_release);
    std::swap(given_up, backlog_);
  }
  while (const auto entry = given_up.take_oldest()) {
    end(entry->token, Delivery{.partition = {}, .offset = std::nullopt, .error = error, .label = {}},
        entry->record.topic);
  }
  log_->write(LogLevel::error, "producer", fmt::format("{}: {}", name_, error.text()));
  tally_.tell_failed(error.text());
  wake_waiting();
}

void ProducerEngine::pause(std::chrono::milliseconds length) {
  std::unique_lock lock(mutex_);
  progressed_.wait_for(lock, length, [&] { return gives_up_.load(std::memory_order_seq_cst); });
}

}  // namespace braid::engine
