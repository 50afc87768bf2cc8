#pragma once

#include "engine/ports/log.hpp"
#include "engine/threads/fork_stamp.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/transactions/transactional_engine.hpp"

#include <braid/result.hpp>
#include <braid/transactional_producer.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {

// Transactional producers with numbers, each made when all others are busy, and used again. One that was fenced is
// used no more.
// Held by whoever runs a transaction, too.
// Thread: any.
class TransactionalPool : public std::enable_shared_from_this<TransactionalPool> {
 public:
  // Makes that of a number; may wait for brokers.
  using Make = std::function<Result<std::shared_ptr<TransactionalEngine>>(std::uint32_t number)>;
  struct Options {
    std::string id;  // for errors
    std::size_t size = 1;
    std::chrono::milliseconds max_wait_for_turn{60'000};
  };
  // `first`: number 0.
  TransactionalPool(std::shared_ptr<TransactionalEngine> first, Make make, std::shared_ptr<Log> log,
                    Options options);

  Result<void> run(const TransactionWork& work);
  TransactionsClosed close(std::chrono::milliseconds timeout);
  [[nodiscard]] std::size_t made() const;
  [[nodiscard]] bool forked() const { return stamp_.forked_since(); }

 private:
  enum class Use : std::uint8_t { unmade, free, busy, fenced };
  struct Place {
    std::shared_ptr<TransactionalEngine> engine{};
    Use use = Use::unmade;
    std::thread::id owner{};  // busy
  };
  class Lease;

  // The place that is the caller's now.
  Result<std::uint32_t> take();
  void give_back(std::uint32_t number);
  Result<std::shared_ptr<TransactionalEngine>> engine_of(std::uint32_t number);
  // With the mutex.
  [[nodiscard]] std::optional<std::uint32_t> next() const;
  [[nodiscard]] bool all_fenced() const;

  const ForkStamp stamp_;
  const std::shared_ptr<Log> log_;
  const Make make_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Place> places_ BRAID_GUARDED_BY(mutex_);
  std::optional<Error> fenced_ BRAID_GUARDED_BY(mutex_);  // the last one's
  bool closing_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::engine
