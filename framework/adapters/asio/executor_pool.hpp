#pragma once

#include "engine/ports/owned_pool.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace braid::adapters {

// Jobs on an executor of the host's: its threads run them, and as many at once as it has. What is posted and has
// not begun is bounded as in a pool of our own, so that order and caps stay with the listeners.
//
// Thread: any; stop() the owner's, which must not be one that the executor needs. Posted functions hold it.
class ExecutorPool final : public engine::OwnedPool, public std::enable_shared_from_this<ExecutorPool> {
 public:
  ExecutorPool(boost::asio::any_io_executor executor, std::uint32_t queue_limit);

  void start() override {}
  // Waits for what was posted. From then on, whatever comes is refused or abandoned: the host may end the executor.
  std::uint32_t stop(engine::Time deadline) override;
  // An error: the threads are the host's.
  Result<void> resize(std::uint32_t workers) override;
  [[nodiscard]] std::uint32_t size() const override { return 0; }

  bool try_submit(engine::Job& job) override;
  void resume(engine::Job& job) override;
  void notify_when_room(engine::Notifier& notifier) override;
  void cancel(engine::Notifier& notifier) override;
  [[nodiscard]] const boost::asio::any_io_executor* executor() const override { return &executor_; }

 private:
  class Posted;
  enum class Kind : std::uint8_t { submitted, resumed };
  // False: it has stopped.
  [[nodiscard]] bool enter();
  void leave();
  void began();

  const boost::asio::any_io_executor executor_;
  const std::uint32_t queue_limit_;

  std::atomic<std::uint32_t> queued_{0};  // submitted and not begun
  // seq_cst with queued_: either who was refused finds room when it asks, or who makes room sees that somebody
  // waits.
  std::atomic<bool> somebody_waits_for_room_{false};
  std::mutex mutex_;
  std::condition_variable all_back_;
  std::uint32_t posted_ = 0;                      // not ended; guarded by mutex_
  bool stopped_ = false;                          // guarded by mutex_
  std::vector<engine::Notifier*> wait_for_room_;  // guarded by mutex_
};

}  // namespace braid::adapters
