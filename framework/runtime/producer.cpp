#include "runtime/make_producer.hpp"

#include <braid/producer.hpp>

#include <utility>

namespace braid {

class Producer::Impl {
 public:
  explicit Impl(const ProducerSettings& settings)
      : close_timeout_(settings.close_timeout), front_(runtime::make_producer(settings)) {}
  ~Impl() {
    if (front_->forked()) {
      // Its threads are another process's: a destructor would wait for them for good.
      [[maybe_unused]] const auto* left_alone = new std::shared_ptr(std::move(front_));
    } else {
      front_->close(close_timeout_);
    }
  }
  [[nodiscard]] engine::ProducerFront& front() const { return *front_; }
  [[nodiscard]] std::shared_ptr<engine::ProducerFront> for_coroutine() const { return front_; }

 private:
  const std::chrono::milliseconds close_timeout_;
  std::shared_ptr<engine::ProducerFront> front_;  // coroutines that wait keep it too
};

Producer::Producer(ProducerSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Producer::~Producer() = default;

Result<DeliveryHandle> Producer::produce(const Record& record) {
  return impl_->front().produce(record);
}
Result<void> Producer::produce(const Record& record, OnDelivery on_delivery) {
  return impl_->front().produce(record, std::move(on_delivery));
}
Result<Delivery> Producer::produce_sync(const Record& record, std::chrono::milliseconds timeout) {
  return impl_->front().produce_sync(record, timeout);
}
Awaitable<Result<Delivery>> Producer::produce_async(Record record) {
  return runtime::produce_async(impl_->for_coroutine(), std::move(record));
}
ManyProduced Producer::produce_many(std::span<const Record> records) {
  return impl_->front().produce_many(records);
}
ManySent Producer::produce_many(std::span<const Record> records, OnEachDelivery on_delivery) {
  return impl_->front().produce_many(records, std::move(on_delivery));
}
ManyDelivered Producer::produce_many_sync(std::span<const Record> records, std::chrono::milliseconds timeout) {
  return impl_->front().produce_many_sync(records, timeout);
}
Awaitable<ManyDelivered> Producer::produce_many_async(std::vector<Record> records) {
  return runtime::produce_many_async(impl_->for_coroutine(), std::move(records));
}
Result<void> Producer::buffer(const Record& record) {
  return impl_->front().buffer({&record, 1});
}
Result<void> Producer::buffer_many(std::span<const Record> records) {
  return impl_->front().buffer(records);
}
Result<void> Producer::flush(std::chrono::milliseconds timeout) {
  return impl_->front().flush(timeout);
}
Awaitable<Result<void>> Producer::flush_async(std::chrono::milliseconds timeout) {
  return runtime::flush_async(impl_->for_coroutine(), timeout);
}
std::vector<OwnedRecord> Producer::take_buffered() {
  return impl_->front().take_buffered();
}
std::size_t Producer::buffered() const {
  return impl_->front().buffered();
}
std::uint64_t Producer::outstanding() const {
  return impl_->front().engine().outstanding();
}
ProducerFigures Producer::figures() const {
  return impl_->front().figures();
}
CloseReport Producer::close(std::chrono::milliseconds timeout) {
  return impl_->front().close(timeout);
}

}  // namespace braid
