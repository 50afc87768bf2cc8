#pragma once

#include <braid/record.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace braid::core {

// What a client that has failed did not deliver, and what came while there was no other: in the order of their
// sequence numbers, which is the order in which they were sent, whatever order they came back in.
// Thread: none of its own; a value that its owner guards.
class Backlog {
 public:
  struct Entry {
    std::uint64_t sequence = 0;
    std::uint64_t token = 0;
    OwnedRecord record;
  };
  void add(Entry entry);
  // None: it is empty.
  [[nodiscard]] std::optional<Entry> take_oldest();
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::map<std::uint64_t, Entry> entries_;
  std::size_t bytes_ = 0;
};

// How often a client that has failed is replaced: so many times in a row without one delivery between them.
// Thread: as Backlog.
class RebuildCount {
 public:
  explicit RebuildCount(std::uint32_t most) : most_(most) {}
  // One more attempt; false: there have been enough.
  [[nodiscard]] bool begin() { return made_ < most_ && ++made_ > 0; }
  void delivered() { made_ = 0; }
  [[nodiscard]] std::uint32_t made() const { return made_; }

 private:
  std::uint32_t most_;
  std::uint32_t made_ = 0;
};

}  // namespace braid::core
