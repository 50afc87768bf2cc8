#pragma once

#include <braid/record.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace braid::core {

// Records that wait to be flushed, and those of them that are on their way: what is not delivered comes back to its
// place, so that the order in which they came is theirs in every later flush too.
//
//   add ──▶ waiting ──take──▶ on its way ──delivered──▶ gone
//              ▲                   │
//              └─────returned──────┘
//
// Thread: none of its own; a value that its owner guards.
class RecordBuffer {
 public:
  using Number = std::uint64_t;  // grows with each record

  RecordBuffer(std::size_t records_most, std::size_t bytes_most)
      : records_most_(records_most), bytes_most_(bytes_most) {}

  // For so many records, of so many bytes together. False: it is full, what is on its way included.
  [[nodiscard]] bool has_room_for(std::size_t records, std::size_t bytes) const;
  // Requires room.
  Number add(OwnedRecord record);
  // The first one above that number that waits is on its way now, and stays here, at this address, until it is
  // delivered or returned. Who flushes goes upwards: what is returned meanwhile is for the next flush. nullopt:
  // none.
  struct Taken {
    Number number = 0;
    const OwnedRecord* record = nullptr;
  };
  [[nodiscard]] std::optional<Taken> take(Number above = 0);
  void delivered(Number number);
  void returned(Number number);
  // All that wait, in their order, which leave it.
  [[nodiscard]] std::vector<OwnedRecord> take_out();

  [[nodiscard]] std::size_t size() const { return waiting_.size() + on_their_way_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t on_their_way() const { return on_their_way_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  const std::size_t records_most_;
  const std::size_t bytes_most_;
  Number last_ = 0;
  std::size_t bytes_ = 0;  // of both
  std::map<Number, OwnedRecord> waiting_;
  std::map<Number, OwnedRecord> on_their_way_;
};

}  // namespace braid::core
