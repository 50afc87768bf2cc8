#include "engine/producer/producer_front.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// The part of a producer that sends later.

namespace braid::engine {

namespace {

using std::chrono::steady_clock;

std::chrono::milliseconds left_until(steady_clock::time_point deadline) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()),
                  std::chrono::milliseconds(0));
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
  const auto deadline = steady_clock::now() + timeout;
  const std::unique_lock one_at_a_time(flushing_, deadline);
  if (!one_at_a_time) {
    return Error(Error::Kind::timed_out, "another thread's flush has not ended; nothing was sent by this one",
                 true);
  }
  // Of an earlier flush: what fails of it must be back before what is behind it goes.
  bool pending = false;
  {
    const std::lock_guard lock(mutex_);
    pending = buffer_.on_their_way() > 0;
  }
  if (pending) {
    if (auto before = engine_->flush(left_until(deadline)); !before) return before;
  }
  auto sent = send_buffered();
  auto waited = engine_->flush(left_until(deadline));
  if (!sent) return sent;
  if (!waited) return waited;
  return flushed();
}

Result<void> ProducerFront::send_buffered() {
  {
    const std::lock_guard lock(mutex_);
    first_failure_.reset();
  }
  for (core::RecordBuffer::Number number = 0;;) {
    std::optional<core::RecordBuffer::Taken> taken;
    {
      const std::lock_guard lock(mutex_);
      taken = buffer_.take(number);
    }
    if (!taken) return {};
    number = taken->number;
    auto sent = engine_->send(taken->record->view(),
                              [this, number](const Delivery& delivery) { handle_flushed(number, delivery); });
    if (sent) continue;
    const std::lock_guard lock(mutex_);
    buffer_.returned(number);
    const Error& why = sent.error();
    return Error(why.kind(),
                 fmt::format("{} buffered records were not sent, and wait for the next flush: {}",
                             buffer_.waiting(), why.text()),
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

Result<void> ProducerFront::flushed() const {
  const std::lock_guard lock(mutex_);
  if (!first_failure_) return {};
  return Error(first_failure_->kind(),
               fmt::format("{} records were not delivered, and are buffered again; the first: {}",
                           buffer_.waiting(), first_failure_->text()),
               first_failure_->retriable(), first_failure_->fatal());
}

std::vector<OwnedRecord> ProducerFront::take_buffered() {
  const std::lock_guard lock(mutex_);
  return buffer_.take_out();
}

std::size_t ProducerFront::buffered() const {
  const std::lock_guard lock(mutex_);
  return buffer_.size();
}

}  // namespace braid::engine
