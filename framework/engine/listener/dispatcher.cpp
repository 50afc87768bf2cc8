#include "engine/listener/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

Dispatcher::Dispatcher(std::shared_ptr<JobPool> pool, std::shared_ptr<Notifier> notifier)
    : pool_(std::move(pool)), notifier_(std::move(notifier)) {}

Dispatcher::~Dispatcher() {
  pool_->cancel(*notifier_);
  for (const Entry& entry : waiting_) {
    if (entry.job != nullptr) entry.job->abandon();
  }
}

void Dispatcher::send(Share& share) {
  waiting_.push_back({BatchPtr(&share.batch()), &share, nullptr, &share.batch().assignment()});
  if (waiting_.size() == 1) feed();
}

void Dispatcher::send(Job& job, const Assignment& of) {
  waiting_.push_back({nullptr, nullptr, &job, &of});
  if (waiting_.size() == 1) feed();
}

bool Dispatcher::submit(const Entry& entry) {
  return entry.share != nullptr ? entry.batch->submit(*entry.share) : pool_->try_submit(*entry.job);
}

void Dispatcher::feed() {
  bool asked = false;
  while (!waiting_.empty()) {
    if (submit(waiting_.front())) {
      waiting_.pop_front();
    } else if (!asked) {
      // Room that came between the refusal and the request would go unnoticed: ask first, then try once more.
      pool_->notify_when_room(*notifier_);
      asked = true;
    } else {
      return;
    }
  }
}

void Dispatcher::forget(const Assignment& assignment) {
  std::erase_if(waiting_, [&](const Entry& entry) { return entry.of == &assignment && entry.share != nullptr; });
}

bool Dispatcher::holds_of(const Assignment& assignment) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Entry& entry) { return entry.of == &assignment; });
}

}  // namespace braid::engine
