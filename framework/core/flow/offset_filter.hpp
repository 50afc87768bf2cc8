#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {

// Lets each offset of one assignment pass once and in order, whatever the client delivers: below the expected
// offset is stale and dropped; above it is a jump, which is legal (compaction, transaction markers), passes, and is
// counted. Thread: none; pure.
class OffsetFilter {
 public:
  struct Passed {
    std::size_t stale = 0;
    std::uint64_t jumps = 0;
  };

  // Without a start the first message defines it.
  explicit OffsetFilter(std::optional<CommitPosition> start = std::nullopt) {
    if (start) expected_ = expected_at(*start);
  }

  // Looks at messages[from, end): keeps what passes, in order, and moves what is stale to `stale`.
  Passed pass(std::vector<Message>& messages, std::size_t from, std::vector<Message>& stale);

  // All below is done, delivered or not: what comes from there is stale.
  void not_below(CommitPosition position) {
    if (!expected_ || *expected_ < expected_at(position)) expected_ = expected_at(position);
  }

  // The next offset to come, as a position; nothing before the first message where there was no start.
  [[nodiscard]] std::optional<CommitPosition> expected() const {
    if (!expected_) return std::nullopt;
    return CommitPosition{expected_->value};
  }

 private:
  std::optional<Offset> expected_;
};

}  // namespace braid::core
