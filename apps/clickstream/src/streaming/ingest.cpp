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
    : reader_(reader), producer_(producer), options_(std::move(options)), gate_(gate), lines_(options_.begin) {}

Ingest::~Ingest() {
  if (producer_.outstanding() > 0) static_cast<void>(producer_.close(0ms));
}

void Ingest::run() {
  started_ = std::chrono::steady_clock::now();
  {
    EventBlocks blocks(reader_, options_.events_max);
    EventBlock block;
    std::uint64_t events = 0;
    while (!ended() && blocks.next(block)) {
      bytes_read_.store(blocks.bytes_read(), std::memory_order_relaxed);
      for (std::size_t i = 0; i < block.size() && !ended(); ++i) {
        keep_rate(events++);
        send(block.at(i));
      }
    }
    bytes_read_.store(blocks.bytes_read(), std::memory_order_relaxed);
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

LineEnd Ingest::position() const {
  const std::lock_guard lock(mutex_);
  return lines_.position();
}

void Ingest::send(const EventRecord& event) {
  braid::Record record{
      .topic = options_.topic, .key = event.key, .payload = event.payload, .partition = {}, .headers = {}};
  if (!options_.run.empty()) record.headers.push_back({run_header, options_.run});
  const std::size_t bytes =
      event.key.size() + event.payload.size() +
      (options_.run.empty() ? 0 : options_.run.size() + std::char_traits<char>::length(run_header));
  if (gate_ != nullptr && !gate_->enter(bytes)) return;
  std::uint64_t line = 0;
  {
    const std::lock_guard lock(mutex_);
    line = lines_.sent(event.end);
  }

  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    const auto sent = producer_.produce(
        record, [this, line, bytes](const braid::Delivery& delivery) { handle_delivery(delivery, line, bytes); });
    if (sent) return;
    const bool full = sent.error().kind() == braid::Error::Kind::queue_full;
    if (full && !ended() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(queue_pause);
      continue;
    }
    if (gate_ != nullptr) gate_->failed(bytes);
    if (ended()) return;
    if (options_.stop_at_failure) return give_up(line, sent.error());
    throw std::runtime_error("line " + std::to_string(event.end.number) +
                             " could not be sent: " + sent.error().text());
  }
}

void Ingest::keep_rate(std::uint64_t events) {
  if (options_.rate == 0) return;
  const auto due =
      started_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(
                     static_cast<double>(events) / static_cast<double>(options_.rate)));
  while (!ended()) {
    const auto left = due - std::chrono::steady_clock::now();
    if (left <= 0s) return;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, rate_pause_max));
  }
}

// On the producer's thread.
void Ingest::handle_delivery(const braid::Delivery& delivery, std::uint64_t line, std::size_t bytes) {
  if (delivery.ok()) {
    {
      const std::lock_guard lock(mutex_);
      lines_.acknowledged(line);
    }
    bytes_delivered_.fetch_add(bytes, std::memory_order_relaxed);
    if (gate_ != nullptr && delivery.offset) gate_->delivered(delivery.partition, *delivery.offset, bytes);
    delivered_.fetch_add(1, std::memory_order_release);
    return;
  }
  if (gate_ != nullptr) gate_->failed(bytes);
  give_up(line, *delivery.error);
}

void Ingest::give_up(std::uint64_t line, const braid::Error& error) {
  const auto kind = error.kind();
  std::string why = error.text();
  if (kind == braid::Error::Kind::unknown_topic) {
    why =
        "the topic '" + options_.topic + "' does not exist; create it, or name another with --topic (" + why + ")";
  }
  {
    const std::lock_guard lock(mutex_);
    const auto before = lines_.first_given_up();
    lines_.given_up(line);
    const auto lowest = lines_.first_given_up();
    if (!options_.stop_at_failure) {
      if (first_failure_.empty()) first_failure_ = std::move(why);
    } else if (lowest != before) {
      first_failure_ = "line " + std::to_string(lowest->number) + ": " + why;
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
