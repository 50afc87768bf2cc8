#include "core/producer/record_buffer.hpp"

#include "core/assert.hpp"

#include <utility>

namespace braid::core {

bool RecordBuffer::has_room_for(std::size_t records, std::size_t bytes) const {
  if (size() + records > records_most_) return false;
  // What is larger than all of it goes alone.
  return size() == 0 || bytes_ + bytes <= bytes_most_;
}

RecordBuffer::Number RecordBuffer::add(OwnedRecord record) {
  BRAID_ASSERT(size() < records_most_, "who adds has asked for room");
  bytes_ += record.size();
  waiting_.emplace_hint(waiting_.end(), ++last_, std::move(record));
  return last_;
}

std::optional<RecordBuffer::Taken> RecordBuffer::take(Number above) {
  const auto found = waiting_.upper_bound(above);
  if (found == waiting_.end()) return std::nullopt;
  // The node moves, and with it nothing of its content.
  const auto placed = on_their_way_.insert(waiting_.extract(found));
  return Taken{placed.position->first, &placed.position->second};
}

void RecordBuffer::delivered(Number number) {
  const auto found = on_their_way_.find(number);
  if (found == on_their_way_.end()) return;
  bytes_ -= found->second.size();
  on_their_way_.erase(found);
}

void RecordBuffer::returned(Number number) {
  auto node = on_their_way_.extract(number);
  if (node) waiting_.insert(std::move(node));
}

std::vector<OwnedRecord> RecordBuffer::take_out() {
  std::vector<OwnedRecord> all;
  all.reserve(waiting_.size());
  for (auto& [number, record] : waiting_) {
    bytes_ -= record.size();
    all.push_back(std::move(record));
  }
  waiting_.clear();
  return all;
}

}  // namespace braid::core
