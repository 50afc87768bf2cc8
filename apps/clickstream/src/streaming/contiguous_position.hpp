#pragma once

#include <braid/offset.hpp>

#include <cstddef>
#include <deque>

namespace clickstream {

/// Up to where all offsets of a partition are done, when they become so out of order.
/// For logs without holes, from offset 0 on. Thread: one at a time.
class ContiguousPosition {
 public:
  /// Offsets that are done already may come again.
  void done(braid::Offset offset) {
    if (offset < braid::expected_at(position_)) return;
    const auto ahead = static_cast<std::size_t>(offset.value - position_.value);
    if (ahead >= done_.size()) done_.resize(ahead + 1, false);
    done_[ahead] = true;
    while (!done_.empty() && done_.front()) {
      done_.pop_front();
      ++position_.value;
    }
  }

  /// All offsets below it are done.
  braid::CommitPosition position() const noexcept { return position_; }

 private:
  braid::CommitPosition position_;
  std::deque<bool> done_;  // From position_ on; its front is never true.
};

}  // namespace clickstream
