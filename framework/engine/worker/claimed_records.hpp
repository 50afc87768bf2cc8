#pragma once

#include "core/offsets/offset_ranges.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <limits>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace braid::engine {

// What attempts that ended well have recorded in an offset store by transactions of their own, as they say; whether
// those were committed, the store knows, which is asked with the next position.
// Thread: add() a worker, before it marks those messages; the rest the listener.
class ClaimedRecords {
 public:
  void add(std::span<const OffsetRange> ranges) {
    const std::lock_guard lock(mutex_);
    added_.insert(added_.end(), ranges.begin(), ranges.end());
    // Where positions are stored seldom: neighbours become one.
    if (added_.size() < limit_) return;
    added_ = in_order(std::exchange(added_, {}));
    limit_ = 2 * added_.size() + kAtOnce;
  }
  // All that was not found to be there so far: ascending, apart.
  [[nodiscard]] std::vector<OffsetRange> take() {
    std::vector<OffsetRange> added;
    {
      const std::lock_guard lock(mutex_);
      added.swap(added_);
      limit_ = kAtOnce;
    }
    asked_.insert(asked_.end(), added.begin(), added.end());
    asked_ = in_order(std::move(asked_));
    return asked_;
  }
  // What the last take() gave is there.
  void found() { asked_.clear(); }

 private:
  static constexpr std::size_t kAtOnce = 1024;
  static std::vector<OffsetRange> in_order(std::vector<OffsetRange> ranges) {
    return core::in_order(std::move(ranges), CommitPosition{std::numeric_limits<std::int64_t>::min()});
  }

  std::mutex mutex_;
  std::vector<OffsetRange> added_ BRAID_GUARDED_BY(mutex_);
  std::size_t limit_ BRAID_GUARDED_BY(mutex_) = kAtOnce;
  std::vector<OffsetRange> asked_;  // the listener's
};

}  // namespace braid::engine
