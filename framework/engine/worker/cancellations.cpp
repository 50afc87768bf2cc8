#include "engine/worker/cancellations.hpp"

#include <utility>
#include <vector>

namespace braid::engine {

void Cancellations::enlist(Member& member) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (member.ended_) return;
    running_.push_back(member);
    if (!cancelled_) return;
  }
  member.cancel();
}

void Cancellations::delist(Member& member) noexcept {
  const std::lock_guard lock(mutex_);
  member.ended_ = true;
  if (member.is_linked()) running_.erase(running_.iterator_to(member));
}

void Cancellations::cancel_all() noexcept {
  std::vector<std::shared_ptr<Member>> members;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(cancelled_, true)) return;
    for (Member& member : running_) {
      // One that is just being destroyed waits for the lock to leave the list.
      if (auto kept = member.weak_from_this().lock()) members.push_back(std::move(kept));
    }
  }
  for (const auto& member : members) member->cancel();
}

}  // namespace braid::engine
