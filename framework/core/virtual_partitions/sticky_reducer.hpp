#pragma once

#include "core/virtual_partitions/key_table.hpp"
#include "core/virtual_partitions/loads.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace braid::core {

// A key keeps its virtual partition while any of its messages is in flight, so their order holds without a barrier;
// else it goes to the least loaded one, so skew evens out. Thread: the listener's; one an assignment.
//
// O(1) amortised a message, without an allocation once it has seen the most there is in flight. Memory: at most
// 64 bytes a key in flight, 4 a message of the virtual partition with the most, 12 a virtual partition that was
// ever used; by the highest of the last times that nothing was in flight.
class StickyReducer {
 public:
  explicit StickyReducer(std::uint32_t max_partitions) : loads_(max_partitions) {}

  // Where the messages of these keys go, one after another. They are in flight from here on.
  void place(std::span<const KeyId> keys, std::span<std::uint32_t> indexes);
  // Where one more message of that key goes. It is in flight from here on.
  std::uint32_t place(KeyId key);
  // A message that belongs into virtual partition 0, whatever its load; and with it all of that key.
  std::uint32_t place_first(KeyId key);
  // One message of that key, placed there, is in flight no more.
  void release(KeyId key, std::uint32_t index);
  void release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes);

  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t keys_in_flight() const { return keys_.size(); }
  [[nodiscard]] std::uint32_t load(std::uint32_t index) const { return loads_.load(index); }
  // Room for so many keys before it has to grow.
  [[nodiscard]] std::size_t capacity() const { return keys_.capacity() / 2; }

 private:
  std::uint32_t count_in(KeyTable::Entry& entry);
  void rest();

  KeyTable keys_;  // value: the virtual partition; count: messages in flight
  Loads loads_;
  std::size_t in_flight_ = 0;
  std::size_t most_in_flight_ = 0;  // since the table was last looked at
  std::uint32_t rests_ = 0;         // likewise
};

}  // namespace braid::core
