#include "core/connections/scaling.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace braid::core {

namespace {

constexpr std::uint32_t kMostDoublings = 6;

std::uint64_t partitions_of(std::span<const ConnectionLoad> loads) {
  return std::accumulate(loads.begin(), loads.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ConnectionLoad& load) { return sum + load.partitions; });
}

std::uint32_t lowest_free(std::span<const ConnectionLoad> loads) {
  std::uint32_t number = 0;
  const auto is_taken = [&] {
    return std::ranges::any_of(loads, [&](const ConnectionLoad& load) { return load.number == number; });
  };
  while (is_taken()) ++number;
  return number;
}

}  // namespace

Scaling::Decision Scaling::decide(Time now, std::span<const ConnectionLoad> loads) {
  // What is on its way changes all loads.
  if (!std::ranges::all_of(loads, &ConnectionLoad::settled)) {
    reasons_.clear();
    return {};
  }
  judge_newcomer(loads);
  note(now, loads);
  Decision decision = one_fewer(now, loads);
  if (decision.change == Decision::Change::none) decision = one_more(now, loads);
  if (decision.change != Decision::Change::none) reasons_.clear();
  return decision;
}

void Scaling::judge_newcomer(std::span<const ConnectionLoad> loads) {
  if (in_vain_ > 0 && partitions_of(loads) != partitions_then_) in_vain_ = 0;
  for (const ConnectionLoad& load : loads) {
    if (newcomer_ == load.number && load.partitions > 0) {
      newcomer_.reset();
      in_vain_ = 0;
    }
  }
}

void Scaling::note(Time now, std::span<const ConnectionLoad> loads) {
  std::map<std::uint32_t, Held> held;
  for (const ConnectionLoad& load : loads) {
    const bool lags = load.partitions > 1 && load.waiting >= kLag;
    if (!lags && load.partitions > 0) continue;
    const Reason reason = lags ? Reason::lags : Reason::idle;
    const auto before = reasons_.find(load.number);
    const bool still = before != reasons_.end() && before->second.reason == reason;
    held.emplace(load.number, Held{reason, still ? before->second.since : now});
  }
  reasons_ = std::move(held);
}

// The last one goes, so that those that stay have the lowest numbers.
Scaling::Decision Scaling::one_fewer(Time now, std::span<const ConnectionLoad> loads) {
  if (loads.size() <= settings_.min) return {};
  const ConnectionLoad* leaves = nullptr;
  for (const ConnectionLoad& load : loads) {
    const auto found = reasons_.find(load.number);
    const bool for_long = found != reasons_.end() && found->second.reason == Reason::idle &&
                          now - found->second.since >= settings_.delay;
    if (for_long && (leaves == nullptr || load.number > leaves->number)) leaves = &load;
  }
  if (leaves == nullptr) return {};
  if (newcomer_ == leaves->number) {
    newcomer_.reset();
    in_vain_ = std::min(in_vain_ + 1, kMostDoublings);
    partitions_then_ = partitions_of(loads);
  }
  return {Decision::Change::fewer, leaves->number, *leaves, now - reasons_.at(leaves->number).since};
}

Scaling::Decision Scaling::one_more(Time now, std::span<const ConnectionLoad> loads) {
  if (loads.size() >= settings_.max) return {};
  // Who holds nothing could take some as well as another one could.
  if (std::ranges::any_of(loads, [](const ConnectionLoad& load) { return load.partitions == 0; })) return {};
  const Duration delay = settings_.delay * (std::int64_t{1} << in_vain_);
  for (const ConnectionLoad& load : loads) {
    const auto found = reasons_.find(load.number);
    if (found == reasons_.end() || found->second.reason != Reason::lags) continue;
    const Duration since = now - found->second.since;
    if (since < delay) continue;
    newcomer_ = lowest_free(loads);
    return {Decision::Change::more, *newcomer_, load, since};
  }
  return {};
}

}  // namespace braid::core
