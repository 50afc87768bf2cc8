#include "engine/producer/left_until.hpp"
#include "engine/producer/producer_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// The part of a producer that sends later.

namespace braid::engine {

namespace {

using std::chrono::steady_clock;

Error taken_by_a_close() {
  return {Error::Kind::closed,
          "the producer was closed while this flush waited; what was not delivered is in the close's report"};
}

}  // namespace

Result<void> ProducerFront::buffer(std::span<const Record> records) {
  if (const auto shut = this->shut()) return *shut;
  std::deque<Prepared> prepared;
  if (auto fine = prepare(records, prepared); !fine) return fine;
  std::vector<OwnedRecord> owned;
  owned.reserve(records.size());
  std::size_t bytes = 0;
  for (const Prepared& each : prepared) bytes += owned.emplace_back(each.record()).size();
  const std::lock_guard lock(mutex_);
  if (!buffer_.has_room_for(owned.size(), bytes)) {
    return Error(Error::Kind::queue_full,
                 fmt::format("the buffer holds {} records already; flush it", buffer_.size()), true);
  }
  for (OwnedRecord& each : owned) buffer_.add(std::move(each));
  return {};
}

Result<void> ProducerFront::flush(std::chrono::milliseconds timeout) {
  if (const auto shut = this->shut()) return *shut;
  if (const auto refused = ServeTurn::refuses_waiting()) return *refused;
  const auto deadline = steady_clock::now() + timeout;
  const auto flush = begin_flush(deadline);
  if (!flush) {
    return Error(Error::Kind::timed_out, "another thread's flush has not ended; nothing was sent by this one",
                 true);
  }
  return run(*flush, deadline);
}

Result<void> ProducerFront::run(Flush& flush, steady_clock::time_point deadline) {
  if (flush.earlier_is_on_its_way()) {
    if (auto before = engine_->flush(left_until(deadline)); !before) return before;
  }
  auto sent = flush.send(deadline);
  auto waited = engine_->flush(left_until(deadline));
  if (!sent) return sent;
  if (!waited) return waited;
  return flush.outcome();
}

std::unique_ptr<ProducerFront::Flush> ProducerFront::begin_flush(steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  if (!turn_moved_.wait_until(lock, until, [this] { return turn_ == 0; })) return nullptr;
  auto flush = std::make_unique<Flush>(*this, turns_ + 1);
  turn_ = ++turns_;
  return flush;
}

std::unique_ptr<ProducerFront::Flush> ProducerFront::take_turn(steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  if (!turn_moved_.wait_until(lock, until, [this] { return !sending_; })) return nullptr;
  auto flush = std::make_unique<Flush>(*this, turns_ + 1);
  turn_ = ++turns_;
  return flush;
}

ProducerFront::Flush::~Flush() {
  if (front_.forked()) return;
  const std::lock_guard lock(front_.mutex_);
  if (!has_the_turn()) return;
  front_.turn_ = 0;
  front_.turn_moved_.notify_all();  // with the mutex: who waits may end the front as soon as it has the turn
}

// Stands where a flush sends, which a close waits for: what it sends then comes behind all of this.
class ProducerFront::Flush::Sending {
 public:
  // With the mutex.
  explicit Sending(ProducerFront& front) : front_(front) { front_.sending_ = true; }
  ~Sending() {
    const std::lock_guard lock(front_.mutex_);
    front_.sending_ = false;
    front_.turn_moved_.notify_all();
  }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

 private:
  ProducerFront& front_;
};

bool ProducerFront::Flush::earlier_is_on_its_way() const {
  const std::lock_guard lock(front_.mutex_);
  return front_.buffer_.on_their_way() > 0;
}

Result<void> ProducerFront::Flush::send(steady_clock::time_point until) {
  std::optional<Sending> sending;
  {
    const std::lock_guard lock(front_.mutex_);
    if (!has_the_turn() || front_.shut_) return taken_by_a_close();
    sending.emplace(front_);
  }
  return send_all(until);
}

Result<void> ProducerFront::Flush::send_all(steady_clock::time_point until) {
  ProducerEngine& engine = *front_.engine_;
  for (;;) {
    std::optional<core::RecordBuffer::Taken> taken;
    {
      const std::lock_guard lock(front_.mutex_);
      if (last_ == 0) front_.first_failure_.reset();
      taken = front_.buffer_.take(last_);
    }
    if (!taken) return {};
    const auto number = taken->number;
    auto sent = engine.send_within(
        taken->record->view(),
        [&front = front_, number](const Delivery& delivery) { front.handle_flushed(number, delivery); },
        std::min(engine.max_wait_for_room(), left_until(until)));
    if (sent) {
      last_ = number;
      continue;
    }
    const std::lock_guard lock(front_.mutex_);
    front_.buffer_.returned(number);
    const Error& why = sent.error();
    return Error(why.kind(),
                 fmt::format("{} buffered records were not sent, and wait for the next flush: {}",
                             front_.buffer_.waiting(), why.text()),
                 why.retriable(), why.fatal());
  }
}

// On the producer's thread.
void ProducerFront::handle_flushed(core::RecordBuffer::Number number, const Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  if (delivery.ok()) {
    buffer_.delivered(number);
    return;
  }
  buffer_.returned(number);
  if (!first_failure_) first_failure_ = delivery.error;
}

Result<void> ProducerFront::Flush::outcome() const {
  const std::lock_guard lock(front_.mutex_);
  if (!has_the_turn()) return taken_by_a_close();
  const auto& first = front_.first_failure_;
  if (!first) return {};
  return Error(first->kind(),
               fmt::format("{} records were not delivered, and are buffered again; the first: {}",
                           front_.buffer_.waiting(), first->text()),
               first->retriable(), first->fatal());
}

// In a child of fork() the mutex may be one that a thread has locked which is not there.

std::vector<OwnedRecord> ProducerFront::take_buffered() {
  if (forked()) return {};
  const std::lock_guard lock(mutex_);
  return buffer_.take_out();
}

std::size_t ProducerFront::buffered() const {
  if (forked()) return 0;
  const std::lock_guard lock(mutex_);
  return buffer_.size();
}

}  // namespace braid::engine
