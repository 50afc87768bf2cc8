#include "engine/producer/delivery_tally.hpp"

#include "engine/instrumentation/event_hub.hpp"

#include <chrono>

namespace braid::engine {

DeliveryTally::DeliveryTally(std::string producer, std::shared_ptr<EventHub> hub)
    : producer_(std::move(producer)), hub_(std::move(hub)) {}

bool DeliveryTally::is_heard() const {
  return hub_ && (hub_->wants<events::RecordsDelivered>() || hub_->wants<events::RecordsFailed>());
}

void DeliveryTally::note_failure(std::string_view topic, const Error& error) {
  if (!begun_) return;
  auto found = failures_.find(std::pair(std::string(topic), error.kind()));
  if (found == failures_.end()) {
    const std::string_view told = failures_.size() < kMostKinds ? topic : std::string_view();
    found = failures_.try_emplace({std::string(told), error.kind()}).first;
  }
  if (found->second.records++ == 0) found->second.first = error.text();
}

void DeliveryTally::look(const Done& done, Time now) {
  if (!is_heard()) {
    begun_ = false;
    failures_.clear();
    return;
  }
  if (!begun_) {
    begin(done, now);
  } else if (now - told_at_ >= kEach) {
    tell(done, now);
  }
}

void DeliveryTally::finish(const Done& done, Time now) {
  if (begun_ && is_heard()) tell(done, now);
}

void DeliveryTally::begin(const Done& done, Time now) {
  begun_ = true;
  told_ = done;
  told_at_ = now;
}

void DeliveryTally::tell(const Done& done, Time now) {
  for (const auto& [what, failures] : std::exchange(failures_, {})) {
    hub_->emit<events::RecordsFailed>([&] {
      return events::RecordsFailed{.producer = producer_,
                                   .topic = what.first,
                                   .kind = what.second,
                                   .records = failures.records,
                                   .error = failures.first};
    });
  }
  if (done.delivered != told_.delivered || done.failed != told_.failed) {
    hub_->emit<events::RecordsDelivered>([&] {
      return events::RecordsDelivered{
          .producer = producer_,
          .delivered = done.delivered - told_.delivered,
          .failed = done.failed - told_.failed,
          .outstanding = done.outstanding,
          .over = std::chrono::duration_cast<std::chrono::milliseconds>(now - told_at_)};
    });
  }
  begin(done, now);
}

void DeliveryTally::tell_replaced(std::uint64_t sent_again, std::uint64_t replacements,
                                  std::string_view error) const {
  if (!hub_) return;
  hub_->emit<events::ProducerReplaced>([&] {
    return events::ProducerReplaced{producer_, sent_again, replacements, std::string(error)};
  });
}

void DeliveryTally::tell_failed(std::string_view error) const {
  if (!hub_) return;
  hub_->emit<events::ProducerFailed>([&] { return events::ProducerFailed{producer_, std::string(error)}; });
}

}  // namespace braid::engine
