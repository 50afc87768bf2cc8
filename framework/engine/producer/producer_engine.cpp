#include "engine/producer/producer_engine.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto kServe = 100ms;

// What waits for its report; the client carries its address as the token.
struct Pending {
  Producer::OnDelivery on_delivery;
};

}  // namespace

ProducerEngine::ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log)
    : name_(std::move(name)), client_(std::move(client)), log_(std::move(log)) {
  thread_ = std::jthread([this] {
    name_this_thread(name_);
    serve();
  });
}

ProducerEngine::~ProducerEngine() {
  BRAID_ASSERT(!thread_.joinable(), "a producer ends only after close()");
}

Result<void> ProducerEngine::send(const Record& record, Producer::OnDelivery on_delivery) {
  if (closing_.load(std::memory_order_acquire)) {
    return Error(Error::Kind::closed, "the producer is closed; nothing can be sent any more");
  }
  // Records without a callback need no node: token 0.
  auto pending = on_delivery ? std::make_unique<Pending>(Pending{std::move(on_delivery)}) : nullptr;
  sent_.fetch_add(1, std::memory_order_seq_cst);
  auto sent = client_->send({.topic = record.topic,
                             .partition = record.partition,
                             .key = record.key,
                             .payload = record.payload,
                             .headers = record.headers},
                            reinterpret_cast<std::uint64_t>(pending.get()));
  if (!sent) {
    sent_.fetch_sub(1, std::memory_order_seq_cst);
    wake_flushers();  // the last report may have come while this one still counted
    return sent;
  }
  [[maybe_unused]] const auto* owned_by_the_report = pending.release();
  return sent;
}

Result<void> ProducerEngine::flush(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
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

void ProducerEngine::close(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return;
  closing_.store(true, std::memory_order_release);
  if (!flush(timeout)) {
    log_->write(LogLevel::warning, "producer",
                fmt::format("{}: closed with {} records undelivered", name_, outstanding()));
    client_->purge();
  }
  client_->wake();
  thread_.join();
}

void ProducerEngine::serve() {
  while (!closing_.load(std::memory_order_acquire) || outstanding() > 0) client_->serve(*this, kServe);
}

void ProducerEngine::handle_delivery(const DeliveryReport& report) {
  const std::unique_ptr<Pending> pending(reinterpret_cast<Pending*>(report.token));
  if (pending) {
    try {
      pending->on_delivery({report.partition, report.offset, report.error});
    } catch (...) {
      log_->write(
          LogLevel::error, "producer",
          fmt::format("{}: a delivery callback threw {}", name_, describe_failure(std::current_exception())));
    }
  }
  reported_.fetch_add(1, std::memory_order_seq_cst);
  wake_flushers();
}

void ProducerEngine::wake_flushers() {
  if (flushing_.load(std::memory_order_seq_cst) == 0) return;
  { const std::lock_guard lock(mutex_); }  // or a flush between its look and its sleep would miss this
  progressed_.notify_all();
}

void ProducerEngine::handle_error(const Error& error) {
  if (error.fatal()) failed_.store(true, std::memory_order_release);
  log_->write(error.retriable() ? LogLevel::warning : LogLevel::error, "producer",
              fmt::format("{}: {}", name_, error.text()));
}

}  // namespace braid::engine
