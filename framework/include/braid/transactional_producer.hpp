#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>
#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>
#include <braid/transaction.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid {

struct TransactionalProducerSettings {
  // librdkafka's. "bootstrap.servers" is required. acks=all and idempotence are what transactions are made of. A
  // transaction that takes longer than "transaction.timeout.ms" (60 s) is aborted by the brokers.
  routing::KafkaSettings kafka;
  // Required. Nobody else may have it: who comes later fences who came before, and settles at once what that has
  // left open. So it names what the process does, and its instance, and is the same after a restart.
  std::string transactional_id{};
  std::string client_id = "braid";
  // For a broker to answer, and for what an earlier producer of the id has left open; also, at
  // least, for the answer to the end of a transaction. 0: the first transaction looks for brokers.
  std::chrono::milliseconds connect_timeout{8000};
  std::chrono::milliseconds close_timeout{10'000};  // the destructor's wait for a transaction that runs
  LogLevel log_level = LogLevel::warning;
  LogSettings log{};

  // How long transaction() waits while another thread's runs, or all of a pool do; then it fails by
  // Error::Kind::timed_out. 0: at once.
  std::chrono::milliseconds max_wait_for_turn{60'000};
  // How often the work of one transaction() may run. By more than 1 it runs again where it was aborted, for
  // certain, by what may go well in another attempt: an error that is retriable(). What it does beside producing
  // happens again then.
  std::uint32_t max_attempts = 1;
  std::chrono::milliseconds attempt_pause{500};  // before the second one and later ones

  // As those of ProducerSettings.
  std::size_t max_queued = 100'000;
  std::size_t max_queued_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds max_wait_for_room{5000};
  std::optional<std::size_t> max_payload_size{};
  std::vector<Middleware> middleware{};
  // Their on_produce alone: records of a transaction are delivered all or none, and transaction() tells.
  std::vector<std::shared_ptr<ProducerInterceptor>> interceptors{};
  // Who hears of what becomes of its transactions (braid/monitor.hpp); one of the application's may be given. None:
  // nobody.
  std::shared_ptr<Monitor> monitor{};
};

// What the close of a transactional producer, or of a pool of them, has met.
struct TransactionsClosed {
  std::uint64_t aborted = 0;        // transactions that ran, and were aborted in place of being committed
  std::vector<std::string> left{};  // in words: transactions whose work has not returned by then
  [[nodiscard]] bool all_ended() const { return left.empty(); }
};

// Sends records in transactions, one at a time: who reads committed records sees all of one, or none. Work and
// calls to brokers run on the caller's thread; there is no other.
//
// Thread: any; close() and the destructor last. After close(), and in a child of fork(), every call is refused by
// an error of kind closed.
class TransactionalProducer {
 public:
  // Settles what an earlier producer of the id has left open, and fences that. Throws ApplicationError where that
  // can't be done within the connect timeout, std::invalid_argument for a setting that is missing, that the client
  // refuses, or that contradicts another one.
  explicit TransactionalProducer(const TransactionalProducerSettings& settings);
  // close() with the close timeout, unless that was called.
  ~TransactionalProducer();
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  // Runs `work(Transaction&)` and commits what it has produced. Returns what it returns (Result<void> for void; a
  // Result as it is, whose error aborts). An exception of it aborts, and goes on to the caller. An error: nothing
  // of the transaction will ever count, but for in_doubt:
  //   aborted    by Transaction::abort()
  //   fenced     another producer has the id, or this transaction took longer than transaction.timeout.ms. This one
  //              is of no more use: later calls fail by the same error
  //   in_doubt   the commit was sent, and no answer came. The next transaction() settles it, either way
  //   closed, timed_out (another thread's took too long), other (a transaction inside of a transaction)
  //   what a record, or the work, was refused by; what the brokers say. With retriable(), running it again may
  //              help; with fatal(), the client has broken, and the next call makes another one
  template <class Work>
  TransactionResult<Work> transaction(Work&& work) {
    return detail::transact(work, [this](const TransactionWork& any) { return run(any); });
  }

  // What runs is aborted when its work returns; waits for that. Work that has not returned by then is left to
  // itself, aborted in its turn, and reported. Does nothing the second time, and nothing but an entry in the log
  // within a transaction.
  TransactionsClosed close(std::chrono::milliseconds timeout);

 private:
  Result<void> run(const TransactionWork& work);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Several transactional producers, for threads that have transactions side by side. Their ids are the settings'
// with a number behind it, from ID-0 on: none of them may be another producer's. Each is made when all others are
// busy, and used again.
//
// Thread: as TransactionalProducer.
class TransactionalProducerPool {
 public:
  // At most `size` producers, 1 to 1,000. Makes the first one; throws as TransactionalProducer does.
  TransactionalProducerPool(const TransactionalProducerSettings& settings, std::size_t size);
  ~TransactionalProducerPool();
  TransactionalProducerPool(const TransactionalProducerPool&) = delete;
  TransactionalProducerPool& operator=(const TransactionalProducerPool&) = delete;

  // TransactionalProducer::transaction() on a producer that is free. One that was fenced is used no more, since
  // another one in its place would fence who has the id now; when none is left, every call fails by that error.
  template <class Work>
  TransactionResult<Work> transaction(Work&& work) {
    return detail::transact(work, [this](const TransactionWork& any) { return run(any); });
  }

  [[nodiscard]] std::size_t made() const;  // producers, fenced ones included
  TransactionsClosed close(std::chrono::milliseconds timeout);

 private:
  Result<void> run(const TransactionWork& work);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
