#pragma once

#include "core/producer/record_buffer.hpp"
#include "engine/producer/producer_engine.hpp"
#include "engine/producer/record_chain.hpp"
#include "engine/threads/fork_stamp.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/producer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace braid::engine {

// Of records that were given together: why the one of that index, and what is behind it, was not sent.
[[nodiscard]] Error not_sent(std::size_t index, std::size_t count, const Error& why);
// Why a producer takes nothing any more: this is a child of fork(), or it was closed.
[[nodiscard]] Error of_another_process();
[[nodiscard]] Error closed_for_good();

// What stands before a producer's engine: who may call at all, what a record must be, middleware, calls for many
// records, and the buffer. Says what Producer's functions say. Thread: any; close() the owner's.
class ProducerFront {
 public:
  struct Rules {
    RecordChain::Rules chain{};
    std::size_t max_buffered = 100'000;
    std::size_t max_buffered_bytes = std::size_t{256} << 20;
  };
  ProducerFront(std::unique_ptr<ProducerEngine> engine, std::shared_ptr<Log> log, Rules rules);

  // As RecordChain has it.
  using Prepared = RecordChain::Prepared;
  [[nodiscard]] Result<void> prepare(const Record& record, Prepared& prepared) const {
    return chain_.prepare(record, prepared);
  }
  [[nodiscard]] Result<void> prepare(std::span<const Record> records, std::deque<Prepared>& prepared) const {
    return chain_.prepare(records, prepared);
  }

  Result<void> produce(const Record& record, OnDelivery on_delivery);
  Result<DeliveryHandle> produce(const Record& record);
  Result<Delivery> produce_sync(const Record& record, std::chrono::milliseconds timeout);
  ManyProduced produce_many(std::span<const Record> records);
  ManySent produce_many(std::span<const Record> records, OnEachDelivery on_delivery);
  ManyDelivered produce_many_sync(std::span<const Record> records, std::chrono::milliseconds timeout);

  Result<void> buffer(std::span<const Record> records);
  Result<void> flush(std::chrono::milliseconds timeout);
  std::vector<OwnedRecord> take_buffered();
  [[nodiscard]] std::size_t buffered() const;

  // A flush by its steps, for callers that wait in their own way. Has the turn of flushes for as long as it lives,
  // but for a close, which takes the turn between two steps: those behind it fail by an error of kind closed.
  // The front outlives it. Thread: one at a time, not always the same.
  class Flush {
   public:
    Flush(ProducerFront& front, std::uint64_t turn) : front_(front), turn_(turn) {}
    ~Flush();
    Flush(const Flush&) = delete;
    Flush& operator=(const Flush&) = delete;

    // Of an earlier one: what fails of it must be back before what is behind it goes.
    [[nodiscard]] bool earlier_is_on_its_way() const;
    // Sends what is buffered, and waits until then for room. Behind an error of kind queue_full it may be called
    // again, and goes on where it was: what has failed meanwhile is for the next flush.
    Result<void> send(std::chrono::steady_clock::time_point until);
    // What came of it, once nothing is outstanding.
    [[nodiscard]] Result<void> outcome() const;

   private:
    class Sending;
    // With the mutex.
    [[nodiscard]] bool has_the_turn() const { return front_.turn_ == turn_; }
    Result<void> send_all(std::chrono::steady_clock::time_point until);

    ProducerFront& front_;
    const std::uint64_t turn_;
    core::RecordBuffer::Number last_ = 0;  // that it has sent
  };
  // None: another one has the turn until then, and longer.
  [[nodiscard]] std::unique_ptr<Flush> begin_flush(std::chrono::steady_clock::time_point until);

  // Why nothing may be called any more.
  [[nodiscard]] std::optional<Error> shut() const;
  [[nodiscard]] ProducerFigures figures() const;
  CloseReport close(std::chrono::milliseconds timeout);
  [[nodiscard]] ProducerEngine& engine() const { return *engine_; }
  // This is another process than the one that made it: nothing of it may be touched, nor destroyed.
  [[nodiscard]] bool forked() const { return stamp_.forked_since(); }

 private:
  struct Sent {
    std::vector<std::shared_ptr<DeliveryState>> states;
    std::optional<Error> error;
  };
  // For room it waits until then at most, over all records.
  Sent send_all(std::span<const Record> records, std::chrono::steady_clock::time_point until);
  // For a close: a flush that is not sending just now loses its turn, so that one which nobody goes on with, or
  // whose thread is this one, can't hold the close up.
  [[nodiscard]] std::unique_ptr<Flush> take_turn(std::chrono::steady_clock::time_point until);
  Result<void> run(Flush& flush, std::chrono::steady_clock::time_point deadline);
  void handle_flushed(core::RecordBuffer::Number number, const Delivery& delivery);

  const ForkStamp stamp_;
  const std::shared_ptr<Log> log_;
  const RecordChain chain_;
  const std::unique_ptr<ProducerEngine> engine_;

  mutable std::mutex mutex_;
  std::condition_variable turn_moved_;                // or a send() has ended
  std::uint64_t turn_ BRAID_GUARDED_BY(mutex_) = 0;   // whose it is; 0: nobody's
  std::uint64_t turns_ BRAID_GUARDED_BY(mutex_) = 0;  // given so far
  bool sending_ BRAID_GUARDED_BY(mutex_) = false;     // who has the turn is within send()
  core::RecordBuffer buffer_ BRAID_GUARDED_BY(mutex_);
  std::optional<Error> first_failure_ BRAID_GUARDED_BY(mutex_);  // of the present flush, or the last one
  std::atomic<bool> shut_{false};
};

}  // namespace braid::engine
