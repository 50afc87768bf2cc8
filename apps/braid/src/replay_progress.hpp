#pragma once

#include <braid/topic_positions.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid::app {

// What becomes of a message. Those of one fate come one after another, those of the two side by side.
enum class Fate : std::uint8_t { replayed, left };

// Which of the offsets that a replay set out for have been handled, and so when it is over: at the topic's end as
// it was then. Pure. Thread: its owner's.
class ReplayProgress {
 public:
  explicit ReplayProgress(const std::vector<PartitionPositions>& positions);

  // Whether that offset was there when the replay started.
  [[nodiscard]] bool meant(PartitionNumber partition, Offset offset) const;
  // It needs no more. What comes again, after a rebalance, changes nothing.
  void handled(PartitionNumber partition, Offset offset, Fate fate);
  // Everything that was in the partition has been handled, whatever offsets are missing.
  void at_end(PartitionNumber partition);

  // `done_before`: messages that were dropped unseen, since an earlier run had done them.
  [[nodiscard]] bool complete(std::uint64_t done_before) const { return left() <= done_before; }
  // Offsets that nothing has been heard of.
  [[nodiscard]] std::uint64_t left() const;
  // How often anything was noted.
  [[nodiscard]] std::uint64_t moves() const { return moves_; }

 private:
  struct Partition {
    std::int64_t from = 0;
    std::int64_t end = 0;
    std::int64_t handled = 0;
    std::array<std::int64_t, 2> highest{-1, -1};  // of each fate
    bool at_end = false;
  };
  std::map<PartitionNumber, Partition> partitions_;
  std::uint64_t moves_ = 0;
};

// How many stretches of left messages lie between replayed ones, a partition. The group's commits tell of each
// stretch in their metadata, which has room for so many; what is beyond would be sent again by a later run. So the
// replay of a partition ends before. Pure. Thread: its owner's.
class LeftStretches {
 public:
  // 800 lengths of up to 5 digits are below the 4,095 bytes of the metadata.
  static constexpr std::uint32_t kMost = 400;

  // Takes down what happens to the next message, or one that comes again. False: it must not be sent.
  bool admit(PartitionNumber partition, Offset offset, Fate fate);

 private:
  struct Partition {
    std::int64_t next = -1;  // behind the last one
    Fate last = Fate::replayed;
    std::uint32_t stretches = 0;
  };
  std::map<PartitionNumber, Partition> partitions_;
};

}  // namespace braid::app
