#include "runtime/application_producer.hpp"

#include "runtime/make_producer.hpp"
#include "runtime/producer_settings.hpp"

#include <exception>
#include <utility>

namespace braid::runtime {

ProducerSettings application_producer_settings(const Settings& settings) {
  ProducerSettings own;
  own.kafka = record_settings(settings);
  own.client_id = settings.client_id + "-producer";
  own.connect_timeout = std::chrono::milliseconds(0);  // connections look for brokers
  own.middleware = settings.producer_middleware;
  own.interceptors = settings.producer_interceptors;
  own.monitor = settings.monitor;
  return own;
}

ApplicationProducer::ApplicationProducer(ProducerSettings settings, std::shared_ptr<engine::Log> log)
    : settings_(std::move(settings)), log_(std::move(log)) {}
ApplicationProducer::~ApplicationProducer() {
  close(std::chrono::milliseconds(0));
}

void ApplicationProducer::make() {
  const std::lock_guard lock(mutex_);
  make_once();
}

void ApplicationProducer::make_once() {
  if (front_) return;
  front_ = make_application_producer(settings_, log_);
  made_.store(front_.get(), std::memory_order_release);
}

Result<engine::ProducerFront*> ApplicationProducer::front() {
  if (auto* const made = made_.load(std::memory_order_acquire)) return made;
  const std::lock_guard lock(mutex_);
  if (closed_) return Error(Error::Kind::closed, "the application has stopped; nothing is produced any more");
  try {
    make_once();
  } catch (const std::exception& error) {
    return Error(Error::Kind::invalid_setting, error.what());
  }
  return front_.get();
}

Result<void> ApplicationProducer::send(const Record& record, OnDelivery on_delivery) {
  const auto front = this->front();
  if (!front) return front.error();
  return front.value()->produce(record, std::move(on_delivery));
}

void ApplicationProducer::close(std::chrono::milliseconds timeout) {
  engine::ProducerFront* front = nullptr;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    front = front_.get();
  }
  if (front != nullptr) front->close(timeout);
}

}  // namespace braid::runtime
