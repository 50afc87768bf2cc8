#include "simulation/fake_log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace braid::simulation {

void FakeLog::append(int key) {
  records_.push_back({.offset = end_, .key = key, .skipped = end_ < moved_to_});
  if (key >= 0) by_key_[static_cast<std::size_t>(key)].push_back(end_);
  ++end_;
}

std::size_t FakeLog::index_at(std::int64_t offset) const {
  const auto found = std::lower_bound(records_.begin(), records_.end(), offset,
                                      [](const FakeRecord& record, std::int64_t at) { return record.offset < at; });
  return static_cast<std::size_t>(found - records_.begin());
}

FakeRecord* FakeLog::find(std::int64_t offset) {
  const std::size_t index = index_at(offset);
  return index < records_.size() && records_[index].offset == offset ? &records_[index] : nullptr;
}

void FakeLog::committed(std::int64_t from, std::int64_t to, std::uint64_t by) {
  const std::int64_t end = std::max(from, to);
  for (std::size_t i = index_at(std::min(from, to)); i < records_.size() && records_[i].offset < end; ++i) {
    records_[i].committed_by = from < to ? by : 0;
  }
}

void FakeLog::moved(std::int64_t to, std::uint64_t by) {
  moved_to_ = to;
  for (FakeRecord& record : records_) {
    const bool passed = record.offset < to;
    record.skipped = passed;
    if (passed) continue;
    record.finished = record.finished_by >= by;
    record.begun = record.begun && record.begun_by >= by;
    record.committed_by = 0;
  }
}

std::optional<std::int64_t> FakeLog::first_unfinished(std::int64_t from) const {
  for (std::size_t i = index_at(std::max(from, start_)); i < records_.size(); ++i) {
    if (!records_[i].finished && !records_[i].skipped) return records_[i].offset;
  }
  return std::nullopt;
}

std::string key_text(int key) {
  return fmt::format("key-{}", key);
}

std::string payload_text(int partition, std::int64_t offset) {
  return fmt::format("payload of {}@{}", offset, partition);
}

}  // namespace braid::simulation
