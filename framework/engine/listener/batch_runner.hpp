#pragma once

#include "core/flow/batch_flow.hpp"
#include "core/offsets/partition_offsets.hpp"
#include "core/virtual_partitions/batch_placement.hpp"
#include "engine/listener/after_attempt.hpp"
#include "engine/listener/batch_shelf.hpp"
#include "engine/listener/copy_out.hpp"
#include "engine/listener/dispatcher.hpp"
#include "engine/listener/intake.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/listener/partition_filters.hpp"
#include "engine/listener/partition_hooks.hpp"
#include "engine/listener/partition_runner.hpp"
#include "engine/listener/share_offsets.hpp"
#include "engine/listener/ticket_watch.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/offset.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// Runs one assignment by the rules of `flow: batch`: BatchFlow decides, this does it with real batches.
// Thread: the listener's. Alive from the assignment to its end.
class BatchRunner final : public PartitionRunner, private ShareRunner {
 public:
  BatchRunner(std::shared_ptr<Assignment> assignment, core::PartitionOffsets::Start start, RunnerTools tools);
  ~BatchRunner() override;

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
  [[nodiscard]] bool empty() const override;

  void hasten() override { hastens_ = true; }
  void refuse() override;
  void fold() override;
  [[nodiscard]] std::optional<CommitPosition> position() const override;
  [[nodiscard]] std::uint64_t revision() const override;
  [[nodiscard]] std::string metadata(std::size_t most) const override;
  [[nodiscard]] std::optional<CommitPosition> expected() const override { return offsets_.expected(); }
  [[nodiscard]] std::optional<Offset> oldest_open() const override { return offsets_.lowest_open(); }

 private:
  [[nodiscard]] std::size_t room() const;
  void gather(std::vector<Message>& messages, std::size_t from, Time now);
  std::size_t admit(std::vector<Message>& messages, std::size_t from, Time now);
  void pass_end();
  void take_back();
  void send_again(Time now);
  void turn_hooks(Time now);
  void hand_over(Time now);
  void lay_out();
  [[nodiscard]] bool may_start();
  void settle_present();
  void try_again(Share& share, Time due) override;
  void go_on(Share& share) override;
  void drop(Share& share) override;
  void collapse();
  void copy_out(Offset through, Time now);

  std::shared_ptr<Assignment> assignment_;
  RunnerTools tools_;
  core::BatchFlow flow_;
  core::PartitionOffsets offsets_;
  std::unique_ptr<ShareOffsets> share_offsets_;
  AfterAttempt after_;
  core::BatchPlacement placement_;
  Intake intake_;
  std::unique_ptr<PartitionFilters> filters_;  // none where the topic has none
  CopyOut copies_;
  TicketWatch tickets_;
  std::shared_ptr<WaitingGauge> waiting_;
  std::unique_ptr<PartitionHooks> hooks_;  // none where none is asked for

  BatchShelf shelf_;    // first: the next one comes from it
  BatchPtr gathering_;  // or armed, as the flow says
  BatchPtr present_;    // runs
  // before_processing: the end of the batch that was sealed last, which is committed before it starts.
  std::optional<CommitPosition> committed_first_;
  // Exactly once: one message a batch up to there.
  std::optional<Offset> alone_through_;
  std::uint32_t messages_not_done_ = 0;  // of the present batch
  std::vector<Share*> held_;             // of the present batch
  // on_failure: collapse: shares of the present batch that have failed, and wait for the others; and until when.
  std::vector<Share*> left_;
  Time left_due_{};

  bool hastens_ = false;

  std::vector<Message> incoming_;   // taken while the gathering batch was armed
  std::vector<Message> held_back_;  // beyond the ledger's window, or behind a message that waits for its filters
};

}  // namespace braid::engine
