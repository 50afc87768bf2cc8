#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/transactional_client.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace braid::engine {

// The transactional producers of an application: as many as partitions were ever assigned at once, each with an id
// and a thread of its own (braid-t-N).
// Thread: any.
class TransactionalProducers final : public TransactionalSlots {
 public:
  // Makes the client of that number, which starts at 0.
  using MakeClient = std::function<Result<std::unique_ptr<TransactionalClient>>(std::uint32_t number)>;

  // `first`: number 0, so that settings are tried before anything starts.
  // `keeps`: what clients work with, until the last call has returned.
  TransactionalProducers(std::unique_ptr<TransactionalClient> first, MakeClient make,
                         std::shared_ptr<const void> keeps);
  ~TransactionalProducers() override;

  [[nodiscard]] std::shared_ptr<TransactionalSlot> acquire() override;
  // Nothing is done any more. Returns how many have not returned by then, and are left to themselves.
  std::uint32_t stop(Time deadline);

 private:
  class Slot;
  struct Shared {
    std::mutex mutex;
    std::vector<std::shared_ptr<Slot>> free BRAID_GUARDED_BY(mutex);
  };
  const MakeClient make_;
  const std::shared_ptr<const void> keeps_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::mutex mutex_;
  std::vector<std::shared_ptr<Slot>> slots_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
