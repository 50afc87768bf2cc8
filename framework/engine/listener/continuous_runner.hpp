#pragma once

#include "core/flow/continuous_flow.hpp"
#include "core/lag/partition_lag.hpp"
#include "core/offsets/partition_offsets.hpp"
#include "core/virtual_partitions/placement.hpp"
#include "engine/listener/after_attempt.hpp"
#include "engine/listener/batch_shelf.hpp"
#include "engine/listener/copy_out.hpp"
#include "engine/listener/dispatcher.hpp"
#include "engine/listener/full_queue_watch.hpp"
#include "engine/listener/intake.hpp"
#include "engine/listener/partition_filters.hpp"
#include "engine/listener/partition_hooks.hpp"
#include "engine/listener/partition_runner.hpp"
#include "engine/listener/share_offsets.hpp"
#include "engine/listener/ticket_watch.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace braid::engine {

// Runs one assignment by the rules of `flow: continuous`: ContinuousFlow decides, this does it with real jobs. A
// job is a batch of one share, of one virtual partition; what follows it in the same virtual partition may be armed
// behind it, as with whole batches.
//
//   client's queue ──▶ the flow's queues ──▶ present (runs) ──▶ retiring ──▶ spare
//                                      └───▶ armed ──┘
//
// Thread: the listener's. Alive from the assignment to its end.
class ContinuousRunner final : public PartitionRunner, private ShareSource, private ShareRunner {
 public:
  ContinuousRunner(std::shared_ptr<Assignment> assignment, core::PartitionOffsets::Start start, RunnerTools tools);
  ~ContinuousRunner() override;

  TakeReport take(PartitionQueue& queue, Time now) override;
  [[nodiscard]] bool has_room() override;
  void turn(Time now) override;
  void tidy(Time now) override;
  void watch_tickets(Time now) override;
  void handle_open(Share& share, Time now) override;
  void handle_letter(const LetterAnswer& answer, Time now) override { after_.handle(answer, now); }
  void handle_held(Share& share) override;
  void handle_settled(RunningBatch& batch) override;
  void handle_unsent(RunningBatch& batch) override;
  [[nodiscard]] std::optional<Time> wakes_at() const override;

  void see(RunnerSight& sight) const override;
  void see_queues(std::vector<QueueSight>& queues) const override;
  [[nodiscard]] bool empty() const override;

  void hasten() override { hastens_ = true; }
  void refuse() override;
  void fold() override;
  [[nodiscard]] std::optional<CommitPosition> position() const override { return offsets_.position(); }
  [[nodiscard]] std::uint64_t revision() const override {
    return offsets_.revision() + assignment_->commit_text().revision();
  }
  [[nodiscard]] std::string metadata(std::size_t most) const override;
  [[nodiscard]] std::optional<CommitPosition> expected() const override { return offsets_.expected(); }
  [[nodiscard]] std::optional<Offset> oldest_open() const override { return offsets_.lowest_open(); }

 private:
  static constexpr std::uint32_t kNotActive = 0xFFFFFFFF;
  struct Lane {
    BatchPtr present;                      // runs, or waits for its retry
    BatchPtr armed;                        // behind it
    std::uint32_t active_at = kNotActive;  // its place in active_
  };

  Share* next_share() override;
  [[nodiscard]] std::size_t shares_ready() const override { return assignment_->held() ? 0 : flow_.ready_count(); }

  void try_again(Share& share, Time due) override;
  void go_on(Share& share) override;
  void drop(Share& share) override;

  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] std::size_t messages_held() const;
  [[nodiscard]] std::size_t average_size() const;
  [[nodiscard]] bool worth_taking() const;
  void admit(std::vector<Message>& messages, Time now);
  void pass_end();
  void send_again(Time now);
  BatchPtr take_job(std::uint32_t index);
  BatchPtr take_filtered_job(std::uint32_t index);
  void wait(std::uint32_t index, Time until);
  void drop_skipped(std::uint32_t index);
  void arm_behind(std::uint32_t index, Time now);
  void place_behind(std::uint32_t index, BatchPtr job);
  void note_ready(RunningBatch& job) const;
  void copy_out(Offset through);
  [[nodiscard]] std::size_t bytes_not_copied() const;
  [[nodiscard]] std::optional<FullQueueWatch::Full> full_queue(const core::MessageQueues::Lengths& lengths) const;
  void settle(std::uint32_t index, Time now);
  void set_free(std::uint32_t index, Time now);
  void turn_hooks(Time now);
  void finish(Lane& lane, std::uint32_t index);
  void forget(RunningBatch& batch, std::uint32_t index);
  void activate(std::uint32_t index);
  void deactivate(std::uint32_t index);

  std::shared_ptr<Assignment> assignment_;
  RunnerTools tools_;
  core::ContinuousFlow flow_;
  core::PartitionOffsets offsets_;
  std::unique_ptr<ShareOffsets> share_offsets_;
  AfterAttempt after_;
  std::unique_ptr<core::Placement> placement_;
  Intake intake_;
  std::unique_ptr<PartitionFilters> filters_;  // none where the topic has none
  CopyOut copies_;
  core::TakenWatch taken_;
  TicketWatch tickets_;
  FullQueueWatch full_queue_;
  std::shared_ptr<WaitingGauge> waiting_;
  std::unique_ptr<PartitionHooks> hooks_;  // none where none is asked for

  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> active_;  // virtual partitions with a present job
  BatchShelf shelf_;
  std::vector<Share*> held_;        // of present jobs
  std::vector<Message> held_back_;  // beyond the ledger's window, or behind a message that waits for its filters
  Time now_{};                      // of the turn
  bool admits_ = true;
  bool hastens_ = false;

  // scratch
  std::vector<Message> incoming_;
  std::vector<Message> skipped_;
  std::vector<core::KeyId> skipped_keys_;
};

}  // namespace braid::engine
