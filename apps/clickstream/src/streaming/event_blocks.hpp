#pragma once

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace clickstream {

/// An event ready to be sent: its key, and its line in the standard form.
struct EventRecord {
  std::string_view key;
  std::string_view payload;
  LineEnd end;
};

/// Some of a file's events, in order. Thread: one at a time.
class EventBlock {
 public:
  void add(std::string_view key, std::string_view payload, LineEnd end);
  void clear();
  std::size_t size() const noexcept { return parts_.size(); }
  std::size_t bytes() const noexcept { return text_.size(); }
  /// Holds until the block changes.
  EventRecord at(std::size_t index) const;

 private:
  struct Part {
    std::size_t begin = 0;
    std::size_t key = 0;  // Bytes of it; the payload goes from there to the next part.
    std::size_t payload = 0;
    LineEnd end;
  };
  std::string text_;
  std::vector<Part> parts_;
};

/// Reads and parses a file on a thread of its own, ahead of who takes the events, and not further than a few
/// blocks. Thread: next() by one; the rest by any. The reader outlives it, and is its alone until it is gone.
class EventBlocks {
 public:
  /// Reads no more than so many events.
  EventBlocks(CsvReader& reader, std::uint64_t events_max);
  ~EventBlocks();
  EventBlocks(const EventBlocks&) = delete;
  EventBlocks& operator=(const EventBlocks&) = delete;

  /// The next block, in place of what `block` had; waits for it. False: the file's end, or stop(). Throws what
  /// reading threw.
  bool next(EventBlock& block);
  void stop() noexcept;
  /// Bytes of the file that were read.
  std::uint64_t bytes_read() const noexcept { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  void read(std::uint64_t events_max);
  bool hand_over(EventBlock& block);

  CsvReader& reader_;
  std::atomic<std::uint64_t> bytes_read_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: guarded by mutex_.
  std::deque<EventBlock> ready_;
  std::vector<EventBlock> spare_;  // With their memory.
  std::exception_ptr failure_;
  bool ended_ = false;
  bool stopped_ = false;

  std::jthread thread_;  // Last: it uses all of the above.
};

}  // namespace clickstream
