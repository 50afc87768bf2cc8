#pragma once

#include "adapters/librdkafka/commit_gate.hpp"

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace braid::adapters {

// Owns an rd_kafka_t of a consumer. Shared by the client, its partition queues and the owners of its messages: the
// last of them destroys it, since rd_kafka_destroy() hangs while a message is out.
//
// Thread: rk() any; adopt() and the setters the listener's; the destructor runs where the last owner is dropped,
// which may be a worker, and then waits there for librdkafka's threads to end (milliseconds). It never leaves the
// group: that is the client's begin_close().
class ClientHandle {
 public:
  ClientHandle() = default;
  ClientHandle(const ClientHandle&) = delete;
  ClientHandle& operator=(const ClientHandle&) = delete;
  ~ClientHandle();

  void adopt(rd_kafka_t* rk) { rk_ = rk; }
  [[nodiscard]] rd_kafka_t* rk() const { return rk_; }
  [[nodiscard]] CommitGate& gate() { return *gate_; }

  // Before 2.3, a handle that joined by the cooperative protocol and was never given a partition aborts the process
  // when it is destroyed (#4381). Such a one is left behind.
  void set_subscribed() { subscribed_ = true; }
  void set_assigned() { assigned_ = true; }
  [[nodiscard]] bool must_be_left_behind() const;

  // Counted per batch, not per message.
  void add_messages_out(std::int64_t count) { messages_out_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t messages_out() const { return messages_out_.load(std::memory_order_relaxed); }

 private:
  // librdkafka calls into it as long as rk_ lives; left behind with it where that is so.
  std::unique_ptr<CommitGate> gate_ = std::make_unique<CommitGate>();
  rd_kafka_t* rk_ = nullptr;
  // Written by the listener; the destructor is ordered after by the shared pointer's count.
  bool subscribed_ = false;
  bool assigned_ = false;
  std::atomic<std::int64_t> messages_out_{0};  // a counter, no ordering
};

// How many handles of this process can't be destroyed, and stay with their threads until it ends. Thread: any.
[[nodiscard]] std::size_t handles_left_behind();

}  // namespace braid::adapters
