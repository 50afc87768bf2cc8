#pragma once

#include "engine/ports/clock.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace braid::engine {

// A thread that does tasks one after another, for calls that may block.
// Thread: post() any; the rest the owner's.
class TaskThread {
 public:
  // Must not throw.
  using Task = std::function<void()>;

  // `name`: at most 15 characters.
  explicit TaskThread(std::string name);
  // Requires stop().
  ~TaskThread();
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // Dropped once stopped.
  void post(Task task);
  // What was posted before is still done, until then, and the rest dropped. False: a task has not returned by then,
  // and is left to itself.
  bool stop(Time deadline);

 private:
  struct Shared;
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::jthread thread_;
};

}  // namespace braid::engine
