#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/transactional_client.hpp"
#include "engine/producer/record_chain.hpp"
#include "engine/threads/fork_stamp.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/transaction.hpp>
#include <braid/transactional_producer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace braid::engine {

// The transactions of one transactional producer, one at a time, each on the thread of who asks for it:
//
//   turn ─▶ init ─▶ begin ─▶ work ─┬─▶ commit
//             ▲                    └─▶ abort: by the work, a refused record, an exception, close()
//             └──── another attempt, where there is one
//
// Held by whoever runs a transaction, too: one that outlasts close() ends behind its owner.
// Thread: any.
class TransactionalEngine : public std::enable_shared_from_this<TransactionalEngine> {
 public:
  struct Options {
    std::string id;  // the transactional one
    std::chrono::milliseconds transaction_timeout{60'000};
    std::chrono::milliseconds max_wait_for_turn{60'000};
    std::uint32_t max_attempts = 1;
    std::chrono::milliseconds attempt_pause{0};
  };
  TransactionalEngine(std::unique_ptr<TransactionalClient> client, std::shared_ptr<Log> log,
                      RecordChain::Rules rules, Options options);

  // Settles what an earlier producer of the id has left open. Before anything runs.
  [[nodiscard]] Result<void> connect() { return client_->init(); }
  // As TransactionalProducer::transaction().
  Result<void> run(const TransactionWork& work);

  // Nothing begins any more, and what runs will be aborted.
  void begin_close();
  // begin_close(), and waits for what runs.
  TransactionsClosed close(std::chrono::milliseconds timeout);
  // A transaction runs on this thread.
  [[nodiscard]] bool runs_here() const;
  // Why it is of no more use.
  [[nodiscard]] std::optional<Error> fenced() const;
  // This is another process than the one that made it: nothing of it may be touched, nor destroyed.
  [[nodiscard]] bool forked() const { return stamp_.forked_since(); }

 private:
  class Turn;
  // Why there is none.
  [[nodiscard]] std::optional<Error> take_turn();
  void end_turn();
  // With the turn:
  Result<void> run_in_turn(const TransactionWork& work);
  Result<void> attempt(const TransactionWork& work);
  Result<void> give_up(const Error& error);
  [[nodiscard]] Error noted(const Error& error);
  // False: it is being closed.
  [[nodiscard]] bool pause();

  const ForkStamp stamp_;
  const std::shared_ptr<Log> log_;
  const RecordChain chain_;
  const Options options_;
  const std::unique_ptr<TransactionalClient> client_;  // whose turn it is

  std::atomic<bool> closing_{false};  // written with the mutex; read by records too
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // a turn has ended, or it is being closed
  bool busy_ BRAID_GUARDED_BY(mutex_) = false;
  std::thread::id owner_ BRAID_GUARDED_BY(mutex_);  // busy
  bool closed_ BRAID_GUARDED_BY(mutex_) = false;
  std::uint64_t aborted_by_close_ BRAID_GUARDED_BY(mutex_) = 0;
  std::optional<Error> fenced_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
