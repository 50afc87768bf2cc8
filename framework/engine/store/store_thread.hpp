#pragma once

#include "engine/ports/clock.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace braid {
class OffsetStore;
}

namespace braid::engine {

// The thread that calls one OffsetStore, for all connections of an application: its calls may block, which a
// listener must not; and on the pool they would wait for workers that wait, in Batch::commit(), for just these
// calls.
//
// Thread: post() any; start() and stop() its owner's. It is stopped before its end.
class StoreThread {
 public:
  // Must not throw.
  using Task = std::function<void(OffsetStore&)>;

  StoreThread(std::string name, std::shared_ptr<OffsetStore> store);
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void start();
  // In order, one at a time. A connection has one question and one commit under way, which bounds them. Dropped
  // once stopped.
  void post(Task task);
  // Drops what has not begun. False: a call has not returned by then; the thread is left to it, and ends with it.
  bool stop(Time deadline);

 private:
  struct Shared;
  static void run(Shared& shared);

  std::string name_;
  std::shared_ptr<Shared> shared_;  // the thread's too, should it be left
  std::jthread thread_;
};

}  // namespace braid::engine
