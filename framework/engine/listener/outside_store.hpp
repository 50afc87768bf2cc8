#pragma once

#include "engine/ports/position_store.hpp"

#include <cstdint>

namespace braid::engine {

struct StoreAnswer;

// A store of positions that is not the client: what it answers comes as mail. Thread: the listener's.
class OutsideStore : public PositionStore {
 public:
  // An answer of it has come, and is handled next.
  virtual void note(const StoreAnswer& answer) = 0;
  // Of that epoch is what is saved now.
  [[nodiscard]] virtual bool saves_as(const TopicPartition& partition, std::uint64_t epoch) const = 0;
};

}  // namespace braid::engine
