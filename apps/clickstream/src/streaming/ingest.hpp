#pragma once

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"
#include "apps/clickstream/src/streaming/event_blocks.hpp"

#include <braid/producer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>

namespace clickstream {

class CapacityGate;

struct IngestOptions {
  std::string topic;
  std::uint64_t events_max = std::numeric_limits<std::uint64_t>::max();  ///< Reads no further.
  std::uint64_t rate = 0;  ///< Events a second at most; 0: as fast as it goes.
  std::string run;         ///< If not empty, goes with each event as a header.
  LineEnd begin{};         ///< Where the reader begins, if not at the first event.
  /// Sends nothing behind an event that was given up, so that another run can go on with it.
  bool stop_at_failure = false;
  /// How long the last events may take to be acknowledged, and a full queue to have room again.
  std::chrono::milliseconds patience{30'000};
};

/// Reads a file's events and sends them to Kafka, keyed by user. A thread of its own parses ahead of who sends, by
/// a few blocks; where the producer's queue is full, both wait, so that memory stays what it is. Thread: run() is
/// called once, by one; the rest by any. The producer, the reader and the gate outlive it.
class Ingest {
 public:
  Ingest(CsvReader& reader, braid::Producer& producer, IngestOptions options, CapacityGate* gate = nullptr);
  /// Closes the producer where it still has events of ours: their reports come here.
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Returns when every event has been acknowledged or given up, or after request_stop(). Throws CsvError, and
  /// std::runtime_error if it makes no sense to go on: no such topic, not allowed, no acknowledgements.
  void run();
  /// Makes run() return soon; what was sent is still waited for, for a short while.
  void request_stop() noexcept;

  /// Acknowledged.
  std::uint64_t delivered() const noexcept { return delivered_.load(std::memory_order_acquire); }
  /// Given up.
  std::uint64_t failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  /// Why one was given up: the first to be reported, or under stop_at_failure that of the lowest line, with its
  /// number. Empty if none was.
  std::string first_failure() const;
  /// Bytes of the file that were read.
  std::uint64_t bytes_read() const noexcept { return bytes_read_.load(std::memory_order_relaxed); }
  /// Bytes of keys and payloads that were acknowledged.
  std::uint64_t bytes_delivered() const noexcept { return bytes_delivered_.load(std::memory_order_relaxed); }
  /// All events up to there have been acknowledged: another run may begin behind it.
  LineEnd position() const;

 private:
  void send(const EventRecord& event);
  void keep_rate(std::uint64_t events);
  void handle_delivery(const braid::Delivery& delivery, std::uint64_t line, std::size_t bytes);
  void give_up(std::uint64_t line, const braid::Error& error);
  bool stopping() const noexcept { return stop_.load(std::memory_order_acquire); }
  // Nothing more is sent; what was is waited for as ever.
  bool ended() const noexcept {
    return stopping() || (options_.stop_at_failure && failed_.load(std::memory_order_acquire) > 0);
  }
  void fail_if_hopeless() const;

  CsvReader& reader_;
  braid::Producer& producer_;
  const IngestOptions options_;
  CapacityGate* const gate_;

  std::chrono::steady_clock::time_point started_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> hopeless_{false};
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> bytes_read_{0};
  std::atomic<std::uint64_t> bytes_delivered_{0};

  mutable std::mutex mutex_;
  AcknowledgedLines lines_;    // Guarded by mutex_.
  std::string first_failure_;  // Guarded by mutex_.
};

}  // namespace clickstream
