#include "engine/listener/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

Dispatcher::Dispatcher(std::shared_ptr<JobPool> pool, std::shared_ptr<Notifier> notifier)
    : pool_(std::move(pool)), notifier_(std::move(notifier)) {}

Dispatcher::~Dispatcher() {
  pool_->cancel(*notifier_);
  for (const auto& [assignment, line] : lines_) {
    for (const Entry& entry : line.entries) {
      if (entry.job != nullptr) entry.job->abandon();
    }
  }
}

Dispatcher::Line& Dispatcher::line_of(const Assignment& assignment) {
  Line& line = lines_[&assignment];
  line.of = &assignment;
  return line;
}

void Dispatcher::enter(Line& line) {
  if (!std::exchange(line.in_ring, true)) ring_.push_back(&line);
  if (!full_) feed();
}

void Dispatcher::send(Share& share) {
  Line& line = line_of(share.batch().assignment());
  line.entries.push_back({BatchPtr(&share.batch()), &share, nullptr});
  enter(line);
}

void Dispatcher::send(Job& job, const Assignment& of) {
  Line& line = line_of(of);
  line.entries.push_back({nullptr, nullptr, &job, true});
  enter(line);
}

void Dispatcher::send_hook(Job& job, const Assignment& of) {
  Line& line = line_of(of);
  line.entries.push_front({nullptr, nullptr, &job});
  enter(line);
}

void Dispatcher::offer(ShareSource& source, const Assignment& of) {
  Line& line = line_of(of);
  line.source = &source;
  enter(line);
}

void Dispatcher::withdraw(const Assignment& of) {
  const auto found = lines_.find(&of);
  if (found == lines_.end()) return;
  found->second.source = nullptr;
  drop_if_empty(found->second);
}

// Not left to the next feed(): another assignment may come to the same address, and is not to find it.
void Dispatcher::drop_if_empty(Line& line) {
  if (!line.entries.empty() || line.source != nullptr) return;
  std::erase(ring_, &line);
  lines_.erase(line.of);
}

bool Dispatcher::has_next(Line& line) {
  if (!line.entries.empty()) return true;
  Share* const share = line.source != nullptr ? line.source->next_share() : nullptr;
  if (share == nullptr) return false;
  line.entries.push_back({BatchPtr(&share->batch()), share, nullptr});
  return true;
}

void Dispatcher::feed() {
  full_ = false;
  bool asked = false;
  std::size_t capped = 0;  // lines in a row that only their caps hold back
  while (capped < ring_.size()) {
    Line& line = *ring_.front();
    if (!has_next(line)) {
      ring_.pop_front();
      line.in_ring = false;
      if (line.source == nullptr) lines_.erase(line.of);
      continue;
    }
    switch (submit(line.entries.front())) {
      case Outcome::submitted:
        line.entries.pop_front();
        capped = 0;
        break;
      case Outcome::capped:
        ++capped;
        break;
      case Outcome::full:
        if (asked) {
          full_ = true;
          return;
        }
        // Room that came between the refusal and the request would go unnoticed: ask first, then try once more.
        pool_->notify_when_room(*notifier_);
        asked = true;
        continue;
    }
    ring_.pop_front();
    ring_.push_back(&line);
  }
}

Dispatcher::Outcome Dispatcher::submit(const Entry& entry) {
  if (entry.share != nullptr && take_credits(*entry.share) != nullptr) return Outcome::capped;
  if (try_submit(entry)) return Outcome::submitted;
  if (entry.share != nullptr) entry.share->return_credits();
  return Outcome::full;
}

JobCap* Dispatcher::take_credits(Share& share) {
  JobCap* none_left = share.take_credits();
  if (none_left == nullptr) return nullptr;
  none_left->wait(notifier_);
  // One that came back between the two told nobody.
  return share.take_credits();
}

bool Dispatcher::try_submit(const Entry& entry) {
  return entry.share != nullptr ? entry.batch->submit(*entry.share) : pool_->try_submit(*entry.job);
}

void Dispatcher::forget(const Assignment& assignment) {
  const auto found = lines_.find(&assignment);
  if (found == lines_.end()) return;
  std::erase_if(found->second.entries, [](const Entry& entry) {
    if (entry.stays) return false;
    if (entry.job != nullptr) entry.job->abandon();
    return true;
  });
  drop_if_empty(found->second);
}

bool Dispatcher::holds_of(const Assignment& assignment) const {
  const auto found = lines_.find(&assignment);
  return found != lines_.end() && !found->second.entries.empty();
}

bool Dispatcher::others_wait(const Assignment& than) const {
  if (ring_.empty()) return false;
  return ring_.size() > 1 || ring_.front()->of != &than;
}

std::size_t Dispatcher::waiting() const {
  std::size_t waiting = 0;
  for (const auto& [assignment, line] : lines_) waiting += line.waiting();
  return waiting;
}

std::size_t Dispatcher::waiting_of(const Assignment& assignment) const {
  const auto found = lines_.find(&assignment);
  return found != lines_.end() ? found->second.waiting() : 0;
}

}  // namespace braid::engine
