#include "engine/producer/letter_producer.hpp"

#include "engine/producer/outgoing.hpp"

#include <utility>

namespace braid::engine {

namespace {

Error closed_error() {
  return {Error::Kind::closed, "the application stops; no dead letter is sent any more", true};
}

}  // namespace

LetterProducer::LetterProducer(std::unique_ptr<ProducerClient> first, MakeClient make, std::shared_ptr<Log> log,
                               std::string thread_name, std::shared_ptr<EventHub> events)
    : make_(std::move(make)),
      log_(std::move(log)),
      thread_name_(std::move(thread_name)),
      events_(std::move(events)),
      engine_(make_engine(std::move(first))) {}

LetterProducer::~LetterProducer() {
  close(std::chrono::milliseconds(0));
}

std::shared_ptr<ProducerEngine> LetterProducer::make_engine(std::unique_ptr<ProducerClient> client) {
  return std::make_shared<ProducerEngine>(thread_name_, std::move(client), log_,
                                          ProducerEngine::Options{.events = events_});
}

Result<std::shared_ptr<ProducerEngine>> LetterProducer::engine() {
  if (closed_) return closed_error();
  if (!engine_->failed()) return engine_;
  auto client = make_();
  if (!client) return client.error();
  engine_->close(std::chrono::milliseconds(0));
  engine_ = make_engine(std::move(client).value());
  return engine_;
}

Result<void> LetterProducer::hand_over(const DeadLetter& letter, PartitionNumber original, const Answer& answer) {
  // All of it: another listener could replace the engine in between, and nobody would answer for this letter.
  const std::lock_guard lock(mutex_);
  auto engine = this->engine();
  if (!engine) return engine.error();
  return engine.value()->send(record_of(letter, original), [answer](const Delivery& delivery) {
    answer(delivery.error ? Result<void>(*delivery.error) : Result<void>());
  });
}

void LetterProducer::send(const DeadLetter& letter, PartitionNumber original, Answer answer) {
  const auto handed_over = hand_over(letter, original, answer);
  if (!handed_over) answer(handed_over.error());
}

void LetterProducer::close(std::chrono::milliseconds timeout) {
  std::shared_ptr<ProducerEngine> engine;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    engine = engine_;
  }
  engine->close(timeout);
}

}  // namespace braid::engine
