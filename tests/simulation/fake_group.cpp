#include "simulation/fake_group.hpp"

#include <algorithm>
#include <numeric>

namespace braid::simulation {

std::shared_ptr<FakeMember> FakeGroup::join(int who, void (*wake)(void*), void* woken) {
  auto member = std::make_shared<FakeMember>();
  member->id = ++last_id_;
  member->who = who;
  member->wake = wake;
  member->woken = woken;
  members_.push_back(member);
  world_.trace("joins the group as member {}", who, -1, static_cast<std::int64_t>(member->id));
  rebalance();
  return member;
}

void FakeGroup::remove(FakeMember& member) {
  member.gone = true;
  for (const int partition : member.owned) owners_[static_cast<std::size_t>(partition)] = 0;
  member.owned.clear();
  member.to_revoke.clear();
  std::erase_if(members_, [&](const auto& each) { return each.get() == &member; });
  rebalance();
}

void FakeGroup::leave(FakeMember& member) {
  if (member.gone) return;
  world_.trace("leaves the group", member.who);
  remove(member);
}

void FakeGroup::declare_dead(FakeMember& member) {
  if (member.gone) return;
  world_.trace("is declared dead by the group, with {} partitions", member.who, -1,
               static_cast<std::int64_t>(member.owned.size()));
  remove(member);
  if (member.wake != nullptr) member.wake(member.woken);
}

void FakeGroup::rebalance() {
  target_.assign(owners_.size(), 0);
  if (members_.empty()) return;
  std::vector<std::size_t> order(owners_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  world_.random.shuffle(order);
  std::size_t next = world_.random.below(members_.size());
  for (const std::size_t partition : order) target_[partition] = members_[next++ % members_.size()]->id;
  // Most assignors are sticky: many stay where they are.
  for (std::size_t partition = 0; partition < owners_.size(); ++partition) {
    if (owners_[partition] != 0 && world_.random.chance(400)) target_[partition] = owners_[partition];
  }
  for (const auto& member : members_) {
    member->due_assignment = true;
    member->to_revoke.clear();
    for (const int partition : member->owned) {
      const bool stays =
          protocol_ == Protocol::cooperative && target_[static_cast<std::size_t>(partition)] == member->id;
      if (!stays) member->to_revoke.insert(partition);
    }
    member->joining = member->to_revoke.empty();
    member->revoke_by.reset();
    if (!member->to_revoke.empty()) member->revoke_by = world_.clock.now() + rebalance_timeout_;
    if (member->wake != nullptr) member->wake(member->woken);
  }
}

void FakeGroup::returned(FakeMember& member, const std::vector<int>& partitions) {
  if (member.gone) return;
  for (const int partition : partitions) {
    if (member.owned.erase(partition) > 0) owners_[static_cast<std::size_t>(partition)] = 0;
    member.to_revoke.erase(partition);
  }
  if (!member.to_revoke.empty()) return;
  member.revoke_by.reset();
  member.joining = member.due_assignment;
  for (const auto& each : members_) {
    if (each->wake != nullptr) each->wake(each->woken);
  }
}

bool FakeGroup::everything_returned() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->to_revoke.empty(); });
}

std::optional<std::vector<int>> FakeGroup::take_assignment(FakeMember& member) {
  if (member.gone || !member.to_revoke.empty()) return std::nullopt;
  if (protocol_ == Protocol::eager && !everything_returned()) return std::nullopt;
  std::vector<int> mine;
  for (std::size_t partition = 0; partition < owners_.size(); ++partition) {
    if (owners_[partition] == 0 && target_[partition] == member.id) mine.push_back(static_cast<int>(partition));
  }
  if (!member.due_assignment && mine.empty()) return std::nullopt;
  member.due_assignment = false;
  member.joining = false;
  member.generation = ++last_generation_;
  for (const int partition : mine) {
    owners_[static_cast<std::size_t>(partition)] = member.id;
    member.owned.insert(partition);
  }
  return mine;
}

void FakeGroup::check_timeouts() {
  const engine::Time now = world_.clock.now();
  for (const auto& member : std::vector<std::shared_ptr<FakeMember>>(members_)) {
    if (member->revoke_by && *member->revoke_by <= now) declare_dead(*member);
  }
}

std::optional<engine::Time> FakeGroup::next_timeout() const {
  std::optional<engine::Time> at;
  for (const auto& member : members_) {
    if (member->revoke_by && (!at || *member->revoke_by < *at)) at = member->revoke_by;
  }
  return at;
}

}  // namespace braid::simulation
