#include "engine/producer/producer_front.hpp"

#include "engine/producer/left_until.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

namespace {

using std::chrono::steady_clock;

constexpr auto kNoDeadline = steady_clock::time_point::max();
// A closed engine refuses within milliseconds.
constexpr auto kRefused = std::chrono::seconds(1);

}  // namespace

Error of_another_process() {
  return {
      Error::Kind::closed,
      "this producer belongs to the process that was forked, with its threads and connections; make another one "
      "behind fork()"};
}

Error closed_for_good() {
  return {Error::Kind::closed, "the producer is closed; nothing can be sent any more"};
}

ProducerFront::ProducerFront(std::unique_ptr<ProducerEngine> engine, std::shared_ptr<Log> log, Rules rules)
    : log_(std::move(log)),
      chain_(log_, std::move(rules.chain)),
      engine_(std::move(engine)),
      buffer_(rules.max_buffered, rules.max_buffered_bytes) {}

std::optional<Error> ProducerFront::shut() const {
  if (stamp_.forked_since()) return of_another_process();
  if (shut_.load(std::memory_order_acquire)) return closed_for_good();
  return std::nullopt;
}

Result<void> ProducerFront::produce(const Record& record, OnDelivery on_delivery) {
  if (const auto shut = this->shut()) return *shut;
  Prepared prepared;
  if (auto fine = prepare(record, prepared); !fine) return fine;
  return engine_->send(prepared.record(), std::move(on_delivery));
}

Result<DeliveryHandle> ProducerFront::produce(const Record& record) {
  if (const auto shut = this->shut()) return *shut;
  Prepared prepared;
  if (const auto fine = prepare(record, prepared); !fine) return fine.error();
  auto state = std::make_shared<DeliveryState>();
  if (const auto sent = engine_->send_tracked(prepared.record(), state, kNoDeadline); !sent) return sent.error();
  return DeliveryHandle(std::move(state));
}

Result<Delivery> ProducerFront::produce_sync(const Record& record, std::chrono::milliseconds timeout) {
  if (const auto shut = this->shut()) return *shut;
  Prepared prepared;
  if (const auto fine = prepare(record, prepared); !fine) return fine.error();
  return engine_->send_and_wait(prepared.record(), timeout);
}

Error not_sent(std::size_t index, std::size_t count, const Error& why) {
  return reworded(
      why, fmt::format("record {} of {} could not be sent, and none behind it was: {}", index, count, why.text()));
}

ProducerFront::Sent ProducerFront::send_all(std::span<const Record> records, steady_clock::time_point until) {
  Sent all;
  if ((all.error = shut())) return all;
  std::deque<Prepared> prepared;
  if (const auto fine = prepare(records, prepared); !fine) {
    all.error = fine.error();
    return all;
  }
  all.states.reserve(records.size());
  for (const Prepared& each : prepared) {
    auto state = std::make_shared<DeliveryState>();
    if (const auto sent = engine_->send_tracked(each.record(), state, until); !sent) {
      all.error = not_sent(all.states.size(), records.size(), sent.error());
      break;
    }
    all.states.push_back(std::move(state));
  }
  return all;
}

ManyProduced ProducerFront::produce_many(std::span<const Record> records) {
  Sent sent = send_all(records, kNoDeadline);
  ManyProduced produced{.handles = {}, .error = std::move(sent.error)};
  for (auto& state : sent.states) produced.handles.emplace_back(std::move(state));
  return produced;
}

ManySent ProducerFront::produce_many(std::span<const Record> records, OnEachDelivery on_delivery) {
  ManySent many{.sent = 0, .error = shut()};
  if (many.error) return many;
  std::deque<Prepared> prepared;
  if (const auto fine = prepare(records, prepared); !fine) {
    many.error = fine.error();
    return many;
  }
  // One callback for all: a copy for each could be large.
  const auto shared = on_delivery ? std::make_shared<OnEachDelivery>(std::move(on_delivery)) : nullptr;
  for (const Prepared& each : prepared) {
    OnDelivery of_one;
    if (shared) of_one = [shared, index = many.sent](const Delivery& delivery) { (*shared)(index, delivery); };
    if (const auto sent = engine_->send(each.record(), std::move(of_one)); !sent) {
      many.error = not_sent(many.sent, records.size(), sent.error());
      return many;
    }
    ++many.sent;
  }
  return many;
}

ManyDelivered ProducerFront::produce_many_sync(std::span<const Record> records, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  Sent sent{.states = {}, .error = ServeTurn::refuses_waiting()};
  if (!sent.error) sent = send_all(records, deadline);
  ManyDelivered many{.each = {}, .error = std::move(sent.error)};
  many.each.reserve(records.size());
  for (const auto& state : sent.states) {
    engine_->wait_for(*state, deadline);
    auto delivery = state->wait_until(steady_clock::now());
    if (!delivery)
      delivery = Delivery{.partition = {}, .offset = {}, .error = outcome_of({}, timeout).error(), .label = {}};
    if (delivery->error && !many.error) many.error = delivery->error;
    many.each.push_back(*std::move(delivery));
  }
  for (std::size_t i = many.each.size(); i < records.size(); ++i) {
    many.each.push_back(Delivery{.partition = {}, .offset = {}, .error = many.error, .label = records[i].label});
  }
  return many;
}

ProducerFigures ProducerFront::figures() const {
  ProducerFigures figures = engine_->figures();
  figures.buffered = buffered();
  return figures;
}

CloseReport ProducerFront::close(std::chrono::milliseconds timeout) {
  if (shut()) return {};
  if (engine_->is_served_here()) {
    log_->write(LogLevel::error, "producer",
                "close() within a delivery callback would wait for itself; nothing is closed");
    return {};
  }
  const auto deadline = steady_clock::now() + timeout;
  if (buffered() > 0) {
    if (const auto flush = take_turn(deadline)) static_cast<void>(run(*flush, deadline));
  }
  {
    const std::lock_guard lock(mutex_);
    shut_.store(true, std::memory_order_release);  // no flush begins to send from now on
  }
  CloseReport report = engine_->close(left_until(deadline));
  {
    // One that sends has a record in its hands, which the engine refuses now.
    std::unique_lock lock(mutex_);
    turn_moved_.wait_for(lock, kRefused, [this] { return !sending_; });
  }
  report.buffered = take_buffered();  // what is left
  return report;
}

}  // namespace braid::engine
