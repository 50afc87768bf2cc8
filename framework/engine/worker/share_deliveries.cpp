#include "engine/worker/share_deliveries.hpp"

#include <algorithm>

namespace braid::engine {

std::uint64_t ShareDeliveries::begin_one() {
  const std::lock_guard lock(mutex_);
  if (sections_.empty() || sections_.back().mark) sections_.emplace_back();
  ++sections_.back().on_their_way;
  ++on_their_way_;
  return first_ + sections_.size() - 1;
}

Result<void> ShareDeliveries::send(RecordSink& sink, const Record& record, std::optional<Offset> message) {
  // Before it is sent: its report may come from within, and somebody else may mark meanwhile.
  const std::uint64_t section = begin_one();
  try {
    auto sent = sink.send(record, [self = shared_from_this(), section, message](const Delivery& delivery) {
      self->end_one(section, delivery.error ? &*delivery.error : nullptr, message);
    });
    if (!sent) end_one(section, nullptr, std::nullopt);
    return sent;
  } catch (...) {
    end_one(section, nullptr, std::nullopt);
    throw;
  }
}

bool ShareDeliveries::hold(Offset mark) {
  const std::lock_guard lock(mutex_);
  if (sections_.empty()) return false;
  auto& held = sections_.back().mark;
  held = std::max(held.value_or(mark), mark);
  count_marks();
  return true;
}

bool ShareDeliveries::outstanding() const {
  const std::lock_guard lock(mutex_);
  return on_their_way_ > 0;
}

bool ShareDeliveries::wait(std::function<void()> over) {
  const std::lock_guard lock(mutex_);
  if (on_their_way_ == 0) return false;
  over_ = std::move(over);
  return true;
}

std::optional<ShareDeliveries::Failed> ShareDeliveries::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void ShareDeliveries::end_one(std::uint64_t section, const Error* error, std::optional<Offset> message) {
  std::function<void()> over;
  {
    const std::lock_guard lock(mutex_);
    Section& of = sections_[section - first_];
    --of.on_their_way;
    if (error != nullptr) {
      of.failed = true;
      if (!failed_) failed_ = Failed{*error, message};
    }
    count_marks();
    if (--on_their_way_ == 0) over = std::exchange(over_, nullptr);
  }
  // Without the lock: what follows ends the attempt.
  if (over) over();
}

void ShareDeliveries::count_marks() {
  while (!sections_.empty()) {
    const Section& oldest = sections_.front();
    if (!oldest.mark || oldest.on_their_way > 0 || oldest.failed) return;
    mark_(*oldest.mark);
    sections_.pop_front();
    ++first_;
  }
}

}  // namespace braid::engine
