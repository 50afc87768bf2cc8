#pragma once

#include "engine/ports/log.hpp"
#include "engine/ports/producer_client.hpp"

#include <braid/producer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace braid::engine {

// A producer: one client, and the thread that serves its delivery reports.
// Thread: send(), flush() and outstanding() any; the rest the owner's.
class ProducerEngine final : private DeliveryEvents {
 public:
  ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log);
  // Requires close().
  ~ProducerEngine() override;

  Result<void> send(const Record& record, Producer::OnDelivery on_delivery);
  // Waits until nothing is without its report, what others send meanwhile included.
  Result<void> flush(std::chrono::milliseconds timeout);
  [[nodiscard]] std::uint64_t outstanding() const { return sent_.load() - reported_.load(); }
  // The client is of no more use, and nothing that is sent will arrive. Thread: any.
  [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_acquire); }
  // Flushes; what is left then gets an error as its report. Sends fail from now on.
  void close(std::chrono::milliseconds timeout);

 private:
  void handle_delivery(const DeliveryReport& report) override;
  void handle_error(const Error& error) override;
  void serve();
  void wake_flushers();

  const std::string name_;
  const std::unique_ptr<ProducerClient> client_;
  const std::shared_ptr<Log> log_;

  // Counts; what they count is published by the client's queues. `sent_` goes up before the client has the record.
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> reported_{0};
  std::atomic<bool> closing_{false};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint32_t> flushing_{0};  // callers that wait in flush()

  std::mutex mutex_;
  std::condition_variable progressed_;  // reported_ moved, while somebody flushes
  std::jthread thread_;
};

}  // namespace braid::engine
