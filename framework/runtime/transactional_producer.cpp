#include "runtime/make_transactional_producer.hpp"

#include <braid/transactional_producer.hpp>

#include <utility>

namespace braid {

namespace {

// What a transaction needs outlives it; what a child of fork() has of its parent's is left alone, and never
// destroyed.
template <class Engine>
class Owner {
 public:
  Owner(std::shared_ptr<Engine> engine, std::chrono::milliseconds close_timeout)
      : engine_(std::move(engine)), close_timeout_(close_timeout) {}
  ~Owner() {
    if (engine_->forked()) {
      [[maybe_unused]] const auto* left_alone = new std::shared_ptr<Engine>(std::move(engine_));
    } else {
      engine_->close(close_timeout_);
    }
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  [[nodiscard]] Engine& engine() const { return *engine_; }

 private:
  std::shared_ptr<Engine> engine_;
  const std::chrono::milliseconds close_timeout_;
};

}  // namespace

class TransactionalProducer::Impl : public Owner<engine::TransactionalEngine> {
 public:
  using Owner::Owner;
};

TransactionalProducer::TransactionalProducer(const TransactionalProducerSettings& settings)
    : impl_(std::make_unique<Impl>(runtime::make_transactional_producer(settings), settings.close_timeout)) {}
TransactionalProducer::~TransactionalProducer() = default;

Result<void> TransactionalProducer::run(const TransactionWork& work) {
  return impl_->engine().run(work);
}
TransactionsClosed TransactionalProducer::close(std::chrono::milliseconds timeout) {
  return impl_->engine().close(timeout);
}

class TransactionalProducerPool::Impl : public Owner<engine::TransactionalPool> {
 public:
  using Owner::Owner;
};

TransactionalProducerPool::TransactionalProducerPool(const TransactionalProducerSettings& settings,
                                                     std::size_t size)
    : impl_(std::make_unique<Impl>(runtime::make_transactional_pool(settings, size), settings.close_timeout)) {}
TransactionalProducerPool::~TransactionalProducerPool() = default;

Result<void> TransactionalProducerPool::run(const TransactionWork& work) {
  return impl_->engine().run(work);
}
std::size_t TransactionalProducerPool::made() const {
  return impl_->engine().made();
}
TransactionsClosed TransactionalProducerPool::close(std::chrono::milliseconds timeout) {
  return impl_->engine().close(timeout);
}

}  // namespace braid
