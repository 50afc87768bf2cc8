#pragma once

#include "core/listener/repeated_trouble.hpp"
#include "engine/instrumentation/connection_gauge.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/listener/assigned_partitions.hpp"
#include "engine/listener/committer.hpp"
#include "engine/listener/dispatcher.hpp"
#include "engine/listener/external_positions.hpp"
#include "engine/listener/left_share.hpp"
#include "engine/listener/listener_facts.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/listener/partitions_ending.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/store_calls.hpp"
#include "engine/ports/waiter.hpp"
#include "engine/threads/thread_owned.hpp"
#include "engine/transactions/transactional_positions.hpp"
#include "engine/worker/limits.hpp"
#include "engine/worker/partition_jobs.hpp"

#include <braid/routing/routes.hpp>
#include <braid/routing/topic_pattern.hpp>
#include <braid/snapshot.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace braid::events {
struct Connection;
struct Partition;
enum class ErrorType : std::uint8_t;
}  // namespace braid::events

namespace braid::engine {

// Hears of what ends more than its connection. Thread: called on the listener's.
class ListenerHost {
 public:
  virtual ~ListenerHost() = default;
  // The application can't go on as it was told to, and no new client would change that.
  virtual void handle_fatal(const Error& error) = 0;
};

// Owns everything about the partitions of one connection: the client, assignments, runners, timers, commits.
//
//   connect() ─▶ turn() … turn() ─▶ stop() ─▶ turn() … finished()
//
// It has no thread and no loop of its own: who drives it calls turn() and then waits until wakes_at() or a
// notification, so that a test can drive it step by step under a clock of its own.
// Thread: one, the listener's, from connect() on.
class Listener final : private ConsumerEvents {
 public:
  struct Settings {
    Duration commit_interval{};
    Duration drain_on_revoke{};
    std::uint32_t default_max_partitions = 64;
    std::uint32_t expected_partitions = 16;  // of the application; more is reported
    std::size_t commit_metadata_bytes = 4'095;
    // For topics that say nothing themselves.
    Duration max_processing_time = std::chrono::minutes(5);
    Duration stalled_after = std::chrono::minutes(1);  // 0: never
    std::uint32_t connection = 0;                      // its number in the subscription group, for events
  };
  struct Parts {
    std::unique_ptr<ConsumerClient> client;
    std::shared_ptr<Mailbox> mailbox;
    std::shared_ptr<JobPool> pool;
    std::shared_ptr<PartitionJobsTable> jobs;
    std::shared_ptr<Limits> limits;
    std::shared_ptr<Counters> counters;
    std::shared_ptr<BalanceTable> balances = std::make_shared<BalanceTable>();
    std::shared_ptr<const routing::Routes> routes;
    const routing::ConsumerGroup* group = nullptr;                   // of the routes
    const routing::SubscriptionGroup* subscription_group = nullptr;  // likewise
    Clock* clock = nullptr;
    Waiter* waiter = nullptr;
    Log* log = nullptr;
    ListenerHost* host = nullptr;
    // Of every offset store that `external` topics of the subscription group name.
    std::map<const OffsetStore*, std::shared_ptr<StoreCalls>> stores{};
    std::shared_ptr<TransactionalSlots> transactions{};  // none: no topic is exactly once
    std::shared_ptr<DeadLetterSink> letters{};           // none: no topic has dead letters
    std::shared_ptr<const RecoveryTools> recovery{};     // none: of `clock` and `log`, which then outlive all jobs
    std::shared_ptr<ConnectionGauge> gauge{};            // none: nobody asks
    std::shared_ptr<ListenerFacts> facts = std::make_shared<ListenerFacts>();
  };

  Listener(Settings settings, Parts parts);
  ~Listener() override;

  // Subscribes. The first assignment comes through turn().
  Result<void> connect();
  // Does all that is due, without waiting but for a rebalance's bounded drain.
  void turn();
  // When turn() has something to do by time alone.
  [[nodiscard]] Time wakes_at() const;

  // Drains, says farewell, commits and leaves the group, all before `deadline`, whatever still runs. The second
  // call may only bring the deadline forward. `kind` says what its consumers hear: that the application stops, or
  // that their partitions go elsewhere. `at_once`: nothing new starts, and what runs has a moment to come back.
  void stop(Time deadline, FarewellKind kind = FarewellKind::stopping, bool at_once = false);
  // Takes nothing more for good, finishes what was taken, commits, and stays a member. Again: nothing happens.
  void quiet();
  // Ends at once: nothing is finished or committed. The group is left, which takes kGiveUp at most; where that is
  // in vain it finds out when the session times out.
  void give_up(const std::string& why);
  // After stop(), a failure(), or give_up(): left, or given up. No turn() after that.
  [[nodiscard]] bool finished() const { return stage_ == Stage::finished; }
  // What has made the client, or the listener, be of no more use. It then ends by itself, in order, within
  // drain_on_revoke and kEnd; another client may do better. None: it has not failed.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  // For the last hooks and the last commit, behind a drain.
  static constexpr Duration kEnd = std::chrono::seconds(3);
  // For leaving the group when nothing is ended in order.
  static constexpr Duration kGiveUp = std::chrono::seconds(1);
  // What stop() left behind, in words; empty when all settled.
  [[nodiscard]] const std::vector<std::string>& left_behind() const { return left_behind_; }
  // Which shares these are, as far as it is jobs.
  [[nodiscard]] const std::vector<LeftShare>& left_shares() const { return left_shares_; }

  // What it does, for people: lines of text.
  [[nodiscard]] std::string describe();
  // The same as values; without its name, which it does not know.
  [[nodiscard]] ConnectionSnapshot snapshot();
  // Holds, lets go or sends elsewhere what it has of a topic; returns how many partitions that are.
  std::uint32_t steer(const SteerOrder& order);

  [[nodiscard]] const AssignedPartitions& partitions() const { return partitions_; }
  [[nodiscard]] ConsumerClient& client() { return *client_; }

 private:
  enum class Stage : std::uint8_t { idle, running, draining, leaving, finished };
  // A job that runs for longer than it may.
  struct Overrun {
    std::shared_ptr<Assignment> assignment;
    std::uint32_t index = 0;
    Time since;
  };
  struct StopAsked {
    Time deadline;
    FarewellKind kind = FarewellKind::stopping;
    bool at_once = false;
  };

  void handle_assigned(std::span<const TopicPartition> partitions) override;
  void handle_revoked(std::span<const TopicPartition> partitions, bool lost) override;
  void handle_positions(std::uint64_t token, Result<std::vector<StoredPosition>> positions) override;
  void handle_committed(std::uint64_t token, const CommitOutcome& outcome) override;
  void handle_error(const Error& error) override;

  void handle(const StoreAnswer& answer);
  // Null for the client.
  [[nodiscard]] OutsideStore* outside_store(const PositionStore* store);
  void begin_from_store(AssignedPartition& partition, const std::string& why, bool at_once);
  [[nodiscard]] Duration note_anew(AssignedPartition& partition, const std::string& why);
  void begin_anew_where_due();
  // Returns how long to wait before it is tried again.
  Duration note_trouble(const std::string& about, const Error& error, Time now);
  // What is about a topic may have been in trouble, and is not.
  void note_well(std::string_view what, std::string_view topic);
  void handle(CommitRequest& request);
  void handle(const LetterAnswer& answer);
  void turn_released();
  PositionStore& store_of(const routing::Topic& topic);
  void end_commits(AssignedPartition& partition);
  [[nodiscard]] JobCaps caps_of(const routing::Topic& topic) const;
  // Topics that are known by a pattern of their names alone.
  struct Pattern {
    routing::TopicPattern names;
    const routing::Topic* topic;
  };
  TopicLane& add_lane(const std::string& name, const routing::Topic& topic);
  // Null for a topic that nobody has subscribed to.
  [[nodiscard]] TopicLane* lane_of(const std::string& name);
  // True: all is read.
  bool read_mail();
  void handle(const Mail& mail);
  AssignedPartition* owner_of(const RunningBatch& batch);
  void pump(AssignedPartition& partition);
  void pump_queue(AssignedPartition& partition);
  [[nodiscard]] bool may_take() const { return !in_rebalance_ && !quiet_; }
  void run(AssignedPartition& partition);
  void handle_trouble(AssignedPartition& partition, const TakeReport& report);
  void sweep(Time now);
  void measure();
  // What is told as events (listener_tell.cpp).
  [[nodiscard]] events::Connection event_place() const;
  [[nodiscard]] events::Partition event_place(const TopicPartition& name) const;
  void tell_assigned(std::span<const TopicPartition> partitions) const;
  void tell_revoked(std::span<const TopicPartition> partitions, bool lost, Time since) const;
  void tell_started(const AssignedPartition& partition) const;
  void tell_error(events::ErrorType type, const Error& error, const std::string& about) const;
  void measure_partitions(Time now);
  void tell_measured(AssignedPartition& partition, Time now) const;
  void serve_client(Time now);
  void look_again_soon();
  [[nodiscard]] Time look_again_at(bool lost) const;
  void run_timers(Time now);
  void schedule(AssignedPartition& partition);
  void unschedule(AssignedPartition& partition);

  void add(const TopicPartition& name);
  void take_apart(AssignedPartition& partition);
  void begin_generation(AssignedPartition& partition);
  void begin_next_generation(AssignedPartition& partition);
  void begin_commits(AssignedPartition& partition) const;
  void ask_positions(Time now);
  void begin(AssignedPartition& partition);
  void take_stored(AssignedPartition& partition, const StoredPosition& stored);
  void start_by_policy(AssignedPartition& partition, const char* why);
  std::optional<CommitPosition> restart(AssignedPartition& partition, StartPoint start);
  void restart_one_again();
  void seek_where_asked();
  void obey(AssignedPartition& partition, Time now);
  [[nodiscard]] bool has_committed(AssignedPartition& partition);
  void seek(AssignedPartition& partition, const StartPoint& target);
  void commit_target(AssignedPartition& partition);
  void start_again(AssignedPartition& partition);
  void end_now(std::vector<AssignedPartition*> partitions, FarewellKind kind, bool lost);
  void end_stopping_now(bool lost);
  std::vector<StoredPosition> retained_positions(std::span<const TopicPartition> leaving) const;
  std::vector<AssignedPartition*> retained_unread(std::span<const TopicPartition> leaving) const;
  const std::shared_ptr<ReadyFlag>& flag_of(const TopicPartition& name);

  void end_failed();
  void continue_stop(Time now);
  [[nodiscard]] PartitionsEnding::Tools ending_tools();
  [[nodiscard]] static PartitionsEnding::Deadlines deadlines_of(const StopAsked& asked, Time now);
  void hurry(PartitionsEnding& ending, const StopAsked& asked) const;
  void note_left_behind();
  Result<void> subscribe();
  void watch_stalls(Time now);
  void watch_stall(AssignedPartition& partition, Time now);
  [[nodiscard]] std::optional<Overrun> find_overrun(const std::shared_ptr<Assignment>& assignment, Duration longest,
                                                    Time now);
  void watch_overruns(Time now);
  void say_overrun(const Overrun& overrun, Time now) const;
  void come_back();
  void keep_while_it_runs(const std::shared_ptr<Assignment>& assignment);
  void obey(Command& command);
  void look_whether_settled(Time now);
  void describe(const AssignedPartition& partition, Time now, std::string& text);
  [[nodiscard]] PartitionSnapshot see(const AssignedPartition& partition, Time now) const;
  void leave();
  void leave_unfinished() noexcept;
  void finish();

  void log(LogLevel level, std::string_view text) const { log_->write(level, "connection", text); }

  // By name and not by address, so that what happens does not hang on where memory was free.
  struct ByTimeAndName {
    using Timer = std::pair<Time, AssignedPartition*>;
    bool operator()(const Timer& left, const Timer& right) const {
      return std::tie(left.first, left.second->name) < std::tie(right.first, right.second->name);
    }
  };

  // Above the client, which signals it until it is gone. Raised when the group or a reply wants to be served.
  class ClientSignal final : public ReadySignal {
   public:
    explicit ClientSignal(std::shared_ptr<Notifier> notifier) : notifier_(std::move(notifier)) {}
    void on_ready() noexcept override {
      // Acquire and release: lowered before the client is served, so nothing signalled before is missed.
      raised_.store(true, std::memory_order_release);
      notifier_->notify();
    }
    bool lower() { return raised_.exchange(false, std::memory_order_acq_rel); }

   private:
    std::shared_ptr<Notifier> notifier_;
    std::atomic<bool> raised_{true};
  };
  ClientSignal client_signal_;

  // constant after construction, but for what they point to
  Settings settings_;
  std::unique_ptr<ConsumerClient> client_;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<JobPool> pool_;
  std::shared_ptr<PartitionJobsTable> jobs_;
  std::shared_ptr<Limits> limits_;
  std::shared_ptr<Counters> counters_;
  std::shared_ptr<const routing::Routes> routes_;
  const routing::ConsumerGroup* group_;
  const routing::SubscriptionGroup* subscription_group_;
  Clock* clock_;
  Waiter* waiter_;
  Log* log_;
  ListenerHost* host_;
  std::map<const OffsetStore*, std::shared_ptr<StoreCalls>> stores_;
  std::shared_ptr<DeadLetterSink> letters_;
  std::shared_ptr<const RecoveryTools> recovery_;
  std::shared_ptr<ConnectionGauge> gauge_;
  std::shared_ptr<ListenerFacts> facts_;
  const std::shared_ptr<BalanceTable> balances_;

  // the listener's
  ThreadOwned owned_;
  Stage stage_ = Stage::idle;
  std::map<std::string, TopicLane, std::less<>> lanes_;  // by the topics' names; a pattern's as they are assigned
  std::vector<Pattern> patterns_;
  std::map<TopicPartition, std::shared_ptr<ReadyFlag>> flags_;  // kept for good: a late mail may name one
  AssignedPartitions partitions_;
  std::set<std::pair<Time, AssignedPartition*>, ByTimeAndName> timers_;
  Time started_at_;  // what commit intervals are counted from
  Dispatcher dispatcher_;
  std::vector<std::unique_ptr<ExternalPositions>> external_stores_;  // what `external` topics name
  std::unique_ptr<TransactionalPositions> transactions_;             // of topics that are exactly once
  Committers committers_;
  std::uint64_t last_position_token_ = 0;
  Time next_sweep_;
  Time next_serve_;
  Time next_measure_{};
  Time serve_often_until_{};
  bool in_rebalance_ = false;                              // the client is not to be asked for messages
  std::map<std::string, core::RepeatedTrouble> troubles_;  // by what they are about; few
  bool anew_waits_ = false;                       // some partition begins anew, for the end of the rebalance
  bool seeks_wait_ = false;                       // for the moment behind the group's turn
  std::optional<TopicPartition> last_restarted_;  // again
  // Told to stop within a rebalance's handler, which ends its own partitions first.
  std::optional<StopAsked> stop_asked_;
  std::optional<Error> failure_;

  // Assignments that are over, and have left jobs.
  std::vector<std::shared_ptr<Assignment>> earlier_;
  Time next_overrun_look_ = Time::max();
  bool away_ = false;              // from the group, since something runs for too long
  std::vector<Overrun> overruns_;  // what that is

  bool quiet_ = false;
  Time next_quiet_look_{};

  Time stop_deadline_{};
  std::unique_ptr<PartitionsEnding> stopping_;
  std::vector<std::string> left_behind_;
  std::vector<LeftShare> left_shares_;
};

}  // namespace braid::engine
