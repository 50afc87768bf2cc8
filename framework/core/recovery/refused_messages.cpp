#include "core/recovery/refused_messages.hpp"

#include <algorithm>

namespace braid::core {

std::vector<Refusal> blame(std::span<const RefusedRecord> refused) {
  const auto together =
      std::ranges::count_if(refused, [](const RefusedRecord& record) { return record.with_others; });
  std::map<Offset, Refusal> known;
  std::optional<Refusal> unknown;
  bool suspected = false;
  for (const RefusedRecord& record : refused) {
    suspected = suspected || record.maybe_a_letter || (!record.of && record.with_others);
    if (!record.of) continue;
    const auto [first, last] = *record.of;
    if (first == last && !record.maybe_a_letter && !(record.with_others && together > 1)) {
      known.try_emplace(first, Refusal{*record.of, record.error});
      continue;
    }
    if (!unknown) unknown = Refusal{*record.of, record.error};
    unknown->of = {std::min(unknown->of.first, first), std::max(unknown->of.last, last)};
  }
  std::vector<Refusal> all;
  for (auto& [offset, refusal] : known) all.push_back(std::move(refusal));
  if (unknown) {
    const bool same = unknown->of.first == unknown->of.last && known.contains(unknown->of.first);
    unknown->suspected = suspected;
    if (!same) all.push_back(std::move(*unknown));
  }
  return all;
}

void RefusedMessages::note(const Refusal& refusal, Time now) {
  const auto [first, last] = refusal.of;
  if (first != last || refusal.suspected) {
    alone_through_ = std::max(alone_through_.value_or(last), last);
    return;
  }
  Failures& failures = failures_[first];
  if (failures.times++ == 0) failures.first = now;
  failures.error = refusal.error;
}

void RefusedMessages::passed(CommitPosition position) {
  failures_.erase(failures_.begin(), failures_.lower_bound(Offset{position.value}));
  if (alone_through_ && alone_through_->value < position.value) alone_through_.reset();
}

const RefusedMessages::Failures* RefusedMessages::of(Offset offset) const {
  const auto found = failures_.find(offset);
  return found == failures_.end() ? nullptr : &found->second;
}

}  // namespace braid::core
