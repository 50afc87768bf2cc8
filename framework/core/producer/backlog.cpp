#include "core/producer/backlog.hpp"

#include "core/assert.hpp"

#include <utility>

namespace braid::core {

void Backlog::add(Entry entry) {
  const std::size_t bytes = entry.record.size();
  const std::uint64_t sequence = entry.sequence;
  const bool added = entries_.emplace(sequence, std::move(entry)).second;
  BRAID_ASSERT(added, "a record is sent under one number, and reported once");
  bytes_ += bytes;
}

std::optional<Backlog::Entry> Backlog::take_oldest() {
  if (entries_.empty()) return std::nullopt;
  auto node = entries_.extract(entries_.begin());
  bytes_ -= node.mapped().record.size();
  return std::move(node.mapped());
}

}  // namespace braid::core
