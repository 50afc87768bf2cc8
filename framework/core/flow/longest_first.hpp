#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {

// Virtual partitions that may run, the one with the longest queue first, and among equals the one that came first.
// With jobs that are short against the whole, running the longest first keeps the end even: what is left last is
// short everywhere.
//
// A list for each length below 64, and one for each power of two above: O(1) for everything. Thread: none; pure.
class LongestFirst {
 public:
  explicit LongestFirst(std::uint32_t count) : links_(count) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool contains(std::uint32_t index) const { return links_[index].bucket != kOut; }

  // Requires that it is not in, and length >= 1.
  void insert(std::uint32_t index, std::uint32_t length);
  // Its length has changed. Requires that it is in.
  void update(std::uint32_t index, std::uint32_t length);
  // Requires that it is in.
  void erase(std::uint32_t index);
  // The one whose turn it is; it stays in.
  [[nodiscard]] std::optional<std::uint32_t> first() const;
  // Whether a queue of this length would stand before all that are in, or beside the first.
  [[nodiscard]] bool none_before(std::uint32_t length) const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint8_t kOut = 0xFF;
  static constexpr std::uint32_t kBuckets = 64 + 26;  // lengths below 64, then by their highest bit, 6 to 31

  struct Link {
    std::uint32_t before = kNone;
    std::uint32_t behind = kNone;
    std::uint8_t bucket = kOut;
  };
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };

  static std::uint8_t bucket_of(std::uint32_t length);
  [[nodiscard]] int highest_bucket() const;  // -1: all are empty

  std::vector<Link> links_;
  std::array<List, kBuckets> lists_{};
  std::array<std::uint64_t, 2> used_{};  // a bit a list that is not empty
  std::uint32_t size_ = 0;
};

}  // namespace braid::core
