#include "engine/producer/producer_engine.hpp"

#include "core/assert.hpp"
#include "engine/producer/left_until.hpp"
#include "engine/producer/outgoing.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Room may be made a moment after its report was served, or little of it for long; who waits looks again.
constexpr auto kLookForRoom = 5ms;
// Who waits for room is woken for this part of the queue: to be woken for each broker's answer, and to sleep again
// behind the few records that fit, took a third of what a record cost.
constexpr std::uint64_t kRoomToWakeFor = 8;
// Who waits for a delivery that another thread serves looks now and then whether it may do so itself.
constexpr auto kFollow = 50ms;
// Of failures that nobody has asked to hear of, the first, and then each so many, go to the log.
constexpr std::uint64_t kLogEach = 1000;

Error closed_error() {
  return {Error::Kind::closed, "the producer is closed; nothing can be sent any more"};
}

Error failed_error(const std::string& failure) {
  return {Error::Kind::other,
          "the producer has failed, and sends nothing any more: " + failure + "; make another one", false, true};
}

}  // namespace

ProducerEngine::ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log)
    : ProducerEngine(std::move(name), std::move(client), std::move(log), Options{}) {}

ProducerEngine::ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log,
                               Options options)
    : name_(std::move(name)),
      log_(std::move(log)),
      options_(std::move(options)),
      slot_(std::move(client)),
      rebuild_count_(options_.max_rebuilds),
      tally_(name_, options_.events) {
  if (tally_.is_due()) tally_.look({}, steady_clock::now());  // from the first record on
  thread_ = std::jthread([this] {
    name_this_thread(name_);
    serve();
  });
}

ProducerEngine::~ProducerEngine() {
  BRAID_ASSERT(!thread_.joinable(), "a producer ends only after close()");
}

Result<void> ProducerEngine::send(const Record& record, OnDelivery on_delivery) {
  return send(record, in_flight_for(record, std::move(on_delivery)), options_.max_wait_for_room);
}

Result<void> ProducerEngine::send_within(const Record& record, OnDelivery on_delivery,
                                         std::chrono::milliseconds wait) {
  return send(record, in_flight_for(record, std::move(on_delivery)), wait);
}

Result<void> ProducerEngine::send_tracked(const Record& record, std::shared_ptr<DeliveryState> state,
                                          Deadline until) {
  return send(record, std::make_unique<InFlight>(InFlight{.state = std::move(state), .label = record.label}),
              options_.max_wait_for_room, until);
}

ProducerEngine::InFlightPtr ProducerEngine::in_flight_for(const Record& record, OnDelivery on_delivery) const {
  // Records that nobody wants to hear of need no memory.
  const bool labelled = record.label.has_value() && options_.on_each;
  if (!on_delivery && !labelled) return nullptr;
  return std::make_unique<InFlight>(InFlight{.on_delivery = std::move(on_delivery), .label = record.label});
}

Result<void> ProducerEngine::send(const Record& record, InFlightPtr in_flight, std::chrono::milliseconds wait,
                                  Deadline until) {
  const std::uint64_t sequence = begun_.fetch_add(1, std::memory_order_seq_cst) + 1;
  if (in_flight) in_flight->sequence = sequence;
  const std::uint64_t token = token_of(in_flight.get(), sequence);
  std::optional<Deadline> deadline;
  for (;;) {
    auto sent = closing_.load(std::memory_order_seq_cst) ? closed_error() : hand_over(record, token);
    if (sent) {
      [[maybe_unused]] const auto* owned_by_the_report = in_flight.release();
      return sent;
    }
    const bool full = sent.error().kind() == Error::Kind::queue_full;
    if (full && !deadline) deadline = std::min(steady_clock::now() + wait, until);
    // Its own thread would wait for itself.
    if (full && !ServeTurn::serves_here() && wait_for_room(*deadline)) continue;
    refused_.fetch_add(1, std::memory_order_relaxed);
    ended_.fetch_add(1, std::memory_order_seq_cst);
    wake_waiting();  // the last report may have come while this one still counted
    return sent;
  }
}

Result<void> ProducerEngine::hand_over(const Record& record, std::uint64_t token) {
  for (;;) {
    std::optional<Tried> tried;
    if (mode_.load(std::memory_order_acquire) == Mode::ready) {
      const std::uint64_t rebuilds = rebuilds_.load(std::memory_order_seq_cst);
      auto sent = ClientSlot::Use(slot_)->send(outgoing(record), token);
      if (sent || !sent.error().fatal()) return sent;
      tried = Tried{rebuilds, sent.error()};
    }
    if (auto put = put_back(record, token, tried)) return *std::move(put);
  }
}

std::optional<Result<void>> ProducerEngine::put_back(const Record& record, std::uint64_t token,
                                                     const std::optional<Tried>& tried) {
  const std::lock_guard lock(mutex_);
  // The client that said so may have been replaced by now.
  if (tried && tried->rebuilds == rebuilds_.load(std::memory_order_seq_cst)) leave_ready(tried->error);
  switch (mode_.load(std::memory_order_relaxed)) {
    case Mode::ready:
      return std::nullopt;
    case Mode::failed:
      if (!options_.begins_anew) return Result<void>(failed_error(failure_));
      mode_.store(Mode::replaying, std::memory_order_release);
      break;
    case Mode::replaying:
      break;
  }
  OwnedRecord copy(record);
  const bool fits =
      backlog_.size() < options_.max_backlog && backlog_.bytes() + copy.size() <= options_.max_backlog_bytes;
  if (!fits) {
    return Result<void>(Error(Error::Kind::queue_full, "the queue is full, while the client is replaced", true));
  }
  backlog_.add({.sequence = sequence_of(token), .token = token, .record = std::move(copy)});
  return Result<void>();
}

void ProducerEngine::leave_ready(const Error& error) {
  if (mode_.load(std::memory_order_relaxed) != Mode::ready) return;
  failure_ = error.text();
  const bool replaces = options_.make_client && options_.max_rebuilds > 0;
  mode_.store(replaces ? Mode::replaying : Mode::failed, std::memory_order_release);
}

bool ProducerEngine::wait_for_room(Deadline deadline) {
  const auto now = steady_clock::now();
  if (now >= deadline) return false;
  std::unique_lock lock(mutex_);
  const std::uint64_t waiting = ++wait_for_room_;  // they count as outstanding, and are not in the queue
  const std::uint64_t queued = outstanding() - std::min(outstanding(), waiting);
  const std::uint64_t room = std::max<std::uint64_t>(queued / kRoomToWakeFor, 1);
  room_at_.store(std::min(room_at_.load(), ended_.load() + room));
  progressed_.wait_until(lock, std::min(deadline, now + kLookForRoom));
  --wait_for_room_;
  return true;
}

Result<Delivery> ProducerEngine::send_and_wait(const Record& record, std::chrono::milliseconds timeout) {
  if (const auto refused = ServeTurn::refuses_waiting()) return *refused;
  const Deadline deadline = steady_clock::now() + timeout;
  const auto state = std::make_shared<DeliveryState>();
  if (auto sent = send_tracked(record, state, deadline); !sent) return sent.error();
  serve_until_settled(*state, deadline);
  return outcome_of(state->wait_until(steady_clock::now()), timeout);
}

void ProducerEngine::serve_until_settled(const DeliveryState& state, Deadline deadline) {
  const auto over = [&] { return state.settled() || steady_clock::now() >= deadline; };
  const auto ready = [&] { return mode_.load(std::memory_order_acquire) == Mode::ready; };
  while (!over()) {
    if (ready() && turn_.take([this] { ClientSlot::Use(slot_)->wake(); }, deadline)) {
      const ServeTurn::Taken taken(turn_);
      while (!over() && ready()) serve_once(std::min<std::chrono::milliseconds>(left_until(deadline), kServe));
    } else {
      const ServeTurn::Waiting waiting(turn_);
      static_cast<void>(state.wait_until(std::min(deadline, steady_clock::now() + kFollow)));
    }
  }
}

Result<void> ProducerEngine::flush(std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  flushing_.fetch_add(1, std::memory_order_seq_cst);
  bool done = false;
  {
    std::unique_lock lock(mutex_);
    done = progressed_.wait_until(lock, deadline, [&] { return outstanding() == 0; });
  }
  flushing_.fetch_sub(1, std::memory_order_seq_cst);
  if (done) return {};
  return Error(Error::Kind::timed_out,
               fmt::format("{} records have no delivery report after {} ms; they are still being sent",
                           outstanding(), timeout.count()),
               true);
}

CloseReport ProducerEngine::close(std::chrono::milliseconds timeout) {
  CloseReport report;
  if (!thread_.joinable()) return report;
  BRAID_ASSERT(!is_served_here(), "a delivery callback would wait for itself");
  closing_.store(true, std::memory_order_seq_cst);
  if (!flush(timeout)) {
    log_->write(LogLevel::warning, "producer",
                fmt::format("{}: closed with {} records undelivered", name_, outstanding()));
  }
  // Behind a good flush too: it ends attempts to replace a client.
  gives_up_.store(true, std::memory_order_seq_cst);
  { const std::lock_guard lock(mutex_); }
  progressed_.notify_all();
  ClientSlot::Use(slot_)->wake();
  thread_.join();
  tally_.finish(done(), steady_clock::now());
  report.undelivered_by_topic = std::move(given_up_);
  for (const auto& [topic, count] : report.undelivered_by_topic) report.undelivered += count;
  return report;
}

ProducerFigures ProducerEngine::figures() const {
  ProducerFigures figures;
  figures.delivered = delivered_.load(std::memory_order_relaxed);
  figures.failed = failed_.load(std::memory_order_relaxed);
  figures.rebuilds = rebuilds_.load(std::memory_order_relaxed);
  figures.outstanding = outstanding();
  figures.sent = begun_.load() - refused_.load(std::memory_order_relaxed);
  return figures;
}

void ProducerEngine::serve_once(std::chrono::milliseconds timeout) {
  ProducerClient& client = slot_.current();
  // Each time: who is on the way into the client comes behind any single purge.
  if (gives_up_.load(std::memory_order_seq_cst)) client.purge();
  {
    const ServeTurn::Here here(turn_);
    client.serve(*this, timeout);
  }
  wake_waiting();
  if (tally_.is_due()) tally_.look(done(), steady_clock::now());
}

DeliveryTally::Done ProducerEngine::done() const {
  return {.delivered = delivered_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed),
          .outstanding = outstanding()};
}

void ProducerEngine::handle_delivery(const DeliveryReport& report) {
  std::optional<Error> error = report.error;
  if (report.unsent) {
    error = take_back(report);
    if (!error) return;  // it is sent again
  }
  end(report.token,
      Delivery{.partition = report.partition, .offset = report.offset, .error = std::move(error), .label = {}},
      report.topic);
}

std::optional<Error> ProducerEngine::take_back(const DeliveryReport& report) {
  if (gives_up_.load(std::memory_order_seq_cst)) return report.error;
  const std::lock_guard lock(mutex_);
  leave_ready(*report.error);
  // It is given up since the client has failed; the report's own error says no more than that.
  if (mode_.load(std::memory_order_relaxed) != Mode::replaying) return failed_error(failure_);
  backlog_.add({.sequence = sequence_of(report.token), .token = report.token, .record = owned(*report.unsent)});
  return std::nullopt;
}

void ProducerEngine::end(std::uint64_t token, Delivery delivery, std::string_view topic) {
  const InFlightPtr in_flight(in_flight_of(token));
  if (delivery.ok()) {
    delivered_.store(delivered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    rebuild_count_.delivered();
  } else {
    note_failure(delivery, topic, in_flight != nullptr || options_.on_each);
  }
  if (in_flight) {
    delivery.label = std::move(in_flight->label);
    if (in_flight->on_delivery) call_back(in_flight->on_delivery, delivery);
  }
  if (options_.on_each) call_back(options_.on_each, delivery);
  if (in_flight && in_flight->state) in_flight->state->settle(std::move(delivery));
  ended_.fetch_add(1, std::memory_order_seq_cst);
}

void ProducerEngine::call_back(const OnDelivery& on_delivery, const Delivery& delivery) {
  try {
    on_delivery(delivery);
  } catch (...) {
    log_->write(LogLevel::error, "producer",
                fmt::format("{}: a delivery callback threw {}", name_, describe_failure(std::current_exception())));
  }
}

void ProducerEngine::note_failure(const Delivery& delivery, std::string_view topic, bool anybody_hears) {
  failed_.store(failed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  tally_.note_failure(topic, *delivery.error);
  if (gives_up_.load(std::memory_order_relaxed)) {
    ++given_up_[std::string(topic)];
  } else if (!anybody_hears && unheard_failures_++ % kLogEach == 0) {
    log_->write(LogLevel::warning, "producer",
                fmt::format("{}: a record that nobody waits for was not delivered ({} so far): {}", name_,
                            unheard_failures_, delivery.error->text()));
  }
}

void ProducerEngine::wake_waiting() {
  const bool flushed = flushing_.load(std::memory_order_seq_cst) > 0 && outstanding() == 0;
  const bool room = ended_.load(std::memory_order_seq_cst) >= room_at_.load(std::memory_order_seq_cst);
  if (!flushed && !room) return;
  {
    const std::lock_guard lock(mutex_);  // or a flush between its look and its sleep would miss this
    room_at_.store(kNobodyWaitsForRoom);
  }
  progressed_.notify_all();
}

void ProducerEngine::handle_error(const Error& error) {
  if (error.fatal()) {
    const std::lock_guard lock(mutex_);
    next_failed_ = mode_.load(std::memory_order_relaxed) == Mode::replaying;
    leave_ready(error);
    failure_ = error.text();  // a report that came first, or a refusal, may have said less
  }
  log_->write(error.retriable() ? LogLevel::warning : LogLevel::error, "producer",
              fmt::format("{}: {}", name_, error.text()));
}

}  // namespace braid::engine
