#pragma once

#include "engine/ports/log.hpp"
#include "engine/ports/record_sink.hpp"
#include "engine/producer/producer_front.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/producer.hpp>
#include <braid/settings.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

namespace braid::runtime {

// The settings of the producer that an application's consumers have.
[[nodiscard]] ProducerSettings application_producer_settings(const Settings& settings);

// What an application's consumers produce by, outside of transactions: made with the first record, since most
// applications need none. Where its client failed in spite of all attempts to replace it, what was sent has failed,
// and what is sent next begins anew: an application lives longer than a broker's trouble. Thread: any; close() the
// owner's.
class ApplicationProducer final : public engine::RecordSink {
 public:
  ApplicationProducer(ProducerSettings settings, std::shared_ptr<engine::Log> log);
  // close() with no time, unless that was called: an application that could not start does not stop.
  ~ApplicationProducer() override;

  // Makes it now. Throws std::invalid_argument for a setting that the client refuses.
  void make();
  Result<void> send(const Record& record, OnDelivery on_delivery) override;
  // What is under way gets so long, and then an error each; nothing is sent any more.
  void close(std::chrono::milliseconds timeout);

 private:
  [[nodiscard]] Result<engine::ProducerFront*> front();
  void make_once();  // with the mutex held

  const ProducerSettings settings_;
  const std::shared_ptr<engine::Log> log_;
  std::mutex mutex_;
  std::unique_ptr<engine::ProducerFront> front_ BRAID_GUARDED_BY(mutex_);  // once made, it stays
  // The same, for a look without the mutex. Acquire and release: who sees it sees it made.
  std::atomic<engine::ProducerFront*> made_{nullptr};
  bool closed_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::runtime
