#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/store_calls.hpp"

#include <memory>
#include <string>
#include <thread>

namespace braid::engine {

// The thread that calls one OffsetStore, for all connections of an application: its calls may block, which a
// listener must not; and on the pool they would wait for workers that wait, in Batch::commit(), for just these
// calls.
//
// Thread: post() any; start() and stop() its owner's. It is stopped before its end.
class StoreThread final : public StoreCalls {
 public:
  StoreThread(std::string name, std::shared_ptr<OffsetStore> store);
  ~StoreThread() override;
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void start();
  void post(Task task) override;
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
