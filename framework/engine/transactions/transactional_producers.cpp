#include "engine/transactions/transactional_producers.hpp"

#include "engine/threads/task_thread.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

namespace {

// In the place of one that could not be made: init() tries again, since what it lacked may be there by then.
class LateClient final : public TransactionalClient {
 public:
  LateClient(TransactionalProducers::MakeClient make, std::uint32_t number)
      : make_(std::move(make)), number_(number) {}
  Result<void> init() override {
    if (!made_) {
      auto made = make_(number_);
      if (!made) return made.error();
      made_ = std::move(made).value();
    }
    return made_->init();
  }
  // Behind an init() that went well.
  Result<void> begin() override { return made_->begin(); }
  Result<void> send(const OutgoingMessage& message, std::uint32_t token) override {
    return made_->send(message, token);
  }
  [[nodiscard]] std::vector<RefusedSend> refused() override {
    return made_ ? made_->refused() : std::vector<RefusedSend>();
  }
  Result<void> commit(const StoredPosition& position, const GroupMembership* member) override {
    return made_->commit(position, member);
  }
  Result<void> commit_sent(Time until) override { return made_->commit_sent(until); }
  Result<void> abort() override { return made_ ? made_->abort() : Result<void>(); }

 private:
  const TransactionalProducers::MakeClient make_;
  const std::uint32_t number_;
  std::unique_ptr<TransactionalClient> made_;
};

}  // namespace

class TransactionalProducers::Slot final : public TransactionalSlot, public std::enable_shared_from_this<Slot> {
 public:
  Slot(std::unique_ptr<TransactionalClient> client, std::uint32_t number, std::shared_ptr<const void> keeps)
      : keeps_(std::move(keeps)), client_(std::move(client)), thread_(fmt::format("braid-t-{}", number)) {}

  [[nodiscard]] TransactionalClient& client() override { return *client_; }
  void post(Task task) override {
    // The task holds what it works on, whoever has stopped.
    thread_.post([self = shared_from_this(), task = std::move(task)] { task(*self->client_); });
  }
  bool stop(Time deadline) { return thread_.stop(deadline); }

 private:
  const std::shared_ptr<const void> keeps_;
  const std::unique_ptr<TransactionalClient> client_;
  TaskThread thread_;
};

TransactionalProducers::TransactionalProducers(std::unique_ptr<TransactionalClient> first, MakeClient make,
                                               std::shared_ptr<const void> keeps)
    : make_(std::move(make)), keeps_(std::move(keeps)) {
  slots_.push_back(std::make_shared<Slot>(std::move(first), 0, keeps_));
  shared_->free.push_back(slots_.front());
}

TransactionalProducers::~TransactionalProducers() {
  stop(Time::min());
}

std::shared_ptr<TransactionalSlot> TransactionalProducers::acquire() {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->free.empty()) {
      slot = std::move(shared_->free.back());
      shared_->free.pop_back();
    }
  }
  if (!slot) {
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<std::uint32_t>(slots_.size());
    auto client = make_(number);
    slot = std::make_shared<Slot>(client ? std::move(client).value() : std::make_unique<LateClient>(make_, number),
                                  number, keeps_);
    slots_.push_back(slot);
  }
  TransactionalSlot* const raw = slot.get();
  // Tasks hold it too: it is given back behind the last one.
  return {raw, [shared = shared_, slot = std::move(slot)](TransactionalSlot*) mutable {
            const std::lock_guard lock(shared->mutex);
            shared->free.push_back(std::move(slot));
          }};
}

std::uint32_t TransactionalProducers::stop(Time deadline) {
  std::uint32_t stuck = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) stuck += slot->stop(deadline) ? 0 : 1;
  return stuck;
}

}  // namespace braid::engine
