#pragma once

#include "engine/threads/guarded_by.hpp"

#include <boost/intrusive/list.hpp>

#include <memory>
#include <mutex>

namespace braid::engine {

// The coroutines of one assignment that run, to be cancelled together when it ends.
// Thread: any. Held by the assignment and by its members.
class Cancellations {
 public:
  class Member : public boost::intrusive::list_base_hook<>, public std::enable_shared_from_this<Member> {
   public:
    virtual ~Member() = default;
    // Only asks; it ends in its own time. Thread: any, once.
    virtual void cancel() noexcept = 0;

   private:
    friend class Cancellations;
    bool ended_ = false;  // guarded by the list's mutex_
  };

  // It runs; it may have ended already. Cancelled at once if the others have been.
  void enlist(Member& member) noexcept;
  // It has ended. May be called again.
  void delist(Member& member) noexcept;
  // Cancels those that run, and all that come.
  void cancel_all() noexcept;

 private:
  std::mutex mutex_;  // a job of a coroutine takes it twice; others never
  boost::intrusive::list<Member> running_ BRAID_GUARDED_BY(mutex_);
  bool cancelled_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::engine
