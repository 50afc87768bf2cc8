#include "apps/clickstream/src/streaming/ingest.hpp"

#include "apps/clickstream/src/streaming/capacity_gate.hpp"
#include "apps/clickstream/src/streaming/session_totals.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace clickstream {
namespace {

using namespace std::chrono_literals;

// How long a full queue, or the next event's turn, is left alone before another look.
constexpr auto queue_pause = 2ms;
constexpr auto rate_pause_max = 20ms;
constexpr auto flush_slice = 100ms;
constexpr auto flush_after_stop = 2s;

}  // namespace

Ingest::Ingest(CsvReader& reader, braid::Producer& producer, IngestOptions options, CapacityGate* gate)
    : reader_(reader), producer_(producer), options_(std::move(options)), gate_(gate) {}

void Ingest::run() {
  started_ = std::chrono::steady_clock::now();
  for (std::uint64_t events = 0; events < options_.events_max && !stopping(); ++events) {
    const Event* event = reader_.next();
    bytes_read_.store(reader_.bytes_done(), std::memory_order_relaxed);
    if (event == nullptr) break;
    keep_rate(events);
    send(*event);
  }
  // In slices, so that a stop is seen; patience starts anew with each event that is acknowledged.
  auto deadline = std::chrono::steady_clock::now() + (stopping() ? flush_after_stop : options_.patience);
  std::uint64_t before = delivered() + failed();
  while (!producer_.flush(flush_slice)) {
    const auto now = std::chrono::steady_clock::now();
    if (const std::uint64_t after = delivered() + failed(); after != before && !stopping()) {
      before = after;
      deadline = now + options_.patience;
    }
    if (stopping()) deadline = std::min(deadline, now + flush_after_stop);
    if (now < deadline) continue;
    if (stopping()) break;
    throw std::runtime_error(std::to_string(producer_.outstanding()) + " events were not acknowledged for " +
                             std::to_string(options_.patience.count() / 1000) + " s; is the cluster healthy?");
  }
  fail_if_hopeless();
}

void Ingest::request_stop() noexcept {
  stop_.store(true, std::memory_order_release);
  if (gate_ != nullptr) gate_->close();
}

std::string Ingest::first_failure() const {
  const std::lock_guard lock(mutex_);
  return first_failure_;
}

void Ingest::send(const Event& event) {
  key_ = std::to_string(event.user_id);
  std::string_view payload = reader_.line().text;
  if (!reader_.columns().standard()) {
    line_.clear();
    write_event(event, line_);
    payload = line_;
  }
  braid::Record record{.topic = options_.topic, .key = key_, .payload = payload, .partition = {}, .headers = {}};
  if (!options_.run.empty()) record.headers.push_back({run_header, options_.run});
  const std::size_t bytes =
      key_.size() + payload.size() +
      (options_.run.empty() ? 0 : options_.run.size() + std::char_traits<char>::length(run_header));
  if (gate_ != nullptr && !gate_->enter(bytes)) return;

  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    const auto sent = producer_.send(
        record, [this, bytes](const braid::Delivery& delivery) { handle_delivery(delivery, bytes); });
    if (sent) return;
    const bool full = sent.error().kind() == braid::Error::Kind::queue_full;
    if (full && !stopping() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(queue_pause);
      continue;
    }
    if (gate_ != nullptr) gate_->failed(bytes);
    if (stopping()) return;
    throw std::runtime_error(sent.error().text());
  }
}

void Ingest::keep_rate(std::uint64_t events) {
  if (options_.rate == 0) return;
  const auto due =
      started_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(
                     static_cast<double>(events) / static_cast<double>(options_.rate)));
  while (!stopping()) {
    const auto left = due - std::chrono::steady_clock::now();
    if (left <= 0s) return;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, rate_pause_max));
  }
}

// On the producer's thread.
void Ingest::handle_delivery(const braid::Delivery& delivery, std::size_t bytes) {
  if (delivery.ok()) {
    if (gate_ != nullptr && delivery.offset) gate_->delivered(delivery.partition, *delivery.offset, bytes);
    delivered_.fetch_add(1, std::memory_order_release);
    return;
  }
  if (gate_ != nullptr) gate_->failed(bytes);
  const braid::Error& error = *delivery.error;
  const auto kind = error.kind();
  {
    const std::lock_guard lock(mutex_);
    if (first_failure_.empty()) {
      first_failure_ = error.text();
      if (kind == braid::Error::Kind::unknown_topic) {
        first_failure_ = "the topic '" + options_.topic +
                         "' does not exist; create it, or name another with --topic (" + error.text() + ")";
      }
    }
  }
  failed_.fetch_add(1, std::memory_order_release);
  if (kind == braid::Error::Kind::unknown_topic || kind == braid::Error::Kind::not_authorized || error.fatal()) {
    // All others would end the same way.
    hopeless_.store(true, std::memory_order_release);
    request_stop();
  }
}

void Ingest::fail_if_hopeless() const {
  if (hopeless_.load(std::memory_order_acquire)) throw std::runtime_error(first_failure());
}

}  // namespace clickstream
