#pragma once

#include "core/recovery/refused_messages.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/instrumentation/pick_up_lags.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/transactions/partition_transaction.hpp"
#include "engine/worker/cancellations.hpp"
#include "engine/worker/claimed_records.hpp"
#include "engine/worker/commit_text.hpp"
#include "engine/worker/consumer_slot.hpp"
#include "engine/worker/job_cap.hpp"
#include "engine/worker/marked_offsets.hpp"
#include "engine/worker/partition_jobs.hpp"
#include "engine/worker/recovery_tools.hpp"
#include "engine/worker/steering.hpp"

#include <braid/consumer.hpp>
#include <braid/routing/routes.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// One assignment of a partition, (partition, generation), as listener and workers share it.
// Thread: the listener moves the phase forward; workers read it. Alive as long as a batch or a hook of it is.
class Assignment {
 public:
  enum class Phase : std::uint8_t {
    active,
    ending,  // nothing new starts; what runs still counts
    over,    // nothing counts any more
  };

  struct Parts {
    const routing::Topic* topic = nullptr;  // of the application's routes, which outlive every assignment
    TopicPartition partition;
    Generation generation;
    std::uint32_t max_partitions = 1;
    std::shared_ptr<MessageOwner> messages;
    std::shared_ptr<PartitionJobs> jobs;
    std::shared_ptr<Counters> counters;
    std::shared_ptr<const routing::Routes> routes;  // keeps `topic` alive
    JobCaps caps{};
    std::size_t commit_metadata_bytes = 4'095;
    std::shared_ptr<Steering> steering{};                 // none: of its own, to which nobody listens
    std::string group{};                                  // Kafka's group.id
    std::shared_ptr<const RecoveryTools> recovery{};      // none: a clock, and nothing is logged
    std::shared_ptr<PartitionTransaction> transaction{};  // none: the topic is not exactly once
    // What transactions of earlier generations have failed by; none: of nothing that is known.
    std::shared_ptr<const core::RefusedMessages> refused{};
  };

  explicit Assignment(Parts parts)
      : parts_(std::move(parts)), commit_text_(parts_.commit_metadata_bytes), slots_(parts_.max_partitions) {
    if (!parts_.steering) parts_.steering = std::make_shared<Steering>();
    if (!parts_.recovery) parts_.recovery = std::make_shared<RecoveryTools>();
    if (parts_.topic->offsets == routing::Offsets::manual) {
      marks_ = std::make_unique<MarkedOffsets[]>(parts_.max_partitions);
    }
  }

  [[nodiscard]] const routing::Topic& topic() const { return *parts_.topic; }
  [[nodiscard]] const TopicPartition& partition() const { return parts_.partition; }
  [[nodiscard]] Generation generation() const { return parts_.generation; }
  [[nodiscard]] std::uint32_t max_partitions() const { return parts_.max_partitions; }
  [[nodiscard]] MessageOwner& messages() const { return *parts_.messages; }
  [[nodiscard]] const std::shared_ptr<PartitionJobs>& jobs() const { return parts_.jobs; }
  [[nodiscard]] Counters& counters() const { return *parts_.counters; }
  [[nodiscard]] JobCaps& caps() { return parts_.caps; }
  [[nodiscard]] const std::string& group() const { return parts_.group; }
  [[nodiscard]] const RecoveryTools& recovery() const { return *parts_.recovery; }
  // Where what attempts send goes; null unless the topic is exactly once.
  [[nodiscard]] PartitionTransaction* transaction() const { return parts_.transaction.get(); }

  [[nodiscard]] const core::RefusedMessages* refused() const { return parts_.refused.get(); }

  // What consumers ask of the partition, over its generations.
  [[nodiscard]] const std::shared_ptr<Steering>& steering() const { return parts_.steering; }
  // How late its jobs began, of late.
  [[nodiscard]] PickUpLags& lags() { return lags_; }
  // Nothing is to start now, though it may again.
  [[nodiscard]] bool held() const { return parts_.steering->held(); }

  // What a share needs to store itself that it is done, where positions are kept in an offset store.
  struct StoreTerm {
    const PositionStore* store = nullptr;       // a name only
    std::uint64_t epoch = 0;                    // of the open() that it began with
    std::optional<CommitPosition> begins_at{};  // where not at the stored position
  };
  // Before anything of it runs.
  void begin_in_store(StoreTerm term) { store_term_ = term; }
  [[nodiscard]] const std::optional<StoreTerm>& store_term() const { return store_term_; }
  [[nodiscard]] ClaimedRecords& claims() { return claims_; }

  [[nodiscard]] std::size_t commit_metadata_bytes() const { return parts_.commit_metadata_bytes; }
  [[nodiscard]] CommitText& commit_text() { return commit_text_; }
  [[nodiscard]] const CommitText& commit_text() const { return commit_text_; }

  // A worker that sees a phase sees what the listener did before it. seq_cst pairs with the slot's state: see
  // ConsumerSlot::run().
  [[nodiscard]] Phase phase() const { return phase_.load(std::memory_order_seq_cst); }
  [[nodiscard]] bool may_start() const { return phase() == Phase::active; }
  // Its coroutines are cancelled when it leaves `active`: a revocation leaves it at once, a stop when the drain is
  // over. Phase first, so that one which starts just now either does not, or is cancelled as it enlists.
  void move_to(Phase phase) {
    phase_.store(phase, std::memory_order_seq_cst);
    if (phase != Phase::active) cancel_running();
  }
  void cancel_running() { cancellations_->cancel_all(); }
  [[nodiscard]] const std::shared_ptr<Cancellations>& cancellations() const { return cancellations_; }

  [[nodiscard]] ConsumerSlot& slot(VirtualPartitionIndex index) { return slots_[index.value]; }
  [[nodiscard]] std::vector<ConsumerSlot>& slots() { return slots_; }
  // How far a virtual partition is marked; null under automatic offsets.
  [[nodiscard]] MarkedOffsets* marks(VirtualPartitionIndex index) const {
    return marks_ ? &marks_[index.value] : nullptr;
  }

 private:
  Parts parts_;
  CommitText commit_text_;
  std::optional<StoreTerm> store_term_;  // constant once it runs
  ClaimedRecords claims_;
  std::atomic<Phase> phase_{Phase::active};
  PickUpLags lags_;
  std::vector<ConsumerSlot> slots_;
  std::unique_ptr<MarkedOffsets[]> marks_;  // one a virtual partition; none under automatic offsets
  std::shared_ptr<Cancellations> cancellations_ = std::make_shared<Cancellations>();
};

}  // namespace braid::engine
