#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/message.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

namespace braid::engine {

class ShareDeliveries;

// An attempt whose share is settled later than consume() returns: what stands behind a user's Ticket, and behind a
// coroutine. The share's job stays counted in until then, so that drains, the slot's farewell and later generations
// wait for it as they do for a thread.
//
//   in_call ──consume() returns──▶ open ──settled: whoever does it completes the share──▶ closed
//      ├──settled: the call, once it returns, completes the share───────────────────────▶ closed
//      └──consume() throws: that is how the attempt ended; the ticket is inert──────────▶ closed
//
// What the attempt has produced is waited for behind that, without a thread too: complete().
//
// Thread: as each function says. Held by its ticket, and by its share until the next attempt.
class Deferral final : public Job, public std::enable_shared_from_this<Deferral> {
 public:
  // Thread: the worker's, within the call.
  explicit Deferral(Share& share);

  // --- the worker's, behind the call

  // True: it was settled meanwhile, and failure() says how. False: it is open; from here on the share may be
  // settled and its memory gone at any moment.
  [[nodiscard]] bool call_returned();
  void call_threw();
  // Of one of its own, which is no ticket's and not the share's: the attempt has ended so, but that what it has
  // produced is still on its way. From here on the share may be settled and its memory gone at any moment.
  void wait_for_deliveries(std::exception_ptr failure) noexcept;
  // Null: done. For whoever completes the share.
  [[nodiscard]] const std::exception_ptr& failure() const { return failure_; }

  // --- the ticket's

  // Null: done. False: no effect. Thread: any; one of several wins, and lets go of the messages.
  bool settle(std::exception_ptr failure) noexcept;
  // The ticket is gone: it reads the messages no more. Thread: whoever had it.
  void let_go() noexcept { view_.reset(); }
  [[nodiscard]] bool settled() const { return claimed_.load(std::memory_order_acquire); }
  // None once let go of.
  [[nodiscard]] std::span<const Message> messages() const;
  void mark(const Message& message);
  [[nodiscard]] bool revoked() const;

  // --- the listener's

  // The ticket is overdue: the attempt fails, and the ticket is inert. False: it was settled meanwhile.
  bool give_up(std::exception_ptr failure) noexcept;

  // --- the pool's: the farewell that waited for this attempt, and user code that decides what follows it

  void run() noexcept override { finish_on_pool(true); }
  // There is no pool any more; somebody has to.
  void abandon() noexcept override { finish_on_pool(false); }

 private:
  enum class State : std::uint8_t { in_call, open, closed };
  bool close(std::exception_ptr failure) noexcept;
  void complete() noexcept;
  void complete_delivered() noexcept;
  void finish_on_pool(bool may_ask) noexcept;
  void finish(bool may_ask) noexcept;

  Share* const share_;  // its job is counted in until finish(), and view_ keeps its memory
  const std::shared_ptr<ShareDeliveries> deliveries_;  // null: nothing of what is produced is waited for
  BatchPtr view_;  // for the ticket, whose messages must not go while it is inert and somebody reads them
  std::span<const Message> messages_;
  std::exception_ptr failure_;              // of who has claimed it; published by state_
  std::shared_ptr<Deferral> keeps_itself_;  // while the pool has it
  std::atomic<State> state_{State::in_call};
  // Who brings it up settles; later ones have no effect. Acquire and release, as state_: one of call and settler
  // sees what the other has done, and completes the share.
  std::atomic<bool> claimed_{false};
};

}  // namespace braid::engine
