#pragma once

#include "core/producer/record_buffer.hpp"
#include "engine/producer/producer_engine.hpp"
#include "engine/threads/fork_stamp.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/producer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace braid::engine {

// What stands before a producer's engine: who may call at all, what a record must be, middleware, calls for many
// records, and the buffer. Says what Producer's functions say. Thread: any; close() the owner's.
class ProducerFront {
 public:
  struct Rules {
    std::size_t max_payload_size = 1'000'000;
    std::size_t max_buffered = 100'000;
    std::size_t max_buffered_bytes = std::size_t{256} << 20;
    std::vector<Middleware> middleware{};
    std::vector<std::shared_ptr<ProducerInterceptor>> interceptors{};
  };
  ProducerFront(std::unique_ptr<ProducerEngine> engine, std::shared_ptr<Log> log, Rules rules);

  // A record as it goes out: checked, and through the chain. Lives as long as the record that it was made of.
  class Prepared {
   public:
    [[nodiscard]] const Record& record() const { return draft_ ? draft_->record() : *given_; }

   private:
    friend class ProducerFront;
    const Record* given_ = nullptr;
    std::optional<RecordDraft> draft_;  // only where something may change it
  };
  [[nodiscard]] Result<void> prepare(const Record& record, Prepared& prepared) const;
  // All or none. The error names the first wrong one.
  [[nodiscard]] Result<void> prepare(std::span<const Record> records, std::deque<Prepared>& prepared) const;

  Result<void> produce(const Record& record, OnDelivery on_delivery);
  Result<DeliveryHandle> produce(const Record& record);
  Result<Delivery> produce_sync(const Record& record, std::chrono::milliseconds timeout);
  ManyProduced produce_many(std::span<const Record> records);
  ManyDelivered produce_many_sync(std::span<const Record> records, std::chrono::milliseconds timeout);

  Result<void> buffer(std::span<const Record> records);
  Result<void> flush(std::chrono::milliseconds timeout);
  std::vector<OwnedRecord> take_buffered();
  [[nodiscard]] std::size_t buffered() const;
  // For callers that do not wait: sends what is buffered, as far as there is room.
  Result<void> send_buffered();
  // What came of the buffered records since, once nothing is outstanding.
  [[nodiscard]] Result<void> flushed() const;

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
  Sent send_all(std::span<const Record> records);
  Result<void> run_chain(RecordDraft& draft) const;
  void handle_flushed(core::RecordBuffer::Number number, const Delivery& delivery);

  const ForkStamp stamp_;
  const std::shared_ptr<Log> log_;
  const Rules rules_;
  const std::unique_ptr<ProducerEngine> engine_;

  std::timed_mutex flushing_;  // one flush at a time; never taken by who delivers
  mutable std::mutex mutex_;
  core::RecordBuffer buffer_ BRAID_GUARDED_BY(mutex_);
  std::optional<Error> first_failure_ BRAID_GUARDED_BY(mutex_);  // of the present flush, or the last one
  std::atomic<bool> shut_{false};
};

}  // namespace braid::engine
