#pragma once

#include "engine/ports/clock.hpp"
#include "engine/threads/guarded_by.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

// A question to several listeners: what each is doing. Who asked waits as long as it wants, and takes what has
// come. Thread: any.
class DumpRequest {
 public:
  explicit DumpRequest(std::size_t parts) : parts_(parts), open_(parts) {}

  void answer(std::size_t part, std::string text) {
    {
      const std::lock_guard lock(mutex_);
      if (parts_[part]) return;
      parts_[part] = std::move(text);
      --open_;
    }
    answered_.notify_all();
  }
  [[nodiscard]] bool complete() const {
    const std::lock_guard lock(mutex_);
    return open_ == 0;
  }
  // Waits until all have answered. False: it is late.
  bool wait_until(Time until) {
    std::unique_lock lock(mutex_);
    return answered_.wait_until(lock, until, [this] { return open_ == 0; });
  }
  // What has come so far; none: not answered.
  [[nodiscard]] std::vector<std::optional<std::string>> parts() const {
    const std::lock_guard lock(mutex_);
    return parts_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::optional<std::string>> parts_ BRAID_GUARDED_BY(mutex_);
  std::size_t open_ BRAID_GUARDED_BY(mutex_);
};

// One listener's part of it: answered by the listener, or, where that is gone, by the part's end.
class DumpPart {
 public:
  DumpPart(std::shared_ptr<DumpRequest> request, std::size_t part) : request_(std::move(request)), part_(part) {}
  ~DumpPart() { request_->answer(part_, "it has ended\n"); }
  DumpPart(const DumpPart&) = delete;
  DumpPart& operator=(const DumpPart&) = delete;
  void answer(std::string text) { request_->answer(part_, std::move(text)); }

 private:
  std::shared_ptr<DumpRequest> request_;
  std::size_t part_;
};

}  // namespace braid::engine
