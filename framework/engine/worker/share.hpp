#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/worker/job_cap.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>

namespace braid::engine {

class RunningBatch;

// A virtual partition's messages of one batch: what one job works on, again after a failure, until all are done.
//
// Thread: in the pool, the worker that runs it; else the listener. `marked` is read by the listener at any time.
class Share final : public Job {
 public:
  // Listener, before the batch starts.
  void assign(RunningBatch& batch, VirtualPartitionIndex virtual_partition, std::span<const Message> messages);

  [[nodiscard]] RunningBatch& batch() const { return *batch_; }
  [[nodiscard]] VirtualPartitionIndex virtual_partition() const { return virtual_partition_; }
  [[nodiscard]] std::span<const Message> messages() const { return messages_; }
  // Those that are not done, from the first one on.
  [[nodiscard]] std::span<const Message> unfinished() const { return messages_.subspan(marked()); }

  // How many from the front are done. Acquire: their effects are visible to who reads it.
  [[nodiscard]] std::uint32_t marked() const { return marked_.load(std::memory_order_acquire); }
  // The worker's: release publishes what the user's code did for these messages.
  void mark_through(const Message& message);
  void mark_all() { marked_.store(static_cast<std::uint32_t>(messages_.size()), std::memory_order_release); }

  // 1 for the first attempt of its first unfinished message.
  [[nodiscard]] std::uint32_t attempt() const { return attempt_; }
  // What the last attempt threw; for the listener, after it learned of the failure.
  [[nodiscard]] const std::exception_ptr& failure() const { return failure_; }
  void failed_with(std::exception_ptr failure) { failure_ = std::move(failure); }
  // Before it is submitted again. Attempts count for the first unfinished message and start anew when that moves.
  void begin_next_attempt();
  // Its place among the shares of its batch.
  [[nodiscard]] std::uint32_t index() const;

  // The credits of its topic's caps: taken by the listener before it is submitted, returned by the worker behind
  // its run, or by the listener if it could not be submitted. Returns the cap that has none left; nullptr: taken.
  [[nodiscard]] JobCap* take_credits();
  void return_credits();

  void run() noexcept override;

  // The listener's own note: how many of the marked ones the ledger knows of.
  std::uint32_t folded = 0;

 private:
  RunningBatch* batch_ = nullptr;
  std::span<const Message> messages_;
  VirtualPartitionIndex virtual_partition_;
  std::atomic<std::uint32_t> marked_{0};
  std::uint32_t attempt_ = 1;
  std::uint32_t attempted_from_ = 0;  // `marked` when the present attempt began
  std::exception_ptr failure_;
  bool credited_ = false;
};

}  // namespace braid::engine
