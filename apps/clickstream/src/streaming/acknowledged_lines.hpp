#pragma once

#include <cstdint>
#include <deque>
#include <utility>

namespace clickstream {

/// Where a line ends, and its number.
struct LineEnd {
  std::uint64_t offset = 0;  ///< Of the first byte behind it in the file.
  std::uint64_t number = 0;  ///< From 1, the header's.

  bool operator==(const LineEnd&) const = default;
};

/// Up to which line of a file everything has been acknowledged, when that comes out of order. What was never sent
/// in between, such as malformed lines, holds nothing back. Thread: one at a time.
class AcknowledgedLines {
 public:
  explicit AcknowledgedLines(LineEnd begin = {}) : position_(begin) {}

  /// The next line is under way; returns what names it. Lines come in the file's order.
  std::uint64_t sent(LineEnd end) {
    under_way_.emplace_back(end, false);
    return first_ + under_way_.size() - 1;
  }
  /// One that is never acknowledged holds the position back for good. Each once.
  void acknowledged(std::uint64_t name) {
    under_way_[static_cast<std::size_t>(name - first_)].second = true;
    while (!under_way_.empty() && under_way_.front().second) {
      position_ = under_way_.front().first;
      under_way_.pop_front();
      ++first_;
    }
  }
  /// Who goes on behind it leaves nothing out.
  LineEnd position() const noexcept { return position_; }

 private:
  LineEnd position_;
  std::uint64_t first_ = 0;                         // What names the first one under way.
  std::deque<std::pair<LineEnd, bool>> under_way_;  // Whether it is acknowledged; the front is not.
};

}  // namespace clickstream
