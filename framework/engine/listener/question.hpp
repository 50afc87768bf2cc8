#pragma once

#include "engine/ports/clock.hpp"
#include "engine/threads/guarded_by.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace braid::engine {

// A question to several listeners, each of which answers its part. Who asked waits as long as it wants, and takes
// what has come. Thread: any.
template <class Answer>
class Question {
 public:
  explicit Question(std::size_t parts) : parts_(parts), open_(parts) {}

  // The first answer to a part counts.
  void answer(std::size_t part, Answer answer) {
    {
      const std::lock_guard lock(mutex_);
      if (parts_[part]) return;
      parts_[part] = std::move(answer);
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
  [[nodiscard]] std::vector<std::optional<Answer>> parts() const {
    const std::lock_guard lock(mutex_);
    return parts_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::optional<Answer>> parts_ BRAID_GUARDED_BY(mutex_);
  std::size_t open_ BRAID_GUARDED_BY(mutex_);
};

// One listener's part of it: answered by the listener, or, where that is gone, by the part's end.
template <class Answer>
class QuestionPart {
 public:
  // `ended`: the answer of a listener that is gone.
  QuestionPart(std::shared_ptr<Question<Answer>> question, std::size_t part, Answer ended)
      : question_(std::move(question)), part_(part), ended_(std::move(ended)) {}
  ~QuestionPart() { question_->answer(part_, std::move(ended_)); }
  QuestionPart(const QuestionPart&) = delete;
  QuestionPart& operator=(const QuestionPart&) = delete;
  void answer(Answer answer) { question_->answer(part_, std::move(answer)); }

 private:
  std::shared_ptr<Question<Answer>> question_;
  std::size_t part_;
  Answer ended_;
};

}  // namespace braid::engine
