#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
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
    const std::uint64_t name = next_++;
    if (name < last_) under_way_.emplace_back(end, false);
    return name;
  }
  /// It never will be acknowledged, and holds the position back for good: what is behind it needs no memory.
  void given_up(std::uint64_t name) {
    if (name >= last_) return;
    last_ = name;
    given_up_ = under_way_[static_cast<std::size_t>(name - first_)].first;
    under_way_.resize(static_cast<std::size_t>(name - first_));
  }
  /// Each once.
  void acknowledged(std::uint64_t name) {
    if (name >= last_) return;
    under_way_[static_cast<std::size_t>(name - first_)].second = true;
    while (!under_way_.empty() && under_way_.front().second) {
      position_ = under_way_.front().first;
      under_way_.pop_front();
      ++first_;
    }
  }
  /// Who goes on behind it leaves nothing out.
  LineEnd position() const noexcept { return position_; }
  /// The end of the first line that was given up; nothing if none was.
  std::optional<LineEnd> first_given_up() const noexcept { return given_up_; }

 private:
  LineEnd position_;
  std::uint64_t next_ = 0;                                          // What names the next one.
  std::uint64_t first_ = 0;                                         // The first one under way.
  std::uint64_t last_ = std::numeric_limits<std::uint64_t>::max();  // The first one that was given up.
  std::optional<LineEnd> given_up_;
  std::deque<std::pair<LineEnd, bool>> under_way_;  // Whether it is acknowledged; the front is not.
};

}  // namespace clickstream
