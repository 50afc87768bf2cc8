#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace braid::simulation {

// A call that can be left in its middle and gone on with later: what is a thread in production is a fiber here, so
// that a seed decides who runs when, and a thousand runs take seconds. Sanitizers are told of each switch.
//
// A fiber must not be left while an exception is handled: what the runtime keeps of it belongs to the thread.
// Thread: one makes and resumes them all.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs it until it suspends itself or ends. Not from within a fiber.
  void resume();
  [[nodiscard]] bool ended() const { return ended_; }

  // Leaves the fiber that runs.
  static void suspend();
  // The fiber that runs; null outside of fibers.
  static Fiber* current();

 private:
  static void enter();
  void switch_out(bool for_good);

  std::function<void()> body_;
  std::unique_ptr<char[]> stack_;
  ucontext_t context_{};
  ucontext_t resumer_{};
  bool ended_ = false;

  // the sanitizers'
  void* fake_stack_ = nullptr;
  const void* resumer_stack_ = nullptr;
  std::size_t resumer_stack_size_ = 0;
  void* tsan_fiber_ = nullptr;
  void* tsan_resumer_ = nullptr;
};

}  // namespace braid::simulation
