#pragma once

#include "engine/listener/mailbox.hpp"
#include "engine/listener/outside_store.hpp"
#include "engine/ports/position_store.hpp"
#include "engine/ports/store_calls.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace braid::engine {

// Positions of one connection in an OffsetStore: calls go to the store's thread, answers come back as mail.
// Thread: the listener's.
class ExternalPositions final : public OutsideStore {
 public:
  ExternalPositions(std::shared_ptr<StoreCalls> calls, std::string group, std::shared_ptr<Mailbox> mailbox);

  void read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) override;
  [[nodiscard]] bool may_commit() const override { return true; }
  void commit(std::span<const StoredPosition> positions, std::uint64_t token) override;

  // An answer has come. Before it is handled: what is saved from then on is of the epochs that it names.
  void note(const StoreAnswer& answer) override;
  // Of that epoch is what is saved now.
  [[nodiscard]] bool saves_as(const TopicPartition& partition, std::uint64_t epoch) const override {
    return epoch != 0 && epoch_of(partition) == epoch;
  }
  // Of the last open(); 0: there was none.
  [[nodiscard]] std::uint64_t epoch_of(const TopicPartition& partition) const {
    const auto found = epochs_.find(partition);
    return found != epochs_.end() ? found->second : 0;
  }
  [[nodiscard]] const StoreCalls* calls() const { return calls_.get(); }

 private:
  std::shared_ptr<StoreCalls> calls_;
  std::string group_;
  std::shared_ptr<Mailbox> mailbox_;
  std::map<TopicPartition, std::uint64_t> epochs_;  // of the last open()
};

}  // namespace braid::engine
