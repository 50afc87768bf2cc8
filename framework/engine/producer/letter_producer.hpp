#pragma once

#include "engine/ports/dead_letter_sink.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/producer_client.hpp"
#include "engine/producer/producer_engine.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace braid::engine {

// Sends dead letters with one producer, to one cluster. One that is of no more use, since the broker has fenced it
// or its idempotence broke, is replaced by a new one with the next letter. Thread: any; close() the owner's.
class LetterProducer final : public DeadLetterSink {
 public:
  // Must make clients whose messages' partitions wrap.
  using MakeClient = std::function<Result<std::unique_ptr<ProducerClient>>()>;

  // `first`: the client to begin with. The name has 15 bytes at most. Events are told to the hub, if there is one.
  LetterProducer(std::unique_ptr<ProducerClient> first, MakeClient make, std::shared_ptr<Log> log,
                 std::string thread_name, std::shared_ptr<EventHub> events = nullptr);
  // Requires close().
  ~LetterProducer() override;

  void send(const DeadLetter& letter, PartitionNumber original, Answer answer) override;
  // What is under way gets so long; letters are refused from now on.
  void close(std::chrono::milliseconds timeout);

 private:
  [[nodiscard]] Result<void> hand_over(const DeadLetter& letter, PartitionNumber original, const Answer& answer);
  [[nodiscard]] Result<std::shared_ptr<ProducerEngine>> engine();  // with the mutex
  [[nodiscard]] std::shared_ptr<ProducerEngine> make_engine(std::unique_ptr<ProducerClient> client);

  const MakeClient make_;
  const std::shared_ptr<Log> log_;
  const std::string thread_name_;
  const std::shared_ptr<EventHub> events_;
  std::mutex mutex_;  // rare: dead letters
  std::shared_ptr<ProducerEngine> engine_ BRAID_GUARDED_BY(mutex_);
  bool closed_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::engine
