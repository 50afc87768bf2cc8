#pragma once

#include "apps/clickstream/src/totals.hpp"

#include <braid/offset.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace clickstream {

/// What one virtual partition has come to. It outlives the consumer objects that add to it, so nothing is lost when
/// an assignment ends, and what is delivered again is recognized. Thread: who holds the mutex; that is one job at a
/// time anyway, and a reader at the end.
struct BoardEntry {
  std::mutex mutex;
  Totals totals;
  braid::Offset next;           ///< Offsets below it have been counted.
  std::uint64_t events = 0;     ///< In the totals.
  std::uint64_t repeated = 0;   ///< Delivered again, and not counted again.
  std::uint64_t foreign = 0;    ///< Not of this run.
  std::uint64_t malformed = 0;  ///< Of this run, but not an event.
};

/// Where the virtual partitions put their totals, and where everybody else sees how far they are.
/// Thread: any.
class TotalsBoard {
 public:
  using Clock = std::chrono::steady_clock;

  /// The entry of a virtual partition, made at first sight; it lives as long as the board.
  BoardEntry& entry(braid::PartitionNumber partition, braid::VirtualPartitionIndex index);

  /// So many more messages of this run have been put into entries, by work that began at that time.
  void count(std::uint64_t messages, Clock::time_point began);
  /// Messages of this run, each counted once. Cheap.
  std::uint64_t counted() const noexcept { return counted_.load(std::memory_order_relaxed); }

  /// What all entries come to.
  struct Sum {
    Totals totals;
    std::uint64_t repeated = 0;
    std::uint64_t foreign = 0;
    std::uint64_t malformed = 0;
    /// Events for each virtual partition of each partition that has been seen, `max_partitions` a partition.
    std::vector<std::uint64_t> events_by_virtual_partition;
    std::optional<Clock::time_point> first;  ///< When the first work began.
    Clock::time_point last;                  ///< When the last work ended.
  };
  Sum sum(std::uint32_t max_partitions);

 private:
  using Key = std::pair<braid::PartitionNumber, braid::VirtualPartitionIndex>;

  std::atomic<std::uint64_t> counted_{0};

  std::mutex mutex_;
  // All below: guarded by mutex_.
  std::map<Key, BoardEntry> entries_;
  std::optional<Clock::time_point> first_;
  Clock::time_point last_;
};

}  // namespace clickstream
