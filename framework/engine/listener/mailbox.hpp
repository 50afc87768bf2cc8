#pragma once

#include "core/recovery/refused_messages.hpp"
#include "engine/listener/requests.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/ports/position_store.hpp"
#include "engine/worker/commit_request.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/result.hpp>

#include <boost/lockfree/queue.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

class ReadyFlag;

// What another thread asks of a listener.
struct Command {
  enum class Kind : std::uint8_t {
    stop,      // deadline, at_once: the application ends
    leave,     // deadline: this connection ends, and the application goes on
    quiet,     // take nothing more
    dump,      // dump
    snapshot,  // snapshot
    steer,     // steer
  };
  Kind kind = Kind::stop;
  Time deadline{};
  bool at_once = false;  // nothing new starts, and what runs is hardly waited for
  // To be answered.
  std::unique_ptr<DumpPart> dump{};
  std::unique_ptr<SnapshotPart> snapshot{};
  std::unique_ptr<SteerPart> steer{};
};

// What a store of positions that is not the client answers.
struct StoreAnswer {
  // A partition that must begin anew where the store is.
  struct Fenced {
    TopicPartition partition;
    std::uint64_t epoch = 0;  // what was saved under it is refused from now on
    std::string why;
    std::vector<core::Refusal> refusals{};   // messages whose records its transaction has failed by
    std::optional<Generation> generation{};  // whose it is alone: a later one of the epoch goes on
  };
  const PositionStore* store = nullptr;
  std::uint64_t token = 0;
  // One of them.
  std::optional<Result<std::vector<StoredPosition>>> positions;
  std::vector<std::uint64_t> epochs;  // one for each of the positions
  std::optional<CommitOutcome> committed;
  std::vector<Fenced> fenced;
  // Of a store that keeps partitions apart: this one can be asked for now, or its position is stored.
  std::optional<TopicPartition> ready;
  std::optional<TopicPartition> stored;
};

// What became of a dead letter that was sent.
struct LetterAnswer {
  TopicPartition partition;
  std::uint64_t token = 0;
  Result<void> outcome;
};

// One entry of a mailbox. Mails about batches hold a reference to theirs.
struct Mail {
  enum class Kind : std::uint8_t {
    share_open,       // share: an attempt has ended, and it is not done; its recovery() says what follows
    share_held,       // share: its partition is held, so that it did not start; likewise
    batch_settled,    // batch: every share is done; what was armed behind has started
    shares_unsent,    // batch: started, but the pool had no room for its shares from unsent_from() on
    partition_ready,  // flag: a partition's queue has something
    command,          // command
    commit_wanted,    // request: a consumer asks for a commit
    store_answered,   // answer
    letter_answered,  // letter
  };
  Kind kind = Kind::partition_ready;
  union {
    Share* share;
    RunningBatch* batch;
    ReadyFlag* flag;
    Command* command;
    CommitRequest* request;
    StoreAnswer* answer;
    LetterAnswer* letter;
  };
};

// A listener's one inbox: completions, ready partitions and commands meet here in one order, so that none of them
// overtakes another in surprise.
//
// Bounded by what can be under way: a share has at most one mail at a time, and one when it settles, a batch two, a
// partition one, a store one a request and one an attempt that it refuses, a dead letter one each time it is sent.
// Only commits that nobody waits for are as many as consumers ask for. Posting therefore never fails and never
// waits. Thread: post() any; take() the listener's.
class Mailbox {
 public:
  explicit Mailbox(std::shared_ptr<Notifier> notifier);
  ~Mailbox();

  void post_open(Share& share) { post_share(Mail::Kind::share_open, share); }
  void post_held(Share& share) { post_share(Mail::Kind::share_held, share); }
  // Without waking the listener: wake() is the poster's next duty.
  void post_settled(RunningBatch& batch) { post_batch(Mail::Kind::batch_settled, batch); }
  void post_unsent(RunningBatch& batch);
  void post_ready(ReadyFlag& flag);
  void post_command(std::unique_ptr<Command> command);
  // Answered by the listener, or, when that is gone, at once.
  void post_commit_request(CommitRequestPtr request);
  void post_store_answer(std::unique_ptr<StoreAnswer> answer);
  void post_letter_answer(std::unique_ptr<LetterAnswer> answer);

  void wake() noexcept { notifier_->notify(); }

  // The oldest mail; the caller takes over what it holds, see settle().
  std::optional<Mail> take();
  // Gives back what a mail holds. Each mail that was taken, once.
  static void settle(const Mail& mail);

  // The listener is gone: what is here and what still comes is given back unread.
  void close();
  [[nodiscard]] const std::shared_ptr<Notifier>& notifier() const { return notifier_; }

 private:
  void post_share(Mail::Kind kind, Share& share);
  void post_batch(Mail::Kind kind, RunningBatch& batch);
  void post(const Mail& mail);
  void give_all_back();

  std::shared_ptr<Notifier> notifier_;
  boost::lockfree::queue<Mail> mails_;
  // seq_cst: either close() sees a mail, or its poster sees the closing.
  std::atomic<bool> closed_{false};
};

// Set while a partition's queue may have something that its listener has not looked for. One mail a partition.
// Those that give bytes back raise it too, as a notifier.
class ReadyFlag final : public ReadySignal, public Notifier {
 public:
  explicit ReadyFlag(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  // Thread: any; under the client library's locks.
  void on_ready() noexcept override {
    // Acquire and release: the listener clears it before it looks, so what came before this is found.
    if (!raised_.exchange(true, std::memory_order_acq_rel)) mailbox_->post_ready(*this);
  }
  void notify() noexcept override { on_ready(); }
  // Listener, before it looks into the queue.
  // An exchange, not a store: it takes over what those who found the flag up had put there before.
  void lower() { raised_.exchange(false, std::memory_order_acq_rel); }

  // The listener's: the partition it stands for, if that is assigned.
  void* owner = nullptr;

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::atomic<bool> raised_{false};
};

}  // namespace braid::engine
